import { createRoute, z } from '@hono/zod-openapi';
import { unauthorized } from '../identity/caller.ts';
import { forgetProducerKeys } from '../identity/producer-keys.ts';
import { body, json, problems, uuid } from '../platform/contract.ts';
import { type AppContext, rawEndpoint } from '../platform/endpoint.ts';
import { ProblemError, problem } from '../platform/problem.ts';
import { readBody } from '../platform/read-body.ts';
import { contentDigest } from './content-digest.ts';
import { ingestGrouped } from './grouped-ingest-store.ts';
import { measuredLane } from './ingest-metrics.ts';
import { ingestProblem } from './ingest-problem.ts';
import type { NewSignal } from './ingest-store.ts';
import { presentSignal, signalSchema } from './present-signal.ts';
import { type ProvenProducer, proveProducer } from './producer-proof.ts';
import { keepRefusals } from './refusal-store.ts';
import { type SignalBody, signalBodySchema } from './signal-body.ts';
import { readSignalBytes } from './signal-bytes.ts';
import type { Signal } from './signal-store.ts';
import { verifyStandardWebhook } from './standard-webhook.ts';

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
    ...problems(400, 409, 415, 422),
  },
});

/** `POST /api/v1/signals`: size, proof, rate, JSON, schema, then one round trip that stores it or names its twin. */
export const postSignal = rawEndpoint(
  route,
  measuredLane(async (c) => {
    const { config, clock } = c.var.deps;
    const bytes = await readBody(c.req.raw, config.SIGNALS_MAX_PAYLOAD_BYTES);
    if (bytes === null)
      throw problem('payload-too-large', { detail: `at most ${config.SIGNALS_MAX_PAYLOAD_BYTES} bytes` });
    const proof = await proveProducer(c, bytes, verifyStandardWebhook);
    try {
      if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
        throw problem('unsupported-media-type');
      const receivedMs = clock.nowMs();
      const read = readSignalBytes(bytes, receivedMs, proof.webhookId);
      if (!read.ok) throw read.problem;
      return await store(c, proof, read.signal, receivedMs);
    } catch (e) {
      if (e instanceof ProblemError) keep(c, proof, e, bytes);
      throw e;
    }
  }),
);

function keep(c: AppContext, proof: ProvenProducer, refused: ProblemError, bytes: Uint8Array): void {
  const lane = proof.webhookId === undefined ? 'native' : 'standard-webhook';
  const sender = { producerId: proof.producerId, lane, requestId: c.var.requestId } as const;
  keepRefusals(c.var.deps, sender, [{ problem: refused, body: bytes }]);
}

async function store(
  c: AppContext,
  proof: ProvenProducer,
  signalBody: SignalBody,
  receivedMs: number,
): Promise<Response> {
  const { ids, sendSoon } = c.var.deps;
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
  const outcome = await ingestGrouped(c.var.deps, row);
  if (outcome.kind === 'created') {
    sendSoon([{ kind: 'outbox', id: row.eventId }]);
    c.header('Location', `/api/v1/signals/${row.id}`);
    return c.json(presentSignal(created(row, outcome)), 201);
  }
  // Senders of Standard Webhooks repeat everything but a 2xx for days.
  if (outcome.kind === 'duplicate' && proof.webhookId !== undefined)
    return c.json({ duplicate_of: outcome.of, existing_id: outcome.existingId }, 200);
  const refused = ingestProblem(outcome);
  if (refused !== null) throw refused;
  forgetProducerKeys(proof.producerId);
  throw unauthorized(c);
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
