// The commands of an account whose bridge polls: what is handed out, once, and what each word of the bridge makes of it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handOutCommands } from '../../functions/execution/hand-out-commands.ts';
import { runTick } from '../../functions/jobs.ts';
import { storeSignal } from '../support/organisation.ts';
import { PolledDesk } from '../support/polled-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let desk: PolledDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
/** The account is known to its bridge, and nothing waits. */
beforeEach(async () => {
  desk = await PolledDesk.make(t);
  await desk.sync();
  await desk.sync();
  desk.exchanges.splice(0);
});
afterAll(() => t?.drop());

const login = () => desk.at.desk.account.login;
const accountId = () => desk.at.desk.account.id;
const advance = (ms: number) => desk.at.deps.clock.advance(ms);
const fault = (kind: string, more: object = {}) =>
  desk.at.control('/fault', { kind, login: login(), ...more });
const command = async (id: unknown) => (await t.sql('SELECT * FROM commands WHERE id = $1', [id]))[0];
const executed = (id: unknown) => desk.at.book().journal.find((j) => j.cmd_id === id)?.executed ?? 0;
/** An approved signal's command, which waits. */
async function approved(): Promise<string> {
  const { command: made } = await desk.at.approve();
  expect(made).toMatchObject({ state: 'created' });
  return String(made?.['id']);
}
const kinds = () => desk.last.said.requests.map((r: { kind: string }) => r.kind);
/** What a bridge would bring, were it to say so. */
const word = (id: string, over: object = {}) => ({
  ...{ v: 1, kind: 'execute', request_id: 'x', boot_id: 'b', seq: 1 },
  result: {
    ...{ cmd_id: id, attempt: 0, outcome: 'done', retcode: 10_009, order: '7', deal: null, price: null },
    ...{ volume: null, reason: null },
    ...over,
  },
});
/** Brings these words as they are, without another look at the terminal. */
const bring = (...replies: ReturnType<typeof word>[]) =>
  handOutCommands(
    desk.at.deps,
    accountId(),
    {
      bridge: {
        lane: 'polled',
        ...Object.fromEntries(['snapshot', 'execute', 'lookup', 'candles'].map((ask) => [ask, never])),
      } as never,
      results: replies.map((r) => r.result) as never,
    },
    async () => ({ seen: null, handsOut: false }),
  );
const never = async () => {
  throw new Error('nothing is asked here');
};

describe('a command', () => {
  it('is committed as sent when it leaves, and what came of it is taken with the next request', async () => {
    const id = await approved();
    expect(await desk.sync()).toMatchObject({ nextMs: 2_000 });
    expect(desk.last.said.requests).toMatchObject([
      { kind: 'execute', command: { cmd_id: id, attempt: 0, expires_at: expect.any(String) } },
    ]);
    expect(await command(id)).toMatchObject({ state: 'sent', attempt: 0, lease_epoch: expect.anything() });
    expect(executed(id)).toBe(1);
    await desk.sync();
    expect(await command(id)).toMatchObject({ state: 'done', retcode: 10_009 });
    expect(kinds()).toEqual([]);
    const [trade] = await t.sql('SELECT command_id, status FROM trades WHERE account_id = $1', [accountId()]);
    expect(trade).toEqual({ command_id: id, status: 'open' });
  });

  it('is sent by nothing but a reply: neither its event, nor the schedule, nor a reconciliation', async () => {
    const id = await approved();
    const { deps } = desk.at;
    await runTick(deps, deps.clock.nowMs());
    expect(await desk.at.reconcile()).toMatchObject({ outcome: 'awaits-sync' });
    expect(await command(id)).toMatchObject({ state: 'created' });
    expect(deps.clock.nowMs()).toBe(Date.parse('2026-03-02T10:00:00Z'));
  });

  it('that nobody fetches ends with its time, by the schedule', async () => {
    const id = await approved();
    const { deps } = desk.at;
    advance(60_000);
    await runTick(deps, deps.clock.nowMs());
    const turns = deps.sent.flatMap((m) => (m.kind === 'schedule' ? m.account_ids : []));
    expect(turns).toContain(accountId());
    deps.sent.splice(0);
    await desk.at.reconcile();
    expect(await command(id)).toMatchObject({ state: 'expired', reason: 'command-expired' });
    await desk.sync();
    expect(desk.handedOut()).toEqual([]);
  });

  it.each([
    ['that is not there', () => fault('disconnected', { on: 'snapshot' }), 'terminal-disconnected'],
    ['that is another', () => fault('switch:999'), 'account-mismatch'],
  ])('is not handed to a terminal %s, and waits', async (_what, arrange, outcome) => {
    desk.at.control('/accounts', {
      ...{ login: '999', server: 'Demo-1', currency: 'USD', margin_mode: 'hedging', balance: '5' },
    });
    const id = await approved();
    arrange();
    await desk.sync();
    expect(desk.last.said).toMatchObject({ outcome, requests: [] });
    expect(await command(id)).toMatchObject({ state: 'created' });
    await desk.sync();
    expect(desk.handedOut()).toMatchObject([{ cmd_id: id }]);
  });

  it('is not handed to a process that shows nothing yet, or not enough', async () => {
    const id = await approved();
    desk.at.host.restart();
    await desk.sync();
    expect(desk.last.said).toMatchObject({ outcome: null, requests: [] });
    await t.sql(`UPDATE accounts SET deals_cursor = deals_cursor - interval '1 hour' WHERE id = $1`, [
      accountId(),
    ]);
    await desk.sync();
    expect(desk.last.said).toMatchObject({ outcome: 'snapshot-incomplete', requests: [] });
    expect(await command(id)).toMatchObject({ state: 'created' });
    await desk.sync();
    expect(desk.handedOut()).toMatchObject([{ cmd_id: id }]);
  });

  it('is handed out though the snapshot does not add up: what a close is sent for is not to wait', async () => {
    await approved();
    fault('failed:deals', { on: 'snapshot' });
    await desk.sync();
    expect(desk.last.said).toMatchObject({ outcome: 'snapshot-incomplete' });
    expect(kinds()).toEqual(['execute']);
  });

  it('of a halted account is no entry, and a close goes', async () => {
    const id = await approved();
    await desk.sync();
    await desk.sync();
    const later = await approved();
    const { producer } = desk.at.desk;
    await t.sql('UPDATE accounts SET halted = true WHERE id = $1', [accountId()]);
    const close = await storeSignal(desk.at, producer.id, { intent: 'close', side: 'sell' });
    const made = await desk.at.approve(close.id);
    await desk.sync();
    expect(desk.handedOut().map((c) => c.cmd_id)).toEqual([id, made.command?.['id']]);
    expect(await command(later)).toMatchObject({ state: 'failed', reason: 'account-halted' });
    await desk.sync();
    expect(await command(made.command?.['id'])).toMatchObject({ state: 'done' });
  });
});

describe('a reply that is lost', () => {
  it('leaves the command unknown: it is looked up, never handed out again, and ends as not executed', async () => {
    const id = await approved();
    await desk.sync('lost');
    expect(desk.handedOut()).toHaveLength(1);
    expect(await command(id)).toMatchObject({ state: 'sent' });
    for (let i = 0; i < 30; i += 1) {
      advance(10_000);
      await desk.sync();
      const { state } = (await command(id)) ?? {};
      if (state !== 'unknown') break;
      expect(executed(id)).toBe(0);
    }
    const ended = await command(id);
    expect(ended).toMatchObject({ state: 'not_executed', attempt: 0 });
    expect(Number(ended?.['negative_lookups'])).toBeGreaterThan(0);
    const late = Number(ended?.['resolved_at']) - Number(ended?.['sent_at']);
    expect(late).toBeGreaterThanOrEqual(180_000);
    expect(desk.handedOut()).toHaveLength(1);
    expect(executed(id)).toBe(0);
  });

  it('before its horizon and its deadline is not taken for an order that was not placed, in whatever hands it is', async () => {
    const limit = { order_type: 'limit' as const, price: '2030.10' };
    const signal = await storeSignal(desk.at, desk.at.desk.producer.id, limit);
    const { command: made } = await desk.at.approve(signal.id);
    const id = made?.['id'];
    await desk.sync('lost');
    // The deadline of a pending order is five minutes, beyond the horizon: a slow process may still place it.
    advance(170_000);
    for (const ms of [10_000, 40_000, 2_000, 40_000, 2_000]) {
      advance(ms);
      await desk.sync();
    }
    expect(await command(id)).toMatchObject({ state: 'unknown', attempt: 0 });
    advance(60_000);
    await desk.sync();
    await desk.sync();
    expect(await command(id)).toMatchObject({ state: 'not_executed', attempt: 0 });
    expect(desk.handedOut()).toHaveLength(1);
  });

  it('is not settled by one look that is told of twice', async () => {
    const id = await approved();
    await desk.sync('lost');
    advance(200_000);
    await desk.sync();
    expect(kinds()).toEqual(['lookup']);
    await desk.sync();
    const told = desk.last.sent.replies;
    expect(told).toMatchObject([{ kind: 'lookup', journal: 'absent' }]);
    expect(await command(id)).toMatchObject({ state: 'unknown', negative_lookups: 1 });
    advance(31_000);
    await desk.bring(told);
    expect(desk.last.said).toMatchObject({ outcome: 'applied' });
    expect(await command(id)).toMatchObject({ state: 'unknown', negative_lookups: 1 });
    await desk.sync();
    await desk.sync();
    expect(await command(id)).toMatchObject({ state: 'not_executed' });
  });

  it('with the result that it answered costs nothing: the result is brought again', async () => {
    const id = await approved();
    await desk.sync();
    await desk.sync('lost');
    expect(await command(id)).toMatchObject({ state: 'done' });
    await desk.sync();
    expect(desk.last.sent.replies).toMatchObject([{ result: { cmd_id: id } }]);
    expect(await command(id)).toMatchObject({ state: 'done' });
    await desk.sync();
    expect(desk.last.sent.replies).toEqual([]);
  });

  it('and a request that is lost are brought again', async () => {
    const id = await approved();
    await desk.sync();
    await desk.sync('dropped');
    expect(await command(id)).toMatchObject({ state: 'sent' });
    await desk.sync();
    expect(await command(id)).toMatchObject({ state: 'done' });
  });
});

describe('a death of the bridge', () => {
  it.each([
    ['before the broker heard of it', 'crash_after_intent', 0],
    ['after the broker acted', 'crash_after_send', 1],
  ])('%s is settled by looking', async (_when, kind, times) => {
    const id = await approved();
    fault(kind);
    await desk.sync();
    const boot = desk.last.sent.snapshot.boot_id;
    for (
      let i = 0;
      i < 30 && !['done', 'not_executed'].includes(String((await command(id))?.['state']));
      i += 1
    ) {
      advance(10_000);
      await desk.sync();
    }
    expect(desk.last.sent.snapshot.boot_id).not.toBe(boot);
    expect(await command(id)).toMatchObject({ state: times === 1 ? 'done' : 'not_executed', attempt: 0 });
    expect([executed(id), desk.handedOut().length]).toEqual([times, 1]);
  });
});

describe('a second process beside the account', () => {
  it('brings facts that are taken, and never carries out what the first was handed', async () => {
    const id = await approved();
    await desk.sync('lost');
    const other = desk.secondProcess();
    for (let i = 0; i < 25; i += 1) {
      advance(10_000);
      await desk.sync('ok', other);
    }
    expect(desk.last.said).toMatchObject({ outcome: 'applied' });
    expect(await command(id)).toMatchObject({ state: 'not_executed' });
    await desk.sync();
    expect([executed(id), desk.handedOut().length]).toEqual([0, 1]);
  });

  it('does not undo what the first has seen later', async () => {
    const other = desk.secondProcess();
    await desk.sync('ok', other);
    const seen = desk.at.deps.clock.nowMs();
    advance(5_000);
    await desk.sync();
    expect(desk.last.said).toMatchObject({ outcome: 'applied' });
    const snapshotAt = async () =>
      (await t.sql('SELECT snapshot_at FROM accounts WHERE id = $1', [accountId()]))[0]?.['snapshot_at'];
    const before = await snapshotAt();
    // Its look was five seconds ago, and took so long to come.
    desk.at.deps.clock.set(seen);
    const slow = other.sync();
    desk.at.deps.clock.set(seen + 5_000);
    await slow;
    expect(desk.last.said).toMatchObject({ outcome: 'snapshot-out-of-order', requests: [] });
    expect(await snapshotAt()).toEqual(before);
  });
});

describe('a word of the bridge', () => {
  it('counts once, for its attempt, while its fate is open', async () => {
    const id = await approved();
    const untouched = async (...words: ReturnType<typeof word>[]) => {
      const before = await command(id);
      await bring(...words);
      expect(await command(id)).toEqual(before);
    };
    // Nobody has it yet.
    await untouched(word(id));
    await desk.sync('lost');
    await bring(word(id, { attempt: 1 }), word(id, { attempt: null }), word(id, { attempt: undefined }));
    expect(await command(id)).toMatchObject({ state: 'unknown', reason: 'interrupted', attempt: 0 });
    await bring(word(id, { outcome: 'failed', retcode: 10_019 }), word(id));
    expect(await command(id)).toMatchObject({ state: 'failed', retcode: 10_019 });
    await untouched(word(id), word(id, { outcome: 'failed', retcode: 10_004 }));
  });

  it('is taken though another held the account a moment ago', async () => {
    const id = await approved();
    await desk.sync();
    const { clock } = desk.at.deps;
    const { sleep } = clock;
    const hold = (untilMs: number) =>
      t.sql(`UPDATE account_leases SET expires_at = $2 WHERE account_id = $1`, [
        ...[accountId(), new Date(untilMs).toISOString()],
      ]);
    await hold(clock.nowMs() + 60_000);
    clock.sleep = async (ms) => {
      await sleep(ms);
      await hold(0);
    };
    await desk.sync();
    expect(await command(id)).toMatchObject({ state: 'done', retcode: 10_009 });
  });

  it('about another account’s command, or none, changes nothing', async () => {
    const id = await approved();
    await desk.sync('lost');
    const others = await PolledDesk.make(t);
    const before = await command(id);
    await handOutCommands(
      others.at.deps,
      others.at.desk.account.id,
      { bridge: null as never, results: [word(id).result, word('no id').result] as never },
      async () => ({ seen: null, handsOut: false }),
    );
    expect(await command(id)).toEqual(before);
  });

  it('of a price that passed leads to one more attempt, which is handed out as the next', async () => {
    const id = await approved();
    fault('reject:10004');
    await desk.sync();
    await desk.sync();
    expect(desk.handedOut().map((c) => [c.cmd_id, c.attempt])).toEqual([
      [id, 0],
      [id, 1],
    ]);
    await desk.sync();
    expect(await command(id)).toMatchObject({ state: 'done', attempt: 1 });
    // The first attempt's word comes once more.
    await bring(word(id, { outcome: 'failed', retcode: 10_004 }));
    expect(await command(id)).toMatchObject({ state: 'done', attempt: 1 });
    expect(executed(id)).toBe(1);
  });

  it('that the broker lets nothing be traded halts the account', async () => {
    await approved();
    fault('reject:10027');
    await desk.sync();
    await desk.sync();
    expect(await t.sql('SELECT halted FROM accounts WHERE id = $1', [accountId()])).toEqual([
      { halted: true },
    ]);
  });

  it('that comes while another holds the account is not lost: what it told is looked up', async () => {
    const id = await approved();
    fault('reject:10019');
    await desk.sync();
    await t.sql(`UPDATE account_leases SET expires_at = now() + interval '1 hour' WHERE account_id = $1`, [
      accountId(),
    ]);
    await desk.sync();
    expect(desk.last.said).toMatchObject({ outcome: 'applied', requests: [] });
    await t.sql(`UPDATE account_leases SET expires_at = 'epoch' WHERE account_id = $1`, [accountId()]);
    expect(await command(id)).toMatchObject({ state: 'sent' });
    await desk.sync();
    expect(desk.last.sent.replies).toEqual([]);
    expect(kinds()).toEqual(['lookup']);
    await desk.sync();
    expect(await command(id)).toMatchObject({ state: 'failed', retcode: 10_019 });
    expect(desk.handedOut()).toHaveLength(1);
  });
});
