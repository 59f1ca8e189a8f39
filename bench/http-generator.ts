// Load generator for machines without wrk, with its arguments and its line of JSON: keep-alive connections
// over raw sockets, one request at a time each.
//   http-generator.ts <port> <connections> <seconds> <file with the request> <first number> <keys>
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { NUMBER_DIGITS } from './http-request.ts';
import { answerLength } from './line.ts';

const MAX_TRACKED_MS = 5000;
const BUCKETS_PER_MS = 100;

const [port = 0, connections = 0, seconds = 0] = process.argv.slice(2, 5).map(Number);
const file = process.argv[5] ?? '';
const [first = 0, keys = 1] = process.argv.slice(6).map(Number);

const texts = readFileSync(file, 'utf8').split(/(\{[nk]\})/);
const latencies = new Uint32Array(MAX_TRACKED_MS * BUCKETS_PER_MS);
let next = first;
let requests = 0;
let errors = 0;
let ending = false;

function nextRequest(): string {
  const n = next++;
  if (texts.length === 1) return texts[0] ?? '';
  const digits = (value: number) => String(value).padStart(NUMBER_DIGITS, '0');
  return texts
    .map((text) => (text === '{n}' ? digits(n) : text === '{k}' ? digits(n % keys) : text))
    .join('');
}

function drive(socket: Socket): void {
  let sentAt = 0;
  let received = '';
  const sendNext = () => {
    sentAt = performance.now();
    socket.write(nextRequest(), 'latin1');
  };
  socket.setNoDelay(true);
  socket.on('connect', sendNext);
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const length = answerLength(received);
    if (received.length < length) return;
    if (!/^HTTP\/1\.1 2/.test(received)) errors++;
    received = '';
    requests++;
    const bucket = Math.min(latencies.length - 1, Math.floor((performance.now() - sentAt) * BUCKETS_PER_MS));
    latencies[bucket] = (latencies[bucket] ?? 0) + 1;
    if (!ending) sendNext();
  });
  socket.on('error', () => errors++);
  socket.on('close', () => {
    if (!ending) errors++;
  });
}

function p99Ms(): number {
  let left = requests * 0.99;
  const bucket = latencies.findIndex((count) => (left -= count) <= 0);
  return (bucket + 1) / BUCKETS_PER_MS;
}

const sockets = Array.from({ length: connections }, () => connect(port, '127.0.0.1'));
const startedAt = performance.now();
sockets.forEach(drive);
setTimeout(() => {
  ending = true;
  const elapsed = (performance.now() - startedAt) / 1000;
  console.log(JSON.stringify({ requests, seconds: elapsed, p99Ms: p99Ms(), errors }));
  for (const socket of sockets) socket.destroy();
}, seconds * 1000);
