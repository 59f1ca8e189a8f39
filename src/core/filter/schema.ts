/** What a selector may lead to. Absent and null values count as the zero value of their kind. */
export type FilterField =
  | 'string'
  | 'bool'
  | 'int'
  | 'uint8'
  | 'uint16'
  | { readonly struct: FilterSchema }
  /** A match on a field of the elements holds if it holds for any of them. */
  | { readonly list: FilterField }
  /** Of string keys; a value is a `Map` or a plain object. */
  | { readonly map: FilterField };

/** The fields of the values that a filter looks at, by name. */
export type FilterSchema = Readonly<Record<string, FilterField>>;
