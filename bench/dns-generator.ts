// Load generator for machines without dnsperf: several UDP sockets, each with several questions open.
//   dns-generator.ts <port> <seconds> <question's bytes in base64>
import { createSocket } from 'node:dgram';

const SOCKETS = 8;
const OPEN_PER_SOCKET = 8;
const LOST_AFTER_MS = 1000;

const port = Number(process.argv[2]);
const seconds = Number(process.argv[3]);
const question = Buffer.from(process.argv[4] ?? '', 'base64');

let answered = 0;
let failed = 0;

function drive(): void {
  const socket = createSocket('udp4');
  const sentAt = new Map<number, number>();
  let nextId = 0;
  const ask = () => {
    const id = nextId++ & 0xffff;
    const query = Buffer.from(question);
    query.writeUInt16BE(id, 0);
    sentAt.set(id, performance.now());
    socket.send(query);
  };
  socket.on('message', (answer) => {
    if (!sentAt.delete(answer.readUInt16BE(0))) return;
    answered++;
    if ((answer.readUInt16BE(2) & 0xf) !== 0) failed++;
    ask();
  });
  socket.connect(port, '127.0.0.1', () => {
    for (let open = 0; open < OPEN_PER_SOCKET; open++) ask();
  });
  setInterval(() => {
    for (const [id, at] of sentAt) {
      if (performance.now() - at < LOST_AFTER_MS) continue;
      sentAt.delete(id);
      failed++;
      ask();
    }
  }, 100);
}

for (let i = 0; i < SOCKETS; i++) drive();
setTimeout(() => {
  console.log(JSON.stringify({ answered, seconds, failed }));
  process.exit();
}, seconds * 1000);
