// Realised legs put straight into the tables, a trade each, for what reads them: who writes them has tests of its own.
import type { RealisedLeg } from '../../functions/ledger/realised-leg.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import type { TestDatabase } from '../support/test-database.ts';

export type StoredLeg = RealisedLeg & { source?: 'bot' | 'manual'; strategy?: string; pips?: string };

/** Stores legs of an account, all of their net as profit. */
export async function storeLegs(
  t: TestDatabase,
  accountId: string,
  legs: readonly StoredLeg[],
): Promise<void> {
  const rows = legs.map(({ openedMs, closedMs, ...leg }) => ({
    ...{ source: 'manual', ...leg },
    ...{ opened: isoTime(openedMs), closed: isoTime(closedMs) },
  }));
  const given = `jsonb_to_recordset($2::jsonb) AS x("dealTicket" text, net numeric, r numeric, source text, strategy text,
    pips numeric, opened timestamptz, closed timestamptz)`;
  const id = `md5($1::text || x."dealTicket")::uuid`;
  await t.sql(
    `INSERT INTO trades (id, account_id, user_id, instrument, position_id, source, strategy, symbol, side, status, volume,
       volume_open, entry_price, pips, profit, swap, commission, fee, net, opened_at, closed_at, updated_at)
     SELECT ${id}, a.id, a.user_id, 'XAUUSD', x."dealTicket", x.source, x.strategy, 'XAUUSD', 'buy', 'closed', 1,
       0, 1, x.pips, x.net, 0, 0, 0, x.net, x.opened, x.closed, x.closed
     FROM accounts a, ${given} WHERE a.id = $1::uuid`,
    [accountId, JSON.stringify(rows)],
  );
  await t.sql(
    `INSERT INTO trade_legs (trade_id, leg, account_id, deal_ticket, source, strategy, instrument, side, volume, exit_price,
       profit, swap, commission, fee, net, r_multiple, opened_at, closed_at)
     SELECT ${id}, 0, $1::uuid, x."dealTicket", x.source, x.strategy, 'XAUUSD', 'buy', 1, 1, x.net, 0, 0, 0, x.net, x.r, x.opened, x.closed
     FROM ${given}`,
    [accountId, JSON.stringify(rows)],
  );
}

export type StoredDeal = {
  ticket: string;
  timeMs: number;
  type: string;
  amount: string;
  positionId?: string;
  revision?: number;
};

/** Stores deals of an account: money alone. */
export async function storeDeals(
  t: TestDatabase,
  accountId: string,
  deals: readonly StoredDeal[],
): Promise<void> {
  const rows = deals.map(({ timeMs, ...deal }) => ({
    ...{ positionId: '0', revision: 0, ...deal },
    time: isoTime(timeMs),
  }));
  await t.sql(
    `INSERT INTO broker_deals (account_id, ticket, revision, order_ticket, position_id, time, type, entry, magic, reason, symbol,
       volume, price, commission, swap, profit, fee, comment, external_id, recorded_at)
     SELECT $1::uuid, x.ticket, x.revision, '0', x."positionId", x.time, x.type, NULL, 0, 'client', '', 0, 0, 0, 0, x.amount, 0, '', '',
       x.time
     FROM jsonb_to_recordset($2::jsonb) AS x(ticket text, revision smallint, "positionId" text, time timestamptz, type text,
       amount numeric)`,
    [accountId, JSON.stringify(rows)],
  );
}
