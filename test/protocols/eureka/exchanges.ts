import { anEurekaInstance, MY_OWN, NOW } from '../../support/eureka-server.ts';
import { EXCHANGES_OF_RULES } from './exchanges-of-rules.ts';

type Headers = Readonly<Record<string, string>>;

/** One request and what answers it. */
export interface Exchange {
  /** Method and path. */
  readonly send: string;
  readonly headers?: Headers;
  readonly body?: string;
  readonly status: number;
  /** Default: those of an answer without a body are not looked at. */
  readonly answered?: Headers;
  /** The whole body, or what it must match. */
  readonly text: string | RegExp;
}

const AS_JSON = { Accept: 'application/json' };
const JSON_BODY = { 'Content-Type': 'application/json' };
const XML_BODY = { 'Content-Type': 'application/xml' };
const PEER = { 'x-netflix-discovery-replication': 'true' };
const ID = 'host-1:orders:8080';
const PATH = `/eureka/apps/ORDERS/${ID}`;
const JSON_TYPE = { 'content-type': 'application/json' };
const XML_TYPE = { 'content-type': 'application/xml' };

const wrapped = (fields: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ instance: anEurekaInstance(fields) });
const posted = (body: string, status = 204, text: string | RegExp = ''): Exchange => ({
  send: 'POST /eureka/apps/ORDERS',
  headers: JSON_BODY,
  body,
  status,
  text,
});
const plain = (send: string, status: number, headers: Headers = {}): Exchange => ({
  send,
  headers,
  status,
  text: '',
});
const read = (path: string, text: string | RegExp, headers: Headers = AS_JSON): Exchange => ({
  send: `GET ${path}`,
  headers,
  status: 200,
  answered: { ...(headers['Accept'] === undefined ? XML_TYPE : JSON_TYPE), vary: 'Accept-Encoding' },
  text,
});

const UNREADABLE = '{"error": "cannot parse request body"}';
const UNREADABLE_XML = '<error><message>cannot parse request body</message></error>';

const inFull = (status: string, override: string, actionType: string) =>
  `{"instance":{"instanceId":"${ID}","hostName":"host-1","app":"ORDERS","ipAddr":"10.0.0.1","status":"${status}",` +
  `"overriddenStatus":"${override}","port":{"$":8080,"@enabled":"true"},"securePort":{"$":443,"@enabled":"false"},` +
  `"countryId":1,"dataCenterInfo":${JSON.stringify(MY_OWN)},"leaseInfo":{"renewalIntervalInSecs":30,` +
  `"durationInSecs":90,"registrationTimestamp":${String(NOW)},"lastRenewalTimestamp":${String(NOW)},` +
  `"evictionTimestamp":0,"serviceUpTimestamp":${String(NOW)}},` +
  `"metadata":{"@class":"java.util.Collections$EmptyMap"},"vipAddress":"orders",` +
  `"isCoordinatingDiscoveryServer":"false","lastUpdatedTimestamp":"${String(NOW)}",` +
  `"lastDirtyTimestamp":"${String(NOW - 1000)}","actionType":"${actionType}"}}`;

const BASES = ['/eureka', '/eureka/v2', '/eureka/v1', '/v2'];

/** Groups of exchanges; each group begins with nothing registered and is replayed in order. */
export const EXCHANGES: Readonly<Record<string, readonly Exchange[]>> = {
  'the life of an instance': [
    plain(`PUT ${PATH}`, 404),
    plain(`DELETE ${PATH}`, 404),
    plain(`GET ${PATH}`, 404),
    plain(`PUT ${PATH}/status?value=UP`, 404),
    plain(`DELETE ${PATH}/status`, 404),
    plain(`PUT ${PATH}/metadata?a=b`, 404),
    posted(wrapped()),
    read(PATH, inFull('UP', 'UNKNOWN', 'ADDED')),
    read(`/eureka/instances/${ID}`, inFull('UP', 'UNKNOWN', 'ADDED')),
    read(
      '/eureka/apps/delta',
      /"apps__hashcode":"UP_1_".*"instanceId":"host-1:orders:8080".*"actionType":"ADDED"/,
    ),
    plain(`PUT ${PATH}?status=UP&lastDirtyTimestamp=${String(NOW - 1000)}`, 200),
    plain(`PUT ${PATH}?status=bogus`, 200),
    plain(`PUT /eureka/apps/orders/${ID}`, 200),
    plain(`PUT /eureka/apps/ORDERS/${ID.toUpperCase()}`, 404),
    plain(`PUT ${PATH}?lastDirtyTimestamp=${String(NOW)}`, 404),
    plain(`PUT ${PATH}?lastDirtyTimestamp=1`, 200),
    plain(`PUT ${PATH}?lastDirtyTimestamp=x`, 500),
    plain(`PUT ${PATH}?lastDirtyTimestamp=`, 500),
    {
      send: `PUT ${PATH}?lastDirtyTimestamp=1`,
      headers: { ...PEER, ...AS_JSON },
      status: 409,
      answered: JSON_TYPE,
      text: inFull('UP', 'UNKNOWN', 'ADDED'),
    },
    plain(`PUT ${PATH}/status?value=up`, 500),
    plain(`PUT ${PATH}/status`, 500),
    plain(`PUT ${PATH}/status?value=UP`, 200),
    read('/eureka/serverinfo/statusoverrides', '{}'),
    plain(`PUT ${PATH}/status?value=OUT_OF_SERVICE`, 200),
    read(PATH, inFull('OUT_OF_SERVICE', 'OUT_OF_SERVICE', 'MODIFIED')),
    read('/eureka/serverinfo/statusoverrides', `{"${ID}":"OUT_OF_SERVICE"}`),
    read('/eureka/apps/delta', /"apps__hashcode":"OUT_OF_SERVICE_1_".*"actionType":"MODIFIED"/),
    posted(wrapped()),
    read(PATH, inFull('OUT_OF_SERVICE', 'OUT_OF_SERVICE', 'ADDED')),
    plain(`DELETE ${PATH}/status?value=up`, 500),
    plain(`DELETE ${PATH}/status`, 200),
    plain(`DELETE ${PATH}/status`, 200),
    read(PATH, inFull('UNKNOWN', 'UNKNOWN', 'MODIFIED')),
    plain(`PUT ${PATH}`, 404),
    posted(wrapped()),
    plain(`PUT ${PATH}`, 200),
    plain(`PUT ${PATH}/metadata?zone=a&zone=b&x=1`, 200),
    plain(`PUT ${PATH}/metadata`, 200),
    read(PATH, /"metadata":\{"x":"1","zone":"a"\}/),
    plain(`DELETE ${PATH}`, 200),
    plain(`DELETE ${PATH}`, 404),
    read('/eureka/apps', '{"applications":{"versions__delta":"1","apps__hashcode":"","application":[]}}'),
    read('/eureka/apps/delta', /"apps__hashcode":"".*"actionType":"DELETED"/),
  ],
  'bodies that are refused': [
    posted(wrapped({ instanceId: ' ', hostName: '' }), 400, 'Missing instanceId'),
    posted(wrapped({ hostName: '' }), 400, 'Missing hostname'),
    posted(wrapped({ ipAddr: undefined }), 400, 'Missing ip address'),
    posted(wrapped({ app: '' }), 400, 'Missing appName'),
    posted(wrapped({ app: 'CARTS' }), 400, 'Mismatched appName, expecting ORDERS but was CARTS'),
    posted(wrapped({ dataCenterInfo: null }), 400, 'Missing dataCenterInfo'),
    posted(wrapped({ dataCenterInfo: { '@class': MY_OWN['@class'] } }), 400, 'Missing dataCenterInfo Name'),
    ...[
      '',
      '{',
      '{}',
      '[]',
      'null',
      '"x"',
      '{"instance":[]}',
      '{"instance":null}',
      '{"app":{}}',
      JSON.stringify(anEurekaInstance()),
      wrapped({ app: undefined }),
      wrapped({ dataCenterInfo: {} }),
      wrapped({ dataCenterInfo: { '@class': 'x', name: 'MyOwn' } }),
      wrapped({ dataCenterInfo: { ...MY_OWN, name: 'Mine' } }),
      wrapped({ port: { $: 1, '@enabled': 'true', more: 1 } }),
      wrapped({ port: [] }),
      wrapped({ port: 'x' }),
      wrapped({ metadata: 'x' }),
      wrapped({ metadata: [] }),
      wrapped({ leaseInfo: 1 }),
      wrapped({ hostName: {} }),
    ].map((body) => posted(body, 400, UNREADABLE)),
    ...['', '<', '<instance>', '<x/>', '<instance/><instance/>', '<instance><app>&x;</app></instance>'].map(
      (body) => ({ ...posted(body, 400, UNREADABLE_XML), headers: XML_BODY }),
    ),
    ...[undefined, 'text/plain', 'text/xml', 'application/json;charset=UTF-16', 'multipart/form-data'].map(
      (type) => ({
        ...posted(wrapped(), 415),
        headers: type === undefined ? {} : { 'Content-Type': type },
      }),
    ),
    read('/eureka/apps', '{"applications":{"versions__delta":"1","apps__hashcode":"","application":[]}}'),
  ],
  'bodies that are understood': (
    [
      [{ status: null }, /"status":"UP"/],
      [{ status: 'DOWN' }, /"status":"DOWN"/],
      [{ status: 'up' }, /"status":"UNKNOWN"/],
      [
        { overriddenstatus: 'OUT_OF_SERVICE' },
        /"status":"OUT_OF_SERVICE","overriddenStatus":"OUT_OF_SERVICE"/,
      ],
      [{ overriddenStatus: 'OUT_OF_SERVICE' }, /"overriddenStatus":"OUT_OF_SERVICE"/],
      [{ port: null }, /"port":\{"\$":7001,"@enabled":"true"\}/],
      [{ securePort: null }, /"securePort":\{"\$":7002,"@enabled":"false"\}/],
      [{ port: { '@enabled': 'true' } }, /"port":\{"\$":7001,"@enabled":"true"\}/],
      [{ port: { $: '81' } }, /"port":\{"\$":81,"@enabled":"true"\}/],
      [{ port: { $: 'abc' } }, /"port":\{"\$":0,/],
      [{ port: { $: -1, '@enabled': false } }, /"port":\{"\$":-1,"@enabled":"false"\}/],
      [{ port: 82 }, /"port":\{"\$":82,"@enabled":"true"\}/],
      [{ countryId: '5' }, /"countryId":5/],
      [{ leaseInfo: { durationInSecs: '7' } }, /"renewalIntervalInSecs":30,"durationInSecs":7/],
      [{ leaseInfo: { durationInSecs: 0, evictionDurationInSecs: 9 } }, /"durationInSecs":90/],
      [{ metadata: { a: 1, b: true, c: null } }, /"metadata":\{"a":"1","b":"true","c":"null"\}/],
      [{ metadata: { '@class': 'x' } }, /"metadata":\{"@class":"java.util.Collections\$EmptyMap"\}/],
      [{ lastDirtyTimestamp: 'x' }, /"lastDirtyTimestamp":"0"/],
      [{ appGroupName: 'group' }, /"appGroupName":"GROUP"/],
      [{ sid: 'na', actionType: 'DELETED', unknown: { a: 1 } }, /"ipAddr":"10.0.0.1","status":"UP".*"ADDED"/],
      [{ vipAddress: '' }, /"vipAddress":""/],
      [
        { dataCenterInfo: { ...MY_OWN, '@class': 'com.netflix.appinfo.MyDataCenterInfo' } },
        /DefaultDataCenter/,
      ],
    ] as const
  ).flatMap(([fields, text]) => [posted(wrapped(fields)), read(PATH, text), plain(`DELETE ${PATH}`, 200)]),
  paths: [
    posted(wrapped({ vipAddress: 'orders,other', secureVipAddress: 'safe' })),
    ...BASES.flatMap((base) =>
      [
        '/apps',
        '/apps/',
        '//apps',
        '/apps?regions=a,b',
        '/apps/orders',
        '/apps/ORDERS/',
        `/apps/ORDERS/${ID}/`,
        `/apps/ORDERS/${encodeURIComponent(ID)}`,
        `/instances/${ID}/`,
        '/vips/other',
        '/svips/safe',
        '/apps/delta/',
      ].map((path) => read(base + path, /host-1:orders:8080/)),
    ),
    ...BASES.flatMap((base) => [
      read(`${base}/vips/OTHER`, /"versions__delta":"-1","apps__hashcode":"","application":\[\]/),
      plain(`GET ${base}/apps/NONE`, 404),
      plain(`GET ${base}/apps/ORDERS/none`, 404),
      plain(`GET ${base}/instances/none`, 404),
      plain(`GET ${base}/nope`, 404),
      plain(`POST ${base}/apps`, 405),
      plain(`PUT ${base}/apps/ORDERS`, 405),
      plain(`DELETE ${base}/apps/ORDERS`, 405),
      plain(`GET ${base}/apps/ORDERS/${ID}/status`, 405),
      plain(`GET ${base}/apps/ORDERS/${ID}/metadata`, 405),
      plain(`PUT ${base}/asg/group/status?value=ENABLED`, 400),
      { ...plain(`OPTIONS ${base}/apps`, 204), answered: { allow: 'OPTIONS,HEAD,GET' } },
      { ...plain(`HEAD ${base}/apps`, 200), answered: XML_TYPE },
    ]),
  ],
  forms: [
    posted(wrapped()),
    read('/eureka/apps', /^<applications>\n {2}<versions__delta>1</, {}),
    read('/eureka/apps/ORDERS', /^<application>\n {2}<name>ORDERS</, {}),
    read(PATH, /^<instance>\n {2}<instanceId>/, {}),
    ...['/apps', '/apps/delta', '/apps/ORDERS', '/vips/orders'].flatMap((path) => [
      read(`/eureka${path}`, /"instance":\[\{"instanceId":"[^"]*","app":/, {
        ...AS_JSON,
        'X-Eureka-Accept': 'compact',
      }),
      read(`/eureka${path}`, /<instance><instanceId>[^<]*<\/instanceId><app>/, {
        'X-Eureka-Accept': 'compact',
      }),
      read(`/eureka${path}`, /"instance":\[\{"instanceId":"[^"]*","hostName":/, {
        ...AS_JSON,
        'X-Eureka-Accept': 'full',
      }),
    ]),
    read(PATH, inFull('UP', 'UNKNOWN', 'ADDED'), { ...AS_JSON, 'X-Eureka-Accept': 'compact' }),
  ],
  ...EXCHANGES_OF_RULES,
};
