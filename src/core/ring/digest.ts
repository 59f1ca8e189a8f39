import { type Hash64, hexHash } from './hash64.ts';
import { type Member, weightOf } from './member.ts';
import type { MemberChange } from './member-change.ts';
import { parameterTexts, type RingPolicy } from './policy.ts';
import { sortSteps } from './sort-steps.ts';
import type { Steps } from './steps.ts';

const HASHED_PER_STEP = 512;

/**
 * The text whose XXH64 is a ring's digest.
 *
 * First line: `algorithm=` and the parameters as `name=value`, in documented order, joined by one space. Then one line per member,
 * weight 0 included: XXH64 of its hash key, XXH64 of its id, its weight; hashes as 16 hex digits, joined by
 * one space; these lines in ascending order. Every line ends with LF. All of it is ASCII, so neither an odd
 * character in a name nor a language's idea of string order can make two sides disagree.
 */
export function digestText(policy: RingPolicy, sortedLines: readonly string[]): string {
  const head = [`algorithm=${policy.algorithm}`, ...parameterTexts(policy)].join(' ');
  return `${head}\n${sortedLines.join('')}`;
}

/** The lines of members, in ascending order. */
export function* digestLines(members: readonly Member[], hash64: Hash64): Steps<string[]> {
  const lines: string[] = [];
  for (const member of members) {
    if (lines.push(digestLine(member, hash64)) % HASHED_PER_STEP === 0) yield;
  }
  return yield* sortSteps(lines, compareAscii);
}

/** `digestLines` of the members after a change. */
export function changedLines(
  lines: readonly string[],
  { before, after, changed }: MemberChange,
  hash64: Hash64,
): string[] {
  const lineOf = (member: Member | undefined) => (member === undefined ? [] : [digestLine(member, hash64)]);
  const leaving = changed.flatMap(({ from }) => lineOf(before[from])).sort(compareAscii);
  const coming = changed.flatMap(({ to }) => lineOf(after[to])).sort(compareAscii);
  const result: string[] = [];
  let [left, came] = [0, 0];
  for (const line of lines) {
    if (line === leaving[left]) {
      left++;
      continue;
    }
    for (let next = coming[came]; next !== undefined && next < line; next = coming[came]) {
      result.push(next);
      came++;
    }
    result.push(line);
  }
  return result.concat(coming.slice(came));
}

function digestLine(member: Member, hash64: Hash64): string {
  return `${hexHash(hash64, member.hashKey)} ${hexHash(hash64, member.id)} ${weightOf(member)}\n`;
}

function compareAscii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
