import type { Span } from '../../support/oracles/lease.ts';
import { startRollcall, type ProcessOptions, type RollcallProcess } from '../../support/rollcall-process.ts';
import { monotonicMs } from './history.ts';

/** The program under test, where it is not this tree's build. */
const BUILD = process.env['FAULTS_MAIN'];

/** A registry node that a test kills, freezes and starts again; its ports change with every start. */
export class RegistryNode {
  readonly name: string;
  readonly #settings: Readonly<Record<string, string>>;
  #options: ProcessOptions;
  readonly #outages: { fromMs: number; toMs: number }[] = [];
  #process: RollcallProcess | undefined;
  #frozen = false;
  #log = '';

  constructor(name: string, settings: Readonly<Record<string, string>>, options: ProcessOptions = {}) {
    this.name = name;
    this.#settings = { NODE_NAME: name, LOG_LEVEL: 'info', ...settings };
    this.#options = BUILD === undefined ? options : { main: BUILD, ...options };
  }

  get process(): RollcallProcess {
    if (this.#process === undefined) throw new Error(`${this.name} does not run`);
    return this.#process;
  }

  /** Undefined while it does not run. */
  get port(): number | undefined {
    return this.#process?.httpPort;
  }

  /** What all its processes wrote to stderr. */
  get log(): string {
    return this.#log + (this.#process?.log() ?? '');
  }

  /** Which program the next start runs; undefined is the one under test. */
  useBuild(main: string | undefined): void {
    const { main: _before, ...options } = this.#options;
    const build = main ?? BUILD;
    this.#options = build === undefined ? options : { ...options, main: build };
  }

  async start(): Promise<void> {
    this.#process = await startRollcall(this.#settings, ['serve'], this.#options);
    this.#endOutage();
  }

  async kill(): Promise<void> {
    this.#beginOutage();
    const process = this.#process;
    this.#retire();
    await process?.kill();
  }

  async stop(): Promise<number | null> {
    if (this.#frozen) this.resume();
    this.#beginOutage();
    const process = this.#process;
    const code = (await process?.stop()) ?? null;
    this.#retire();
    return code;
  }

  pause(): void {
    this.#beginOutage();
    this.#frozen = true;
    this.process.signal('SIGSTOP');
  }

  resume(): void {
    this.#frozen = false;
    this.process.signal('SIGCONT');
    this.#endOutage();
  }

  /** Whether it was kept from answering at some time of a span, by the test and not by itself. */
  wasDown({ fromMs, toMs }: Span): boolean {
    return this.#outages.some((outage) => outage.fromMs <= toMs && outage.toMs >= fromMs);
  }

  #retire(): void {
    this.#log = this.log;
    this.#process = undefined;
    this.#frozen = false;
  }

  #beginOutage(): void {
    if (this.#outages.at(-1)?.toMs === Infinity) return;
    this.#outages.push({ fromMs: monotonicMs(), toMs: Infinity });
  }

  #endOutage(): void {
    const last = this.#outages.at(-1);
    if (last?.toMs === Infinity) last.toMs = monotonicMs();
  }
}
