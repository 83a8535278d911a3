// A load of signed signals that costs the machine as little as can be, because the same two cores serve it: requests are
// signed before the clock runs, and go over bare sockets, one after another on each.
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { signRequest } from '../../infra/local/sign-request.ts';

const PATH = '/api/v1/signals';
export const CONNECTIONS = 16;

export type Result = { times: number[]; refused: number; tookMs: number };
type Producer = { id: string; secret: string };

/** `count` requests, each a unique signal of the producer, as bytes for the wire. */
export function signedRequests(url: string, producer: Producer, count: number): Buffer[] {
  const { host } = new URL(url);
  return Array.from({ length: count }, () => {
    const body = JSON.stringify({
      instrument: 'EURUSD',
      side: 'buy',
      price: '1.1',
      stop_loss: '1.05',
      external_id: randomUUID(),
      payload: { strategy: 'bench', bars: 3 },
    });
    const headers = Object.entries({
      host,
      ...signRequest(producer, 'POST', PATH, body),
      'content-length': String(body.length),
    });
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return Buffer.from(`POST ${PATH} HTTP/1.1\r\n${lines}\r\n${body}`);
  });
}

/** Sends the requests over 16 connections until they or the seconds are used up; those sent are taken off the list. */
export async function sendAll(url: string, requests: Buffer[], seconds: number): Promise<Result> {
  const { hostname, port } = new URL(url);
  const result: Result = { times: [], refused: 0, tookMs: 0 };
  const startedMs = performance.now();
  const caller = async () => {
    const socket = connect(Number(port), hostname).setNoDelay();
    const answer = answers(socket);
    while (performance.now() - startedMs < seconds * 1000) {
      const request = requests.pop();
      if (request === undefined) break;
      const sentMs = performance.now();
      socket.write(request);
      if ((await answer()) === 201) result.times.push(performance.now() - sentMs);
      else result.refused += 1;
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  result.tookMs = performance.now() - startedMs;
  return result;
}

/** Reads answers off a socket, one a call: its status, once its whole body has come. */
function answers(socket: Socket): () => Promise<number> {
  let text = '';
  let wake: (() => void) | null = null;
  let broken: Error | null = null;
  const end = (e?: Error) => {
    broken = e ?? new Error('the connection was closed');
    wake?.();
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    wake?.();
  });
  socket.once('error', end).once('close', () => end());
  return async () => {
    for (;;) {
      const length = lengthOf(text);
      if (length !== null && text.length >= length) {
        const status = Number(text.slice(9, 12));
        text = text.slice(length);
        return status;
      }
      if (broken !== null) throw broken;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}

/** Characters of the first answer in `text`, head and body; null while its end cannot be known. */
function lengthOf(text: string): number | null {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2));
  if (length !== null) return head + 4 + Number(length[1]);
  const end = text.indexOf('\r\n0\r\n\r\n', head);
  return end < 0 ? null : end + 7;
}
