/** What happened to a counter that clients add one to, each by its own operation. */
export interface Counting {
  /** Additions that were acknowledged. */
  readonly acknowledged: number;
  /** Additions whose outcome their client does not know. */
  readonly unknown: number;
  /** What the counter says at the end. */
  readonly total: number;
}

/** Finds additions that were lost or made twice; empty when none were. */
export function checkCounter({ acknowledged, unknown, total }: Counting): string[] {
  if (total < acknowledged) return [`${String(acknowledged - total)} acknowledged additions are missing`];
  if (total > acknowledged + unknown)
    return [`${String(total - acknowledged - unknown)} additions were made twice`];
  return [];
}

/** Operation ids that stand in the history more than once. */
export function checkOperationIds(ids: Iterable<string>): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) twice.add(id);
    seen.add(id);
  }
  return [...twice].map((id) => `operation ${id} was applied twice`);
}
