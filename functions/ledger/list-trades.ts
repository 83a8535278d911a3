import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { presentTrade, tradeSchema } from './present-trade.ts';
import { listTrades as readTrades } from './trade-store.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/trades',
  tags: ['trading'],
  summary: 'Your trades, newest opening first (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: {
    query: pageQuery
      .extend({
        instrument: z.string().max(50).optional(),
        status: z.enum(['open', 'closed', 'closing_unconfirmed']).optional(),
        source: z.enum(['bot', 'manual']).optional(),
        account: uuid.optional(),
      })
      .strict(),
  },
  responses: { 200: json(pageOf(tradeSchema), 'A page of trades'), ...problems(403, 422) },
});

/** `GET /api/v1/trades` */
export const listTrades = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const { instrument, status, source, account, ...query } = c.req.valid('query');
  const page = await readTrades(
    c.var.deps.db,
    readsEverything(role) ? null : userId,
    { instrument, status, source, account },
    query,
  );
  return c.json({ ...page, items: page.items.map(presentTrade) }, 200);
});
