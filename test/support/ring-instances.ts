import type { Instance, Node } from '../../src/core/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { aCheck, aNode, anInstance } from './pure-catalog.ts';

/** Registers an instance of `cart` on node `n1` unless told otherwise, with a check `c-<id>` of its own. */
export async function registerCart(
  registry: Registry,
  id: string,
  fields: Partial<Instance> = {},
  node: Partial<Node> = {},
): Promise<void> {
  const name = fields.node ?? 'n1';
  const check = { ...aCheck(name, `c-${id}`, { instanceId: id }), overwriteStatus: true };
  await registry.catalog.register({
    node: aNode(name, node),
    keepNode: false,
    instance: anInstance(name, 'cart', { id, ...fields }),
    checks: [check],
    replaceChecks: false,
  });
}

/** `count` instances `cart-1`, `cart-2` and so on, on ports of these numbers. */
export async function registerCarts(registry: Registry, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) await registerCart(registry, `cart-${String(n)}`, { port: n });
}

export function someKeys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `user-${String(i)}`);
}
