import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { bearer, body, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { insertSubscription } from './subscription-store.ts';

export const subscriptionSchema = z
  .object({ producer_id: uuid, user_id: uuid, created_at: timestamp })
  .openapi('Subscription');

const route = createRoute({
  method: 'post',
  path: '/api/v1/subscriptions',
  tags: ['identity'],
  summary: 'Put a user into a producer’s audience',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(z.strictObject({ producer_id: uuid, user_id: uuid })) },
  responses: { 201: json(subscriptionSchema, 'The subscription'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `POST /api/v1/subscriptions` */
export const postSubscription = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const wanted = c.req.valid('json');
  const s = { producerId: wanted.producer_id, userId: wanted.user_id, createdMs: clock.nowMs() };
  const audit = auditEntry(c, c.var.caller, {
    action: 'subscription.create',
    subjectKind: 'producer',
    subjectId: s.producerId,
    detail: { user_id: s.userId },
  });
  const outcome = await insertSubscription(db, s, audit);
  if (outcome.kind === 'unknown') throw problem('not-found', { detail: 'no such producer or user' });
  if (outcome.kind === 'exists') throw problem('conflict', { detail: 'the user is in the audience already' });
  return c.json({ ...wanted, created_at: isoTime(s.createdMs) }, 201);
});
