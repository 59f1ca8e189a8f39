export { agentHelp } from './consul/flags.ts';
export { type AgentConfig, type DefinitionFile, loadAgentConfig } from './consul/index.ts';
export { settingsHelp } from './help.ts';
export { ConfigError } from './error.ts';
export { loadConfig } from './load.ts';
export type { Setting } from './setting.ts';
export { type Config, SETTINGS } from './settings.ts';
