import type { Exchange, Expected } from './exchange.ts';

const TRUE: Expected = { status: 200, body: 'true', headers: { 'Content-Type': 'application/json' } };
const FALSE: Expected = { status: 200, body: 'false' };
const ABSENT: Expected = { status: 404, body: '', meta: 'kv' };
const TOO_LARGE =
  'Request body(524289 bytes) too large, max size: 524288 bytes. See https://www.consul.io/docs/agent/options.html#kv_max_value_size.';
const NO_KEY: Expected = { status: 400, body: 'Missing key name' };

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

function found(body: string): Expected {
  return { status: 200, body, headers: { 'Content-Type': 'application/json' }, meta: 'kv' };
}

function pair(key: string, value: string, flags = '0'): string {
  return `{"LockIndex":0,"Key":"${key}","Flags":${flags},"Value":${value},"CreateIndex":0,"ModifyIndex":0}`;
}

const put = (path: string, body: unknown, answer: Expected): Exchange => ({
  send: `PUT /v1/kv/${path}`,
  body,
  answer,
});
const get = (path: string, answer: Expected): Exchange => ({ send: `GET /v1/kv/${path}`, answer });
const del = (path: string, answer: Expected): Exchange => ({ send: `DELETE /v1/kv/${path}`, answer });

const ONE = pair('conf/a', '"aGVsbG8="', '18446744073709551615');

const PRETTY = `[
    {
        "LockIndex": 0,
        "Key": "conf/ç",
        "Flags": 0,
        "Value": "Mw==",
        "CreateIndex": 0,
        "ModifyIndex": 0
    }
]
`;

/** Exchanges about configuration keys, by what they are about. */
export const kvExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'kv: values': [
    del('?recurse', TRUE),
    get('?keys', found('[]')),
    get('?recurse', ABSENT),
    get('', NO_KEY),
    put('', 'x', NO_KEY),
    del('', NO_KEY),
    get('conf/a', ABSENT),
    get('conf/a?raw', ABSENT),
    put('conf/a', 'hello', TRUE),
    get('conf/a', found(`[${pair('conf/a', '"aGVsbG8="')}]`)),
    put('conf/a?flags=18446744073709551615', 'hello', TRUE),
    get('conf/a', found(`[${ONE}]`)),
    get('conf/a?recurse', found(`[${ONE}]`)),
    get('conf/a?raw&recurse', found(`[${ONE}]`)),
    get('conf/a?raw', {
      status: 200,
      body: 'hello',
      headers: {
        'Content-Type': 'text/plain',
        'Content-Length': '5',
        'X-Content-Type-Options': 'nosniff',
        'Content-Security-Policy': 'sandbox',
      },
      meta: 'kv',
    }),
    put('conf/empty', '', TRUE),
    get('conf/empty', found(`[${pair('conf/empty', 'null')}]`)),
    get('conf/empty?raw', { status: 200, body: '', headers: { 'Content-Type': 'text/plain' }, meta: 'kv' }),
    put('conf/bytes', new Uint8Array([0, 255, 10, 128]), TRUE),
    get('conf/bytes', found(`[${pair('conf/bytes', '"AP8KgA=="')}]`)),
    put('conf/%C3%A7', '3', TRUE),
    get('conf/%C3%A7', found(`[${pair('conf/ç', '"Mw=="')}]`)),
    put('conf/a%20%3C%26%3E', '3', TRUE),
    get('conf/a%20%3C%26%3E', found(`[${pair('conf/a \\u003c\\u0026\\u003e', '"Mw=="')}]`)),
    del('conf/a%20%3C%26%3E', TRUE),
    get('conf%2Fa', found(`[${ONE}]`)),
    get('conf/A', ABSENT),
    get('conf/%C3%A7?pretty', found(PRETTY)),
  ],
  'kv: lists': [
    del('?recurse', TRUE),
    put('d/a', '', TRUE),
    put('d/b/c', '1', TRUE),
    put('d/b/d', '2', TRUE),
    put('d-x', '3', TRUE),
    put('%C3%A7', '3', TRUE),
    get('d?keys', found('["d-x","d/a","d/b/c","d/b/d"]')),
    get('d/?keys&separator=/', found('["d/a","d/b/"]')),
    get('d/?keys&separator=%2F', found('["d/a","d/b/"]')),
    get('d/?keys&seperator=/', found('["d/a","d/b/"]')),
    get('?keys', found('["d-x","d/a","d/b/c","d/b/d","ç"]')),
    get('?keys&separator=/', found('["d-x","d/","ç"]')),
    get('?keys&pretty', found('[\n    "d-x",\n    "d/a",\n    "d/b/c",\n    "d/b/d",\n    "ç"\n]\n')),
    get('zz?keys', ABSENT),
    get('zz?recurse', ABSENT),
    get('d/b?recurse', found(`[${pair('d/b/c', '"MQ=="')},${pair('d/b/d', '"Mg=="')}]`)),
    del('d?recurse', TRUE),
    get('d?recurse', ABSENT),
    get('?keys', found('["ç"]')),
    del('nothing?recurse', TRUE),
  ],
  'kv: conditions': [
    put('cas?cas=5', 'x', FALSE),
    put('cas?cas=0', 'x', TRUE),
    put('cas?cas=0', 'y', FALSE),
    put('cas?cas=1', 'y', FALSE),
    get('cas', found(`[${pair('cas', '"eA=="')}]`)),
    del('cas?cas=0', FALSE),
    del('cas?cas=1', FALSE),
    del('absent?cas=1', TRUE),
    del('cas', TRUE),
    del('cas', TRUE),
  ],
  'kv: refusals': [
    put('k?flags=abc', 'x', refused(500, 'strconv.ParseUint: parsing "abc": invalid syntax')),
    put('k?flags=-1', 'x', refused(500, 'strconv.ParseUint: parsing "-1": invalid syntax')),
    put('k?flags=', 'x', refused(500, 'strconv.ParseUint: parsing "": invalid syntax')),
    put(
      'k?flags=18446744073709551616',
      'x',
      refused(500, 'strconv.ParseUint: parsing "18446744073709551616": value out of range'),
    ),
    put('k?cas=abc', 'x', refused(500, 'strconv.ParseUint: parsing "abc": invalid syntax')),
    del('k?cas=x', refused(500, 'strconv.ParseUint: parsing "x": invalid syntax')),
    {
      ...put('k?cas=0&acquire=x', 'x', refused(400, 'Conflicting flags: acquire=x&cas=0\n')),
      consul187: { body: 'Conflicting flags: acquire=x&cas=0' },
    },
    {
      ...put('k?cas=0&release=x&flags=3', 'x', refused(400, 'Conflicting flags: cas=0&flags=3&release=x\n')),
      consul187: { body: 'Conflicting flags: cas=0&flags=3&release=x' },
    },
    {
      ...del('k?cas=1&recurse', refused(400, 'Conflicting flags: cas=1&recurse=\n')),
      consul187: { body: 'Conflicting flags: cas=1&recurse=' },
    },
    get('k', ABSENT),
    get('k?index=abc', refused(400, 'Invalid index')),
    get('k?index=-1', refused(400, 'Invalid index')),
    get('k?index=1&wait=abc', refused(400, 'Invalid wait time')),
    get('k?wait=10', refused(400, 'Invalid wait time')),
    get('k?index=0&wait=1d', refused(400, 'Invalid wait time')),
    get('k?index=&wait=', ABSENT),
    get('k?stale', ABSENT),
    get('k?consistent', ABSENT),
    get('k?stale&consistent', refused(400, 'Cannot specify ?stale with ?consistent, conflicting semantics.')),
    get('k?dc=dc1', ABSENT),
    get('k?dc=dc2', refused(500, 'No path to datacenter')),
    {
      ...get('k?dc=dc2&datacenter=dc1', ABSENT),
      consul187: { ...refused(500, 'No path to datacenter'), meta: undefined },
    },
    put('k?dc=dc2', 'x', refused(500, 'No path to datacenter')),
    put('big', new Uint8Array(524_288), TRUE),
    put('big', new Uint8Array(524_289), refused(413, TOO_LARGE)),
    del('big', TRUE),
    {
      send: 'POST /v1/kv/k',
      answer: { status: 405, body: 'method POST not allowed', headers: { Allow: 'OPTIONS,GET,PUT,DELETE' } },
    },
    { send: 'HEAD /v1/kv/k', answer: { status: 405, headers: { Allow: 'OPTIONS,GET,PUT,DELETE' } } },
    {
      send: 'OPTIONS /v1/kv/k',
      answer: { status: 200, body: '', headers: { Allow: 'OPTIONS,GET,PUT,DELETE' } },
    },
    put('%2Flead', 'x', { status: 301, headers: { Location: '/v1/kv/lead' } }),
    get('x//y?raw', { status: 301, headers: { Location: '/v1/kv/x/y?raw' } }),
    get('%00', { status: 400, body: '' }),
    get('a%0Ab', { status: 400, body: '' }),
    {
      ...get(
        'k?ns=x',
        refused(400, 'Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature'),
      ),
      consul187: {
        body: 'Bad request: Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature',
      },
    },
    {
      ...get(
        'k',
        refused(400, 'Invalid header: "X-Consul-Namespace" - Namespaces are a Consul Enterprise feature'),
      ),
      headers: { 'X-Consul-Namespace': 'x' },
      consul187: {
        body: 'Bad request: Invalid header: "X-Consul-Namespace" - Namespaces are a Consul Enterprise feature',
      },
    },
  ],
};
