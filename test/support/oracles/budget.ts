import { groupBy } from './group-by.ts';

/** One request as its client saw it; status 0 means that the connection failed. */
export interface Exchange {
  readonly what: string;
  readonly status: number;
  readonly ms: number;
}

/** What may be answered, and how late. */
export interface Budget {
  readonly statuses: readonly number[];
  readonly maxMs: number;
}

/** Answers outside their budget, one line per kind; a kind of request without a budget is one as well. */
export function checkBudgets(
  exchanges: readonly Exchange[],
  budgets: Readonly<Record<string, Budget>>,
): string[] {
  return [...groupBy(exchanges, ({ what }) => what)].flatMap(([what, all]) => {
    const budget = budgets[what];
    if (budget === undefined) return [`${what}: no budget`];
    const wrong = all.filter(({ status }) => !budget.statuses.includes(status));
    const late = all.filter(({ ms }) => ms > budget.maxMs);
    const statuses = [...new Set(wrong.map(({ status }) => status))].join(', ');
    return [
      ...(wrong.length > 0 ? [`${what}: ${String(wrong.length)} answers of status ${statuses}`] : []),
      ...(late.length > 0
        ? [
            `${what}: ${String(late.length)} answers later than ${String(budget.maxMs)} ms, worst ${worst(late)}`,
          ]
        : []),
    ];
  });
}

function worst(exchanges: readonly Exchange[]): string {
  return `${String(Math.round(Math.max(...exchanges.map(({ ms }) => ms))))} ms`;
}
