/** One row of the settings table, as it is written there. */
export type SettingSpec = {
  /** Name in the config file and, with `Ms` added to durations, in `Config`. */
  readonly key: string;
  /** One sentence for the help text and the docs. */
  readonly description: string;
  /** The value when nobody sets it, written as in the environment; without one the setting is optional. */
  readonly default?: string;
  /** What the docs show where the default is not the same on every machine. */
  readonly defaultText?: string;
  /** Never printed, and may come from the file that `<ENV>_FILE` names. */
  readonly secret?: boolean;
} & SettingType;

/** `min` and `max` of a duration are milliseconds. */
type SettingType =
  | { readonly type: 'string'; readonly pattern?: RegExp; readonly expects?: string }
  | { readonly type: 'address' | 'port' | 'boolean' }
  | { readonly type: 'list'; readonly item?: (text: string) => boolean; readonly expects?: string }
  | { readonly type: 'url'; readonly schemes: readonly string[] }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  | { readonly type: 'integer' | 'duration'; readonly min: number; readonly max: number };

/** A row with the names that follow from its key. */
export type Setting = SettingSpec & { readonly env: string; readonly flag: string };

/** Adds the names: `httpPort` is `ROLLCALL_HTTP_PORT` and `--http-port`. */
export function named(spec: SettingSpec): Setting {
  const words = spec.key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
  return { ...spec, env: `ROLLCALL_${words.join('_').toUpperCase()}`, flag: words.join('-') };
}

/** The property of `Config` that holds a setting's value. */
export function fieldOf(spec: SettingSpec): string {
  return spec.type === 'duration' ? `${spec.key}Ms` : spec.key;
}

/** `fieldOf`, for types. */
export type FieldOf<S extends SettingSpec> = S['type'] extends 'duration' ? `${S['key']}Ms` : S['key'];

/** The type of a setting's value in `Config`. */
export type ValueOf<S extends SettingSpec> = S extends { readonly default: string }
  ? TypeOf<S>
  : TypeOf<S> | undefined;

type TypeOf<S extends SettingSpec> = S extends { readonly type: 'enum' }
  ? S['values'][number]
  : S['type'] extends 'integer' | 'duration' | 'port'
    ? number
    : S['type'] extends 'boolean'
      ? boolean
      : S['type'] extends 'list'
        ? readonly string[]
        : string;
