import { createRoute, z } from '@hono/zod-openapi';
import { need } from '../platform/config.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { seal } from '../platform/secret-box.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { listInstruments } from './instrument-store.ts';
import { presentProducer, producerSchema } from './present-producer.ts';
import { insertProducer, type Producer } from './producer-store.ts';
import { signingSecret } from './signing-secret.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/producers',
  tags: ['identity'],
  summary: 'Make a sender of signals; its signing secret is shown once',
  security: bearer,
  middleware: requireCaller('admin'),
  request: {
    body: body(
      z.strictObject({
        name: z.string().trim().min(1).max(100),
        owner_id: uuid.optional(),
        instruments: z
          .array(z.string().regex(/^[A-Z0-9_.]{2,20}$/))
          .min(1)
          .max(200),
        dedup_window_seconds: z.number().int().min(10).max(3600).optional(),
        max_age_seconds: z.number().int().min(1).max(604_800).default(900),
        rate_per_minute: z.number().int().min(1).max(100_000).default(600),
      }),
    ),
  },
  responses: {
    201: json(
      producerSchema.extend({ secret: z.string() }),
      'The new producer; `secret` is never shown again',
    ),
    ...problems(400, 403, 415, 422),
  },
});

/** `POST /api/v1/producers` */
export const postProducer = endpoint(route, async (c) => {
  const { db, ids, clock, config } = c.var.deps;
  const { caller } = c.var;
  const wanted = c.req.valid('json');
  const known = new Set((await listInstruments(db)).filter((i) => i.enabled).map((i) => i.symbol));
  const errors = wanted.instruments.flatMap((symbol, i) =>
    known.has(symbol) ? [] : [{ pointer: `/instruments/${i}`, detail: 'is not an enabled instrument' }],
  );
  if (errors.length > 0) throw problem('invalid-body', { errors });
  const id = ids.next();
  const producer: Producer = {
    id,
    ownerId: wanted.owner_id ?? caller.userId,
    name: wanted.name,
    instruments: wanted.instruments,
    dedupScope: id,
    dedupWindowSeconds: wanted.dedup_window_seconds ?? config.SIGNALS_DEDUP_WINDOW_SECONDS,
    maxAgeSeconds: wanted.max_age_seconds,
    ratePerMinute: wanted.rate_per_minute,
    createdMs: clock.nowMs(),
    revoked: false,
  };
  const bytes = ids.randomBytes(32);
  const place = { table: 'producer_secrets', row: id, version: 1 };
  const sealed = await seal(need(config, 'PRODUCER_KEYS'), place, bytes, ids.randomBytes(12));
  const audit = auditEntry(c, caller, {
    action: 'producer.create',
    subjectKind: 'producer',
    subjectId: id,
    detail: { owner_id: producer.ownerId },
  });
  await insertProducer(db, producer, { ...sealed, version: 1 }, audit);
  return c.json({ ...presentProducer(producer), secret: signingSecret(bytes) }, 201);
});
