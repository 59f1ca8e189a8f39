import type { SettingSpec } from './setting.ts';

/** Settings of scheduled backups. */
export const BACKUP_SETTINGS = [
  {
    key: 'backupDir',
    type: 'string',
    defaultText: 'none, which means no backups',
    description: 'Directory that snapshots of the catalog are written to, by one registry node at a time.',
  },
  {
    key: 'backupSchedule',
    type: 'string',
    default: '0 3 * * *',
    description: 'When, as a cron expression of five fields in UTC; the first backup does not wait for it.',
  },
  {
    key: 'backupKeep',
    type: 'integer',
    min: 1,
    max: 100_000,
    default: '7',
    description: 'How many backups are kept; older ones are removed after a new one is whole.',
  },
] as const satisfies readonly SettingSpec[];
