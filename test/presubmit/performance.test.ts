import { expect } from 'chai';
import { judge } from '../../bench/bars.ts';
import { renderedDocuments, replaced } from '../../bench/docs.ts';
import type { Row } from '../../bench/measure.ts';
import { read } from './tree.ts';

const ROW: Row = {
  ...{ group: 'lookups', name: 'a lookup', kind: 'rate', unit: 'req/s', rounds: 5, bar: 'health-bare' },
  ...{ value: 900, referenceName: 'bare', referenceValue: 1000, ratio: 0.9, cpuRatio: 0.9, p99Ratio: 1.2 },
};

describe('presubmit: performance', () => {
  it('no figure of the documents was typed by hand: they are those of docs/performance.json', async () => {
    for (const [path, text] of await renderedDocuments()) expect(read(path), path).to.equal(text);
  });

  it('a figure meets its bar at the bar, and misses it below', () => {
    const met = (changes: Partial<Row>) => judge({ ...ROW, ...changes }).map((verdict) => verdict.met);
    expect(met({ ratio: 0.85, p99Ratio: 1.5 })).to.deep.equal(['yes', 'yes']);
    expect(met({ ratio: 0.84, cpuRatio: 0.9 })).to.deep.equal(['by CPU', 'yes']);
    expect(met({ ratio: 0.84, cpuRatio: 0.5, p99Ratio: 1.6 })).to.deep.equal(['no', 'no']);
    expect(met({ ratio: undefined, cpuRatio: undefined })).to.deep.equal(['no', 'yes']);
    expect(met({ bar: undefined })).to.deep.equal([]);
  });

  it('costs have no second chance by CPU, and say their bar in their unit', () => {
    const row: Row = { ...ROW, kind: 'cost', unit: 'ms', bar: 'visible-p50', value: 1.5 };
    expect(judge(row)).to.deep.equal([{ bar: 'at most 1 ms', met: 'no' }]);
    expect(judge({ ...row, bar: 'growth-lookup', ratio: 1.3, cpuRatio: 1 })[0]?.met).to.equal('no');
  });

  it('a section of a document is replaced, and nothing else', () => {
    const document = 'before\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nafter';
    expect(replaced(document, 'x', 'new')).to.equal(
      'before\n<!-- bench:x -->\n\nnew\n\n<!-- /bench:x -->\nafter',
    );
    expect(() => replaced(document, 'y', 'new')).to.throw('bench:y');
  });
});
