// An HTTP server that speaks the Upstash Redis REST protocol to a Redis in memory, so that `@upstash/redis` and
// `@upstash/ratelimit` run unchanged.
//
// Invariants:
// - Nothing is answered without the token, in the header or as `_token`.
// - Requests are handled one at a time, whole: a pipeline is not atomic by contract, `/multi-exec` is.
// - Nothing is persisted: Redis may only save work, the application must stay right without it.
// Source: upstash.com/docs/redis/features/restapi; @upstash/redis 1.39 for base64.
import { createServer, type IncomingMessage } from 'node:http';
import { type LoopbackServer, listenLoopback } from './listen-loopback.ts';
import { type Outcome, RedisCommands } from './redis-commands.ts';
import { RedisError, type Reply, StatusReply } from './redis-reply.ts';

const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/** `now` gives epoch milliseconds (the system clock by default); port 0 takes a free one. */
export interface UpstashOptions {
  port: number;
  token: string;
  now?: () => number;
}

interface Answer {
  status: number;
  body: unknown;
}

function encode(reply: Reply, base64: boolean): unknown {
  if (Array.isArray(reply)) return reply.map((item) => encode(item, base64));
  // OK alone stays as it is: the client knows it by its literal form.
  if (reply instanceof StatusReply) return reply.text === 'OK' ? 'OK' : encode(reply.text, base64);
  if (typeof reply === 'string') return base64 ? Buffer.from(reply, 'utf8').toString('base64') : reply;
  return reply;
}

function encodeOutcome(outcome: Outcome, base64: boolean): unknown {
  return 'error' in outcome ? { error: outcome.error.message } : { result: encode(outcome.reply, base64) };
}

function toWord(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

function toCommand(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw new RedisError('ERR failed to parse command');
  return value.map(toWord);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new RedisError('ERR failed to parse command');
  }
}

function parseCommands(body: Buffer): string[][] {
  const parsed = parseJson(body);
  if (!Array.isArray(parsed)) throw new RedisError('ERR failed to parse pipeline request');
  return parsed.map(toCommand);
}

/** `/set/key/value?EX=100`; a POST body is the last word before the query's options. */
function pathCommand(url: URL, body: Buffer): string[] {
  const command = url.pathname.slice(1).split('/').map(decodeURIComponent);
  if (body.length > 0) command.push(body.toString('utf8'));
  for (const [name, value] of url.searchParams) {
    if (name === '_token') continue;
    command.push(name);
    if (value !== '') command.push(value);
  }
  return command;
}

function dispatch(redis: RedisCommands, method: string, url: URL, body: Buffer, base64: boolean): Answer {
  switch (url.pathname) {
    case '/': {
      if (method !== 'POST') return { status: 405, body: { error: 'ERR method not allowed' } };
      return { status: 200, body: { result: encode(redis.run(toCommand(parseJson(body))), base64) } };
    }
    case '/pipeline':
      return {
        status: 200,
        body: parseCommands(body).map((command) => encodeOutcome(redis.attempt(command), base64)),
      };
    case '/multi-exec':
      return {
        status: 200,
        body: redis.transaction(parseCommands(body)).map((outcome) => encodeOutcome(outcome, base64)),
      };
    default:
      return { status: 200, body: { result: encode(redis.run(pathCommand(url, body)), base64) } };
  }
}

function isAuthorised(request: IncomingMessage, url: URL, token: string): boolean {
  return request.headers.authorization === `Bearer ${token}` || url.searchParams.get('_token') === token;
}

function answer(redis: RedisCommands, request: IncomingMessage, body: Buffer, token: string): Answer {
  const url = new URL(request.url ?? '/', 'http://upstash.local');
  if (!isAuthorised(request, url, token)) return { status: 401, body: { error: 'Unauthorized' } };
  if (
    request.method !== 'POST' &&
    request.method !== 'GET' &&
    request.method !== 'PUT' &&
    request.method !== 'HEAD'
  ) {
    return { status: 405, body: { error: 'ERR method not allowed' } };
  }
  const base64 = request.headers['upstash-encoding'] === 'base64';
  try {
    return dispatch(redis, request.method, url, body, base64);
  } catch (error) {
    if (error instanceof RedisError) return { status: 400, body: { error: error.message } };
    if (error instanceof URIError) return { status: 400, body: { error: 'ERR malformed path' } };
    console.error(error);
    return { status: 500, body: { error: 'ERR internal error' } };
  }
}

/** Starts the server on 127.0.0.1. Throws what `listen` throws (EADDRINUSE). */
export async function startUpstashServer(options: UpstashOptions): Promise<LoopbackServer> {
  const redis = new RedisCommands(options.now);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_REQUEST_BYTES) chunks.push(chunk);
    });
    request.on('end', () => {
      const { status, body } =
        bytes > MAX_REQUEST_BYTES
          ? {
              status: 413,
              body: { error: `ERR max request size exceeded. Limit: ${MAX_REQUEST_BYTES} bytes` },
            }
          : answer(redis, request, Buffer.concat(chunks), options.token);
      const text = JSON.stringify(body);
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(text),
      });
      response.end(text);
    });
  });
  return listenLoopback(server, options.port);
}
