import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { listDeadEvents as readDeadEvents } from '../platform/outbox-store.ts';
import { pageOf, pageQuery } from '../platform/page.ts';

const eventSchema = z
  .object({
    id: uuid,
    topic: z.string(),
    payload: z.record(z.string(), z.unknown()),
    attempts: z.number().int(),
    last_error: z.string().nullable(),
    created_at: timestamp,
  })
  .openapi('DeadEvent');

const route = createRoute({
  method: 'get',
  path: '/api/v1/events/dead',
  tags: ['operations'],
  summary: 'Events that were tried too often and wait for a person (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(eventSchema), 'A page of dead events'), ...problems(403, 422) },
});

/** `GET /api/v1/events/dead` */
export const listDeadEvents = endpoint(route, async (c) => {
  const page = await readDeadEvents(c.var.deps.db, c.req.valid('query'));
  const items = page.items.map((e) => ({
    id: e.id,
    topic: e.topic,
    payload: e.payload,
    attempts: e.attempts,
    last_error: e.lastError,
    created_at: isoTime(e.createdMs),
  }));
  return c.json({ ...page, items }, 200);
});
