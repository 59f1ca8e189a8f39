import { X509Certificate } from 'node:crypto';
import type { Query, Setting, Stored } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer, plainText } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { isObject } from './go-decode.ts';
import type { GoStruct } from './go-json.ts';
import { createRoot, keyId, type Root } from './root-certificate.ts';

const SETTING = 'connect:ca-root';

/** The root certificate of the mesh: made when it is first asked for, and the same for ever on all nodes. */
export function connectCaRoutes(context: ConsulContext): Route[] {
  return [
    get('/v1/connect/ca/roots', (request) => roots(context, request)),
    get('/v1/agent/connect/ca/roots', async (request) => {
      const response = await roots(context, request);
      // Compat(consul): an agent answers this from its cache.
      return { ...response, headers: { ...response.headers, 'X-Cache': 'HIT', Age: '0' } };
    }),
  ];
}

async function roots(
  { registry, reader, options }: ConsulContext,
  request: RouteRequest,
): Promise<RouteResponse> {
  const parameters = reader.parameters(request);
  const query: Query<Stored<Setting> | undefined> = {
    topics: [`setting:${SETTING}`],
    index: (state) => state.settings.get(SETTING)?.modifyRevision ?? 0,
    run: (state) => state.settings.get(SETTING),
  };
  const { value } = await registry.reads.read(query, { mode: 'default' });
  // Whoever comes second finds that of the first.
  if (value === undefined)
    await registry.settings.put(SETTING, createRoot(new Date(options.clock.now()), options.random), 0);
  return reader.kv(request, parameters, {
    query,
    encode: (setting) => {
      const root = rootOf(setting);
      if (setting === undefined || root === undefined) return plainText(500, 'CA not initialized');
      return wantsPem(request)
        ? plainText(200, root.pem, { 'Content-Type': 'application/pem-certificate-chain' })
        : jsonAnswer(rootsShape(setting, root), isPretty(request));
    },
  });
}

function wantsPem({ query }: RouteRequest): boolean {
  return /^(1|t|T|true|TRUE|True)$/.test(query.get('pem') ?? '');
}

function rootOf(setting: Setting | undefined): Root | undefined {
  const value = setting?.value;
  if (!isObject(value) || typeof value['pem'] !== 'string' || typeof value['clusterId'] !== 'string')
    return undefined;
  return { pem: value['pem'], clusterId: value['clusterId'] };
}

function rootsShape({ createRevision, modifyRevision }: Stored<Setting>, { pem, clusterId }: Root): GoStruct {
  const certificate = new X509Certificate(pem);
  const ID = certificate.fingerprint.toLowerCase();
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const root = {
    ID,
    Name: 'Consul CA Root Cert',
    SerialNumber: BigInt(`0x${certificate.serialNumber}`),
    SigningKeyID: keyId(spki)
      .toString('hex')
      .replace(/..(?!$)/g, '$&:'),
    ExternalTrustDomain: clusterId,
    NotBefore: goTime(certificate.validFrom),
    NotAfter: goTime(certificate.validTo),
    RootCert: pem,
    IntermediateCerts: null,
    Active: true,
    PrivateKeyType: 'ec',
    PrivateKeyBits: 256,
    CreateIndex: createRevision,
    ModifyIndex: modifyRevision,
  };
  return { ActiveRootID: ID, TrustDomain: `${clusterId}.consul`, Roots: [root] };
}

function goTime(text: string): string {
  return new Date(text).toISOString().replace('.000Z', 'Z');
}
