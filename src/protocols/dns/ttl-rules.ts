/**
 * Makes the lookup of services' TTLs from rules such as `web=30`, `api-*=5` and `*=1`, in seconds.
 *
 * The exact name wins, then the longest prefix; without a rule the TTL is 0, which no resolver caches. Case does not
 * count.
 */
export function serviceTtls(rules: readonly string[]): (service: string) => number {
  const exact = new Map<string, number>();
  const prefixes: [string, number][] = [];
  for (const rule of rules) {
    const at = rule.lastIndexOf('=');
    const name = rule.slice(0, at).toLowerCase();
    const ttlSeconds = Number(rule.slice(at + 1));
    if (name.endsWith('*')) prefixes.push([name.slice(0, -1), ttlSeconds]);
    else exact.set(name, ttlSeconds);
  }
  prefixes.sort(([one], [other]) => other.length - one.length);
  return (service) => exact.get(service) ?? prefixes.find(([prefix]) => service.startsWith(prefix))?.[1] ?? 0;
}
