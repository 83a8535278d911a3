import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, decimal, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listPositions as readPositions } from './trade-store.ts';

const positionSchema = z
  .object({
    account_id: uuid,
    identifier: z.string(),
    ticket: z.string(),
    instrument: z.string(),
    side: z.enum(['buy', 'sell']),
    volume: decimal,
    price_open: decimal,
    price_current: decimal,
    stop_loss: decimal.nullable(),
    take_profit: decimal.nullable(),
    swap: decimal,
    profit: decimal,
    magic: z.string(),
    opened_at: timestamp,
    snapshot_at: timestamp,
  })
  .openapi('Position');

const route = createRoute({
  method: 'get',
  path: '/api/v1/positions',
  tags: ['trading'],
  summary: 'Open positions as the last valid snapshot shows them, with its time, newest opening first',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: pageQuery.extend({ account: uuid.optional() }).strict() },
  responses: { 200: json(pageOf(positionSchema), 'A page of open positions'), ...problems(403, 422) },
});

/** `GET /api/v1/positions` */
export const listPositions = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const { account, ...query } = c.req.valid('query');
  const page = await readPositions(c.var.deps.db, readsEverything(role) ? null : userId, account, query);
  const items = page.items.map((p) => ({
    account_id: p.accountId,
    identifier: p.identifier,
    ticket: p.ticket,
    instrument: p.instrument,
    side: p.side,
    volume: p.volume,
    price_open: p.priceOpen,
    price_current: p.priceCurrent,
    stop_loss: p.stopLoss,
    take_profit: p.takeProfit,
    swap: p.swap,
    profit: p.profit,
    magic: p.magic,
    opened_at: isoTime(p.openedMs),
    snapshot_at: isoTime(p.snapshotMs),
  }));
  return c.json({ ...page, items }, 200);
});
