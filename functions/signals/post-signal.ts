import { createRoute, z } from '@hono/zod-openapi';
import { tooMany, unauthorized } from '../identity/caller.ts';
import { forgetProducerKeys, producerKeys } from '../identity/producer-keys.ts';
import { need } from '../platform/config.ts';
import { body, json, problems, uuid } from '../platform/contract.ts';
import { type AppContext, rawEndpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { readBody } from '../platform/read-body.ts';
import { parseStrictJson } from '../platform/strict-json.ts';
import { contentDigest } from './content-digest.ts';
import { ingestSignal, type NewSignal } from './ingest-store.ts';
import { presentSignal, signalSchema } from './present-signal.ts';
import { readSignalBody, type SignalBody, signalBodySchema } from './signal-body.ts';
import type { Signal } from './signal-store.ts';
import { verifyStandardWebhook } from './standard-webhook.ts';
import { type Proof, verifyRequest } from './verify-request.ts';

const MAX_DEPTH = 32;

const route = createRoute({
  method: 'post',
  path: '/api/v1/signals',
  tags: ['signals'],
  summary: 'Send a signed signal',
  security: [{ producer: [] }],
  request: { body: body(signalBodySchema) },
  responses: {
    200: json(
      z.object({ duplicate_of: z.enum(['replay', 'external_id', 'window']), existing_id: uuid }),
      'A duplicate in the Standard Webhooks lane',
    ),
    201: json(signalSchema, 'Stored: the signal, the owner’s delivery, the audit entry and the event'),
    ...problems(400, 409, 413, 415, 422),
  },
});

/** `POST /api/v1/signals`: size, proof, rate, JSON, schema, then one round trip that stores it or names its twin. */
export const postSignal = rawEndpoint(route, async (c) => {
  const { config, clock } = c.var.deps;
  const bytes = await readBody(c.req.raw, config.SIGNALS_MAX_PAYLOAD_BYTES);
  if (bytes === null)
    throw problem('payload-too-large', { detail: `at most ${config.SIGNALS_MAX_PAYLOAD_BYTES} bytes` });
  const proof = await proveProducer(c, bytes);
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw problem('unsupported-media-type');
  const receivedMs = clock.nowMs();
  const signalBody = readOrRefuse(bytes, receivedMs, proof.webhookId);
  return store(c, proof, signalBody, receivedMs);
});

async function proveProducer(c: AppContext, bytes: Uint8Array<ArrayBuffer>) {
  const { deps } = c.var;
  const ring = need(deps.config, 'PRODUCER_KEYS');
  const url = new URL(c.req.url);
  let perMinute = 0;
  // Where a native signature is present only the native scheme is tried: no falling back to a weaker proof.
  const verify = c.req.header('x-signature') === undefined ? verifyStandardWebhook : verifyRequest;
  const proof = await verify(
    {
      method: c.req.method,
      target: url.pathname + url.search,
      header: (name) => c.req.header(name),
      body: bytes,
      nowMs: deps.clock.nowMs(),
    },
    async (id) => {
      const found = await producerKeys(deps, ring, id);
      perMinute = found?.ratePerMinute ?? 0;
      return found?.keys ?? null;
    },
  );
  if (!proof.ok) {
    c.set('actor', `unproven:${proof.cause}`);
    throw unauthorized(c);
  }
  c.set('actor', `producer:${proof.producerId}`);
  const allowance = deps.limiter.take(`producer:${proof.producerId}`, perMinute);
  if (!allowance.allowed) throw tooMany(allowance);
  return proof;
}

function readOrRefuse(bytes: Uint8Array<ArrayBuffer>, nowMs: number, webhookId?: string): SignalBody {
  const parsed = parseStrictJson(bytes, MAX_DEPTH);
  if (parsed.kind === 'not-json') throw problem('invalid-json');
  if (parsed.kind === 'faults') throw problem('invalid-body', { errors: parsed.faults });
  const read = readSignalBody(parsed.value, parsed.topLevelNumbers, nowMs, webhookId);
  if (!read.ok)
    throw problem('invalid-body', { errors: read.faults, ...(read.schema ? { supported: [1] } : {}) });
  return read.signal;
}

async function store(
  c: AppContext,
  proof: Extract<Proof, { ok: true }>,
  signalBody: SignalBody,
  receivedMs: number,
): Promise<Response> {
  const { db, ids, queue, after } = c.var.deps;
  const row: NewSignal = {
    id: ids.next(),
    auditId: ids.next(),
    eventId: ids.next(),
    producerId: proof.producerId,
    secretVersion: proof.secretVersion,
    mac: proof.mac,
    contentSha256: await contentDigest(signalBody.content),
    body: signalBody,
    receivedMs,
    requestId: c.var.requestId,
  };
  const outcome = await ingestSignal(db, row);
  switch (outcome.kind) {
    case 'created': {
      after(() => queue.send([{ kind: 'outbox', id: row.eventId }]));
      c.header('Location', `/api/v1/signals/${row.id}`);
      return c.json(presentSignal(created(row, outcome)), 201);
    }
    case 'duplicate':
      // Senders of Standard Webhooks repeat everything but a 2xx for days.
      if (proof.webhookId !== undefined)
        return c.json({ duplicate_of: outcome.of, existing_id: outcome.existingId }, 200);
      throw problem('duplicate-signal', { existing_id: outcome.existingId, duplicate_of: outcome.of });
    case 'mismatch':
      throw problem('idempotency-mismatch', { existing_id: outcome.existingId });
    case 'instrument':
      throw problem('invalid-body', {
        errors: [{ pointer: '/instrument', detail: 'is not enabled for this producer' }],
      });
    case 'revoked':
      forgetProducerKeys(proof.producerId);
      throw unauthorized(c);
  }
}

const created = (row: NewSignal, outcome: { userId: string; stale: boolean }): Signal => ({
  id: row.id,
  userId: outcome.userId,
  producerId: row.producerId,
  instrument: row.body.instrument,
  side: row.body.side,
  intent: row.body.intent,
  orderType: row.body.order_type,
  price: row.body.price,
  stopLoss: row.body.stop_loss ?? null,
  takeProfit: row.body.take_profit ?? null,
  orderExpiresMs: row.body.orderExpiresMs,
  maxSlippagePoints: row.body.max_slippage_points ?? null,
  timeMs: row.body.timeMs,
  expiresMs: row.body.expiresMs,
  version: row.body.version,
  externalId: row.body.external_id ?? null,
  strategy: row.body.strategy ?? null,
  timeframe: row.body.timeframe ?? null,
  schema: row.body.schema,
  payload: row.body.payload ?? null,
  status: 'new',
  refusal: null,
  trust: 'signed',
  stale: outcome.stale,
  createdMs: row.receivedMs,
  updatedMs: row.receivedMs,
});
