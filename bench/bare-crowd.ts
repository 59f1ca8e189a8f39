// Reference server: bare node:http that holds readers and answers them with one answer, given by a message.
//   GET ...index=...   waits for the next PUT and is then answered
//   GET .../watch      gets the answer's body, and again with every PUT
//   GET /api/v1/status says how many wait
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CapturedAnswer } from './http-request.ts';

let answer: CapturedAnswer = { status: 200, headers: [], bodyBase64: '' };
let body = Buffer.alloc(0);
let waiting: ServerResponse[] = [];
const watching: ServerResponse[] = [];

const server = createServer((request, response) => {
  const url = request.url ?? '';
  if (request.method === 'PUT') {
    for (const reader of waiting) {
      reader.writeHead(answer.status, [...answer.headers]);
      reader.end(body);
    }
    for (const reader of watching) reader.write(body);
    waiting = [];
    response.end();
  } else if (url.includes('index=')) waiting.push(response);
  else if (url.endsWith('/watch')) {
    watching.push(response);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(body);
  } else response.end(JSON.stringify({ waiters: waiting.length + watching.length }));
});
server.requestTimeout = 0;

process.on('message', (message: CapturedAnswer | { readonly probe: string }) => {
  if ('probe' in message) return;
  answer = message;
  body = Buffer.from(message.bodyBase64, 'base64');
  process.send?.('ready');
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log((server.address() as AddressInfo).port);
});
