import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { readApproval } from './approval-store.ts';
import { approvalSchema, presentApproval } from './present-approval.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/approvals/{id}',
  tags: ['approvals'],
  summary: 'One decision',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { params: idParam },
  responses: { 200: json(approvalSchema, 'The decision'), ...problems(403, 404) },
});

/** `GET /api/v1/approvals/{id}` */
export const getApproval = endpoint(route, async (c) => {
  const { id } = c.req.valid('param');
  const { role, userId } = c.var.caller;
  const approval = isUuid(id) ? await readApproval(c.var.deps.db, id) : null;
  if (approval === null) throw problem('not-found');
  if (approval.userId !== userId && !readsEverything(role)) throw problem('forbidden');
  return c.json(presentApproval(approval), 200);
});
