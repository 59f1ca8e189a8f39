import { topics, type Query, type Revision, type Setting, type State, type Stored } from '../core/index.ts';
import type { Settings } from './settings.ts';

/** An entry of central configuration: kept and given back, and nothing here acts on it. */
export interface ConfigEntry {
  readonly kind: string;
  readonly name: string;
  /** Its other fields, as they were given. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const GROUP = 'config-entry';

/** Keeps entries of central configuration, by kind and name. */
export class ConfigEntries {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Whether the entry was at `expectedRevision` (0: absent), where one is given. Throws what a commit throws. */
  put(entry: ConfigEntry, expectedRevision?: Revision): Promise<boolean> {
    return this.#settings.put(settingName(entry.kind, entry.name), entry, expectedRevision);
  }

  /** As `put`; removing an absent entry is fine. */
  delete(kind: string, name: string, expectedRevision?: Revision): Promise<boolean> {
    return this.#settings.delete(settingName(kind, name), expectedRevision);
  }
}

/** One entry; undefined when it is absent. */
export function configEntryQuery(kind: string, name: string): Query<Stored<ConfigEntry> | undefined> {
  return {
    topics: [topics.settings(GROUP)],
    index: (state) => state.topic(topics.settings(GROUP)),
    run: (state) => stored(state.settings.get(settingName(kind, name))),
  };
}

/** All entries of a kind, by name. */
export function configEntriesQuery(kind: string): Query<readonly Stored<ConfigEntry>[]> {
  return {
    topics: [topics.settings(GROUP)],
    index: (state) => state.topic(topics.settings(GROUP)),
    run: (state) => entriesOf(state, kind),
  };
}

function entriesOf(state: State, kind: string): Stored<ConfigEntry>[] {
  return [...state.settings.values()]
    .filter(({ name }) => name.startsWith(settingName(kind, '')))
    .flatMap((setting) => stored(setting) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Settings of this group are written above only. */
function stored(setting: Stored<Setting> | undefined): Stored<ConfigEntry> | undefined {
  if (setting === undefined) return undefined;
  const { createRevision, modifyRevision, value } = setting;
  return { ...(value as ConfigEntry), createRevision, modifyRevision };
}

function settingName(kind: string, name: string): string {
  return `${GROUP}:${kind}/${name}`;
}
