import { ConfigError, type Config } from './config/index.ts';
import { Calendar, type BackupPlan } from './runtime/index.ts';

/** Where and when backups are made; undefined where no directory is set. Throws `ConfigError`. */
export function backupPlanOf({ backupDir, backupSchedule, backupKeep }: Config): BackupPlan | undefined {
  try {
    const calendar = new Calendar(backupSchedule);
    return backupDir === undefined ? undefined : { directory: backupDir, calendar, keep: backupKeep };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `backupSchedule: expected a cron expression such as "0 3 * * *", got ${JSON.stringify(backupSchedule)}: ${reason}`,
      { cause: error },
    );
  }
}
