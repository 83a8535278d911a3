// An imported history through the whole application: facts, the one projection, and what may never get in.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asking, askingAs } from '../support/bearer.ts';
import { makeAccount, makeBridge, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let user: Asking;
let userId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  userId = await makeUser(stage);
  user = await askingAs(stage, userId, ['trading:read', 'trading:act']);
});
afterAll(() => t?.drop());

async function said(asked: Promise<Response>) {
  const answer = await asked;
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}
let names = 0;
async function newAccount(): Promise<string> {
  names += 1;
  const wanted = { name: `history ${names}`, currency: 'USD', margin_mode: 'hedging' };
  return (await said(user('POST', '/api/v1/accounts', wanted))).body.id;
}
const deal = (over: Record<string, unknown>) => ({
  ...{ order: '0', position_id: '0', time: '2026-03-02T09:00:00.000Z', type: 'buy', entry: null },
  ...{ symbol: 'XAUUSD', volume: '0', price: '0', commission: '0', swap: '0', profit: '0' },
  ...over,
});
const DEPOSIT = deal({ ticket: '1', type: 'balance', symbol: '', profit: '1000' });
const ENTRY = deal({
  ...{ ticket: '2', order: '12', position_id: '12', entry: 'in', volume: '0.10', price: '2100' },
  ...{ commission: '-0.50', time: '2026-03-02T10:00:00Z' },
});
const EXIT = deal({
  ...{
    ticket: '3',
    order: '13',
    position_id: '12',
    type: 'sell',
    entry: 'out',
    volume: '0.1',
    price: '2110',
  },
  ...{ profit: '100', time: '2026-03-02T13:00:00+02:00', reason: 'tp' },
});
const HISTORY = [DEPOSIT, ENTRY, EXIT];

const send = (id: string, deals: unknown, who = user, more = {}) =>
  said(who('POST', `/api/v1/accounts/${id}/deals`, { deals, ...more }));
const facts = async (id: string) => ({
  deals: await t.sql('SELECT * FROM broker_deals WHERE account_id = $1 ORDER BY ticket, revision', [id]),
  trades: await t.sql('SELECT * FROM trades WHERE account_id = $1 ORDER BY position_id', [id]),
  legs: await t.sql('SELECT * FROM trade_legs WHERE account_id = $1 ORDER BY deal_ticket', [id]),
  version: await t.sql('SELECT version FROM accounts WHERE id = $1', [id]),
});
const sums = async (id: string) =>
  (
    await t.sql('SELECT booked::float8, flowed::float8, credited::float8 FROM accounts WHERE id = $1', [id])
  )[0];

describe('deals of an imported history', () => {
  it('are stored with the trades that they make', async () => {
    const id = await newAccount();
    expect(await send(id, HISTORY)).toEqual({
      status: 200,
      body: { account_id: id, received: 3, stored: 3 },
    });
    const { body } = await said(user('GET', `/api/v1/trades?account=${id}`));
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({
      ...{ account_id: id, status: 'closed', side: 'buy', source: 'manual', volume: '0.1', net: '99.5' },
      ...{ entry_price: '2100', exit_price: '2110', exit_reason: 'tp', equity_percent: '9.95' },
      ...{ opened_at: '2026-03-02T10:00:00.000Z', closed_at: '2026-03-02T11:00:00.000Z' },
    });
    expect((await facts(id)).legs).toMatchObject([{ deal_ticket: '3', net: '99.50000000' }]);
    const performance = await said(user('GET', `/api/v1/performance?account=${id}&period=all`));
    expect(performance.body.statement).toMatchObject({ net: '99.5', total_trades: 1, start_balance: '1000' });
    expect(
      await t.sql(`SELECT detail FROM audit_log WHERE action = 'account.import' AND subject_id = $1`, [id]),
    ).toEqual([{ detail: { deals: 3, first: '1', last: '3' } }]);
  });

  it('may be sent again, in pages of any cut and order: the books are the same', async () => {
    const id = await newAccount();
    await send(id, HISTORY);
    const once = await facts(id);
    expect((await send(id, [...HISTORY].reverse())).body.stored).toBe(0);
    expect(await facts(id)).toEqual(once);
    expect(await sums(id)).toEqual({ booked: 1_099.5, flowed: 1_000, credited: 0 });
    const other = await newAccount();
    for (const page of [[ENTRY], [DEPOSIT, ENTRY], [EXIT]])
      expect((await send(other, page)).status).toBe(200);
    const bare = (rows: Record<string, unknown>[]) =>
      rows.map(({ id: _, trade_id: __, account_id: ___, ...row }) => row);
    const paged = await facts(other);
    expect(await sums(other)).toEqual(await sums(id));
    for (const part of ['deals', 'trades', 'legs'] as const)
      expect(bare(paged[part])).toEqual(bare(once[part]));
  });

  it('show a position as open until its exit comes, and never as gone', async () => {
    const id = await newAccount();
    await send(id, [DEPOSIT, ENTRY]);
    expect((await facts(id)).trades).toMatchObject([{ status: 'open', volume_open: '0.10000000' }]);
    await send(id, [EXIT]);
    expect((await facts(id)).trades).toMatchObject([{ status: 'closed', volume_open: '0.00000000' }]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['money', { profit: '100.01' }],
    ['time', { time: '2026-03-02T11:00:01Z' }],
    ['position', { position_id: '11' }],
    ['reason', { reason: 'sl' }],
    ['comment', { comment: 'x' }],
  ])(
    'conflict where one stands with another %s: named, and nothing of the page is stored',
    async (_, over) => {
      const id = await newAccount();
      await send(id, [DEPOSIT, ENTRY, EXIT]);
      const before = await facts(id);
      const fresh = deal({ ticket: '9', type: 'balance', symbol: '', profit: '-5' });
      const { status, body } = await send(id, [fresh, { ...EXIT, ...over }]);
      expect([status, body.type, body.ticket]).toEqual([409, 'urn:countersign:problem:conflict', '3']);
      expect(await facts(id)).toEqual(before);
    },
  );

  it('are only looked at in a dry run', async () => {
    const id = await newAccount();
    const before = await facts(id);
    expect((await send(id, HISTORY, user, { dry_run: true })).body).toMatchObject({ stored: 3 });
    expect(await facts(id)).toEqual(before);
    await send(id, HISTORY);
    const changed = await send(id, [{ ...EXIT, profit: '1' }], user, { dry_run: true });
    expect(changed.status).toBe(409);
  });

  it('come whole from two that import the same at once', async () => {
    const id = await newAccount();
    const many = Array.from({ length: 40 }, (_, i) =>
      deal({ ticket: String(100 + i), type: 'balance', symbol: '', profit: String(i + 1) }),
    );
    const pages = Array.from({ length: 4 }, (_, i) => many.slice(i * 10, i * 10 + 10));
    const answers = await Promise.all([...pages, ...pages].map((page) => send(id, page)));
    // Who loses every race may be told to try again; what is stored is whole either way.
    const took = answers.filter((a) => a.status === 200);
    expect(answers.filter((a) => a.status !== 200 && a.status !== 503)).toEqual([]);
    expect(took.reduce((sum, a) => sum + a.body.stored, 0)).toBe((await facts(id)).deals.length);
    for (const page of pages) await send(id, page);
    expect((await facts(id)).deals).toHaveLength(40);
  });
});

describe('who may import, and where', () => {
  it('is the account’s own user alone, into an account that no bridge drives', async () => {
    const id = await newAccount();
    const stranger = await askingAs(stage, await makeUser(stage), ['trading:act']);
    const owner = await askingAs(stage, await makeUser(stage, 'owner'), ['trading:act', 'admin']);
    for (const who of [stranger, owner]) expect((await send(id, HISTORY, who)).status).toBe(403);
    const reader = await askingAs(stage, userId, ['trading:read']);
    expect((await send(id, HISTORY, reader)).status).toBe(403);
    for (const unknown of [stage.deps.ids.next(), 'x'])
      expect((await send(unknown, HISTORY)).status).toBe(404);
    const bridge = await makeBridge(stage, userId);
    const driven = await makeAccount(stage, { userId, bridgeId: bridge.id, producerIds: [] });
    const { status, body } = await send(driven.id, HISTORY);
    expect([status, body.detail]).toEqual([
      409,
      'the account has a bridge: its history is its broker’s to tell',
    ]);
    expect((await facts(id)).deals).toEqual([]);
    expect((await facts(driven.id)).deals).toEqual([]);
  });

  it('is refused with what is wrong by its pointer, as other routes do', async () => {
    const id = await newAccount();
    const wrong = await send(id, [DEPOSIT, { ...ENTRY, profit: 'x', more: 1 }]);
    expect(wrong.status).toBe(422);
    expect(wrong.body.errors.map((e: { pointer: string }) => e.pointer).sort()).toEqual([
      '/deals/1/more',
      '/deals/1/profit',
    ]);
    const path = `/api/v1/accounts/${id}/deals`;
    const large = { deals: HISTORY, note: 'x'.repeat(4 * 1024 * 1024) };
    expect((await said(user('POST', path, large))).status).toBe(413);
    expect((await said(user('POST', path, { deals: [] }))).status).toBe(422);
    expect((await said(user('POST', path))).status).toBe(415);
    expect((await facts(id)).deals).toEqual([]);
  });
});
