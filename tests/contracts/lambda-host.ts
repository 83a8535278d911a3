// The Lambda bundle as a process: `node lambda-host.ts --bundle FILE --environment FILE --port N --control-port N`.
// HTTP on one port, the schedule by POST on the other, messages from the queues that the environment names.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { listenLoopback } from '../../infra/local/listen-loopback.ts';
import { answerOf, eventOf, LAMBDA_CONTEXT } from './lambda-event.ts';
import { pollQueue } from './queue-poller.ts';

const { values } = parseArgs({
  options: {
    bundle: { type: 'string', default: '' },
    environment: { type: 'string', default: '' },
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
  },
});

const environment: Record<string, string> = JSON.parse(await readFile(values.environment, 'utf8'));
Object.assign(process.env, environment);
const bundle: typeof import('../../functions/lambda.ts') = await import(values.bundle);

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)]));
  const { 'x-contract-address': address = '', ...rest } = headers;
  const event = eventOf({
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    headers: rest,
    body: await readAll(request),
    address,
  });
  const answer = answerOf(await bundle.api(event, LAMBDA_CONTEXT));
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

const failed = (response: ServerResponse) => (e: unknown) => {
  console.error(e);
  // The gateway's own words where a function has thrown.
  response.writeHead(500, { 'content-type': 'application/json' });
  response.end('{"message":"Internal Server Error"}');
};

const api = createServer((q, a) => void serve(q, a).catch(failed(a)));
const control = createServer(
  (_q, a) => void bundle.scheduled({ time: new Date().toISOString() }).then(() => a.end(), failed(a)),
);
await listenLoopback(api, Number(values.port));
await listenLoopback(control, Number(values['control-port']));
for (const key of ['QUEUE_URL', 'RECONCILE_QUEUE_URL', 'SLOW_QUEUE_URL', 'PICTURES_QUEUE_URL'])
  pollQueue(environment['QUEUE_ENDPOINT'] ?? '', environment[key] ?? '', bundle.queue);
process.stdin.once('close', () => process.exit(0)).resume();
process.once('SIGTERM', () => process.exit(0));
console.log('ready');
