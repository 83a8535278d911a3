// The broker's one listener: `/bridge/<login>` for the signed webhook, `/sync` to have a bridge that polls come at once,
// everything else for control.
// Invariant: it binds 127.0.0.1 only; a body over the limit is never kept in memory.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerBridge, type BridgeAnswer } from './bridge-webhook.ts';
import type { BrokerHost } from './broker-host.ts';
import { answerControl } from './control-server.ts';
import { GuardRounds } from './guard-rounds.ts';
import { PollRounds } from './poll-rounds.ts';

const LOOPBACK = '127.0.0.1';
const MAX_BODY_BYTES = 1_048_576;

/** Starts listening; resolves with the server and the port it got (asked for 0, any free one). */
export function listen(host: BrokerHost, port: number): Promise<{ server: Server; port: number }> {
  const rounds = new PollRounds(host);
  const guards = new GuardRounds(host, (login) => rounds.hurry(login));
  const server = createServer((request, response) => {
    answer({ host, rounds }, request, response).catch((cause: unknown) => {
      // A failure in the middle of a request leaves state as it was before it (transactions), so going on is safe.
      console.error(JSON.stringify({ event: 'broker_error', route: request.url, error: String(cause) }));
      if (!response.headersSent) sendJson(response, 500, { error: 'internal' });
    });
  });
  server.once('close', () => {
    rounds.stop();
    guards.stop();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address ? address.port : port });
    });
  });
}

async function answer(
  { host, rounds }: { host: BrokerHost; rounds: PollRounds },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (!body) return sendJson(response, 413, { error: 'payload too large' });
  const url = new URL(request.url ?? '/', 'http://loopback');
  if (url.pathname.startsWith('/bridge/')) {
    if (request.method !== 'POST') return sendJson(response, 405, { error: 'POST only' });
    const gone = new Promise((resolve) => response.once('close', resolve));
    const { headers, url: path = '' } = request;
    const asked = { method: 'POST', path, headers, body, gone };
    return writeAnswer(response, await answerBridge(host.bridgeContext(), asked));
  }
  const isGet = request.method === 'GET';
  const given = isGet ? Object.fromEntries(url.searchParams) : parseJson(body);
  if (given === undefined) return sendJson(response, 400, { error: 'the body is not JSON' });
  if (!isGet && url.pathname === '/sync') {
    const done = await rounds.syncNow(String((given as { bridge_id?: unknown }).bridge_id));
    return sendJson(response, done === null ? 404 : 200, done ?? { error: 'no such bridge polls' });
  }
  const reply = answerControl(host, `${request.method} ${url.pathname}`, given);
  if (url.pathname === '/bridges') rounds.refresh();
  const { login, urgent } = reply.body as { login?: string; urgent?: boolean };
  if (url.pathname === '/guard' && login !== undefined && urgent) rounds.hurry(login);
  sendJson(response, reply.status, reply.body);
}

function writeAnswer(response: ServerResponse, answer: BridgeAnswer): void {
  if (answer.kind === 'cut') return void response.destroy();
  const { status, headers, body } = answer.reply;
  response.writeHead(status, headers);
  if (answer.kind === 'reply') return void response.end(body);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : null;
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
