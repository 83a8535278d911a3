import { createRoute } from '@hono/zod-openapi';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listBridges as readBridges } from './bridge-store.ts';
import { requireCaller } from './caller.ts';
import { bridgeSchema, presentBridge } from './present-bridge.ts';
import { readsEverything } from './scope.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/bridges',
  tags: ['identity'],
  summary: 'Your bridges (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(bridgeSchema), 'A page of bridges'), ...problems(403, 422) },
});

/** `GET /api/v1/bridges` */
export const listBridges = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await readBridges(c.var.deps.db, readsEverything(role) ? null : userId, c.req.valid('query'));
  return c.json({ ...page, items: page.items.map(presentBridge) }, 200);
});
