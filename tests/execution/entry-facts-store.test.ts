// What an order is sized by, read from real rows: each figure comes from where it stands, and from nowhere else.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readEntryFacts } from '../../functions/execution/entry-facts-store.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { approveSignal, makeDesk, type Stage, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let approvalId: string;
let signalId: string;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
  signalId = (await storeSignal(stage, desk.producer.id)).id;
  approvalId = (await approveSignal(stage, signalId, desk.userId)).approval.id;
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
const facts = async () => {
  const found = await readEntryFacts(t.db, approvalId);
  if (found === null) throw new Error('there are no facts');
  return found;
};
const position = (
  id: string,
  over: { symbol?: string; side?: string; volume?: string; account?: string } = {},
) =>
  t.sql(
    `INSERT INTO positions (account_id, identifier, ticket, symbol, side, volume, price_open, price_current, swap,
       profit, magic, comment, opened_at, snapshot_at)
     VALUES ($1, $2, $3, $4, $5, $6, 1, 1, 0, 0, '0', '', $7, $7)`,
    [
      ...[over.account ?? desk.account.id, id, `t${id}`, over.symbol ?? 'XAUUSD', over.side ?? 'buy'],
      ...[over.volume ?? '0.2', isoTime(nowMs() + Number(id))],
    ],
  );
let magics = 0;
const command = (over: {
  state: string;
  kind?: string;
  sentMs?: number;
  resolvedMs?: number;
  type?: string;
  order?: string;
}) => {
  magics += 1;
  return t.sql(
    `INSERT INTO commands (id, account_id, kind, symbol, instruction, magic, comment, attempt, state, expires_at,
       negative_lookups, sent_at, resolved_at, order_ticket, created_at, updated_at)
     VALUES ($1, $2, $3, 'XAUUSD', $4, $5, 'cs', 0, $6, $7, 0, $8, $9, $10, $7, $7)`,
    [
      ...[stage.deps.ids.next(), desk.account.id, over.kind ?? 'open'],
      ...[JSON.stringify({ order: { type: over.type ?? 'buy', volume: '0.5' } }), magics, over.state],
      isoTime(nowMs()),
      over.sentMs === undefined ? null : isoTime(over.sentMs),
      over.resolvedMs === undefined ? null : isoTime(over.resolvedMs),
      over.order ?? null,
    ],
  );
};

describe('the facts of an entry', () => {
  it('are the account, its symbol as the snapshot stated it, and the signal', async () => {
    await t.sql('UPDATE signals SET order_expires_at = $2 WHERE id = $1', [signalId, isoTime(nowMs() + 9)]);
    expect(await facts()).toMatchObject({
      account: { id: desk.account.id, orderVolume: '0.10000000' },
      symbol: 'XAUUSD',
      specification: { tickSize: '0.01', volumeLimit: null, stopsLevel: 20, tradeMode: 'full' },
      ...{ exposures: 0, buyVolume: '0', sellVolume: '0' },
      stake: { positions: [], commands: [], unmade: [expect.objectContaining({ volume: '0.1' })] },
      signal: { instrument: 'XAUUSD', stale: false, cancelled: false, orderExpiresMs: nowMs() + 9 },
      ...{ signalId, deployment: { halted: false, epochBehind: false }, ordersMade: 0n },
      terms: { max_volume: '0.1', intent: 'open' },
    });
  });

  it('are of the symbol that the broker has for the instrument', async () => {
    await t.sql(`UPDATE accounts SET symbols = '{"XAUUSD": "GOLD.m"}' WHERE id = $1`, [desk.account.id]);
    expect(await facts()).toMatchObject({ symbol: 'GOLD.m', specification: null });
    await t.sql(
      `INSERT INTO account_symbols SELECT account_id, 'GOLD.m', spec || '{"volume_step": "0.1"}', 1.5, 2.5, snapshot_at
       FROM account_symbols WHERE account_id = $1 AND symbol = 'XAUUSD'`,
      [desk.account.id],
    );
    await position('1', { symbol: 'GOLD.m' });
    await position('2');
    expect(await facts()).toMatchObject({
      ...{ specification: { volumeStep: '0.1' }, buyVolume: '1.7', sellVolume: '2.5', exposures: 2 },
    });
  });

  it('count positions, working orders and what is on its way, by side', async () => {
    await position('1');
    await position('2', { side: 'sell', volume: '0.7' });
    await position('3', { symbol: 'EURUSD', volume: '4' });
    await t.sql(`UPDATE accounts SET state = '{"orders": "2"}' WHERE id = $1`, [desk.account.id]);
    await t.sql(`UPDATE account_symbols SET pending_sell = 1 WHERE account_id = $1 AND symbol = 'XAUUSD'`, [
      desk.account.id,
    ]);
    await command({ state: 'created', type: 'buy_limit', kind: 'place' });
    expect(await facts()).toMatchObject({ exposures: 6, buyVolume: '0.7', sellVolume: '1.7' });
  });

  it('count a command whose end is open however old it is, and none that failed, ended or closed', async () => {
    const longAgoMs = nowMs() - 86_400_000;
    for (const state of ['failed', 'expired', 'not_executed', 'ended'])
      await command({ state, sentMs: nowMs(), resolvedMs: nowMs() });
    for (const state of ['created', 'sent', 'unknown'])
      await command({ state, sentMs: nowMs(), kind: 'close', type: 'sell' });
    expect(await facts()).toMatchObject({ exposures: 0, buyVolume: '0', sellVolume: '0' });
    for (const state of ['created', 'sent', 'unknown']) await command({ state, sentMs: longAgoMs });
    await command({ state: 'unknown', kind: 'place', type: 'sell_limit', sentMs: longAgoMs });
    expect(await facts()).toMatchObject({ exposures: 4, buyVolume: '1.5', sellVolume: '0.5' });
  });

  it('count a command that acted until a snapshot must show it', async () => {
    const snapshotMs = nowMs();
    const beforeMs = snapshotMs - 30_001;
    await command({ state: 'done', sentMs: beforeMs - 1, resolvedMs: beforeMs });
    await command({ state: 'partial', sentMs: beforeMs - 1, resolvedMs: beforeMs });
    await command({ state: 'placed', sentMs: beforeMs, kind: 'place', type: 'buy_limit' });
    expect(await facts()).toMatchObject({ exposures: 0, buyVolume: '0' });
    await command({ state: 'done', sentMs: beforeMs, resolvedMs: beforeMs + 1 });
    expect((await facts()).buyVolume).toBe('0.5');
    await command({ state: 'placed', sentMs: beforeMs + 1, kind: 'place', type: 'buy_limit' });
    expect(await facts()).toMatchObject({ exposures: 2, buyVolume: '1' });
    await t.sql('UPDATE accounts SET snapshot_at = NULL WHERE id = $1', [desk.account.id]);
    expect(await facts()).toMatchObject({ exposures: 5, buyVolume: '2.5' });
  });

  it('count once what a command has opened, as soon as the position is there with all its volume', async () => {
    await command({ state: 'done', sentMs: nowMs(), resolvedMs: nowMs(), order: '9' });
    await position('8', { volume: '0.5' });
    await position('9', { volume: '0.2' });
    expect(await facts(), 'rather twice than not at all').toMatchObject({ exposures: 3, buyVolume: '1.2' });
    await t.sql(`UPDATE positions SET volume = 0.5 WHERE account_id = $1`, [desk.account.id]);
    expect(await facts()).toMatchObject({ exposures: 2, buyVolume: '1' });
    await t.sql(`UPDATE commands SET state = 'unknown' WHERE account_id = $1`, [desk.account.id]);
    expect(await facts(), 'until it is known to be the same').toMatchObject({
      exposures: 3,
      buyVolume: '1.5',
    });
  });

  it('draw numbers that nobody else has', async () => {
    const drawn = await Promise.all(Array.from({ length: 20 }, facts));
    expect(new Set(drawn.map((f) => f.commandNumber)).size).toBe(20);
  });

  it('are none of a close that was opened', async () => {
    await t.sql(
      `INSERT INTO exits (approval_id, account_id, state, next_at, expires_at, created_at, updated_at)
       VALUES ($1, $2, 'open', now(), now(), now(), now())`,
      [approvalId, desk.account.id],
    );
    expect(await readEntryFacts(t.db, approvalId)).toBeNull();
  });
});
