import type { Exchange, Expected } from './exchange.ts';

function tooLarge(what: string, when: string): Expected {
  const limit = `${what} exceeds configured limit of 512 bytes ${when}`;
  return refused(500, `1 error occurred:\n\t* error broadcasting event to segment "": ${limit}\n\n`);
}

function event(id: string, name: string, payload: string): string {
  return `{"ID":"${id}","Name":"${name}","Payload":${payload},"NodeFilter":"","ServiceFilter":"","TagFilter":"","Version":1,"LTime":0}`;
}

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

const fire = (path: string, body: string, answer: Expected, keep?: string): Exchange => ({
  send: `PUT /v1/event/fire/${path}`,
  body,
  answer,
  ...(keep === undefined ? {} : { keep }),
});
const fired: Expected = { status: 200, headers: { 'Content-Type': 'application/json' } };
const refusedFilter = (what: string): Expected =>
  refused(500, `Invalid ${what} filter: error parsing regexp: missing closing ): \`(\``);

/** Exchanges about events; what is listed after a while is in a test of its own, since Consul lists them late. */
export const eventExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  events: [
    {
      send: 'GET /v1/event/list?name=none',
      answer: { status: 200, body: '[]', headers: { 'X-Consul-Index': '1' }, meta: 'event' },
    },
    fire('', 'x', refused(400, 'Missing name')),
    fire('x?tag=a', 'x', refused(500, 'Cannot provide tag filter without service filter')),
    fire('x?node=(', 'x', refusedFilter('node')),
    fire('x?service=(', 'x', refusedFilter('service')),
    fire('x?service=a&tag=(', 'x', refusedFilter('tag')),
    fire('x?dc=zz', 'x', refused(500, 'No path to datacenter')),
    fire('b', 'x'.repeat(512), tooLarge('user event', 'before encoding')),
    fire('b', 'x'.repeat(445), tooLarge('user event', 'before encoding')),
    fire('b', 'x'.repeat(444), tooLarge('encoded user event', 'after encoding')),
    fire('b', 'x'.repeat(414), fired),
    fire('b', 'x'.repeat(415), tooLarge('encoded user event', 'after encoding')),
    fire('e', '', fired, 'E'),
    { ...fire('e', 'hello', fired, 'F') },
    fire('e/f', 'p', fired, 'G'),
    { send: 'GET /v1/event/list?index=abc', answer: refused(400, 'Invalid index') },
    { send: 'GET /v1/event/list?wait=zz', answer: refused(400, 'Invalid wait time') },
    { send: 'GET /v1/event/fire/x', answer: { status: 405, headers: { Allow: 'OPTIONS,PUT' } } },
    { send: 'PUT /v1/event/list', answer: { status: 405, headers: { Allow: 'OPTIONS,GET' } } },
    {
      send: 'GET /v1/event/list?name=e',
      answer: {
        status: 200,
        body: `[${event('$E', 'e', 'null')},${event('$F', 'e', '"aGVsbG8="')}]`,
        meta: 'event',
      },
    },
    {
      send: 'GET /v1/event/list?name=e/f&dc=other',
      answer: { status: 200, body: `[${event('$G', 'e/f', '"cA=="')}]`, meta: 'event' },
    },
  ],
};
