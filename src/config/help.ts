import { SETTINGS } from './settings.ts';

/** The settings as `rollcall serve --help` lists them. */
export function settingsHelp(): string {
  const lines = SETTINGS.map(({ flag, env, default: value, defaultText, description }) => {
    const shown = defaultText ?? value ?? '';
    return `  --${flag}, ${env}\n      ${description.replaceAll('`', '')} Default: ${shown}.\n`;
  });
  const head = 'Settings; a flag wins over the environment, that over the file, that over the default:\n';
  return `${head}\n  --config, ROLLCALL_CONFIG\n      JSON file of settings by key. Default: none.\n${lines.join('')}`;
}
