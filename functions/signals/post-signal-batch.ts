import { createRoute, z } from '@hono/zod-openapi';
import { unauthorized } from '../identity/caller.ts';
import { forgetProducerKeys } from '../identity/producer-keys.ts';
import { body, json, problemSchema, problems, uuid } from '../platform/contract.ts';
import { type AppContext, rawEndpoint } from '../platform/endpoint.ts';
import { ProblemError, problem, problemBody } from '../platform/problem.ts';
import { readBody } from '../platform/read-body.ts';
import { batchItems, MAX_ITEMS } from './batch-items.ts';
import { type BatchOutcome, type BatchRow, ingestBatch, type RefusedItem } from './batch-store.ts';
import { contentDigest } from './content-digest.ts';
import { countRefusal, measuredLane } from './ingest-metrics.ts';
import { ingestProblem } from './ingest-problem.ts';
import type { Sender } from './ingest-store.ts';
import { charge, type ProvenProducer, proveProducer } from './producer-proof.ts';
import { storableFaults } from './refusal-excerpt.ts';
import { keepRefusals } from './refusal-store.ts';
import { type SignalBody, signalBodySchema } from './signal-body.ts';
import { readSignalBytes } from './signal-bytes.ts';
import { verifyRequest } from './verify-request.ts';

const PATH = '/api/v1/signals/batch';
const MAX_BYTES = 1_048_576;
/** Of an item; a single signal is told all of them. */
const MAX_ITEM_FAULTS = 100;

const itemSchema = z.object({
  index: z.number().int(),
  status: z.number().int(),
  id: uuid.optional(),
  problem: problemSchema.optional(),
});
const route = createRoute({
  method: 'post',
  path: PATH,
  tags: ['signals'],
  summary: 'Send up to 100 signals under one native signature; each stands alone',
  security: [{ producer: [] }],
  request: { body: body(z.strictObject({ signals: z.array(signalBodySchema).min(1).max(MAX_ITEMS) })) },
  responses: {
    207: json(
      z.object({ items: z.array(itemSchema) }),
      'What became of each item, in request order; the same batch again is answered the same',
    ),
    ...problems(400, 415, 422),
  },
});

/** `POST /api/v1/signals/batch`: proof and rate of the whole, then every item by itself, then one round trip. */
export const postSignalBatch = rawEndpoint(
  route,
  measuredLane(async (c) => {
    const bytes = await readBody(c.req.raw, MAX_BYTES);
    if (bytes === null) throw problem('payload-too-large', { detail: `at most ${MAX_BYTES} bytes` });
    const proof = await proveProducer(c, bytes, verifyRequest);
    const sender = { producerId: proof.producerId, lane: 'batch', requestId: c.var.requestId } as const;
    try {
      return await answer(c, proof, readItems(c, bytes));
    } catch (e) {
      if (e instanceof ProblemError) keepRefusals(c.var.deps, sender, [{ problem: e, body: bytes }]);
      throw e;
    }
  }),
);

type Items = Uint8Array<ArrayBuffer>[];

function readItems(c: AppContext, bytes: Uint8Array<ArrayBuffer>): Items {
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw problem('unsupported-media-type');
  const read = batchItems(bytes);
  if (read.kind === 'not-json') throw problem('invalid-json');
  if (read.kind === 'faults') throw problem('invalid-body', { errors: read.faults });
  return read.items;
}

async function answer(c: AppContext, proof: ProvenProducer, items: Items): Promise<Response> {
  charge(c, proof, items.length - 1);
  const { db, ids, clock, config, sendSoon } = c.var.deps;
  const receivedMs = clock.nowMs();
  const refused: RefusedItem[] = [];
  const signals: { index: number; signal: SignalBody }[] = [];
  for (const [index, bytes] of items.entries()) {
    const read = readItem(bytes, config.SIGNALS_MAX_PAYLOAD_BYTES, receivedMs);
    if (read.ok) signals.push({ index, signal: read.signal });
    else refused.push({ index, problem: storable(read.problem) });
  }
  const rows = await rowsOf(c, proof.mac, signals);
  const { producerId, secretVersion } = proof;
  const sender: Sender = { producerId, secretVersion, receivedMs, requestId: c.var.requestId };
  const batch = { id: ids.next(), mac: proof.mac, refused, rows };
  const outcome = await ingestBatch(db, sender, batch);
  if (outcome.kind === 'revoked') {
    forgetProducerKeys(producerId);
    throw unauthorized(c);
  }
  const results = resultsOf(outcome);
  if (outcome.id === batch.id) {
    const stored = new Set(results.flatMap((r) => ('id' in r ? [r.id] : [])));
    const events = rows
      .filter((r) => stored.has(r.id))
      .map((r) => ({ kind: 'outbox' as const, id: r.eventId }));
    sendSoon(events);
    keepItems(c, producerId, results, items);
  }
  return c.json({ items: results.map((r) => presentItem(r, outcome.requestId)) }, 207);
}

function readItem(bytes: Uint8Array<ArrayBuffer>, maxBytes: number, nowMs: number) {
  if (bytes.byteLength > maxBytes) {
    const tooLarge = problem('payload-too-large', { detail: `an item has at most ${maxBytes} bytes` });
    return { ok: false as const, problem: tooLarge };
  }
  const read = readSignalBytes(bytes, nowMs);
  // What is no JSON in one place is none as a whole: nobody can say where the items are.
  if (!read.ok && read.problem.slug === 'invalid-json') throw read.problem;
  return read;
}

const storable = ({ slug, extra }: ProblemError): RefusedItem['problem'] => ({
  slug,
  extra: extra.errors ? { ...extra, errors: storableFaults(extra.errors, MAX_ITEM_FAULTS) } : extra,
});

/** Their ids stand in request order, so that signals of one moment are listed in that order too. */
function rowsOf(
  c: AppContext,
  mac: string,
  signals: readonly { index: number; signal: SignalBody }[],
): Promise<BatchRow[]> {
  const { ids } = c.var.deps;
  const sorted = signals.map(() => ids.next()).sort();
  return Promise.all(
    signals.map(async ({ index, signal }, i) => ({
      id: sorted[i] ?? ids.next(),
      auditId: ids.next(),
      eventId: ids.next(),
      mac: `${mac}#${index}`,
      contentSha256: await contentDigest(signal.content),
      body: signal,
      index,
    })),
  );
}

type ItemResult = { index: number; id: string } | RefusedItem;

function resultsOf(outcome: Extract<BatchOutcome, { kind: 'batch' }>): ItemResult[] {
  const judged = outcome.items.map(({ index, id, outcome: end }): ItemResult => {
    const refused = end.kind === 'stored' ? null : ingestProblem(end);
    return refused === null ? { index, id } : { index, problem: refused };
  });
  return [...outcome.refused, ...judged].sort((a, b) => a.index - b.index);
}

function keepItems(c: AppContext, producerId: string, results: readonly ItemResult[], items: Items): void {
  const refused = results.flatMap((r) =>
    'problem' in r ? [{ problem: r.problem, body: items[r.index] ?? new Uint8Array() }] : [],
  );
  for (const r of refused) countRefusal(c, r.problem.slug);
  keepRefusals(c.var.deps, { producerId, lane: 'batch', requestId: c.var.requestId }, refused);
}

function presentItem(result: ItemResult, requestId: string) {
  if ('id' in result) return { index: result.index, status: 201, id: result.id };
  const told = problemBody(result.problem, PATH, requestId);
  return { index: result.index, status: told.status, problem: told };
}
