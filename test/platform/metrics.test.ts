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

  it('count HTTP answers by status, and how long they took in buckets that add up', async () => {
    const metrics = createMetrics();
    metrics.httpAnswered('consul', 200, 0.0001);
    metrics.httpAnswered('consul', 200, 0.0025);
    metrics.httpAnswered('consul', 404, 700);
    const expected = [
      'rollcall_http_requests_total{dialect="consul",status="200"} 2',
      'rollcall_http_requests_total{dialect="consul",status="404"} 1',
      'rollcall_http_request_seconds_bucket{le="0.0005",dialect="consul"} 1',
      'rollcall_http_request_seconds_bucket{le="0.001",dialect="consul"} 1',
      'rollcall_http_request_seconds_bucket{le="0.0025",dialect="consul"} 2',
      'rollcall_http_request_seconds_bucket{le="600",dialect="consul"} 2',
      'rollcall_http_request_seconds_bucket{le="+Inf",dialect="consul"} 3',
      'rollcall_http_request_seconds_sum{dialect="consul"} 700.0026',
      'rollcall_http_request_seconds_count{dialect="consul"} 3',
    ];
    const lines = (await metrics.page()).text.split('\n');
    expect(lines).to.include.members(expected);
    expect(lines).to.include('# TYPE rollcall_http_request_seconds histogram');
    const family = (await metrics.families()).find(({ name }) => name === 'rollcall_http_request_seconds');
    expect(family?.samples.find(({ name }) => name.endsWith('_count'))?.value).to.equal(3);
  });
});
