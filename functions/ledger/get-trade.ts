import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { presentTradeDetail, tradeDetailSchema } from './present-trade.ts';
import { readTrade } from './trade-store.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/trades/{id}',
  tags: ['trading'],
  summary: 'One trade, with its legs and the deals of its position',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { params: idParam },
  responses: { 200: json(tradeDetailSchema, 'The trade'), ...problems(403, 404) },
});

/** `GET /api/v1/trades/{id}` */
export const getTrade = endpoint(route, async (c) => {
  const { id } = c.req.valid('param');
  const { role, userId } = c.var.caller;
  const found = isUuid(id) ? await readTrade(c.var.deps.db, id) : null;
  if (found === null) throw problem('not-found');
  if (found.trade.userId !== userId && !readsEverything(role)) throw problem('forbidden');
  return c.json(presentTradeDetail(found), 200);
});
