import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS, type Lease, takeLease } from '../../functions/execution/account-lease-store.ts';
import { setHalted } from '../../functions/execution/account-store.ts';
import {
  leaseBeforeWaiting,
  refuseUnsendable,
  releaseLease,
  sendNext,
} from '../../functions/execution/command-queue-store.ts';
import { listCommands, readCommand } from '../../functions/execution/command-store.ts';
import { GIVEN_IN_DOUBT } from '../../functions/execution/restore-epoch.ts';
import { auditOf, makeDesk, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';
import { type Desk, type Given, madeCommand } from './made-commands.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Desk;
let lease: Lease;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  await t.sql(
    `UPDATE deployment SET halted = false, epoch_behind_at = NULL, epoch_behind_magic = NULL, magic_epoch = 0,
       epoch_doubts = 0`,
  );
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
  lease = await taken();
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
const advance = (ms: number) => stage.deps.clock.advance(ms);
async function taken(): Promise<Lease> {
  const found = await takeLease(t.db, desk.account.id, nowMs());
  if (found === null) throw new Error('the lease is held');
  return found;
}
const made = async (given: Given = {}) => (await madeCommand(stage, desk, given)).id;
const next = async (of: Lease = lease, atMs = nowMs()) => (await sendNext(t.db, of, atMs))?.id ?? null;
const put = (id: string, state: string) => t.sql('UPDATE commands SET state = $2 WHERE id = $1', [id, state]);
const pause = (id: string, ms: number) =>
  t.sql('UPDATE commands SET not_before = $2 WHERE id = $1', [id, new Date(nowMs() + ms)]);
/** Nothing to do, now or after a pause. */
const IDLE = { due: false, pausedUntilMs: null, tripPausedMs: null, lookMs: null };
const stateOf = async (id: string) => {
  const c = await readCommand(t.db, id);
  return [c?.state, c?.reason];
};
const haltAccount = (halted = true) =>
  setHalted(t.db, desk.account.id, halted, nowMs(), auditOf(stage.deps, desk.account.id, 'halt'));

describe('the next command', () => {
  it('is marked sent once, under 40 at once, with the moment and the lease of the one that did', async () => {
    const id = await made();
    const ends = await Promise.all(Array.from({ length: 40 }, () => next()));
    expect(ends.filter((e) => e !== null)).toEqual([id]);
    expect(await readCommand(t.db, id)).toMatchObject({ state: 'sent', sentMs: nowMs() });
    expect(await t.sql('SELECT lease_epoch FROM commands WHERE id = $1', [id])).toEqual([
      { lease_epoch: String(lease.epoch) },
    ]);
  });

  it('is none from the very millisecond of its expiry', async () => {
    const id = await made({ ttlMs: 20_000 });
    expect(await next(lease, nowMs() + 20_000)).toBeNull();
    expect(await next(lease, nowMs() + 19_999)).toBe(id);
  });

  it('is no entry while account or deployment are halted; a close it may be', async () => {
    const entry = await made();
    const close = await made({ kind: 'close', symbol: 'EURUSD' });
    await haltAccount();
    expect(await next()).toBe(close);
    expect(await next()).toBeNull();
    await haltAccount(false);
    await t.sql('UPDATE deployment SET halted = true');
    expect(await next()).toBeNull();
    await t.sql('UPDATE deployment SET halted = false');
    expect(await next()).toBe(entry);
  });

  it.each([
    ['the account', `UPDATE accounts SET halted = true WHERE id = $1`],
    ['the deployment', 'UPDATE deployment SET halted = true WHERE $1::text IS NOT NULL'],
  ])('waits for a halt of %s that is being committed, and is refused by it', async (_what, text) => {
    const id = await made();
    const operator = await t.connect('owner');
    await operator.query('BEGIN');
    await operator.query(text, [desk.account.id]);
    const waiting = next();
    await untilBlocked(t);
    await operator.query('COMMIT');
    expect(await waiting).toBeNull();
    expect((await stateOf(id))[0]).toBe('created');
  });

  it.each([
    [
      'a restored database is suspected of the deployment',
      'UPDATE deployment SET epoch_behind_at = now(), epoch_behind_magic = 1 WHERE $1::text IS NOT NULL',
    ],
    [
      'one is suspected of the account',
      'UPDATE accounts SET epoch_behind_at = now(), epoch_behind_magic = 1 WHERE id = $1',
    ],
    [
      'one is suspected since the account was heard',
      'UPDATE deployment SET epoch_doubts = 1 WHERE $1::text IS NOT NULL',
    ],
    ['the account’s history is read page by page', 'UPDATE accounts SET history_until = now() WHERE id = $1'],
  ])('is no entry while %s; a close it may be', async (_what, suspect) => {
    const entry = await made();
    const close = await made({ kind: 'close', symbol: 'EURUSD' });
    await t.sql(suspect, [desk.account.id]);
    expect(await next()).toBe(close);
    expect(await next()).toBeNull();
    expect(await refuseUnsendable(t.db, lease, nowMs()), 'nor is it refused: its own time ends it').toBe(0);
    expect(await releaseLease(t.db, lease, nowMs()), 'nobody is kept busy by it').toMatchObject({
      due: false,
    });
    await t.sql('UPDATE deployment SET epoch_behind_at = NULL, epoch_behind_magic = NULL, epoch_doubts = 0');
    await t.sql(
      'UPDATE accounts SET epoch_behind_at = NULL, epoch_behind_magic = NULL, history_until = NULL',
    );
    lease = await taken();
    expect(await next()).toBe(entry);
  });

  it.each([
    [
      'a suspicion of the deployment',
      'UPDATE deployment SET epoch_behind_at = now(), epoch_behind_magic = 1 WHERE $1::text IS NOT NULL',
    ],
    [
      'a suspicion of its account',
      'UPDATE accounts SET epoch_behind_at = now(), epoch_behind_magic = 1 WHERE id = $1',
    ],
    ['the first page of a longer history', 'UPDATE accounts SET history_until = now() WHERE id = $1'],
  ])('is no entry where %s is being committed', async (_what, suspect) => {
    const id = await made();
    const reconciliation = await t.connect('owner');
    await reconciliation.query('BEGIN');
    await reconciliation.query(suspect, [desk.account.id]);
    const waiting = next();
    await untilBlocked(t);
    await reconciliation.query('COMMIT');
    expect(await waiting).toBeNull();
    expect((await stateOf(id))[0]).toBe('created');
  });

  it('is none for a login other than the bound one: it is refused by name', async () => {
    const id = await made({ login: '999' });
    expect(await next()).toBeNull();
    expect(await refuseUnsendable(t.db, lease, nowMs())).toBe(1);
    expect(await stateOf(id)).toEqual(['failed', 'account-rebound']);
  });

  it('is none before the end of its pause', async () => {
    const id = await made();
    await pause(id, 500);
    expect(await next()).toBeNull();
    advance(500);
    expect(await next()).toBe(id);
  });
});

describe('the magic of a command', () => {
  const magicOf = async (id: string) => BigInt((await readCommand(t.db, id))?.magic ?? 0);

  it('is what it was made with', async () => {
    const id = await made();
    const magic = await magicOf(id);
    await next();
    expect(await magicOf(id)).toBe(magic);
  });

  it('is of the present epoch where its own has ended meanwhile: the old one may be another order’s', async () => {
    const [id, other] = [await made(), await made({ symbol: 'EURUSD' })];
    await t.sql('UPDATE commands SET attempt = 3, magic = magic + 3 WHERE id = $1', [id]);
    const old = await magicOf(id);
    await t.sql('UPDATE deployment SET magic_epoch = 5');
    const sent = [await sendNext(t.db, lease, nowMs()), await sendNext(t.db, lease, nowMs())];
    expect(sent.map((c) => c?.id)).toEqual([id, other]);
    const [magic = 0n, magicOfOther = 0n] = sent.map((c) => BigInt(c?.magic ?? 0));
    expect(await magicOf(id), 'committed before it leaves').toBe(magic);
    expect([magic >> 40n, (magic >> 32n) & 255n, magic & 15n], 'namespace, epoch, attempt').toEqual([
      ...[old >> 40n, 5n, 3n],
    ]);
    expect(magic >> 4n).not.toBe(magicOfOther >> 4n);
    const [given] = await t.sql('SELECT last_value AS n FROM command_number');
    expect((magicOfOther >> 4n) & 0xfffffffn, 'of the one counter').toBe(BigInt(String(given?.['n'])));
  });

  it('is of the range for that where a restore is suspected since a close was made, and stays what it was sent as', async () => {
    const [id, other] = [
      await made({ kind: 'close', position: '7' }),
      await made({ kind: 'close', position: '8', symbol: 'EURUSD' }),
    ];
    await t.sql('UPDATE commands SET attempt = 2, magic = magic + 2 WHERE id = $1', [id]);
    const old = await magicOf(id);
    await t.sql('UPDATE accounts SET epoch_behind_at = now(), epoch_behind_magic = 1 WHERE id = $1', [
      desk.account.id,
    ]);
    expect([await next(), await next()]).toEqual([id, other]);
    const [magic, magicOfOther] = [await magicOf(id), await magicOf(other)];
    for (const one of [magic, magicOfOther]) expect((one >> 4n) & GIVEN_IN_DOUBT).toBe(GIVEN_IN_DOUBT);
    expect([magic >> 40n, (magic >> 32n) & 255n, magic & 15n], 'namespace, epoch, attempt').toEqual([
      ...[old >> 40n, 0n, 2n],
    ]);
    expect(magic >> 4n).not.toBe(magicOfOther >> 4n);
    await put(id, 'created');
    expect(await next()).toBe(id);
    expect(await magicOf(id)).toBe(magic);
  });
});

describe('the order within an account and symbol', () => {
  it('is that of their making, one at a time, and other symbols do not wait', async () => {
    const [first, second, other] = [await made(), await made(), await made({ symbol: 'EURUSD' })];
    expect(await next()).toBe(first);
    expect(await next()).toBe(other);
    expect(await next()).toBeNull();
    await put(first, 'done');
    expect(await next()).toBe(second);
  });

  it('one that pauses before its next attempt is not overtaken', async () => {
    const [first, second] = [await made(), await made()];
    await pause(first, 500);
    expect(await next()).toBeNull();
    advance(500);
    expect(await next()).toBe(first);
    await put(first, 'done');
    expect(await next()).toBe(second);
  });

  it.each(['sent', 'unknown'])(
    'an entry waits while one before it is %s, and shows for which',
    async (state) => {
      const [first, second] = [await made(), await made()];
      await put(first, state);
      expect(await next()).toBeNull();
      const page = await listCommands(t.db, desk.userId, { page: 1, page_size: 10 }, nowMs());
      const waits = new Map(page.items.map((c) => [c.id, c.waitsFor]));
      expect([waits.get(first), waits.get(second)]).toEqual([null, first]);
      await put(first, 'failed');
      expect(await next()).toBe(second);
    },
  );

  it('exits go before entries, also later ones, and an entry waits for an exit whose fate is open', async () => {
    const entry = await made();
    const exit = await made({ kind: 'close' });
    expect(await next()).toBe(exit);
    expect(await next()).toBeNull();
    await put(exit, 'unknown');
    expect(await next()).toBeNull();
    await put(exit, 'done');
    expect(await next()).toBe(entry);
  });

  it('an exit waits for no entry, and only for an earlier exit of its own position', async () => {
    const entry = await made();
    await put(entry, 'unknown');
    const [first, again, other] = [
      await made({ kind: 'close' }),
      await made({ kind: 'close' }),
      await made({ kind: 'close', position: '8' }),
    ];
    expect(await next()).toBe(first);
    expect(await next()).toBe(other);
    expect(await next()).toBeNull();
    await put(first, 'unknown');
    expect(await next()).toBeNull();
    await put(first, 'failed');
    expect(await next()).toBe(again);
  });

  it('nobody waits for ever: the deadline ends it, the reason names the wait, and the delivery fails', async () => {
    const first = await made();
    const second = await madeCommand(stage, desk, { ttlMs: 10_000 });
    await put(first, 'unknown');
    advance(9_999);
    expect(await refuseUnsendable(t.db, lease, nowMs())).toBe(0);
    advance(1);
    expect(await refuseUnsendable(t.db, lease, nowMs())).toBe(1);
    expect(await stateOf(second.id)).toEqual(['expired', 'predecessor-open']);
    expect(
      await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [second.signalId]),
    ).toEqual([{ status: 7, refusal: 'predecessor-open' }]);
    expect(await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [second.id])).toEqual([
      { done: true },
    ]);
  });

  it('one that has expired unsent holds nobody up', async () => {
    const first = await made({ ttlMs: 1_000 });
    advance(1_000);
    const second = await made();
    expect(await next()).toBe(second);
    expect(await refuseUnsendable(t.db, lease, nowMs())).toBe(1);
    expect(await stateOf(first)).toEqual(['expired', 'command-expired']);
  });
});

describe('the lease', () => {
  it('is held by one of 40, until it ends or is let go, and each has a higher epoch', async () => {
    expect(await takeLease(t.db, desk.account.id, nowMs() + LEASE_MS - 1)).toBeNull();
    const ends = await Promise.all(
      Array.from({ length: 40 }, () => takeLease(t.db, desk.account.id, nowMs() + LEASE_MS)),
    );
    expect(ends.filter((l) => l !== null).map((l) => l.epoch)).toEqual([lease.epoch + 1n]);
    const [holder] = ends.filter((l) => l !== null);
    if (holder === undefined) throw new Error('nobody holds it');
    await releaseLease(t.db, holder, nowMs());
    expect((await taken()).epoch).toBe(lease.epoch + 2n);
  });

  it('is renewed with each command sent', async () => {
    await made();
    advance(LEASE_MS - 1);
    // The command's own deadline is the lease's length: it is sent in its last millisecond.
    expect(await next()).not.toBeNull();
    advance(LEASE_MS - 1);
    expect(await takeLease(t.db, desk.account.id, nowMs())).toBeNull();
  });

  it('that is lost sends nothing, refuses nothing and lets nothing go', async () => {
    await made({ ttlMs: 120_000 });
    const expiring = await made({ symbol: 'EURUSD', ttlMs: LEASE_MS });
    const late = nowMs() + LEASE_MS;
    expect(await next(lease, late)).toBeNull();
    const holder = await takeLease(t.db, desk.account.id, late);
    expect(await next(lease, late)).toBeNull();
    expect(await refuseUnsendable(t.db, lease, late)).toBe(0);
    expect((await stateOf(expiring))[0]).toBe('created');
    await releaseLease(t.db, lease, late);
    expect(await takeLease(t.db, desk.account.id, late)).toBeNull();
    expect(holder?.epoch).toBe(lease.epoch + 1n);
  });

  it('tells its next holder of nothing in flight: what was sent and not settled is unknown', async () => {
    const id = await made();
    await next();
    advance(LEASE_MS);
    await taken();
    expect(await stateOf(id)).toEqual(['unknown', 'interrupted']);
    expect(await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [id])).toEqual([
      { done: true },
    ]);
  });

  it('tells who lets it go whether work came meanwhile', async () => {
    expect(await releaseLease(t.db, lease, nowMs())).toEqual(IDLE);
    const id = await made();
    expect(await releaseLease(t.db, lease, nowMs())).toEqual({ ...IDLE, due: true });
    expect((await releaseLease(t.db, lease, nowMs() + 40_000)).due, 'to be refused').toBe(true);
    await put(id, 'done');
    expect(await releaseLease(t.db, lease, nowMs())).toEqual(IDLE);
  });

  it('tells who lets it go when the first pause ends', async () => {
    const [late, early] = [await made(), await made({ symbol: 'EURUSD' })];
    await pause(late, 9_000);
    await pause(early, 8_000);
    const untilMs = nowMs() + 8_000;
    expect(await releaseLease(t.db, lease, nowMs())).toEqual({ ...IDLE, pausedUntilMs: untilMs });
    expect(await releaseLease(t.db, lease, untilMs)).toEqual({
      ...{ ...IDLE, due: true, pausedUntilMs: untilMs + 1_000 },
    });
    await put(early, 'failed');
    await put(late, 'unknown');
    expect(await releaseLease(t.db, lease, nowMs()), 'what is not sent any more').toEqual(IDLE);
  });

  it('tells those whom it turns away when it ends, as long as something waits that a call could send', async () => {
    const ends = () => leaseBeforeWaiting(t.db, desk.account.id, nowMs());
    expect(await ends()).toBeNull();
    const id = await made();
    const endMs = nowMs() + LEASE_MS;
    expect(await ends()).toBe(endMs);
    await t.sql('UPDATE bridges SET url = NULL WHERE id = $1', [desk.bridge.id]);
    expect(await ends(), 'a bridge that comes by itself').toBeNull();
    await t.sql(`UPDATE bridges SET url = 'http://127.0.0.1:9/bridge' WHERE id = $1`, [desk.bridge.id]);
    for (const state of ['sent', 'unknown', 'done']) {
      await put(id, state);
      expect(await ends(), state).toBeNull();
    }
    await put(id, 'created');
    advance(30_000);
    expect(await ends(), 'what has expired').toBeNull();
  });
});
