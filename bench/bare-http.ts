// Reference server: bare node:http that answers every request with one answer, given by a message.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CapturedAnswer } from './http-request.ts';

let status = 503;
let headers: string[] = [];
let body = Buffer.alloc(0);

const server = createServer((request, response) => {
  const answer = () => {
    response.writeHead(status, headers);
    response.end(body);
  };
  if (request.method === 'GET') {
    answer();
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', answer);
});

process.on('message', (captured: CapturedAnswer) => {
  status = captured.status;
  headers = [...captured.headers];
  body = Buffer.from(captured.bodyBase64, 'base64');
  process.send?.('ready');
});

server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
