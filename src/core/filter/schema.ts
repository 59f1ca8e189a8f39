export type Scalar = 'string' | 'bool' | 'int' | 'uint8' | 'uint16';

/** What a selector may lead to. Absent and null values count as the zero value of their kind. */
export type Field =
  | Scalar
  | { readonly kind: 'struct'; readonly fields: Schema }
  /** A match on a field of the elements holds if it holds for any of them. */
  | { readonly kind: 'list'; readonly of: Field }
  /** String keys; values are a `Map` or a plain object. */
  | { readonly kind: 'map'; readonly of: Field };

/** The fields of the values that a filter looks at, by name. */
export type Schema = Readonly<Record<string, Field>>;

export function structOf(fields: Schema): Field {
  return { kind: 'struct', fields };
}

export function listOf(of: Field): Field {
  return { kind: 'list', of };
}

export function mapOf(of: Field): Field {
  return { kind: 'map', of };
}
