import { createRoute, z } from '@hono/zod-openapi';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { presentProducer, producerSchema } from './present-producer.ts';
import { producerSettings, requireEnabled } from './producer-settings.ts';
import { readProducer, updateProducer } from './producer-store.ts';

const route = createRoute({
  method: 'patch',
  path: '/api/v1/producers/{id}',
  tags: ['identity'],
  summary: 'Change a producer’s name, instruments, window, age or rate; in force with the next signal',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { params: idParam, body: body(z.strictObject(producerSettings).partial()) },
  responses: { 200: json(producerSchema, 'The producer'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `PATCH /api/v1/producers/{id}` */
export const patchProducer = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { id } = c.req.valid('param');
  const change = c.req.valid('json');
  const producer = isUuid(id) ? await readProducer(db, id) : null;
  if (producer === null) throw problem('not-found');
  if (producer.revoked) throw problem('conflict', { detail: 'the producer is revoked' });
  if (change.instruments !== undefined) await requireEnabled(db, change.instruments);
  const changed = {
    ...producer,
    name: change.name ?? producer.name,
    instruments: change.instruments ?? producer.instruments,
    dedupWindowSeconds: change.dedup_window_seconds ?? producer.dedupWindowSeconds,
    maxAgeSeconds: change.max_age_seconds ?? producer.maxAgeSeconds,
    ratePerMinute: change.rate_per_minute ?? producer.ratePerMinute,
  };
  const audit = auditEntry(c, c.var.caller, {
    action: 'producer.update',
    subjectKind: 'producer',
    subjectId: id,
    detail: { ...change },
  });
  await updateProducer(db, changed, audit);
  return c.json(presentProducer(changed), 200);
});
