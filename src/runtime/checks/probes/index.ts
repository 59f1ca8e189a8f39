import type { CheckSource } from '../../../core/index.ts';
import { probeGrpc } from './grpc.ts';
import { probeH2Ping } from './h2ping.ts';
import { probeHttp } from './http.ts';
import type { ProbeResult, ProbeSource } from './probe.ts';
import { probeScript } from './script.ts';
import { probeTcp } from './tcp.ts';
import { probeUdp } from './udp.ts';

export type { ProbeResult, ProbeSource } from './probe.ts';

const PROBES: { [K in ProbeSource['kind']]: Probe<Extract<ProbeSource, { kind: K }>> } = {
  http: probeHttp,
  tcp: probeTcp,
  udp: probeUdp,
  grpc: probeGrpc,
  h2ping: probeH2Ping,
  script: probeScript,
};

type Probe<S extends ProbeSource> = (source: S, signal: AbortSignal) => Promise<ProbeResult>;

export function isProbe(source: CheckSource): source is ProbeSource {
  return source.kind in PROBES;
}

/** Looks once; never rejects. `signal` aborts when the probe's time is up, which is critical too, but for UDP. */
export function runProbe(source: ProbeSource, signal: AbortSignal): Promise<ProbeResult> {
  return (PROBES[source.kind] as Probe<ProbeSource>)(source, signal);
}
