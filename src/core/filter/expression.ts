/** How a match compares; the names are those of the error texts. */
export type Operator =
  'Equal' | 'Not Equal' | 'In' | 'Not In' | 'Is Empty' | 'Is Not Empty' | 'Matches' | 'Not Matches';

/** One comparison: what a selector such as `Meta.env` leads to, against a value as it was written. */
export interface Match {
  readonly kind: 'match';
  /** At least one part. */
  readonly selector: readonly string[];
  readonly operator: Operator;
  /** Empty for the operators that take none. */
  readonly value: string;
}

export type Expression =
  | Match
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] };
