import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listApprovals as readApprovals } from './approval-store.ts';
import { approvalSchema, presentApproval } from './present-approval.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/approvals',
  tags: ['approvals'],
  summary: 'Your decisions, newest first (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(approvalSchema), 'A page of decisions'), ...problems(403, 422) },
});

/** `GET /api/v1/approvals` */
export const listApprovals = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await readApprovals(
    c.var.deps.db,
    readsEverything(role) ? null : userId,
    c.req.valid('query'),
  );
  return c.json({ ...page, items: page.items.map(presentApproval) }, 200);
});
