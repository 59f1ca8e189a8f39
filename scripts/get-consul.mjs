// Prints the path of a real Consul, for the tests and the bench that compare with one.
//   node scripts/get-consul.mjs
// CONSUL_BIN names one that is there already. Otherwise it is that of Debian 11: 1.8.7, the last under the MPL that
// Debian has.
import { join } from 'node:path';
import { getPackage } from './get-package.mjs';

/** Downloads Consul unless it is there; returns the path of the program. Throws where that cannot be done. */
export function getConsul() {
  return process.env.CONSUL_BIN || join(getPackage('bullseye', 'consul'), 'usr/bin/consul');
}

if (import.meta.filename === process.argv[1]) console.log(getConsul());
