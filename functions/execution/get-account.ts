import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { accountFor } from './account-access.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/accounts/{id}',
  tags: ['trading'],
  summary: 'One account of yours (owner and admin: any)',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { params: idParam },
  responses: { 200: json(accountSchema, 'The account'), ...problems(403, 404) },
});

/** `GET /api/v1/accounts/{id}` */
export const getAccount = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const account = await accountFor(db, c.req.valid('param').id, c.var.caller);
  return c.json(presentAccount(account, clock.nowMs()), 200);
});
