import type { Method, Route } from './route.ts';

/** A route with the names of its parameters, found once. */
interface Entry {
  readonly route: Route;
  readonly names: readonly string[];
}

interface Branch {
  readonly fixed: Map<string, Branch>;
  parameter: Branch | undefined;
  /** Routes that end here. */
  readonly routes: Entry[];
  /** Routes whose last parameter takes the rest of the path from here on. */
  readonly rest: Entry[];
}

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly Method[] }
  | { readonly kind: 'none' };

/**
 * Finds the route of a path by its segments.
 *
 * Fixed segments win over parameters. Segments arrive encoded and are decoded one by one, so an
 * encoded slash stays inside its parameter.
 */
export class RouteTable {
  readonly #root: Branch = branch();
  readonly #ignoreTrailingSlash: boolean;

  constructor(routes: readonly Route[], ignoreTrailingSlash: boolean) {
    this.#ignoreTrailingSlash = ignoreTrailingSlash;
    for (const route of routes) this.#add(route);
  }

  /** Throws a `URIError` for a broken percent encoding. */
  match(method: string, path: string): Match {
    const segments = path.slice(1).split('/');
    if (this.#ignoreTrailingSlash && segments.length > 1 && segments.at(-1) === '') segments.pop();
    const values: string[] = [];
    const found = find(this.#root, segments, 0, values);
    if (found === undefined) return { kind: 'none' };
    const entry = found.find(({ route }) => route.method === method);
    if (entry === undefined) return { kind: 'wrong-method', allowed: found.map(({ route }) => route.method) };
    return { kind: 'route', route: entry.route, params: named(entry.names, values) };
  }

  #add(route: Route): void {
    const names = [...route.path.matchAll(/\{([^}+]+)\+?\}/g)].map((match) => match[1] ?? '');
    const entry = { route, names };
    let at = this.#root;
    for (const segment of route.path.slice(1).split('/')) {
      if (segment.endsWith('+}')) {
        at.rest.push(entry);
        return;
      }
      at = segment.startsWith('{') ? (at.parameter ??= branch()) : fixed(at, segment);
    }
    at.routes.push(entry);
  }
}

function branch(): Branch {
  return { fixed: new Map(), parameter: undefined, routes: [], rest: [] };
}

function fixed(at: Branch, segment: string): Branch {
  const held = at.fixed.get(segment) ?? branch();
  at.fixed.set(segment, held);
  return held;
}

/** The routes at a path; `values` receives the encoded values of its parameters. */
function find(
  at: Branch,
  segments: readonly string[],
  depth: number,
  values: string[],
): readonly Entry[] | undefined {
  const segment = segments[depth];
  if (segment === undefined) {
    if (at.routes.length > 0) return at.routes;
    if (at.rest.length === 0) return undefined;
    values.push('');
    return at.rest;
  }
  const next = at.fixed.get(segment);
  const found = next && find(next, segments, depth + 1, values);
  if (found !== undefined) return found;
  if (at.parameter !== undefined && segment !== '') {
    values.push(segment);
    const behind = find(at.parameter, segments, depth + 1, values);
    if (behind !== undefined) return behind;
    values.pop();
  }
  if (at.rest.length === 0) return undefined;
  values.push(segments.slice(depth).join('/'));
  return at.rest;
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (let i = 0; i < names.length; i++) params[names[i] ?? ''] = decoded(values[i] ?? '');
  return params;
}

function decoded(value: string): string {
  return value.includes('%') ? decodeURIComponent(value) : value;
}
