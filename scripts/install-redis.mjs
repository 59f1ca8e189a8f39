import { installPackages } from './install-packages.mjs';

/** Installs redis-server and dig where that is allowed. */
export function installRedis() {
  installPackages('redis-server', 'dnsutils');
}
