import { expect } from 'chai';
import { ResponseRate } from '../../../src/protocols/dns/response-rate.ts';
import { truncatedAnswer } from '../../../src/protocols/dns/responder.ts';
import { decodeAnswer, queryFor } from './client.ts';

describe('dns: response rate', () => {
  const decide = (rate: ResponseRate, address: string, times: number, nowMs = 0) =>
    Array.from({ length: times }, () => rate.decide(address, nowMs));

  it('answers up to the limit, then lets every second answer slip', () => {
    const rate = new ResponseRate(3);
    expect(decide(rate, '192.0.2.1', 7)).to.deep.equal([
      'answer',
      'answer',
      'answer',
      'slip',
      'drop',
      'slip',
      'drop',
    ]);
  });

  it('counts a prefix, not an address', () => {
    const rate = new ResponseRate(2);
    expect(decide(rate, '192.0.2.1', 2)).to.deep.equal(['answer', 'answer']);
    expect(decide(rate, '192.0.2.200', 1)).to.deep.equal(['slip']);
    expect(decide(rate, '::ffff:192.0.2.7', 1)).to.deep.equal(['drop']);
    expect(decide(rate, '192.0.3.1', 1)).to.deep.equal(['answer']);
    expect(decide(rate, '2001:db8:0:1::1', 2)).to.deep.equal(['answer', 'answer']);
    expect(decide(rate, '2001:db8:0:ff::9%eth0', 1)).to.deep.equal(['slip']);
    expect(decide(rate, '2001:db8:0:100::1', 1)).to.deep.equal(['answer']);
  });

  it('refills by the second and saves up no more than one', () => {
    const rate = new ResponseRate(2);
    decide(rate, '192.0.2.1', 4);
    expect(rate.decide('192.0.2.1', 499)).to.not.equal('answer');
    expect(decide(rate, '192.0.2.1', 2, 1000)).to.include('answer');
    expect(decide(rate, '192.0.2.1', 4, 60_000).filter((each) => each === 'answer')).to.have.length(2);
  });

  it('exempts loopback', () => {
    const rate = new ResponseRate(1);
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      expect(new Set(decide(rate, address, 10)), address).to.deep.equal(new Set(['answer']));
  });

  it('slips an answer of no more than header and question, which says TC', () => {
    const query = queryFor('web.service.consul', 'SRV', { ednsSizeBytes: 4096 });
    const answer = truncatedAnswer(query) ?? Buffer.alloc(12);
    const { truncated, rcode, answers } = decodeAnswer(answer);
    expect({ truncated, rcode, answers }).to.deep.equal({ truncated: true, rcode: 0, answers: [] });
    expect(answer.length).to.be.at.most(query.length);
    expect(truncatedAnswer(Buffer.alloc(12))).to.equal(undefined);
  });
});
