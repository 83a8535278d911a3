import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, json, moment, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { presentTrade, tradeSchema } from './present-trade.ts';
import { listTrades as readTrades, TRADE_SORTS } from './trade-store.ts';

const sorts = TRADE_SORTS.flatMap((by) => [by, `-${by}`] as const);
const sort = z.enum(sorts).default('-opened_at').openapi({
  description:
    'ascending, or with `-` descending; what is still open counts as closed last of all. A cursor holds for one order alone',
});

const route = createRoute({
  method: 'get',
  path: '/api/v1/trades',
  tags: ['trading'],
  summary: 'Your trades, newest opening first where no `sort` is given (owner and admin: all)',
  description:
    '`from` (included) and `to` (not included) judge `closed_at` where the list is sorted by it, and `opened_at` otherwise.',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: {
    query: pageQuery
      .extend({
        instrument: z.string().max(50).optional(),
        status: z.enum(['open', 'closed', 'closing_unconfirmed']).optional(),
        source: z.enum(['bot', 'manual']).optional(),
        account: uuid.optional(),
        from: moment.optional(),
        to: moment.optional(),
        sort,
      })
      .strict(),
  },
  responses: { 200: json(pageOf(tradeSchema), 'A page of trades'), ...problems(403, 422) },
});

/** `GET /api/v1/trades` */
export const listTrades = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const { instrument, status, source, account, from, to, sort: by, ...query } = c.req.valid('query');
  const sorted = TRADE_SORTS.find((name) => by.endsWith(name)) ?? 'opened_at';
  const page = await readTrades(
    c.var.deps.db,
    readsEverything(role) ? null : userId,
    { instrument, status, source, account, fromMs: from, toMs: to },
    query,
    { by: sorted, ascending: by === sorted },
  );
  return c.json({ ...page, items: page.items.map(presentTrade) }, 200);
});
