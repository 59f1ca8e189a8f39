import { expect } from 'chai';
import { createMetrics } from '../../src/platform/metrics.ts';

describe('metrics', () => {
  it('add up DNS answers over scrapes', async () => {
    const metrics = createMetrics();
    const lines = async () =>
      (await metrics.page()).text
        .split('\n')
        .filter((line) => line.startsWith('rollcall_dns_questions_total'));
    metrics.dns.onAnswered('A', 'NOERROR', 'udp');
    metrics.dns.onAnswered('A', 'NOERROR', 'udp');
    metrics.dns.onAnswered('SRV', 'NXDOMAIN', 'tcp');
    const labels = (type: string, rcode: string, transport: string) =>
      `rollcall_dns_questions_total{type="${type}",rcode="${rcode}",transport="${transport}"}`;
    const expected = [`${labels('A', 'NOERROR', 'udp')} 2`, `${labels('SRV', 'NXDOMAIN', 'tcp')} 1`];
    expect(await lines()).to.have.members(expected);
    expect(await lines()).to.have.members(expected);
    metrics.dns.onAnswered('A', 'NOERROR', 'udp');
    expect(await lines()).to.include(`${labels('A', 'NOERROR', 'udp')} 3`);
  });
});
