/**
 * The AWS door: one bundle, one function per duty (`COUNTERSIGN_FUNCTION`). Configuration and secrets are read before
 * the first event; a function whose environment is wrong does not start, and names the keys.
 */
import rasterizerWasm from '@resvg/resvg-wasm/index_bg.wasm';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { AwsClient } from 'aws4fetch';
import type { Hono } from 'hono';
import { handle, type LambdaContext } from 'hono/aws-lambda';
import layoutWasm from 'satori/yoga.wasm';
import { createApp, type DoorContext } from './app.ts';
import { type AwsCredentials, type Wiring, wireLambda } from './deps.ts';
import { consume, runTick } from './jobs.ts';
import { systemClock } from './platform/clock.ts';
import { ConfigError, DUTIES, type Duty, isLoopback, parseConfig } from './platform/config.ts';
import { createIds } from './platform/ids.ts';
import { nodeTransport } from './platform/node-transport.ts';
import type { WorkMessage } from './platform/work-queue.ts';

const SSM_TIMEOUT_MS = 10_000;

type Environment = Record<string, string | undefined>;

/** Reads the SecureString parameters that this function may read; each is named `/countersign/<stage>/<KEY>`. */
async function withSecrets(env: Environment, credentials: AwsCredentials): Promise<Environment> {
  const names = env['SECRET_PARAMETERS']?.split(',').filter((n) => n !== '') ?? [];
  if (names.length === 0) return env;
  const region = env['AWS_REGION'] ?? '';
  const client = new AwsClient({ ...credentials, region, service: 'ssm', retries: 3 });
  const pages = Array.from({ length: Math.ceil(names.length / 10) }, (_, i) =>
    names.slice(i * 10, i * 10 + 10),
  );
  const found: Environment = {};
  for (const Names of pages) {
    const answer = await client.fetch(env['SSM_ENDPOINT'] ?? `https://ssm.${region}.amazonaws.com/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameters' },
      body: JSON.stringify({ Names, WithDecryption: true }),
      signal: AbortSignal.timeout(SSM_TIMEOUT_MS),
    });
    if (!answer.ok) throw new Error(`the parameter store answered ${answer.status}`);
    const body: { Parameters?: { Name: string; Value: string }[] } = await answer.json();
    for (const p of body.Parameters ?? []) found[p.Name.slice(p.Name.lastIndexOf('/') + 1)] = p.Value;
  }
  return { ...env, ...found };
}

function dutyOf(env: Environment): Duty {
  const duty = DUTIES.find((d) => d === env['COUNTERSIGN_FUNCTION']);
  if (duty === undefined)
    throw new ConfigError([{ key: 'COUNTERSIGN_FUNCTION', detail: `must be one of ${DUTIES.join(', ')}` }]);
  return duty;
}

function credentialsOf(env: Environment): AwsCredentials {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey)
    throw new ConfigError([{ key: 'AWS_ACCESS_KEY_ID', detail: 'or AWS_SECRET_ACCESS_KEY is missing' }]);
  const sessionToken = env['AWS_SESSION_TOKEN'];
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

const credentials = credentialsOf(process.env);
const config = parseConfig(
  await withSecrets(process.env, credentials),
  dutyOf(process.env),
  systemClock.nowMs(),
);
const transport = nodeTransport({ local: isLoopback(config.PUBLIC_BASE_URL) });
const wiring: Wiring = wireLambda(config, credentials, transport, {
  loadRasterizerWasm: async () => rasterizerWasm,
  loadLayoutWasm: async () => layoutWasm,
});
const ids = createIds(systemClock);
const app = createApp();

/** Runs work with its deferred parts awaited: nothing goes on in a function that has answered. */
async function withDeps<T>(work: (deps: ReturnType<Wiring>) => Promise<T>): Promise<T> {
  const pending: Promise<unknown>[] = [];
  const deps = wiring((later) => {
    pending.push(later());
  }, false);
  try {
    return await work(deps);
  } finally {
    while (pending.length > 0) await Promise.all(pending.splice(0));
  }
}

/** HTTP API events, payload version 2. */
export const api = (
  event: APIGatewayProxyEventV2,
  context: LambdaContext,
): Promise<APIGatewayProxyStructuredResultV2> =>
  withDeps(async (deps) => {
    const address = event.requestContext.http.sourceIp;
    const door: DoorContext = { deps, requestId: ids.next(), address };
    const behindDoor = { fetch: (request: Request) => app.fetch(request, { door }) };
    // hono's adapter wants a whole application and calls nothing but its fetch.
    const answer = await handle(behindDoor as unknown as Hono)(readable(event) as never, context);
    return answer as APIGatewayProxyStructuredResultV2;
  });

/** A GET with a body is odd and allowed, but no `Request` can be made of it: without the body it is answered. */
function readable(event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  const { body, ...rest } = event;
  return /^(GET|HEAD)$/i.test(event.requestContext.http.method) ? rest : event;
}

/** EventBridge Scheduler; `time` is the minute that was meant. */
export const scheduled = (event: { time?: string }): Promise<void> =>
  withDeps((deps) => {
    const meant = Date.parse(event.time ?? '');
    return runTick(deps, Number.isNaN(meant) ? systemClock.nowMs() : meant);
  });

/** SQS; only the messages that failed come again. */
export const queue = (event: SQSEvent): Promise<SQSBatchResponse> =>
  withDeps(async (deps) => {
    const messages = event.Records.map((r) => JSON.parse(r.body) as WorkMessage);
    const again = await consume(deps, messages);
    const failed = event.Records.filter((_, i) => again.has(messages[i] as WorkMessage));
    return { batchItemFailures: failed.map((r) => ({ itemIdentifier: r.messageId })) };
  });
