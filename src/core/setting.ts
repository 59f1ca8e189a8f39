import type { Setting } from './catalog.ts';
import { Drafting, type Decision } from './draft.ts';
import type { Revision } from './ids.ts';
import type { State } from './state.ts';

/**
 * Decides a write of one of the registry's own settings; the result says whether its condition held.
 *
 * `expectedRevision`: write only while the setting's `modifyRevision` is this; 0 means: only create.
 */
export function decideSettingPut(
  state: State,
  setting: Setting,
  expectedRevision?: Revision,
): Decision<boolean> {
  const draft = new Drafting(state);
  const held = state.settings.get(setting.name)?.modifyRevision ?? 0;
  const isMet = expectedRevision === undefined || expectedRevision === held;
  if (isMet) draft.put('setting', setting);
  return { draft: draft.build(), result: isMet };
}

/** Decides the removal of a setting; an absent one is fine, unless it is expected at a revision. */
export function decideSettingDelete(
  state: State,
  name: string,
  expectedRevision?: Revision,
): Decision<boolean> {
  const draft = new Drafting(state);
  const held = state.settings.get(name)?.modifyRevision ?? 0;
  const isMet = expectedRevision === undefined || expectedRevision === held;
  if (isMet) draft.delete('setting', name);
  return { draft: draft.build(), result: isMet };
}

/** Decides the removal of all settings whose name begins with one of these. */
export function decideSettingsDelete(state: State, prefixes: readonly string[]): Decision<void> {
  const draft = new Drafting(state);
  for (const { name } of state.settings.values())
    if (prefixes.some((prefix) => name.startsWith(prefix))) draft.delete('setting', name);
  return { draft: draft.build(), result: undefined };
}
