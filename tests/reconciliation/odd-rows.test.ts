// What brokers and people really leave in an account: none of it may end a run with a fault of ours, and what is stored is
// what was said.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callApp } from '../support/app-call.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { PolledDesk, TARGET } from '../support/polled-desk.ts';
import { wirePosition, type wireSnapshot } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

type Change = NonNullable<Parameters<typeof wireSnapshot>[1]>;
const DAY_MS = 86_400_000;
let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

const iso = (ms: number) => new Date(ms).toISOString();
const outcomeOf = async (change: Change) => {
  at.answer(change);
  return (await at.run()).outcome;
};
/** What the balance consists of, or the whole history would be asked for. */
const deposit = () =>
  at.opening({ ticket: '2', order: '0', position_id: '0', type: 'balance', entry: null, profit: '10000' });
const deals = () =>
  t.sql('SELECT magic, comment FROM broker_deals WHERE account_id = $1', [at.desk.account.id]);
const position = (more: Record<string, unknown> = {}) =>
  wirePosition({ identifier: '7', magic: '0', atMs: at.deps.clock.nowMs(), ...more });
const symbol = () => ({
  ...{
    symbol: 'XAUUSD',
    digits: 2,
    point: '0.01',
    volume_min: '0.01',
    volume_max: '50',
    volume_step: '0.01',
  },
  ...{ bid: '2035', ask: '2036', time: iso(at.deps.clock.nowMs()) },
});

describe('a row that is odd and sound', () => {
  it.each([
    ['9223372036854775808', '-9223372036854775808'],
    ['18446744073709551615', '-1'],
    ['-5', '-5'],
  ])('is of somebody whose magic is %s', async (said, stored) => {
    const rows = { deals: [at.opening({ magic: said })], positions: [position({ magic: said })] };
    expect(await outcomeOf({ ...rows, highest_magic: said })).toBe('applied');
    expect((await deals()).map((d) => d['magic'])).toEqual([stored]);
    expect(await at.books()).toMatchObject({ trades: [{ row: { source: 'manual' } }], positions: [{}] });
    // The look-up that such a row belongs to is ours, and another's is none of it.
    expect(await outcomeOf({ ...rows, highest_magic: said })).toBe('applied');
  });

  it.each([
    ['U+0000', 'a\u0000b', 'a\ufffdb'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
    ['5,000 characters', 'z'.repeat(5_000), 'z'.repeat(100)],
  ])('has a comment with %s', async (_what, said, stored) => {
    const rows = { deals: [at.opening({ comment: said })], positions: [position({ comment: said })] };
    expect(await outcomeOf(rows)).toBe('applied');
    expect((await deals()).map((d) => d['comment'])).toEqual([stored]);
  });

  it('has such a comment and is brought by a bridge that polls', async () => {
    const desk = await PolledDesk.make(t);
    const { login, id } = desk.at.desk.account;
    desk.at.control('/manual-trade', { login, symbol: 'XAUUSD', side: 'buy', volume: '0.1' });
    await desk.sync();
    await desk.sync();
    desk.at.deps.clock.advance(1_000);
    const { snapshot } = desk.last.sent;
    const [deal] = snapshot.deals;
    const odd = {
      ...deal,
      ticket: '77',
      position_id: '0',
      type: 'balance',
      entry: null,
      comment: 'a\u0000\ud800b',
    };
    const fresh = {
      ...{ ...snapshot, seq: snapshot.seq + 1, captured_at: iso(desk.at.deps.clock.nowMs()) },
      deals: [...snapshot.deals, odd],
    };
    const body = JSON.stringify({ ...desk.last.sent, snapshot: fresh, replies: [] });
    const { headers } = desk.signed(body);
    const answer = await callApp(desk.at.deps, TARGET, { method: 'POST', headers, body });
    expect([answer.status, ((await answer.json()) as { outcome: string }).outcome]).toEqual([200, 'applied']);
    const stored = `SELECT comment FROM broker_deals WHERE account_id = $1 AND ticket = '77'`;
    expect(await t.sql(stored, [id])).toEqual([{ comment: 'a\ufffd\ufffdb' }]);
  });
});

describe('a row that cannot be', () => {
  const odd: [string, () => Change][] = [
    ['a position twice', () => ({ deals: [at.opening()], positions: [position(), position()] })],
    ['a symbol twice', () => ({ symbols: [symbol(), symbol()] })],
    ['a price that no column holds', () => ({ deals: [at.opening({ price: '100000000000000' })] })],
    ['a stop that no column holds', () => ({ positions: [position({ tp: '100000000000000' })] })],
    [
      'figures that no column holds together',
      () => ({
        deals: Array.from({ length: 11 }, (_, i) =>
          at.opening({ ticket: String(20 + i), profit: '99999999999' }),
        ),
      }),
    ],
    [
      'a year that PostgreSQL does not know',
      () => ({ deals: [at.opening({ time: '0000-01-01T00:00:00Z' })] }),
    ],
  ];

  it.each(odd)(
    'refuses the snapshot by name, and the next without it is taken: %s',
    async (_what, change) => {
      const before = await at.books();
      expect(await outcomeOf(change())).toBe('snapshot-incomplete');
      expect(await at.books()).toEqual(before);
      at.deps.clock.advance(1_000);
      expect(await outcomeOf({ deals: [at.opening()], positions: [position()] })).toBe('applied');
      expect(await at.outcomes()).toEqual(['snapshot-incomplete', 'applied']);
    },
  );

  it('is a deal dated a year ahead: the books wait, and go on asking from where they were', async () => {
    const { clock } = at.deps;
    expect(await outcomeOf({ deals: [deposit(), at.opening()], positions: [position()] })).toBe('applied');
    const before = await at.books();
    const balance = { type: 'balance', entry: null, position_id: '0', order: '0', profit: '5' };
    const misdated = at.opening({ ...balance, ticket: '50', time: iso(clock.nowMs() + 365 * DAY_MS) });
    expect(await outcomeOf({ deals: [deposit(), at.opening(), misdated], positions: [position()] })).toBe(
      'clock-offset',
    );
    expect(await at.books()).toEqual(before);
    // Without it a close that came meanwhile is seen.
    expect(await outcomeOf({ deals: [deposit(), at.opening(), at.closing()] })).toBe('applied');
    expect(await at.books()).toMatchObject({ trades: [{ row: { status: 'closed' } }] });
    const asked = at.bridge.received.map((e) => e['deals_from']);
    expect(asked).toEqual([null, iso(clock.nowMs() - 2 * DAY_MS), iso(clock.nowMs() - 2 * DAY_MS)]);
  });

  it('of a deal dated half a day ahead no more is believed than that it was seen by now', async () => {
    const { clock } = at.deps;
    const early = at.opening({ ticket: '50', time: iso(clock.nowMs() + DAY_MS / 2) });
    expect(await outcomeOf({ deals: [deposit(), early], positions: [position()] })).toBe('applied');
    clock.advance(60_000);
    expect(await outcomeOf({ deals: [deposit(), early], positions: [position()] })).toBe('applied');
    expect(at.bridge.received.at(-1)?.['deals_from']).toBe(iso(clock.nowMs() - 60_000 - 2 * DAY_MS));
  });
});
