import type { CheckSource } from '../../../core/index.ts';
import { probeHttp } from './http.ts';
import type { ProbeResult, ProbeSource } from './probe.ts';
import { probeTcp } from './tcp.ts';

export type { ProbeResult, ProbeSource } from './probe.ts';

export function isProbe(source: CheckSource): source is ProbeSource {
  return source.kind === 'http' || source.kind === 'tcp';
}

/** Looks once; never rejects. `signal` aborts when the probe's time is up, which is critical too. */
export function runProbe(source: ProbeSource, signal: AbortSignal): Promise<ProbeResult> {
  return source.kind === 'http' ? probeHttp(source, signal) : probeTcp(source, signal);
}
