import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listRefusals as readRefusals } from './refusal-store.ts';

const refusalSchema = z
  .object({
    id: uuid,
    producer_id: uuid,
    lane: z.string().openapi({ example: 'tradingview' }),
    reason: z.string().openapi({ description: 'the slug of the problem', example: 'invalid-body' }),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })),
    excerpt: z.string().openapi({ description: 'the first 2 KB of the body, values of secrets masked' }),
    request_id: z.string(),
    created_at: timestamp,
  })
  .openapi('Refusal');

const route = createRoute({
  method: 'get',
  path: '/api/v1/signals/refused',
  tags: ['signals'],
  summary: 'What your producers sent and we refused, newest first (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { query: pageQuery.extend({ producer_id: uuid.optional() }).strict() },
  responses: { 200: json(pageOf(refusalSchema), 'A page of refusals'), ...problems(403, 422) },
});

/** `GET /api/v1/signals/refused` */
export const listRefusals = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const { producer_id: producerId, ...query } = c.req.valid('query');
  const ownerId = readsEverything(role) ? null : userId;
  const page = await readRefusals(c.var.deps.db, ownerId, { producerId }, query);
  const items = page.items.map((r) => ({
    id: r.id,
    producer_id: r.producerId,
    lane: r.lane,
    reason: r.reason,
    errors: r.errors,
    excerpt: r.excerpt,
    request_id: r.requestId,
    created_at: isoTime(r.createdMs),
  }));
  return c.json({ ...page, items }, 200);
});
