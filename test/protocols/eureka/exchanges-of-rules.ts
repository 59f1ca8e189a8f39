import { anEurekaInstance, MY_OWN, NOW } from '../../support/eureka-server.ts';
import type { Exchange } from './exchanges.ts';

type Fields = Readonly<Record<string, unknown>>;

const AS_JSON = { Accept: 'application/json' };
const JSON_BODY = { 'Content-Type': 'application/json' };
const XML_BODY = { 'Content-Type': 'application/xml' };
const PEER = { 'x-netflix-discovery-replication': 'true' };
const ID = 'host-1:orders:8080';
const PATH = `/eureka/apps/ORDERS/${ID}`;
const BATCH = '/eureka/v2/peerreplication/batch/';

const posted = (fields: Fields = {}, headers = {}): Exchange => ({
  send: 'POST /eureka/apps/ORDERS',
  headers: { ...JSON_BODY, ...headers },
  body: JSON.stringify({ instance: anEurekaInstance(fields) }),
  status: 204,
  text: '',
});
const postedXml = (content: string, status = 204, text: string | RegExp = ''): Exchange => ({
  send: 'POST /eureka/apps/ORDERS',
  headers: XML_BODY,
  body: `<instance>${content}</instance>`,
  status,
  text,
});
const plain = (send: string, status: number, headers = {}): Exchange => ({ send, headers, status, text: '' });
const read = (path: string, text: RegExp, headers: Readonly<Record<string, string>> = AS_JSON): Exchange => ({
  send: `GET ${path}`,
  headers,
  status: 200,
  text,
});
const statuses = (status: string, override: string) =>
  read(PATH, new RegExp(`"status":"${status}","overriddenStatus":"${override}"`));
const replicated = (items: readonly Fields[], text: string | RegExp, status = 200): Exchange => ({
  send: `POST ${BATCH}`,
  headers: { ...JSON_BODY, ...AS_JSON },
  body: JSON.stringify({ replicationList: items.map((item) => ({ appName: 'ORDERS', id: ID, ...item })) }),
  status,
  text,
});
const answers = (...codes: number[]) =>
  JSON.stringify({ responseList: codes.map((statusCode) => ({ statusCode })) });
const aRegistration = (fields: Fields = {}) => ({
  action: 'Register',
  lastDirtyTimestamp: NOW - 1000,
  status: 'UP',
  instanceInfo: anEurekaInstance({ leaseInfo: { durationInSecs: 90 }, ...fields }),
});

const XML_BASE =
  `<instanceId>${ID}</instanceId><hostName>host-1</hostName><app>ORDERS</app><ipAddr>10.0.0.1</ipAddr>` +
  '<dataCenterInfo class="com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo"><name>MyOwn</name></dataCenterInfo>';

/** Exchanges about the rules of statuses, times, bodies in XML, lookups by address and peers. */
export const EXCHANGES_OF_RULES: Readonly<Record<string, readonly Exchange[]>> = {
  'which status wins': [
    posted(),
    posted({ status: 'OUT_OF_SERVICE' }),
    statuses('UP', 'UNKNOWN'),
    ...['DOWN', 'STARTING', 'UP'].flatMap((status) => [posted({ status }), statuses(status, 'UNKNOWN')]),
    posted({ status: 'DOWN' }),
    posted({ status: 'OUT_OF_SERVICE' }),
    statuses('OUT_OF_SERVICE', 'UNKNOWN'),
    posted({ status: 'UP' }),
    statuses('OUT_OF_SERVICE', 'UNKNOWN'),
    posted({ status: 'DOWN' }),
    posted(),
    posted({ status: 'OUT_OF_SERVICE' }, PEER),
    statuses('OUT_OF_SERVICE', 'UNKNOWN'),
    posted({}, PEER),
    statuses('UP', 'UNKNOWN'),
    posted({ status: 'UNKNOWN' }),
    statuses('UNKNOWN', 'UNKNOWN'),
    plain(`PUT ${PATH}?status=UP`, 404),
    posted(),
    plain(`PUT ${PATH}?status=UP`, 200),
  ],
  'overrides, while they last': [
    posted(),
    plain(`PUT ${PATH}/status?value=DOWN`, 200),
    statuses('DOWN', 'DOWN'),
    posted(),
    statuses('DOWN', 'DOWN'),
    plain(`PUT ${PATH}?status=UP`, 200),
    read('/eureka/apps', /"apps__hashcode":"DOWN_1_"/),
    plain(`PUT ${PATH}/status?value=OUT_OF_SERVICE`, 200),
    statuses('OUT_OF_SERVICE', 'OUT_OF_SERVICE'),
    posted({ status: 'STARTING' }),
    statuses('STARTING', 'OUT_OF_SERVICE'),
    posted(),
    statuses('OUT_OF_SERVICE', 'OUT_OF_SERVICE'),
    plain(`PUT ${PATH}/status?value=UP`, 200),
    statuses('UP', 'UP'),
    posted({ status: 'OUT_OF_SERVICE' }),
    statuses('UP', 'UP'),
    plain(`DELETE ${PATH}/status?value=UP`, 200),
    statuses('UP', 'UNKNOWN'),
    plain(`PUT ${PATH}/status?value=OUT_OF_SERVICE&lastDirtyTimestamp=${String(NOW)}`, 200),
    read(PATH, new RegExp(`"lastDirtyTimestamp":"${String(NOW)}"`)),
    plain(`PUT ${PATH}?lastDirtyTimestamp=${String(NOW)}`, 200),
    plain(`DELETE ${PATH}`, 200),
    posted(),
    statuses('UP', 'UNKNOWN'),
    posted({ overriddenStatus: 'OUT_OF_SERVICE' }),
    statuses('OUT_OF_SERVICE', 'OUT_OF_SERVICE'),
    posted({ overriddenStatus: 'DOWN' }),
    statuses('OUT_OF_SERVICE', 'OUT_OF_SERVICE'),
    plain(`DELETE ${PATH}`, 200),
  ],
  'times of registration': [
    posted({ lastDirtyTimestamp: 2000, ipAddr: '10.0.0.2', leaseInfo: { durationInSecs: 7 } }),
    read(PATH, /"durationInSecs":7,/),
    posted({ lastDirtyTimestamp: 1999, ipAddr: '10.0.0.3' }),
    read(PATH, /"ipAddr":"10.0.0.2".*"lastDirtyTimestamp":"2000"/),
    posted({ lastDirtyTimestamp: 2000, ipAddr: '10.0.0.4' }),
    read(PATH, /"ipAddr":"10.0.0.4".*"durationInSecs":90,/),
    posted({ lastDirtyTimestamp: 2001, ipAddr: '10.0.0.5' }),
    read(PATH, /"ipAddr":"10.0.0.5".*"lastDirtyTimestamp":"2001"/),
    plain(`PUT ${PATH}?lastDirtyTimestamp=2001`, 200),
    plain(`PUT ${PATH}?lastDirtyTimestamp=2000`, 200),
    plain(`PUT ${PATH}?lastDirtyTimestamp=2002`, 404),
    plain(`PUT ${PATH}?lastDirtyTimestamp=2001`, 200, PEER),
    plain(`PUT ${PATH}?lastDirtyTimestamp=2002`, 404, PEER),
    {
      send: `PUT ${PATH}?lastDirtyTimestamp=2000`,
      headers: { ...PEER, ...AS_JSON },
      status: 409,
      text: /^\{"instance":\{"instanceId":"host-1:orders:8080".*"lastDirtyTimestamp":"2001"/,
    },
    plain(`PUT ${PATH}/metadata?a=1&a=2`, 200),
    read(PATH, /"metadata":\{"a":"1"\}.*"lastDirtyTimestamp":"2001","actionType":"ADDED"/),
    posted({ lastDirtyTimestamp: 2002 }),
    read(PATH, /"metadata":\{"@class":"java.util.Collections\$EmptyMap"\}/),
  ],
  'bodies in XML': [
    postedXml(XML_BASE),
    read(
      PATH,
      /"status":"UP".*"port":\{"\$":7001,"@enabled":"true"\},"securePort":\{"\$":7002,"@enabled":"false"\}/,
    ),
    postedXml(`${XML_BASE}<port>81</port><securePort>444</securePort>`),
    read(PATH, /"port":\{"\$":81,"@enabled":"true"\},"securePort":\{"\$":444,"@enabled":"false"\}/),
    postedXml(`${XML_BASE}<port enabled="false">81</port><securePort enabled="true">444</securePort>`),
    read(PATH, /"port":\{"\$":81,"@enabled":"false"\},"securePort":\{"\$":444,"@enabled":"true"\}/),
    postedXml(`${XML_BASE}<overriddenstatus>OUT_OF_SERVICE</overriddenstatus>`),
    statuses('OUT_OF_SERVICE', 'OUT_OF_SERVICE'),
    plain(`DELETE ${PATH}`, 200),
    postedXml(`${XML_BASE}<metadata><a__b>&lt;&amp;&gt;</a__b></metadata>`),
    read(PATH, /"metadata":\{"a_b":"<&>"\}/),
    read(PATH, /<a__b>&lt;&amp;&gt;<\/a__b>/, {}),
    postedXml(`${XML_BASE}<metadata><_-x>1</_-x></metadata>`),
    read(PATH, /"metadata":\{"\$x":"1"\}/),
    read(PATH, /<_-x>1<\/_-x>/, {}),
    postedXml(
      `${XML_BASE}<leaseInfo><durationInSecs>7</durationInSecs></leaseInfo><vipAddress>o</vipAddress>`,
    ),
    read(PATH, /"durationInSecs":7,.*"vipAddress":"o"/),
    postedXml(XML_BASE.replace('<ipAddr>10.0.0.1</ipAddr>', ''), 400, /Missing ip address/),
    postedXml(XML_BASE.replace('<app>ORDERS</app>', '<app>CART</app>'), 400, /Mismatched appName/),
  ],
  'lookups by address': [
    posted({ vipAddress: 'one,two, three', secureVipAddress: 'safe' }),
    ...['one', 'two', '%20three'].map((vip) => read(`/eureka/vips/${vip}`, /"apps__hashcode":"UP_1_"/)),
    ...['ONE', 'three', 'one,two', 'safe', 'x'].map((vip) =>
      read(`/eureka/vips/${vip}`, /"versions__delta":"-1","apps__hashcode":"","application":\[\]/),
    ),
    read('/eureka/svips/safe', /"versions__delta":"-1","apps__hashcode":"UP_1_"/),
    read('/eureka/svips/one', /"apps__hashcode":"","application":\[\]/),
    read('/eureka/vips/x', /<versions__delta>-1<\/versions__delta>\s*<apps__hashcode><\/apps__hashcode>/, {}),
    posted({ vipAddress: 'moved' }),
    read('/eureka/vips/moved', /"instanceId":"host-1:orders:8080"/),
    plain(`DELETE ${PATH}`, 200),
    read('/eureka/vips/moved', /"application":\[\]/),
  ],
  'batches of peers': [
    replicated([], '{"responseList":[]}'),
    replicated([{ action: 'Heartbeat', lastDirtyTimestamp: 1, status: 'UP' }], answers(404)),
    replicated([{ action: 'Cancel' }, { action: 'StatusUpdate', status: 'DOWN' }], answers(404, 404)),
    replicated([aRegistration()], answers(200)),
    statuses('UP', 'UNKNOWN'),
    replicated([{ action: 'Heartbeat', lastDirtyTimestamp: NOW - 1000, status: 'UP' }], answers(200)),
    replicated([{ action: 'Heartbeat', lastDirtyTimestamp: NOW, status: 'UP' }], answers(404)),
    replicated(
      [{ action: 'Heartbeat', lastDirtyTimestamp: 1, status: 'UP' }],
      /^\{"responseList":\[\{"statusCode":409,"responseEntity":\{"instanceId":"host-1:orders:8080",/,
    ),
    replicated([{ action: 'StatusUpdate', status: 'OUT_OF_SERVICE', lastDirtyTimestamp: NOW }], answers(200)),
    statuses('OUT_OF_SERVICE', 'OUT_OF_SERVICE'),
    replicated([{ action: 'DeleteStatusOverride', status: 'UP', lastDirtyTimestamp: NOW }], answers(200)),
    statuses('UP', 'UNKNOWN'),
    replicated([aRegistration({ hostName: '' })], answers(200)),
    replicated([{ action: 'Dance' }], /./, 400),
    replicated([{ action: 'Cancel' }, { action: 'Cancel' }], answers(200, 404)),
    plain(`GET ${PATH}`, 404),
    replicated([aRegistration({ dataCenterInfo: MY_OWN, status: 'DOWN' })], answers(200)),
    statuses('DOWN', 'UNKNOWN'),
  ],
};
