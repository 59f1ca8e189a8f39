import { expect } from 'chai';
import { send, type HttpAnswer } from '../../support/http.ts';
import type { Exchange } from './exchanges.ts';

export function titleOf({ send: sent, headers = {}, body = '' }: Exchange): string {
  const named = Object.values(headers).join(', ');
  return `${sent}${named === '' ? '' : ` (${named})`} ${body}`.slice(0, 200).trim();
}

/** Sends what an exchange sends. */
export function replay(port: number, { send: sent, headers = {}, body }: Exchange): Promise<HttpAnswer> {
  const [method = '', path = ''] = sent.split(' ');
  return send(port, method, path, { headers: { ...headers }, ...(body !== undefined && { body }) });
}

export function expectAnswer(exchange: Exchange, answer: Omit<HttpAnswer, 'body'>): void {
  expect(answer.status, answer.text).to.equal(exchange.status);
  if (typeof exchange.text === 'string') expect(answer.text).to.equal(exchange.text);
  else expect(answer.text).to.match(exchange.text);
  if (exchange.answered !== undefined) expect(answer.headers).to.include(exchange.answered);
}
