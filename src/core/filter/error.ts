/**
 * A filter that cannot be used; the message is the detail that Consul clients know, sometimes of several lines.
 *
 * `stage` says what refused it: the language (`syntax`), or the schema and the limits (`meaning`).
 */
export class FilterError extends Error {
  readonly stage: 'syntax' | 'meaning';

  constructor(stage: FilterError['stage'], message: string) {
    super(message);
    this.name = 'FilterError';
    this.stage = stage;
  }
}
