import { type Hash64, hexHash } from './hash64.ts';
import { type Member, weightOf } from './member.ts';
import { parameterTexts, type RingPolicy } from './policy.ts';

/**
 * The text whose XXH64 is a ring's digest.
 *
 * First line: `algorithm=` and the parameters as `name=value`, in documented order, joined by one space. Then one line per member,
 * weight 0 included: XXH64 of its hash key, XXH64 of its id, its weight; hashes as 16 hex digits, joined by
 * one space; these lines in ascending order. Every line ends with LF. All of it is ASCII, so neither an odd
 * character in a name nor a language's idea of string order can make two sides disagree.
 */
export function digestText(policy: RingPolicy, members: readonly Member[], hash64: Hash64): string {
  const lines = members.map(
    (member) => `${hexHash(hash64, member.hashKey)} ${hexHash(hash64, member.id)} ${weightOf(member)}\n`,
  );
  const head = [`algorithm=${policy.algorithm}`, ...parameterTexts(policy)].join(' ');
  return `${head}\n${lines.sort().join('')}`;
}
