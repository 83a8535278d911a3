import { connect, type Socket } from 'node:net';

/** What a Redis server answers; simple strings and bulk strings are both text. */
export type RespValue = string | number | null | RespValue[];

interface Parsed {
  value: RespValue | Error;
  next: number;
}

function parse(buffer: Buffer, at: number): Parsed | undefined {
  const end = buffer.indexOf('\r\n', at);
  if (end === -1) return undefined;
  const line = buffer.toString('utf8', at + 1, end);
  switch (buffer[at]) {
    case 43: // +
      return { value: line, next: end + 2 };
    case 45: // -
      return { value: new Error(line), next: end + 2 };
    case 58: // :
      return { value: Number(line), next: end + 2 };
    case 36: {
      const length = Number(line);
      if (length === -1) return { value: null, next: end + 2 };
      if (buffer.length < end + length + 4) return undefined;
      return { value: buffer.toString('utf8', end + 2, end + 2 + length), next: end + length + 4 };
    }
    default:
      return parseList(buffer, Number(line), end + 2);
  }
}

function parseList(buffer: Buffer, length: number, start: number): Parsed | undefined {
  if (length === -1) return { value: null, next: start };
  const items: RespValue[] = [];
  let next = start;
  for (let index = 0; index < length; index += 1) {
    const item = parse(buffer, next);
    if (item === undefined) return undefined;
    items.push(item.value instanceof Error ? item.value.message : item.value);
    next = item.next;
  }
  return { value: items, next };
}

/** A Redis client of the smallest kind: one command at a time over RESP2. */
export async function respClient(
  host: string,
  port: number,
): Promise<{ call: (...args: string[]) => Promise<RespValue>; close: () => void }> {
  const socket: Socket = connect(port, host);
  await new Promise<void>((ready, fail) => socket.once('connect', ready).once('error', fail));
  let buffer: Buffer = Buffer.alloc(0);
  const waiting: ((value: RespValue | Error) => void)[] = [];
  socket.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (let parsed = parse(buffer, 0); parsed; parsed = buffer.length > 0 ? parse(buffer, 0) : undefined) {
      buffer = buffer.subarray(parsed.next);
      waiting.shift()?.(parsed.value);
    }
  });
  const call = (...args: string[]): Promise<RespValue> =>
    new Promise((done, fail) => {
      waiting.push((value) => (value instanceof Error ? fail(value) : done(value)));
      socket.write(
        `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`,
      );
    });
  return { call, close: () => socket.destroy() };
}
