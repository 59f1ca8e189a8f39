// Reference server: a bare UDP socket that answers every query with one answer, given by a message.
import { createSocket } from 'node:dgram';

let answer = Buffer.alloc(0);

process.on('message', ({ answerBase64 }: { readonly answerBase64: string }) => {
  answer = Buffer.from(answerBase64, 'base64');
  process.send?.('ready');
});

const socket = createSocket('udp4');
socket.on('message', (query, from) => {
  // The system may take the bytes later, so each answer is a copy; its id is the query's.
  const copy = Buffer.from(answer);
  query.copy(copy, 0, 0, 2);
  socket.send(copy, from.port, from.address);
});
socket.bind(0, '127.0.0.1', () => {
  console.log(socket.address().port);
});
