import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { consume } from '../../functions/jobs.ts';
import { DEFAULT_CALENDARS } from '../../functions/market/default-calendars.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { cancelSignal } from '../../functions/signals/cancel-store.ts';
import {
  approveSignal,
  auditOf,
  freshMarkets,
  makeDesk,
  type Stage,
  storeSignal,
} from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let signalId: string;
let approval: Awaited<ReturnType<typeof approveSignal>>;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  await t.sql(
    'UPDATE deployment SET halted = false, epoch_behind_at = NULL, epoch_behind_magic = NULL, epoch_doubts = 0',
  );
  await t.sql('DELETE FROM symbol_calendars');
  await t.sql('DELETE FROM trading_calendars');
  deps = testDeps(t);
  stage = { t, deps };
  desk = await makeDesk(stage);
  signalId = (await storeSignal(stage, desk.producer.id)).id;
  approval = await approveSignal(stage, signalId, desk.userId);
});
afterAll(() => t?.drop());

const deliver = () => consume(deps, [{ kind: 'outbox', id: approval.eventId }]);
const commands = () => t.sql('SELECT * FROM commands WHERE approval_id = $1', [approval.approval.id]);
const delivery = async () =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]))[0];
const eventDone = async () =>
  (await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [approval.eventId]))[0]?.[
    'done'
  ];
const setAccount = (change: string, values: unknown[] = []) =>
  t.sql(`UPDATE accounts SET ${change} WHERE id = $1`, [desk.account.id, ...values]);

describe('the execution of an approval', () => {
  it('makes one command within the terms, with a magic of this deployment, and hands its event on', async () => {
    await deliver();
    const [command, ...more] = await commands();
    expect(more).toEqual([]);
    expect(command).toMatchObject({
      account_id: desk.account.id,
      signal_id: signalId,
      kind: 'open',
      symbol: 'XAUUSD',
      state: 'created',
      expires_at: new Date(deps.clock.nowMs() + 30_000),
      instruction: {
        kind: 'open',
        pre: {
          login: desk.account.login,
          server: 'Demo-1',
          symbol: 'XAUUSD',
          price_low: '2024.93',
          price_high: '2045.27',
        },
        order: { symbol: 'XAUUSD', type: 'buy', volume: '0.1' },
      },
    });
    const [{ magic_namespace: namespace } = {}] = await t.sql('SELECT magic_namespace FROM deployment');
    expect(BigInt(String(command?.['magic'])) >> 40n).toBe(BigInt(Number(namespace)));
    expect(String(command?.['comment'])).toBe(`cs${String(command?.['id']).replaceAll('-', '').slice(-12)}`);
    expect(await eventDone()).toBe(true);
    const [next] = await t.sql(`SELECT id FROM outbox WHERE payload->>'command_id' = $1`, [command?.['id']]);
    expect(deps.sent).toEqual([{ kind: 'outbox', id: next?.['id'] }]);
  });

  it('sends its command itself where the queue takes nothing: it may not wait for the sweep', async () => {
    const { queue } = deps;
    let asked = 0;
    const send: typeof queue.send = async (...message) => {
      asked += 1;
      if (asked === 1) throw new Error('the queue takes nothing');
      await queue.send(...message);
    };
    deps.queue = { send };
    await deliver();
    // Nobody has answered: it has left us.
    expect((await commands()).map((c) => c['state'])).toEqual(['unknown']);
    expect(deps.sent).toEqual([{ kind: 'reconcile', account_id: desk.account.id }]);
  });

  it('makes one command though the message comes twice, or to 20 consumers at once', async () => {
    await Promise.all(Array.from({ length: 20 }, deliver));
    await deliver();
    expect((await commands()).length).toBe(1);
    expect(deps.sent.length).toBe(1);
    expect(await eventDone()).toBe(true);
  });

  it('draws a different magic for every command', async () => {
    const magics = new Set<unknown>();
    for (let i = 0; i < 5; i += 1) {
      const other = await approveSignal(stage, (await storeSignal(stage, desk.producer.id)).id, desk.userId);
      await consume(deps, [{ kind: 'outbox', id: other.eventId }]);
      const [row] = await t.sql('SELECT magic FROM commands WHERE approval_id = $1', [other.approval.id]);
      magics.add(row?.['magic']);
    }
    expect(magics.size).toBe(5);
  });

  it.each([
    ['account-halted', () => setAccount('halted = true')],
    ['deployment-halted', () => t.sql('UPDATE deployment SET halted = true')],
    ['account-unbound', () => setAccount('login = NULL, bound_at = NULL')],
    ['signal-stale', () => t.sql('UPDATE signals SET stale = true WHERE id = $1', [signalId])],
    [
      'signal-expired',
      () =>
        t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [signalId, isoTime(deps.clock.nowMs())]),
    ],
    ['bridge-silent', () => setAccount('snapshot_at = $2', [isoTime(deps.clock.nowMs() - 60_001)])],
    ['quote-stale', () => setSymbol({ quoted_at: isoTime(deps.clock.nowMs() - 60_001) })],
    ['terminal-disconnected', () => heard('terminal-disconnected')],
    ['account-mismatch', () => heard('account-mismatch')],
    ['epoch-behind', () => freeze()],
    ['epoch-behind', () => setAccount('epoch_behind_at = now(), epoch_behind_magic = 1')],
    ['epoch-unproven', () => t.sql('UPDATE deployment SET epoch_doubts = 1')],
    ['approval-expired', async () => deps.clock.advance(90_000)],
    ['calendar-unreadable', () => override({ tz: 'Nowhere/City' })],
    ['market-closed', () => override({ weekly: [session(2, '00:00', 3, '00:00')] })],
    ['market-close-only', () => override({ rollover: { from: '09:59', to: '10:01', mode: 'close_only' } })],
    [
      'market-blocked',
      () =>
        override({ blocklist: [{ from: '2026-03-02T10:00:00Z', to: '2026-03-02T10:00:01Z', label: 'n' }] }),
    ],
    ['market-opening', () => override({ weekly: [session(1, '09:56', 5, '00:00')] })],
    ['market-closing', () => override({ weekly: [session(0, '00:00', 1, '10:10')] })],
    ['calendar-unknown', () => renamed()],
    ['volume-above-approved', () => setAccount('order_volume = 0.11')],
    ['nothing-to-close', () => setTerms({ intent: 'close' })],
    ['entry-through-market', () => setTerms({ order_type: 'limit' })],
    ['price-outside-band', () => setTerms({ order_type: 'limit', price: '2024.9' })],
    ['stop-too-close', () => setTerms({ stop_loss: '2035' })],
    ['instrument-not-allowed', () => setAccount(`instruments = '{EURUSD}'`)],
    ['max-positions-reached', () => setAccount(`max_positions = 1, state = '{"orders": "1"}'`)],
    ['stop-required', () => setAccount('risk_bps = 100')],
    ['symbol-unknown', () => setAccount(`symbols = '{"XAUUSD": "GOLD.m"}'`)],
    ['trade-mode', () => setSymbol({ trade_mode: 'short_only' })],
    ['symbol-incomplete', () => setSymbol({ tick_size: null })],
    ['volume-limit-reached', () => setSymbol({ volume_limit: '0.09' })],
    ['volume-off-step', () => setSymbol({ volume_step: '0.03' })],
  ])(
    'is refused as %s: no command, the delivery failed with the reason, the event done',
    async (reason, change) => {
      await change();
      await deliver();
      await deliver();
      expect(await commands()).toEqual([]);
      expect(await delivery()).toEqual({ status: 7, refusal: reason });
      expect(await eventDone()).toBe(true);
      expect(deps.sent).toEqual([]);
    },
  );

  it('places a limit order within the approved band, and sends it for five minutes', async () => {
    await setTerms({ order_type: 'limit', price: '2030.004', stop_loss: '2020.006', take_profit: null });
    await t.sql('UPDATE signals SET order_expires_at = $2 WHERE id = $1', [
      signalId,
      isoTime(deps.clock.nowMs() + 3_600_000),
    ]);
    await deliver();
    const [command] = await commands();
    expect(command).toMatchObject({
      kind: 'place',
      expires_at: new Date(deps.clock.nowMs() + 300_000),
      instruction: {
        order: {
          ...{ type: 'buy_limit', price: '2030', stop_loss: '2020', volume: '0.1' },
          expires_at: isoTime(deps.clock.nowMs() + 3_600_000),
        },
      },
    });
  });

  it('ends a limit order with the session before, where the market is closed when it was to end', async () => {
    await setTerms({ order_type: 'limit', price: '2030', stop_loss: null, take_profit: null });
    const saturday = '2026-03-07T06:00:00.000Z';
    await t.sql('UPDATE signals SET order_expires_at = $2 WHERE id = $1', [signalId, saturday]);
    await deliver();
    expect(await commands()).toMatchObject([
      { instruction: { order: { expires_at: '2026-03-06T22:00:00.000Z' } } },
    ]);
  });

  it('opens a close once, however often its event comes, though the account is halted', async () => {
    await setTerms({ intent: 'close', side: 'sell', max_volume: '1' });
    await setAccount('halted = true');
    for (const id of ['71', '72']) await ownPosition(id);
    await Promise.all(Array.from({ length: 10 }, deliver));
    await deliver();
    expect(await t.sql('SELECT state FROM exits WHERE approval_id = $1', [approval.approval.id])).toEqual([
      { state: 'open' },
    ]);
    const made = await commands();
    expect(made.map((c) => c['kind'])).toEqual(['close', 'close']);
    expect(new Set(made.map((c) => c['magic'])).size).toBe(2);
    const tickets = made.map((c) => (c['instruction'] as { pre: { position_id: string } }).pre.position_id);
    expect(tickets.sort()).toEqual(['71', '72']);
    expect(await eventDone()).toBe(true);
  });

  it('never opens more positions than the account may have, however many are approved at once', async () => {
    await setAccount('max_positions = 2');
    const others = await Promise.all(
      Array.from({ length: 5 }, async () =>
        approveSignal(stage, (await storeSignal(stage, desk.producer.id)).id, desk.userId),
      ),
    );
    const events = [approval, ...others].map((a) => a.eventId);
    await Promise.all(events.map((id) => consume(deps, [{ kind: 'outbox', id }])));
    await Promise.all(events.map((id) => consume(deps, [{ kind: 'outbox', id }])));
    const made = await t.sql('SELECT 1 FROM commands WHERE account_id = $1', [desk.account.id]);
    expect(made.length).toBe(2);
    const refused = await t.sql(
      `SELECT count(*)::int AS n FROM deliveries WHERE user_id = $1 AND refusal = 'max-positions-reached'`,
      [desk.userId],
    );
    expect(refused).toEqual([{ n: 4 }]);
  });

  it('closes in a closed market, of a bridge that is silent', async () => {
    await override({ weekly: [session(2, '00:00', 3, '00:00')] });
    await setAccount('snapshot_at = $2', [isoTime(deps.clock.nowMs() - 3_600_000)]);
    await setTerms({ intent: 'close', side: 'sell', max_volume: '1' });
    await ownPosition('71');
    await deliver();
    expect((await commands()).map((c) => c['kind'])).toEqual(['close']);
  });

  it('makes no command that may be sent after the market takes no entries', async () => {
    deps.clock.advance(-12_000);
    await override({ weekly: [session(0, '00:00', 1, '10:10')] });
    await deliver();
    expect(await commands()).toMatchObject([{ expires_at: new Date(START_MS) }]);
  });

  it('never follows a cancellation: the delivery stays cancelled', async () => {
    expect(await cancelSignal(t.db, signalId, auditOf(deps, signalId))).toBe('cancelled');
    await deliver();
    expect(await commands()).toEqual([]);
    expect((await delivery())?.['status']).toBe(5);
    expect(await eventDone()).toBe(true);
  });

  it.each([
    ['a halt of the account', () => setAccount('halted = true'), 'account-halted'],
    ['a halt of the deployment', () => t.sql('UPDATE deployment SET halted = true'), 'deployment-halted'],
  ])('is refused by %s between reading and writing', async (_what, halt, reason) => {
    const { db } = deps;
    let reads = 0;
    deps.db = {
      batch: db.batch,
      run: async (statement) => {
        const rows = await db.run(statement);
        // The second statement of the consumer reads the facts; the halt commits just after it.
        reads += 1;
        if (reads === 2) await halt();
        return rows;
      },
    };
    await deliver();
    expect(await commands()).toEqual([]);
    expect(await delivery()).toEqual({ status: 7, refusal: reason });
  });

  it('makes a command that lives no longer than a minute and a half after the countersignature', async () => {
    deps.clock.advance(70_000);
    await freshMarkets(stage);
    await deliver();
    expect((await commands()).map((c) => c['expires_at'])).toEqual([new Date(START_MS + 90_000)]);
  });

  it('is tried again where the database failed: the event stays to be done, with the cause noted', async () => {
    const { db } = deps;
    deps.db = {
      run: db.run,
      batch: async () => {
        throw new Error('secret: a parameter');
      },
    };
    await setAccount('halted = true');
    expect((await deliver()).size).toBe(1);
    const [row] = await t.sql('SELECT done_at, last_error FROM outbox WHERE id = $1', [approval.eventId]);
    expect(row?.['done_at']).toBeNull();
    expect(String(row?.['last_error'])).toMatch(/^Error /);
    expect(String(row?.['last_error'])).not.toContain('secret');
    deps.db = db;
    await deliver();
    expect(await delivery()).toEqual({ status: 7, refusal: 'account-halted' });
  });
});

/** Notes that the bridge was heard a second ago, and how that ended. */
async function heard(outcome: string): Promise<void> {
  const at = isoTime(deps.clock.nowMs() - 1_000);
  await t.sql('INSERT INTO bridge_contacts VALUES ($1, $2, $3, 0, $2, $2)', [desk.bridge.id, at, outcome]);
}

async function freeze(): Promise<void> {
  await t.sql('UPDATE deployment SET epoch_behind_at = $1, epoch_behind_magic = 1', [
    isoTime(deps.clock.nowMs()),
  ]);
}

const session = (from: number, open: string, to: number, close: string) => ({
  open: { dow: from, hhmm: open },
  close: { dow: to, hhmm: close },
});

/** A calendar for gold at the desk's server that is always open, but for the change. */
async function override(change: Record<string, unknown>): Promise<void> {
  const definition = { ...DEFAULT_CALENDARS.get('crypto')?.definition, id: 'odd', ...change };
  const at = isoTime(deps.clock.nowMs());
  await t.sql(`INSERT INTO trading_calendars VALUES ('odd', 1, $1, $2, $2)`, [
    JSON.stringify(definition),
    at,
  ]);
  await t.sql(`INSERT INTO symbol_calendars VALUES ('Demo-1', 'XAUUSD', 'override', 'odd', $1)`, [at]);
}

/** The signal is about an instrument of a class that has no calendar; its broker trades it as gold. */
async function renamed(): Promise<void> {
  await t.sql(`INSERT INTO instruments SELECT 'SUGAR', digits, enabled, created_at FROM instruments
    WHERE symbol = 'XAUUSD' ON CONFLICT DO NOTHING`);
  await t.sql(`UPDATE signals SET instrument = 'SUGAR' WHERE id = $1`, [signalId]);
  await setAccount(`symbols = '{"SUGAR": "XAUUSD"}'`);
}

async function setTerms(change: Record<string, unknown>): Promise<void> {
  await t.sql('UPDATE approvals SET terms = terms || $2 WHERE id = $1', [
    approval.approval.id,
    JSON.stringify(change),
  ]);
}

async function setSymbol(change: Record<string, unknown>): Promise<void> {
  await t.sql(`UPDATE account_symbols SET spec = spec || $2 WHERE account_id = $1 AND symbol = 'XAUUSD'`, [
    desk.account.id,
    JSON.stringify(change),
  ]);
}

async function ownPosition(id: string): Promise<void> {
  const at = isoTime(deps.clock.nowMs());
  await t.sql(
    `INSERT INTO positions (account_id, identifier, ticket, symbol, side, volume, price_open, price_current, swap,
       profit, magic, comment, opened_at, snapshot_at)
     VALUES ($1, $2, $2, 'XAUUSD', 'buy', 0.1, 1, 1, 0, 0, '0', '', $3, $3)`,
    [desk.account.id, id, at],
  );
  await t.sql(
    `INSERT INTO trades (id, user_id, instrument, account_id, position_id, signal_id, source, symbol, side, status, volume, volume_open,
       entry_price, profit, swap, commission, fee, net, opened_at, updated_at)
     VALUES ($1, (SELECT user_id FROM accounts WHERE id = $2), 'XAUUSD', $2, $3, $4, 'bot', 'XAUUSD', 'buy', 'open', 0.1, 0.1, 1, 0, 0, 0, 0, 0, $5, $5)`,
    [deps.ids.next(), desk.account.id, id, signalId, at],
  );
}
