import { createRoute, z } from '@hono/zod-openapi';
import { bearer, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { deleteSubscription as remove } from './subscription-store.ts';

const route = createRoute({
  method: 'delete',
  path: '/api/v1/subscriptions/{producer_id}/{user_id}',
  tags: ['identity'],
  summary: 'Take a user out of a producer’s audience: yourself, or as admin anybody',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { params: z.object({ producer_id: uuid, user_id: uuid }) },
  responses: { 204: { description: 'No longer in the audience' }, ...problems(403, 404) },
});

/** `DELETE /api/v1/subscriptions/{producer_id}/{user_id}` */
export const deleteSubscription = endpoint(route, async (c) => {
  const { producer_id, user_id } = c.req.valid('param');
  const { caller } = c.var;
  if (user_id !== caller.userId && !caller.scopes.includes('admin')) throw problem('forbidden');
  const audit = auditEntry(c, caller, {
    action: 'subscription.delete',
    subjectKind: 'producer',
    subjectId: producer_id,
    detail: { user_id },
  });
  if (!(await remove(c.var.deps.db, producer_id, user_id, audit))) throw problem('not-found');
  return c.body(null, 204);
});
