import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { reconcileAccount } from './reconcile-account.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/reconciliation/runs',
  tags: ['trading'],
  summary: 'Compare an account’s books with the broker’s now',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { body: body(z.strictObject({ account_id: uuid })) },
  responses: {
    200: json(
      z.object({ account_id: uuid, outcome: z.string() }),
      'What came of it: `applied`, `catching-up` while a long history is read, or why nothing was changed',
    ),
    ...problems(400, 403, 404, 415, 422),
  },
});

/** `POST /api/v1/reconciliation/runs` */
export const postReconciliationRun = endpoint(route, async (c) => {
  const { account_id } = c.req.valid('json');
  const account = await accountFor(c.var.deps.db, account_id, c.var.caller);
  const { outcome } = await reconcileAccount(c.var.deps, account.id);
  return c.json({ account_id, outcome }, 200);
});
