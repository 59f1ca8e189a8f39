import type { CheckSource, CheckStatus } from '../../../core/index.ts';

/** A check that a registry node runs by itself. */
export type ProbeSource = Extract<
  CheckSource,
  { kind: 'http' | 'tcp' | 'udp' | 'grpc' | 'h2ping' | 'script' }
>;

export interface ProbeResult {
  readonly status: CheckStatus;
  readonly output: string;
}
