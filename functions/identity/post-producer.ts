import { createRoute, z } from '@hono/zod-openapi';
import { need } from '../platform/config.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { seal } from '../platform/secret-box.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { presentProducer, producerSchema } from './present-producer.ts';
import { producerSettings, requireEnabled } from './producer-settings.ts';
import { insertProducer, type Producer, readProducer } from './producer-store.ts';
import { signingSecret } from './signing-secret.ts';
import { readUser } from './user-store.ts';

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
        ...producerSettings,
        owner_id: uuid.optional(),
        dedup_scope: uuid.optional().openapi({ description: 'a producer whose signals count as the same' }),
        dedup_window_seconds: producerSettings.dedup_window_seconds.optional(),
        max_age_seconds: producerSettings.max_age_seconds.default(900),
        rate_per_minute: producerSettings.rate_per_minute.default(600),
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
  await requireEnabled(db, wanted.instruments);
  const ownerId = wanted.owner_id ?? caller.userId;
  if ((await readUser(db, ownerId)) === null)
    throw problem('invalid-body', { errors: [{ pointer: '/owner_id', detail: 'is nobody here' }] });
  const twin = wanted.dedup_scope === undefined ? null : await readProducer(db, wanted.dedup_scope);
  if (wanted.dedup_scope !== undefined && twin === null)
    throw problem('invalid-body', { errors: [{ pointer: '/dedup_scope', detail: 'is no producer here' }] });
  const id = ids.next();
  const producer: Producer = {
    id,
    ownerId,
    name: wanted.name,
    instruments: wanted.instruments,
    dedupScope: twin?.dedupScope ?? id,
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
