import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restateSums } from '../../functions/ledger/rebuild-store.ts';
import { rebuildTrades } from '../../functions/ledger/rebuild-trades.ts';
import type { Deal } from '../../functions/ledger/trade-projection.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { auditOf, SPECIFICATION, storeSignal } from '../support/organisation.ts';
import { caseCensus, runs } from '../support/property.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { positionLife } from './deal-facts.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

const MAGIC = '112';
/** All that is projected of an account, but for the moment of writing. */
async function projection(accountId: string) {
  const of = (table: string, key: string) =>
    t.sql(`SELECT to_jsonb(x) - 'updated_at' AS row FROM ${table} x WHERE account_id = $1 ORDER BY ${key}`, [
      accountId,
    ]);
  return {
    trades: (await of('trades', 'position_id, episode')).map((r) => r['row'] as Record<string, unknown>),
    legs: (await of('trade_legs', 'deal_ticket')).map((r) => r['row'] as Record<string, unknown>),
  };
}
async function wipe(accountId: string): Promise<void> {
  const superuser = await t.connect('superuser');
  await superuser.query('DELETE FROM trade_legs WHERE account_id = $1', [accountId]);
  await superuser.query('DELETE FROM trades WHERE account_id = $1', [accountId]);
}

/** A desk with a command of its own in gold, whose stop is ten dollars away. */
async function deskWithCommand(magic: string) {
  const at = await DeskAtBroker.make(t);
  const signal = await storeSignal(at, at.desk.producer.id, { strategy: 'fib-rsi', timeframe: 'M15' });
  await t.sql(
    `INSERT INTO commands (id, account_id, signal_id, kind, symbol, instrument, instruction, magic, comment, attempt, state,
       expires_at, negative_lookups, created_at, updated_at)
     VALUES ($1, $2, $3, 'open', 'XAUUSD', 'XAUUSD', '{"order": {"stop_loss": "2025.10"}}', $4, 'cs', 0, 'sent', now(), 0,
       now(), now())`,
    [at.deps.ids.next(), at.desk.account.id, signal.id, magic],
  );
  return { at, signal };
}

describe('trades', () => {
  it('of every kind are rebuilt from the stored facts to the very same rows', async () => {
    const { at, signal } = await deskWithCommand(MAGIC);
    const { id } = at.desk.account;
    const now = () => at.deps.clock.nowMs();
    const deal = (ticket: string, position: string, more: Record<string, unknown>) =>
      at.opening({ ticket, order: `9${ticket}`, position_id: position, ...more });
    const symbols = [{ ...SPECIFICATION, symbol: 'XAUUSD', time: isoTime(now()) }];
    const deposit = deal('1', '0', {
      type: 'balance',
      order: '0',
      symbol: '',
      volume: '0',
      price: '0',
      profit: '1000',
    });
    const opened = [
      deposit,
      deal('10', '100', { magic: MAGIC, commission: '-0.35' }),
      deal('20', '200', { type: 'sell', price: '2036.10' }),
      deal('30', '300', {}),
      deal('31', '301', { type: 'sell' }),
    ].map((d) => ({ ...d, time: isoTime(now() - (d === deposit ? 3_600_000 : 60_000)) }));
    const shown = (identifier: string, more: Record<string, unknown> = {}) =>
      wirePosition({ identifier, magic: '0', atMs: now() - 60_000, ...more });
    at.answer({
      deals: opened,
      symbols,
      positions: [
        shown('100', { sl: '2025.10', tp: '2055.10' }),
        shown('200', { type: 'sell', sl: '2041.10' }),
        shown('300'),
        shown('301', { type: 'sell' }),
      ],
    });
    expect((await at.run()).outcome).toBe('applied');
    at.deps.clock.advance(60_000);
    const later = [
      deal('11', '100', {
        type: 'sell',
        entry: 'out',
        volume: '0.04',
        price: '2045.10',
        profit: '40',
        reason: 'client',
      }),
      deal('12', '100', {
        type: 'sell',
        entry: 'out',
        volume: '0.06',
        price: '2055.10',
        profit: '120',
        reason: 'tp',
      }),
      deal('32', '300', { type: 'sell', entry: 'out_by', order: '77', profit: '3' }),
      deal('33', '301', { type: 'buy', entry: 'out_by', order: '77' }),
      // A reversal of the second, of which the broker then cancels the close of what came of it.
      deal('21', '200', {
        type: 'buy',
        entry: 'inout',
        volume: '0.25',
        price: '2030.10',
        profit: '60',
        commission: '-1',
      }),
      {
        ...deal('22', '200', { type: 'sell', entry: 'out', volume: '0.15', profit: '9' }),
        time: isoTime(now() + 1_000),
      },
    ];
    const held = { ...shown('200', { volume: '0.15', sl: '2000' }) };
    at.answer({ deals: [...opened, ...later], symbols, positions: [] });
    expect((await at.run()).outcome).toBe('applied');
    at.deps.clock.advance(60_000);
    const cancelled = { ...later[5], type: 'sell_canceled', profit: '0' };
    const correction = deal('2', '0', { type: 'correction', symbol: '', volume: '0', profit: '-9' });
    at.answer({
      deals: [...opened, ...later.slice(0, 5), cancelled, correction],
      symbols,
      positions: [held],
    });
    expect((await at.run()).outcome).toBe('applied');

    const before = await projection(id);
    expect(before.trades).toMatchObject([
      {
        ...{ position_id: '100', episode: 0, source: 'bot', signal_id: signal.id, strategy: 'fib-rsi' },
        ...{ timeframe: 'M15', status: 'closed', net: 159.65, initial_stop: 2025.1, stop_loss: 2025.1 },
        // 10 dollars are 1,000 ticks at 1 a lot and tick: 100 on a tenth of a lot.
        ...{ r_multiple: 1.5965, pips: 160, entry_balance: 1000, equity_percent: 15.965 },
      },
      { position_id: '200', episode: 0, source: 'manual', status: 'closed', initial_stop: 2041.1, net: 59.6 },
      {
        position_id: '200',
        episode: 1,
        side: 'buy',
        status: 'open',
        volume: 0.15,
        stop_loss: 2000,
        net: -0.6,
        entry_balance: 999.65,
      },
      { position_id: '300', status: 'closed', closed_by: '301', net: 3, r_multiple: null },
      { position_id: '301', status: 'closed', closed_by: '300', net: 0, equity_percent: 0 },
    ]);
    expect(before.legs.map((l) => [l['deal_ticket'], l['leg'], l['net'], l['r_multiple']])).toEqual([
      ['11', 1, 39.86, 0.3986],
      ['12', 2, 119.79, 1.1979],
      ['21', 1, 59.6, 1.192],
      ['32', 1, 3, null],
      ['33', 1, 0, null],
    ]);
    await wipe(id);
    const rebuilt = await rebuildTrades(
      t.db,
      { accountId: id },
      now(),
      auditOf(at.deps, id, 'account.rebuild'),
    );
    expect(rebuilt).toEqual({ kind: 'rebuilt', positions: 4, deals: 10, trades: 5 });
    expect(await projection(id)).toEqual(before);
    const audit = await t.sql(
      `SELECT count(*)::int AS n FROM audit_log WHERE subject_id = $1 AND action = 'account.rebuild'`,
      [id],
    );
    expect(audit).toEqual([{ n: 1 }]);
  });

  it('that stand right already are not written again, and wrong or surplus ones are put right', async () => {
    const { at } = await deskWithCommand('128');
    const { id } = at.desk.account;
    at.answer({ deals: [at.opening({ magic: '128' }), at.closing()] });
    await at.run();
    const before = await projection(id);
    const rows = () => t.sql('SELECT xmin::text FROM trades WHERE account_id = $1', [id]);
    const written = await rows();
    await rebuildTrades(t.db, { accountId: id }, at.deps.clock.nowMs() + 1);
    expect(await rows()).toEqual(written);
    await t.sql(`UPDATE trades SET net = 7, strategy = 'luck', entry_balance = 1 WHERE account_id = $1`, [
      id,
    ]);
    await t.sql(
      `INSERT INTO trades SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'episode', 1))).*
       FROM trades t WHERE account_id = $1`,
      [id],
    );
    await t.sql(
      `INSERT INTO trade_legs SELECT (jsonb_populate_record(l, jsonb_build_object('deal_ticket', '404', 'trade_id', t.id))).*
       FROM trade_legs l JOIN trades t ON t.account_id = l.account_id AND t.episode = 1 WHERE l.account_id = $1`,
      [id],
    );
    await rebuildTrades(t.db, { accountId: id }, at.deps.clock.nowMs());
    expect(await projection(id)).toEqual(before);
  });

  it('come with the sums of their account, which are stated anew where they are wrong, and with what they were', async () => {
    const at = await DeskAtBroker.make(t);
    const { id } = at.desk.account;
    const own = { position_id: '0', order: '0', entry: null, volume: '0', price: '0', symbol: '' };
    const money = { commission: '0', swap: '0', fee: '0' };
    const deposit = at.opening({ ...own, ...money, ticket: '1', type: 'balance', profit: '1000' });
    const credit = at.opening({ ...own, ...money, ticket: '2', type: 'credit', profit: '50' });
    const opening = at.opening({ ...money, commission: '-3' });
    const closing = { ...at.closing(), ...money, profit: '10' };
    const say = async (deals: object[]) => {
      at.deps.clock.advance(1_000);
      at.answer({ deals, account: { balance: '1007', credit: '50', equity: '1057', profit: '0' } });
      expect((await at.run()).outcome).toBe('applied');
    };
    await say([deposit, credit, opening]);
    await say([deposit, credit, opening, closing]);
    const cancelled = { ...closing, type: 'sell_canceled', profit: '0' };
    const correction = at.opening({ ...own, ...money, ticket: '99', type: 'correction', profit: '-10' });
    await say([cancelled, correction]);
    const read = async () => {
      const columns = 'booked::float8, flowed::float8, credited::float8';
      const [sums] = await t.sql(`SELECT ${columns} FROM accounts WHERE id = $1`, [id]);
      return sums;
    };
    // The close stays in them, and what takes it back is there beside it.
    const right = { booked: 1_047, flowed: 1_040, credited: 50 };
    expect(await read()).toEqual(right);
    const points = await t.sql(
      'SELECT booked::float8, flowed::float8 FROM equity_points WHERE account_id = $1 ORDER BY at',
      [id],
    );
    expect(points).toEqual([
      ...[
        { booked: 1_047, flowed: 1_050 },
        { booked: 1_057, flowed: 1_050 },
      ],
      { booked: 1_047, flowed: 1_040 },
    ]);
    const rebuilt = async () => {
      const audit = auditOf(at.deps, id, 'account.rebuild');
      expect((await rebuildTrades(t.db, { accountId: id }, 1, audit)).kind).toBe('rebuilt');
      expect(await read()).toEqual(right);
      const [row] = await t.sql('SELECT detail FROM audit_log WHERE id = $1', [audit.id]);
      return row?.['detail'];
    };
    expect(await rebuilt()).not.toHaveProperty('sums_were');
    await t.sql('UPDATE accounts SET booked = 7, flowed = 0.5 WHERE id = $1', [id]);
    expect(await rebuilt()).toMatchObject({ sums_were: { booked: '7', flowed: '0.5', credited: '50' } });
  });

  it('state no sum over deals that others store meanwhile', async () => {
    const at = await DeskAtBroker.make(t);
    const { id } = at.desk.account;
    await t.sql('UPDATE accounts SET booked = 7 WHERE id = $1', [id]);
    const other = await t.connect();
    await other.query('BEGIN');
    await other.query('UPDATE accounts SET version = version + 1, booked = 40 WHERE id = $1', [id]);
    const restating = restateSums(t.db, id);
    const waits = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1`;
    const superuser = await t.connect('superuser');
    for (let n = 0; n === 0; ) n = (await superuser.query(waits, [t.name])).rows[0].n;
    await other.query('COMMIT');
    expect(await restating).toEqual({ kind: 'raced' });
    expect(await t.sql('SELECT booked::float8 FROM accounts WHERE id = $1', [id])).toEqual([{ booked: 40 }]);
    expect(await restateSums(t.db, id)).toMatchObject({ kind: 'restated', were: { booked: '40' } });
    expect(await restateSums(t.db, id)).toEqual({ kind: 'restated', were: null });
  });

  it('of some positions alone may be rebuilt: an adoption of one that is closed takes effect', async () => {
    const at = await DeskAtBroker.make(t);
    const { id } = at.desk.account;
    const signal = await storeSignal(at, at.desk.producer.id, { strategy: 'by hand' });
    at.answer({ deals: [at.opening(), at.closing()] });
    await at.run();
    await t.sql('DELETE FROM divergences WHERE account_id = $1', [id]);
    await t.sql(
      `INSERT INTO divergences (id, account_id, code, broker_key, evidence, status, detected_at, resolved_at, resolution,
         signal_id) VALUES ($2, $1, 'EXTERNAL_POSITION', '7', '{}', 'resolved', now(), now(), 'adopted', $3)`,
      [id, at.deps.ids.next(), signal.id],
    );
    const scope = { accountId: id, positions: ['7'] };
    expect(await rebuildTrades(t.db, scope, 0)).toMatchObject({ positions: 1, trades: 1 });
    expect(await projection(id)).toMatchObject({
      trades: [{ source: 'bot', signal_id: signal.id, strategy: 'by hand', command_id: null }],
      legs: [{ source: 'bot' }],
    });
  });

  it('of an account that nobody knows cannot be rebuilt', async () => {
    const at = { t, deps: (await DeskAtBroker.make(t)).deps };
    expect(await rebuildTrades(t.db, { accountId: at.deps.ids.next() }, 0)).toEqual({
      kind: 'unknown-account',
    });
  });

  it('are rebuilt by ten at once to the same rows', async () => {
    const at = await DeskAtBroker.make(t);
    const { id } = at.desk.account;
    at.answer({ deals: [at.opening(), at.closing()] });
    await at.run();
    const before = await projection(id);
    await wipe(id);
    const ends = await Promise.all(
      Array.from({ length: 10 }, () => rebuildTrades(t.db, { accountId: id }, 1)),
    );
    expect(ends.map((e) => e.kind)).toEqual(Array(10).fill('rebuilt'));
    expect(await projection(id)).toEqual(before);
  });
});

describe('any lives of positions', () => {
  it('told in any parts give the rows that a rebuild gives', { timeout: 240_000 }, async () => {
    const census = caseCensus('closed', 'open', 'several parts', 'restated', 'earlier than what was told');
    const wire = (d: Deal) => ({
      ...{
        ticket: d.ticket,
        order: d.orderTicket,
        position_id: d.positionId,
        time: isoTime(d.timeMs),
        type: d.type,
      },
      ...{
        entry: d.entry,
        magic: d.magic,
        reason: d.reason,
        volume: d.volume,
        price: d.price,
        symbol: d.symbol,
      },
      ...{
        commission: d.commission,
        swap: d.swap,
        profit: d.profit,
        fee: d.fee,
        comment: '',
        external_id: '',
      },
    });
    const scene = fc
      .array(positionLife('1'), { minLength: 1, maxLength: 4 })
      .map((lives) =>
        lives.flatMap((life, i) =>
          life.deals.map((d, n) => ({ ...d, positionId: `${70 + i}`, ticket: `${70 + i}${n}` })),
        ),
      )
      .chain((deals) =>
        fc.record({
          deals: fc.constant(deals),
          told: fc.array(fc.subarray(deals), { maxLength: 3 }),
          restated: fc.subarray(deals, { maxLength: Math.min(2, deals.length) }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(scene, async ({ deals, told, restated }) => {
        const at = await DeskAtBroker.make(t);
        const { id } = at.desk.account;
        const final = deals.map((d) => (restated.includes(d) ? { ...d, swap: '-1.11' } : d));
        for (const part of [...told, deals, final]) {
          at.deps.clock.advance(1_000);
          at.answer({ deals: part.map(wire) });
          expect((await at.run()).outcome).toBe('applied');
        }
        const before = await projection(id);
        await wipe(id);
        expect((await rebuildTrades(t.db, { accountId: id }, 1)).kind).toBe('rebuilt');
        const after = await projection(id);
        expect(after).toEqual(before);
        census.note(
          'closed',
          after.trades.some((x) => x['status'] === 'closed'),
        );
        census.note(
          'open',
          after.trades.some((x) => x['status'] !== 'closed'),
        );
        census.note(
          'several parts',
          told.some((p) => p.length > 0 && p.length < deals.length),
        );
        census.note('restated', restated.length > 0);
        census.note(
          'earlier than what was told',
          told.some((p) => p.length > 0 && !p.includes(deals[0] as Deal)),
        );
      }),
      runs(25),
    );
    census.expectAllMet();
  });
});
