import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigError } from '../error.ts';
import type { Given } from '../load.ts';
import { type Found, text } from './rules.ts';

const ANY = ['0.0.0.0', '::'];

/**
 * Sets where to listen and how this node is reached, and answers what of it does nothing here.
 *
 * Consul's `client_addr`, which `addresses` may replace, is where its APIs listen; `bind_addr` is for its servers among
 * themselves, and matters here only as the address that the node has in the catalog.
 */
export function setAddresses(
  values: ReadonlyMap<string, Found>,
  given: Map<string, Given>,
  isDev: boolean,
): string[] {
  const unused: string[] = [];
  for (const [key, path] of [
    ['bind', 'addresses.http'],
    ['dnsBind', 'addresses.dns'],
  ] as const) {
    const found = values.get(path) ?? values.get('client_addr');
    if (found === undefined) continue;
    const [name] = [...values].find(([, each]) => each === found) ?? [path];
    const addresses = addressesOf(found);
    const address = addresses.find((each) => ANY.includes(each)) ?? addresses.find((each) => isIP(each) > 0);
    if (address !== undefined) given.set(key, { source: found.source, text: address });
    if (!(address !== undefined && ANY.includes(address)))
      for (const each of addresses) if (each !== address) unused.push(`${name} (${each})`);
  }
  const advertised = [values.get('advertise_addr'), values.get('bind_addr')]
    .flatMap((found) => (found === undefined ? [] : [{ found, address: onlyAddressOf(found) }]))
    .find(({ address }) => !ANY.includes(address));
  const ownAddress = isDev ? undefined : privateAddress();
  if (advertised !== undefined)
    given.set('advertise', { source: advertised.found.source, text: advertised.address });
  else if (ownAddress !== undefined)
    given.set('advertise', { source: 'the address of this host', text: ownAddress });
  return unused;
}

/** IP addresses and paths of sockets, templates filled in. */
function addressesOf(found: Found): string[] {
  const filled = text(found).replace(
    /\{\{(.*?)\}\}/gs,
    (_whole, template: string) => ` ${fill(found.source, template)} `,
  );
  const addresses = filled.split(/\s+/).filter((each) => each !== '');
  const wrong = addresses.find((each) => isIP(each) === 0 && !each.startsWith('unix://'));
  if (wrong !== undefined || addresses.length === 0)
    throw new ConfigError(`${found.source}: expected IP addresses, got ${JSON.stringify(wrong ?? '')}`);
  return addresses;
}

function onlyAddressOf(found: Found): string {
  const [address = '', ...rest] = addressesOf(found);
  if (rest.length === 0 && isIP(address) > 0) return address;
  throw new ConfigError(`${found.source}: expected one IP address, got ${JSON.stringify(found.value)}`);
}

/** go-sockaddr's templates that configurations of Consul use. */
function fill(source: string, template: string): string {
  const [name = '', argument = ''] = template.trim().split(/\s+/);
  const address = addressNamed(name, argument.replaceAll(/["'`]/g, ''));
  if (address !== undefined) return address;
  throw new ConfigError(`${source}: no address for the template {{${template}}}`);
}

function addressNamed(name: string, argument: string): string | undefined {
  switch (name) {
    case 'GetPrivateIP':
      return privateAddress();
    case 'GetPublicIP':
      return externalAddresses().find((address) => !isPrivate(address));
    case 'GetInterfaceIP':
      return networkInterfaces()[argument]?.[0]?.address;
    default:
      return undefined;
  }
}

function privateAddress(): string | undefined {
  return externalAddresses().find(isPrivate);
}

/** RFC 1918. */
function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
}

function externalAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}
