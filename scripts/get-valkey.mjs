// Prints the path of a real Valkey server, for the tests of topologies.
//   node scripts/get-valkey.mjs
// VALKEY_BIN names one that is there already. Otherwise it is that of Debian 12's backports.
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { getPackage } from './get-package.mjs';

/** Downloads Valkey unless it is there; returns the path of the server. Throws where that cannot be done. */
export function getValkey() {
  if (process.env.VALKEY_BIN) return process.env.VALKEY_BIN;
  const directory = join(getPackage('bookworm-backports', 'valkey-tools'), 'usr/bin');
  const server = join(directory, 'valkey-server');
  // One program that does as it is called; the server's own package holds a link to it and no more.
  if (!existsSync(server)) symlinkSync('valkey-check-rdb', server);
  return server;
}

if (import.meta.filename === process.argv[1]) console.log(getValkey());
