/** What filters are tried on: catalog/nodes, health/service/filtered or agent/services. */
export type Subject = 'nodes' | 'instances' | 'services';

/** Filters about one thing, each with what it comes to. */
export interface Group {
  readonly about: string;
  readonly subject: Subject;
  readonly rows: readonly (readonly [filter: string, outcome: string])[];
}
