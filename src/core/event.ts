/** Something that somebody announced to all; the last few are kept. */
export interface UserEvent {
  /** Position among all events, from 1. */
  readonly time: number;
  /** UUID in lower case. */
  readonly id: string;
  readonly name: string;
  /** Base64; '' when there is none. */
  readonly payload: string;
  /** Regular expressions for the names of nodes and services, and for tags; '' means any. */
  readonly nodeFilter: string;
  readonly serviceFilter: string;
  readonly tagFilter: string;
}

/** Keys of events sort as their times do. */
export function eventKey({ time }: UserEvent): string {
  return String(time).padStart(16, '0');
}
