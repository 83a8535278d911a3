// What a bridge keeps, whichever lane carries the words: one suite that every adapter of the port runs against the simulated
// broker over HTTP.
import { describe, expect, it } from 'vitest';
import type { BridgePort, Reply } from '../../functions/bridge/bridge-port.ts';
import type { BridgeCommand, ExecutionResult, GuardOrder } from '../../functions/bridge/bridge-protocol.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { type BridgeSite, LOGIN, SERVER } from './bridge-site.ts';

const NAMESPACE = 5n << 40n;
let numbers = 0n;
/** Of orders to guards, which may remember those of an earlier test. */
let versions = 0;

type Trade = Extract<BridgeCommand, { kind: 'open' | 'place' | 'close' }>;

/** A market buy; each has a number of its own. */
function command(over: Partial<Trade> = {}): Trade {
  numbers += 1n;
  return {
    cmd_id: crypto.randomUUID(),
    attempt: 0,
    kind: 'open',
    expires_at: isoTime(Date.now() + 30_000),
    pre: { login: LOGIN, server: SERVER, symbol: 'XAUUSD' },
    order: { symbol: 'XAUUSD', type: 'buy', volume: '0.1' },
    evidence: { magic: String(NAMESPACE + (numbers << 4n)), comment: 'cs0123456789ab' },
    ...over,
  };
}
/** The same command's next attempt, under the next magic. */
const nextAttempt = (c: Trade): Trade => ({
  ...c,
  attempt: c.attempt + 1,
  evidence: { ...c.evidence, magic: String(BigInt(c.evidence.magic) + 1n) },
});
const lookupOf = (c: BridgeCommand) => ({ cmdId: c.cmd_id, attempt: c.attempt, magic: c.evidence.magic });

/** By what a guard judges the account as it begins; nothing is to be closed. */
const guardOrder = (over: Partial<GuardOrder> = {}): GuardOrder => ({
  ...{ version: ++versions, login: LOGIN, server: SERVER, armed: true, scope: 'all', namespace: 5 },
  ...{ units: '10000', peak: '1', balance: '10000', credit: '0', booked_to: null },
  ...{
    trip_bps: 2_000,
    hard_bps: 2_500,
    equity_floor: null,
    warning_ms: 10_000,
    close: null,
    latched: false,
  },
  ...over,
});

/** Registers the suite for one adapter; `site` is the broker with its bridge, made anew for each test. */
export function bridgeContract(name: string, site: () => BridgeSite): void {
  const ask = async <T>(question: (bridge: BridgePort) => Promise<Reply<T>>): Promise<T> => {
    const reply = await site().ask(question);
    expect(reply.kind, JSON.stringify(reply)).toBe('reply');
    return (reply as Extract<Reply<T>, { kind: 'reply' }>).value;
  };
  const carriedOut = async (c: BridgeCommand): Promise<ExecutionResult> => {
    const result = await site().execute(c);
    expect(result).not.toBeNull();
    return result as ExecutionResult;
  };
  const snapshot = (fromMs: number | null = null) => ask((bridge) => bridge.snapshot(fromMs));
  const executed = async (c: BridgeCommand): Promise<number> => {
    const { journal } = await site().state();
    return journal.find((j) => j.cmd_id === c.cmd_id)?.executed ?? 0;
  };

  describe(`${name}: a snapshot`, () => {
    it('shows the account, whole and in order', async () => {
      const [first, second] = [await snapshot(), await snapshot()];
      expect(first).toMatchObject({
        connected: true,
        account: { login: LOGIN, server: SERVER, currency: 'USD', balance: '10000', equity: '10000' },
        ...{ positions: [], orders: [], deals: [{ type: 'balance', profit: '10000' }] },
        sections: { account: true, positions: true, orders: true, deals: true, history_orders: true },
      });
      expect(Math.abs(first.captured_at - Date.now())).toBeLessThan(30_000);
      expect(first.symbols.map((s) => s.symbol)).toContain('XAUUSD');
      expect(second.boot_id).toBe(first.boot_id);
      expect(second.seq).toBeGreaterThan(first.seq);
    });

    it('holds all deals since the time asked for, however short that of the one before it was', async () => {
      const [deposit] = (await snapshot()).deals;
      await site().control('/clock', { advance_seconds: 60 });
      const c = command();
      await carriedOut(c);
      const own = { entry: 'in', magic: c.evidence.magic, volume: '0.1' };
      const sinceMs = (deposit?.time ?? 0) + 1_000;
      for (let i = 0; i < 2; i += 1)
        expect((await snapshot(sinceMs)).deals).toContainEqual(expect.objectContaining(own));
      expect((await snapshot(null)).deals).toEqual([deposit, expect.objectContaining(own)]);
      expect((await snapshot()).positions).toMatchObject([{ magic: c.evidence.magic, type: 'buy' }]);
    });

    it('says up to when its deals go where those are not all, and of all of them nothing', async () => {
      const [deposit] = (await snapshot()).deals;
      await site().control('/clock', { advance_seconds: 60 });
      await carriedOut(command());
      const toMs = (deposit?.time ?? 0) + 1;
      let lane = '';
      const upTo = await ask((bridge) => {
        lane = bridge.lane;
        return bridge.snapshot(null, toMs);
      });
      // Nobody tells one that polls where to end: it brings as much as it has room for.
      const [deals, until] = lane === 'called' ? [1, toMs] : [2, null];
      expect([upTo.deals.length, upTo.deals_to ?? null]).toEqual([deals, until]);
      expect(upTo.positions).toHaveLength(1);
      const all = await snapshot();
      expect([all.deals.length, all.deals_to ?? null]).toEqual([2, null]);
    });
  });

  describe(`${name}: a command`, () => {
    it('is carried out, and what came of it is told by its id and attempt', async () => {
      const c = command();
      const result = await carriedOut(c);
      expect(result).toMatchObject({ cmd_id: c.cmd_id, attempt: 0, outcome: 'done', retcode: 10_009 });
      expect((await snapshot()).positions).toMatchObject([{ identifier: result.order }]);
    });

    it('that comes again is answered as before, and not carried out again', async () => {
      const c = command();
      const first = await carriedOut(c);
      expect(await carriedOut(c)).toEqual(first);
      expect(await executed(c)).toBe(1);
    });

    it('is tried again under the next magic after a refusal; an attempt that was overtaken is refused', async () => {
      const c = command();
      await site().control('/fault', { kind: 'reject:10004', login: LOGIN });
      expect(await carriedOut(c)).toMatchObject({ outcome: 'failed', retcode: 10_004 });
      const later = nextAttempt(nextAttempt(c));
      expect(await carriedOut(later)).toMatchObject({ attempt: 2, outcome: 'done' });
      expect(await carriedOut(nextAttempt(c))).toMatchObject({ attempt: 2, outcome: 'done' });
      expect(await executed(c)).toBe(1);
      expect((await snapshot()).positions).toMatchObject([{ magic: later.evidence.magic }]);
    });

    it.each([
      ['asked for again', (c: Trade) => c],
      ['tried again', nextAttempt],
    ])(
      'that the server did and said nothing sure of is looked up when it is %s, never sent twice',
      async (_when, next) => {
        const c = command();
        await site().control('/fault', { kind: 'acted:10012', login: LOGIN });
        expect(await carriedOut(c)).toMatchObject({ outcome: 'unknown', retcode: 10_012, order: null });
        const found = await carriedOut(next(c));
        // The code was that of the other answer.
        expect(found).toMatchObject({ attempt: 0, outcome: 'done', retcode: null, reason: 'found_by_magic' });
        expect(await carriedOut(nextAttempt(nextAttempt(c)))).toEqual(found);
        expect(await executed(c)).toBe(1);
        expect((await snapshot()).positions).toMatchObject([
          { identifier: found.order, magic: c.evidence.magic },
        ]);
      },
    );

    it('that the server said nothing sure of and left no trace stays open, and its next attempt is sent', async () => {
      const c = command();
      await site().control('/fault', { kind: 'reject:10012', login: LOGIN });
      for (let i = 0; i < 2; i += 1)
        expect(await carriedOut(c)).toMatchObject({ attempt: 0, outcome: 'unknown', retcode: 10_012 });
      expect(await executed(c)).toBe(0);
      expect(await carriedOut(nextAttempt(c))).toMatchObject({ attempt: 1, outcome: 'done' });
      expect(await executed(c)).toBe(1);
    });

    it.each([
      ['after its time', { expires_at: isoTime(Date.now() - 1_000) }, { outcome: 'expired' }],
      [
        'for another login',
        { pre: { login: '999', server: SERVER, symbol: 'XAUUSD' } },
        { outcome: 'refused', reason: 'login_mismatch' },
      ],
      [
        'outside its prices',
        { pre: { login: LOGIN, server: SERVER, symbol: 'XAUUSD', price_high: '1' } },
        { outcome: 'refused', reason: 'price_outside_band' },
      ],
    ])('%s is not carried out', async (_when, over, outcome) => {
      const c = command(over);
      expect(await carriedOut(c)).toMatchObject({ ...outcome, order: null });
      expect(await executed(c)).toBe(0);
      expect((await snapshot()).positions).toEqual([]);
    });

    it('takes a position out, once', async () => {
      const { order: ticket } = await carriedOut(command());
      const close = command({
        kind: 'close',
        order: { symbol: 'XAUUSD', type: 'sell', volume: '0.1', position_ticket: String(ticket) },
      });
      expect(await carriedOut(close)).toMatchObject({ outcome: 'done' });
      expect((await snapshot()).positions).toEqual([]);
      const again = { ...close, cmd_id: crypto.randomUUID() };
      expect(await carriedOut(again)).toMatchObject({ outcome: 'failed', retcode: 10_036 });
    });

    it('sets the stops of a position; what it leaves out stays, and what stands already is as good', async () => {
      const { order } = await carriedOut(command());
      const [position] = (await snapshot()).positions;
      const { price_open: price = '' } = position ?? {};
      const stop = String(Number(price) - 50);
      const { attempt, evidence, expires_at } = command();
      const modify: BridgeCommand = {
        ...{ cmd_id: crypto.randomUUID(), attempt, evidence, expires_at, kind: 'modify_sltp' },
        pre: { login: LOGIN, server: SERVER, symbol: 'XAUUSD', position_id: String(order) },
        order: { symbol: 'XAUUSD', position_ticket: String(order), stop_loss: stop },
      };
      expect(await carriedOut(modify)).toMatchObject({ outcome: 'done' });
      const [{ sl, tp } = { sl: null, tp: '' }] = (await snapshot()).positions;
      expect([Number(sl), tp]).toEqual([Number(stop), null]);
      expect(await carriedOut(modify), 'the same again').toMatchObject({ outcome: 'done' });
      expect(await executed(modify)).toBe(1);
      const { magic } = command().evidence;
      const other = { ...modify, cmd_id: crypto.randomUUID(), evidence: { ...evidence, magic } };
      expect(await carriedOut(other)).toMatchObject({ retcode: 10_025 });
    });
  });

  describe(`${name}: a look-up`, () => {
    it('knows nothing of what never came, and all of what was carried out', async () => {
      const c = command();
      const look = () => ask((bridge) => bridge.lookup(lookupOf(c)));
      expect(await look()).toMatchObject({ journal: 'absent', orders: [], positions: [], deals: [] });
      const result = await carriedOut(c);
      expect(await look()).toMatchObject({
        journal: 'result',
        result: { cmd_id: c.cmd_id, attempt: 0, outcome: 'done', order: result.order },
        positions: [{ magic: c.evidence.magic }],
        deals: [{ magic: c.evidence.magic, entry: 'in' }],
        history_orders: [{ magic: c.evidence.magic }],
      });
    });

    it('tells of a command whose answer was lost what the broker knows of it, and it stays at that', async () => {
      const c = command();
      await site().loseNextAnswer();
      expect(await site().execute(c)).toBeNull();
      const found = await ask((bridge) => bridge.lookup(lookupOf(c)));
      const times = await executed(c);
      expect([found.journal, found.deals.length]).toEqual(times === 1 ? ['result', 1] : ['absent', 0]);
      expect((await snapshot()).positions).toHaveLength(times);
    });

    it('survives the bridge’s death: its journal tells what it had yet to tell', async () => {
      const c = command();
      const before = await snapshot();
      await site().control('/fault', { kind: 'crash_after_send', login: LOGIN });
      expect(await site().execute(c)).toBeNull();
      const found = await ask((bridge) => bridge.lookup(lookupOf(c)));
      expect(found).toMatchObject({ deals: [{ magic: c.evidence.magic }] });
      expect(await executed(c)).toBe(1);
      expect((await snapshot()).boot_id).not.toBe(before.boot_id);
    });
  });

  describe(`${name}: the bridge's own guard`, () => {
    it('reports with each snapshot, and judges by the newest order', async () => {
      expect((await snapshot()).guard).toMatchObject({ phase: 'idle', trip_id: null, samples: 0 });
      const [older, newer] = [guardOrder(), guardOrder()];
      await site().order(newer);
      await site().order(older);
      const judged = { version: newer.version, phase: 'idle', refused: null };
      expect((await snapshot()).guard).toMatchObject(judged);
    });

    it('takes no order for another account', async () => {
      const { guard: before } = await snapshot();
      for (const [refused, other] of Object.entries({ login: '1002', server: 'Other-Live' })) {
        await site().order(guardOrder({ [refused]: other }));
        expect((await snapshot()).guard).toMatchObject({ version: before?.version, refused });
      }
    });

    it('closes what was ordered when its time has come, though nobody asks again', async () => {
      await carriedOut(command());
      const not_before = isoTime(Date.now() - 1_000);
      await site().order(guardOrder({ close: { trip_id: 'trip-1', not_before, revocable: true } }));
      await site().control('/guard', { login: LOGIN, steps: 2 });
      const { positions, deals, guard } = await snapshot();
      expect(positions).toEqual([]);
      expect(deals.map((deal) => deal.entry)).toEqual([null, 'in', 'out']);
      expect(guard).toMatchObject({ cause: 'ordered', trip_id: 'trip-1' });
      expect(['closing', 'flat']).toContain(guard?.phase);
    });

    it('does not close before that, nor what was taken back', async () => {
      // Another closing may still be under way, which would take this position too.
      await site().order(guardOrder());
      await carriedOut(command());
      const not_before = isoTime(Date.now() + 600_000);
      await site().order(guardOrder({ close: { trip_id: 'trip-2', not_before, revocable: true } }));
      await site().control('/guard', { login: LOGIN, steps: 2 });
      const warned = await snapshot();
      expect(warned.guard).toMatchObject({ phase: 'warned', trip_id: 'trip-2', since: expect.any(Number) });
      expect(warned.positions).toHaveLength(1);
      await site().order(guardOrder());
      expect((await snapshot()).guard).toMatchObject({ version: versions, phase: 'idle', trip_id: null });
    });
  });

  describe(`${name}: candles`, () => {
    it('are the newest closed ones, or those that begin in a window', async () => {
      await site().control('/tick', { symbol: 'XAUUSD', steps: 600, step_seconds: 1 });
      const wanted = { symbol: 'XAUUSD', timeframe: 'M1', count: 5 };
      const { candles, server_now = 0 } = await ask((bridge) => bridge.candles(wanted));
      expect(candles).toHaveLength(5);
      expect(candles.every((c) => c.time + 60_000 <= server_now)).toBe(true);
      const [first, second] = candles;
      const window = { fromMs: first?.time ?? 0, toMs: (second?.time ?? 0) + 1 };
      const within = await ask((bridge) => bridge.candles({ ...wanted, count: 100, window }));
      expect(within.candles).toEqual([first, second]);
    });

    it('of a symbol that the broker does not have are no answer', async () => {
      const reply = await site().ask((bridge) =>
        bridge.candles({ symbol: 'NOSUCH', timeframe: 'M1', count: 1 }),
      );
      expect(reply).toMatchObject({ kind: 'no-reply', effect: 'unknown' });
      expect((await snapshot()).connected).toBe(true);
    });
  });
}
