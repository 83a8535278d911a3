import { createRoute } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { guardView } from './guard-view-store.ts';
import { guardSchema } from './present-guard.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/accounts/{id}/guard',
  tags: ['trading'],
  summary: 'The guard of an account: where it stands, by what it judges, and how far each of its bounds is',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { params: idParam },
  responses: { 200: json(guardSchema, 'The guard'), ...problems(403, 404) },
});

/** `GET /api/v1/accounts/{id}/guard` */
export const getGuard = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const account = await accountFor(db, c.req.valid('param').id, c.var.caller);
  return c.json(await guardView(db, account, clock.nowMs()), 200);
});
