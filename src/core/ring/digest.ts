import { type Hash64, hexHash } from './hash64.ts';
import { type Member, weightOf } from './member.ts';
import type { MemberChange } from './member-change.ts';
import { parameterTexts, type RingPolicy } from './policy.ts';
import { sortSteps } from './sort-steps.ts';
import { HASH_UNITS, Pace, type Steps } from './steps.ts';
import { Xxh64OfAscii } from './xxh64.ts';

/** Two hashes, written in hex. */
const LINE_UNITS = 4 * HASH_UNITS;
/** Lines that are joined and hashed at a time. */
const HASHED_TOGETHER = 256;

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

/** The XXH64 of `digestText`, as 16 hex digits. */
export function* digestOf(policy: RingPolicy, sortedLines: readonly string[]): Steps<string> {
  const pace = new Pace();
  const hash = new Xxh64OfAscii();
  hash.add(digestText(policy, []));
  for (let start = 0; start < sortedLines.length; start += HASHED_TOGETHER) {
    hash.add(sortedLines.slice(start, start + HASHED_TOGETHER).join(''));
    if (pace.isDue(LINE_UNITS * HASHED_TOGETHER)) yield;
  }
  return hash.hex();
}

/** The lines of members, in ascending order. */
export function* digestLines(members: readonly Member[], hash64: Hash64): Steps<string[]> {
  const pace = new Pace();
  const lines: string[] = [];
  for (const member of members) {
    lines.push(digestLine(member, hash64));
    if (pace.isDue(LINE_UNITS)) yield;
  }
  return yield* sortSteps(lines, compareAscii);
}

/** `digestLines` of the members after a change. */
export function* changedLines(
  lines: readonly string[],
  { before, after, changed }: MemberChange,
  hash64: Hash64,
): Steps<string[]> {
  const leaving = yield* digestLines(
    changed.flatMap(({ from }) => before[from] ?? []),
    hash64,
  );
  const coming = yield* digestLines(
    changed.flatMap(({ to }) => after[to] ?? []),
    hash64,
  );
  const pace = new Pace();
  const result: string[] = [];
  let [left, came] = [0, 0];
  for (const line of lines) {
    if (pace.isDue(2)) yield;
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
