/**
 * The hook for TradingView, which sends no headers of ours, waits 3 s, and may send again whatever was not a 2xx: so
 * whatever is stored is answered 200 with the outcome in the body, the duplicate and the refusal too. The token in the
 * address is the proof; it is known by its hash, and stands in no log and no answer, where the route's pattern does.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { unauthorized } from '../identity/caller.ts';
import { hookTokenHash } from '../identity/hook-token.ts';
import { forgetProducerHook, producerHook } from '../identity/producer-hooks.ts';
import { json, openProblems, problemSchema, uuid } from '../platform/contract.ts';
import { type AppContext, rawEndpoint } from '../platform/endpoint.ts';
import { ProblemError, problem, problemBody } from '../platform/problem.ts';
import { readBody } from '../platform/read-body.ts';
import { contentDigest } from './content-digest.ts';
import { countRefusal, measuredLane } from './ingest-metrics.ts';
import { ingestProblem } from './ingest-problem.ts';
import { type IngestOutcome, ingestSignals, type Sender, type SignalRow } from './ingest-store.ts';
import { charge } from './producer-proof.ts';
import { keepRefusals } from './refusal-store.ts';
import type { SignalBody } from './signal-body.ts';
import { tradingviewAlert } from './tradingview-alert.ts';

const PATH = '/hooks/tradingview/{token}';
/** The route's pattern, as every other problem of it has it. */
const INSTANCE = '/hooks/tradingview/:token';

const outcomeSchema = z.object({
  outcome: z.enum(['created', 'duplicate', 'refused']),
  id: uuid.optional(),
  existing_id: uuid.optional(),
  duplicate_of: z.enum(['external_id', 'window']).optional(),
  problem: problemSchema.optional(),
});
const route = createRoute({
  method: 'post',
  path: PATH,
  tags: ['signals'],
  summary: 'Where TradingView sends its alerts',
  request: {
    params: z.object({ token: z.string() }),
    body: {
      required: true,
      content: {
        'application/json': { schema: z.record(z.string(), z.unknown()) },
        'text/plain': { schema: z.string().openapi({ example: 'buy XAUUSD @ 2035.1' }) },
      },
    },
  },
  responses: {
    200: json(
      outcomeSchema.extend({ exit: outcomeSchema.optional() }),
      'What became of the alert; `exit` where it turned a position round and is two signals',
    ),
    ...openProblems(404, 429, 503),
  },
});

type Hook = { producerId: string; ratePerMinute: number; tokenSha256: string };

/** `POST /hooks/tradingview/{token}`: size, token, rate, then the alert, then one round trip. */
export const postTradingviewHook = rawEndpoint(
  route,
  measuredLane(async (c) => {
    const { SIGNALS_MAX_PAYLOAD_BYTES: maxBytes } = c.var.deps.config;
    const bytes = await readBody(c.req.raw, maxBytes);
    const hook = await provenHook(c);
    if (bytes === null) {
      const tooLarge = problem('payload-too-large', { detail: `at most ${maxBytes} bytes` });
      keepRefusals(c.var.deps, senderOf(c, hook), [{ problem: tooLarge, body: new Uint8Array() }]);
      throw tooLarge;
    }
    const alert = readAlert(c, bytes);
    if (alert instanceof ProblemError) {
      keep(c, hook, [alert], bytes);
      return c.json(toldRefusal(c, alert), 200);
    }
    return store(c, hook, alert, bytes);
  }),
);

const senderOf = (c: AppContext, hook: Hook) =>
  ({ producerId: hook.producerId, lane: 'tradingview', requestId: c.var.requestId }) as const;

async function provenHook(c: AppContext): Promise<Hook> {
  const tokenSha256 = await hookTokenHash(c.req.param('token') ?? '');
  const found = tokenSha256 === null ? null : await producerHook(c.var.deps, tokenSha256);
  if (tokenSha256 === null || found === null) throw unknownHook(c);
  c.set('actor', `producer:${found.producerId}`);
  charge(c, found, 1);
  return { ...found, tokenSha256 };
}

/** The 404 for an unknown token; a flood of them from an address is a 429, as for every other failure of proof. */
function unknownHook(c: AppContext): ProblemError {
  c.set('actor', 'unproven:hook');
  const failure = unauthorized(c);
  return failure.slug === 'rate-limited' ? failure : problem('not-found');
}

function readAlert(c: AppContext, bytes: Uint8Array<ArrayBuffer>): SignalBody[] | ProblemError {
  const type = /^(application\/json|text\/plain)\s*(?:;|$)/i.exec(c.req.header('content-type') ?? '')?.[1];
  if (type === undefined) return problem('unsupported-media-type');
  const alert = tradingviewAlert(bytes, type.toLowerCase() === 'application/json', c.var.deps.clock.nowMs());
  switch (alert.kind) {
    case 'signals':
      return alert.signals;
    case 'not-json':
      return problem('invalid-json');
    case 'faults':
      return problem('invalid-body', { errors: alert.faults, ...(alert.schema ? { supported: [1] } : {}) });
  }
}

async function store(
  c: AppContext,
  hook: Hook,
  signals: readonly SignalBody[],
  bytes: Uint8Array,
): Promise<Response> {
  const { db, ids, clock, sendSoon } = c.var.deps;
  const { producerId, tokenSha256 } = hook;
  const sender: Sender = {
    producerId,
    hookSha256: tokenSha256,
    receivedMs: clock.nowMs(),
    requestId: c.var.requestId,
  };
  // In order, so that an exit is listed and worked before the entry of the same moment.
  const [rowIds, eventIds] = [signals.map(() => ids.next()).sort(), signals.map(() => ids.next()).sort()];
  const rows = await Promise.all(
    signals.map(async (body, i): Promise<SignalRow> => {
      const [id = ids.next(), eventId = ids.next()] = [rowIds[i], eventIds[i]];
      const contentSha256 = await contentDigest(body.content);
      return { id, auditId: ids.next(), eventId, mac: `tradingview:${id}`, contentSha256, body };
    }),
  );
  const outcomes = await ingestSignals(db, sender, rows);
  if (outcomes.some((o) => o.kind === 'revoked')) {
    forgetProducerHook(tokenSha256);
    throw unknownHook(c);
  }
  const created = rows.filter((_, i) => outcomes[i]?.kind === 'created');
  sendSoon(created.map((r) => ({ kind: 'outbox', id: r.eventId })));
  const ends = outcomes.map((outcome, i) => endOf(c, outcome, rows[i]?.id));
  const [exit, entry] = ends.length === 2 ? ends : [undefined, ends[0]];
  keep(
    c,
    hook,
    ends.flatMap((e) => e.refused ?? []),
    bytes,
  );
  return c.json({ ...entry?.told, ...(exit === undefined ? {} : { exit: exit.told }) }, 200);
}

/** What is told of one signal of the alert, and what is kept where it was refused. */
function endOf(c: AppContext, outcome: IngestOutcome, id: string | undefined) {
  if (outcome.kind === 'created') return { told: { outcome: 'created', id } };
  if (outcome.kind === 'duplicate')
    return { told: { outcome: 'duplicate', existing_id: outcome.existingId, duplicate_of: outcome.of } };
  const refused = ingestProblem(outcome) ?? problem('not-found');
  return { told: toldRefusal(c, refused), refused };
}

const toldRefusal = (c: AppContext, e: ProblemError) => ({
  outcome: 'refused',
  problem: problemBody(e, INSTANCE, c.var.requestId),
});

function keep(c: AppContext, hook: Hook, refused: readonly ProblemError[], body: Uint8Array): void {
  for (const e of refused) countRefusal(c, e.slug);
  keepRefusals(
    c.var.deps,
    senderOf(c, hook),
    refused.map((problem) => ({ problem, body })),
  );
}
