// Books of a size that years of trading make, written by the database itself: the same rows at each run.
import type pg from 'pg';

/** Of every 20 trades one is still open, one is gold, and two of five are by hand. */
const INSTRUMENTS = `(ARRAY['EURUSD','EURUSD','GBPUSD','USDJPY','EURUSD','GBPUSD','EURUSD','USDJPY','EURUSD','XAUUSD',
  'EURUSD','EURUSD','GBPUSD','USDJPY','EURUSD','GBPUSD','EURUSD','USDJPY','EURUSD','GBPUSD'])`;
const BEGAN = `timestamptz '2016-01-04 00:00:00+00'`;
/** Number `i` again and again, mixed: what looks random and is the same at each run. */
const mixed = (modulus: number) => `(abs(hashint8(i)) % ${modulus})`;
const instrumentOf = `CASE WHEN i % 10000 = 0 THEN 'USDCHF' ELSE ${INSTRUMENTS}[1 + i % 20] END`;
const netOf = `(${mixed(40_001)} - 19500) / 100.0`;
const openedOf = `${BEGAN} + i * interval '5 minutes' + ${mixed(240)} * interval '1 second'`;
const lastsOf = `(60 + ${mixed(86_400)}) * interval '1 second'`;

/** A user's accounts without bridges; their ids. */
export async function makeAccounts(db: pg.Pool, userId: string, count: number): Promise<string[]> {
  const { rows } = await db.query(
    `INSERT INTO accounts (id, user_id, name, currency, margin_mode, halted, order_volume, version, created_at, updated_at)
     SELECT gen_random_uuid(), $1, 'books ' || n, 'USD', 'hedging', true, 0.01, 0, now(), now()
     FROM generate_series(1, $2::int) n RETURNING id`,
    [userId, count],
  );
  return rows.map((r) => r.id);
}

/** `count` trades of a user, spread over the accounts; with `legs` each closed one has what it realised, in one. */
export async function makeTrades(
  db: pg.Pool,
  at: { userId: string; accounts: readonly string[]; count: number; legs: boolean },
): Promise<void> {
  await db.query(
    `INSERT INTO trades (id, account_id, user_id, position_id, source, strategy, timeframe, instrument, symbol, side, status,
       volume, volume_open, entry_price, exit_price, profit, swap, commission, fee, net, opened_at, closed_at, exit_reason, updated_at)
     SELECT gen_random_uuid(), ($2::uuid[])[1 + i % cardinality($2::uuid[])], $1, (70000000 + i)::text,
       CASE WHEN i % 5 < 2 THEN 'manual' ELSE 'bot' END, CASE WHEN i % 5 < 2 THEN NULL ELSE 'fib-rsi' END, 'H1',
       ${instrumentOf}, ${instrumentOf}, CASE WHEN i % 3 = 0 THEN 'sell' ELSE 'buy' END,
       CASE WHEN i % 20 = 7 THEN 'open' ELSE 'closed' END, 0.1, CASE WHEN i % 20 = 7 THEN 0.1 ELSE 0 END, 1.1,
       CASE WHEN i % 20 = 7 THEN NULL ELSE 1.1 END, ${netOf} + 0.7, 0, -0.7, 0, ${netOf}, ${openedOf},
       CASE WHEN i % 20 = 7 THEN NULL ELSE ${openedOf} + ${lastsOf} END, CASE WHEN i % 20 = 7 THEN NULL ELSE 'tp' END, now()
     FROM generate_series(1, $3::int) i`,
    [at.userId, at.accounts, at.count],
  );
  if (!at.legs) return;
  await db.query(
    `INSERT INTO trade_legs (trade_id, leg, account_id, deal_ticket, source, strategy, instrument, side, volume, exit_price,
       profit, swap, commission, fee, net, opened_at, closed_at)
     SELECT id, 1, account_id, (position_id::bigint + 20000000)::text, source, strategy, instrument, side, volume, exit_price, profit, swap,
       commission, fee, net, opened_at, closed_at FROM trades WHERE account_id = ANY($1::uuid[]) AND status = 'closed'`,
    [at.accounts],
  );
}

/** The money of an account by the hour, ten thousand times, with a deposit or a withdrawal every thousand hours. */
export async function makeEquity(db: pg.Pool, accountId: string): Promise<void> {
  await db.query(
    `INSERT INTO equity_points (account_id, at, balance, credit, equity, booked, flowed)
     SELECT $1, ${BEGAN} + i * interval '1 hour', held, 0, held + ${mixed(900)}, held, held - i
     FROM generate_series(1, 10000) i, LATERAL (SELECT 10000 + 500 * (i / 1000) + i AS held) h`,
    [accountId],
  );
  await db.query(
    `INSERT INTO broker_deals (account_id, ticket, order_ticket, position_id, time, type, magic, reason, symbol, volume, price,
       commission, swap, profit, fee, comment, external_id, recorded_at)
     SELECT $1, (60000000 + i)::text, '0', '0', ${BEGAN} + (i * 1000 + 0.5) * interval '1 hour', 'balance', 0, 'client', '', 0, 0,
       0, 0, 500, 0, 'Deposit', '', now() FROM generate_series(0, 9) i`,
    [accountId],
  );
}

/** `count` deals, two for each position: what a projection is rebuilt from. */
export async function makeDeals(db: pg.Pool, accountId: string, count: number): Promise<void> {
  await db.query(
    `INSERT INTO broker_deals (account_id, ticket, order_ticket, position_id, time, type, entry, magic, reason, symbol, volume,
       price, commission, swap, profit, fee, comment, external_id, recorded_at)
     SELECT $1, (90000000 + i)::text, (70000000 + i)::text, (70000000 + i - i % 2)::text,
       ${BEGAN} + (i - i % 2) * interval '5 minutes' + (i % 2) * interval '90 seconds',
       CASE WHEN i % 2 = 0 THEN 'buy' ELSE 'sell' END, CASE WHEN i % 2 = 0 THEN 'in' ELSE 'out' END, 0, 'client',
       ${INSTRUMENTS}[1 + (i / 2) % 20], 0.1, 1.1, -0.35, 0, CASE WHEN i % 2 = 0 THEN 0 ELSE ${netOf} END, 0, '', '', now()
     FROM generate_series(0, $2::int - 1) i`,
    [accountId, count],
  );
}
