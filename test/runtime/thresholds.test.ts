import { expect } from 'chai';
import {
  continuedStreak,
  judge,
  newStreak,
  type Streak,
  type Thresholds,
} from '../../src/runtime/checks/thresholds.ts';
import type { CheckStatus } from '../../src/core/index.ts';

const RESULTS = { p: 'passing', w: 'warning', c: 'critical' } as const;

/** What each result of a row such as `ccp` changes the status to; `-` for nothing. */
function reported(thresholds: Thresholds, results: string, from: Streak = newStreak(thresholds)): string {
  let streak = from;
  let shown = '';
  for (const letter of results) {
    const verdict = judge(thresholds, streak, RESULTS[letter as keyof typeof RESULTS]);
    streak = verdict.streak;
    shown += verdict.status?.slice(0, 1) ?? '-';
  }
  return shown;
}

describe('check thresholds', () => {
  it('take every result as it is when none are set', () => {
    expect(reported({}, 'pcwpccwc')).to.equal('pcwpccwc');
  });

  it('apply the first result at once, whatever it is', () => {
    const all = { successBeforePassing: 3, failuresBeforeCritical: 3, failuresBeforeWarning: 2 };
    expect(reported(all, 'p')).to.equal('p');
    expect(reported(all, 'c')).to.equal('c');
  });

  it('need so many successes in a row to pass again', () => {
    expect(reported({ successBeforePassing: 3 }, 'cpppcppcppp')).to.equal('c--pc--c--p');
  });

  it('count warnings as successes, and pass them on as warnings', () => {
    expect(reported({ successBeforePassing: 2 }, 'cwwp')).to.equal('c-wp');
  });

  it('need so many failures in a row to turn critical', () => {
    expect(reported({ failuresBeforeCritical: 3 }, 'pccpccc')).to.equal('p--p--c');
  });

  it('warn before they turn critical where told to', () => {
    const thresholds = { failuresBeforeWarning: 1, failuresBeforeCritical: 3 };
    expect(reported(thresholds, 'pcccc')).to.equal('pwwcc');
    expect(reported({ failuresBeforeWarning: 2, failuresBeforeCritical: 3 }, 'pcccp')).to.equal('p-wcp');
  });

  it('go on from the status a check has when another node takes it over', () => {
    const thresholds = { successBeforePassing: 2, failuresBeforeCritical: 2 };
    const from = (status: CheckStatus) => continuedStreak(thresholds, status);
    expect(reported(thresholds, 'ccp', from('passing'))).to.equal('-c-');
    expect(reported(thresholds, 'p', from('passing'))).to.equal('p');
    expect(reported(thresholds, 'ppc', from('critical'))).to.equal('-p-');
    expect(reported(thresholds, 'c', from('critical'))).to.equal('c');
  });

  it('need two failures where another node has found a check healthy, but not for long', () => {
    const once = (status: CheckStatus, results: string) => reported({}, results, continuedStreak({}, status));
    expect(once('passing', 'ccc')).to.equal('-cc');
    expect(once('warning', 'cpcc')).to.equal('-pcc');
    expect(once('critical', 'cpc')).to.equal('cpc');
    const thresholds = { failuresBeforeCritical: 1 };
    expect(reported(thresholds, 'ccc', continuedStreak(thresholds, 'passing'))).to.equal('-cc');
  });
});
