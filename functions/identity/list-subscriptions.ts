import { createRoute } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { requireCaller } from './caller.ts';
import { subscriptionSchema } from './post-subscription.ts';
import { readsEverything } from './scope.ts';
import { listSubscriptions as readSubscriptions } from './subscription-store.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/subscriptions',
  tags: ['identity'],
  summary: 'Whose signals you receive (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(subscriptionSchema), 'A page of subscriptions'), ...problems(403, 422) },
});

/** `GET /api/v1/subscriptions` */
export const listSubscriptions = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await readSubscriptions(
    c.var.deps.db,
    readsEverything(role) ? null : userId,
    c.req.valid('query'),
  );
  const items = page.items.map((s) => ({
    producer_id: s.producerId,
    user_id: s.userId,
    created_at: isoTime(s.createdMs),
  }));
  return c.json({ ...page, items }, 200);
});
