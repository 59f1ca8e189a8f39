export { settingsHelp } from './help.ts';
export { ConfigError, loadConfig } from './load.ts';
export type { Setting } from './setting.ts';
export { type Config, SETTINGS } from './settings.ts';
