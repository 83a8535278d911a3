import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listAccounts as readAccounts } from './account-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/accounts',
  tags: ['trading'],
  summary: 'Your trading accounts (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(accountSchema), 'A page of accounts'), ...problems(403, 422) },
});

/** `GET /api/v1/accounts` */
export const listAccounts = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const { db, clock } = c.var.deps;
  const page = await readAccounts(db, readsEverything(role) ? null : userId, c.req.valid('query'));
  return c.json({ ...page, items: page.items.map((a) => presentAccount(a, clock.nowMs())) }, 200);
});
