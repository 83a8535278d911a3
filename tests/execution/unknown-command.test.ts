import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookupReply, snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import {
  HISTORY_MARGIN_MS,
  HORIZON_MS,
  LOOKUP_SPACING_MS,
  unknownCommand,
} from '../../functions/execution/unknown-command.ts';
import { wireDeal, wireLookup, wireOrder, wirePosition, wireSnapshot } from '../bridge/bridge-reply.ts';
import { caseCensus, runs } from '../support/property.ts';

const SENT = Date.UTC(2026, 2, 2, 10);
const MAGIC = '7696581394448';
const OTHER = '7696581394464';
const lookup = (changes: Record<string, unknown> = {}) => lookupReply.parse(wireLookup(changes));
type Changes = {
  negatives?: number;
  lookedUpMs?: number | null;
  kind?: 'open' | 'place' | 'close' | 'cancel';
  state?: 'unknown' | 'placed';
  attempt?: number;
  orderTicket?: string;
  reason?: string;
};
const command = (changes: Changes = {}): Parameters<typeof unknownCommand>[0] => {
  const { negatives = 1, lookedUpMs = SENT + HORIZON_MS - LOOKUP_SPACING_MS, kind = 'open' } = changes;
  const pre = { login: '1001', server: 'Demo-1', symbol: 'EURUSD' };
  return {
    ...{ magic: MAGIC, comment: 'cs0123456789ab', attempt: changes.attempt ?? 0, tripId: null },
    ...{ state: changes.state ?? ('unknown' as const), sentMs: SENT, expiresMs: SENT + 30_000 },
    ...{ orderTicket: changes.orderTicket ?? null, reason: changes.reason ?? 'bridge-timeout' },
    ...{ negativeLookups: negatives, lookedUpMs },
    instruction:
      kind === 'cancel'
        ? { kind, pre, order: { symbol: 'EURUSD', order_ticket: '55' } }
        : {
            kind,
            pre: kind === 'close' ? { ...pre, position_id: '7' } : pre,
            order: { symbol: 'EURUSD', type: 'buy', volume: '0.1' },
          },
  };
};
const LATE = SENT + HORIZON_MS;
/** A complete snapshot of that moment that shows nothing but position 7. */
const seen = (atMs: number, changes: Record<string, unknown> = {}, fromMs: number | null = null) => ({
  snapshot: snapshotReply.parse(
    wireSnapshot({
      captured_at: new Date(atMs).toISOString(),
      ...{ positions: [wirePosition({ identifier: '7', ticket: '7', magic: OTHER, comment: '' })] },
      ...{ orders: [], deals: [], history_orders: [], ...changes },
    }),
  ),
  fromMs,
});
const judge = (
  about: ReturnType<typeof command>,
  found: ReturnType<typeof lookup>,
  nowMs: number,
  shown = seen(nowMs),
) => unknownCommand(about, found, shown, nowMs);

describe('a command whose answer never came', () => {
  it.each([
    ['its opening deal', { deals: [wireDeal()] }, '1001', '1001'],
    [
      'a deal that opened a position of another number',
      { deals: [wireDeal({ position_id: '900' })] },
      '1001',
      '900',
    ],
    [
      'a deal that reversed a netting position',
      { deals: [wireDeal({ entry: 'inout', position_id: '900' })] },
      '1001',
      '900',
    ],
    [
      'a deal that took from what stood the other way on netting, and opened nothing',
      {
        deals: [wireDeal({ entry: 'out', position_id: '900' })],
        history_orders: [wireOrder({ state: 'filled' })],
      },
      '1001',
      null,
    ],
    ['its position', { positions: [wirePosition()] }, '1001', '1001'],
    ['its position under a new ticket', { positions: [wirePosition({ ticket: '2002' })] }, '1001', '1001'],
    [
      'a deal beside an order that still works',
      { deals: [wireDeal()], orders: [wireOrder({ state: 'partial' })] },
      '1001',
      '1001',
    ],
    [
      'a deal beside an order that was cancelled in part',
      { deals: [wireDeal()], history_orders: [wireOrder({ state: 'canceled' })] },
      '1001',
      '1001',
    ],
  ])('is done where the broker shows %s', (_what, found, orderTicket, positionId) => {
    expect(judge(command(), lookup(found), LATE)).toMatchObject({
      ...{ kind: 'done', orderTicket, positionId, partial: false },
    });
    expect(judge(command({ negatives: 0 }), lookup(found), SENT).kind, 'at any time').toBe('done');
  });

  it.each(['placed', 'partial', 'filled', 'started', 'a state of tomorrow'])(
    'waits while an order of its magic is %s and has no deal yet',
    (state) => {
      for (const list of ['orders', 'history_orders'])
        expect(judge(command(), lookup({ [list]: [wireOrder({ state })] }), LATE * 2)).toEqual({
          kind: 'wait',
        });
    },
  );

  it('waits for its opening where all that is shown is what closed the other way', () => {
    const found = {
      deals: [wireDeal({ entry: 'out', type: 'sell' })],
      orders: [wireOrder({ state: 'filled' })],
    };
    expect(judge(command(), lookup(found), LATE)).toEqual({ kind: 'wait' });
  });

  it.each(['rejected', 'canceled', 'expired'])(
    'is not held up for ever by an order that ended %s without a deal',
    (state) => {
      expect(judge(command(), lookup({ history_orders: [wireOrder({ state })] }), LATE)).toEqual({
        kind: 'not-executed',
      });
    },
  );

  it('is done, and opened nothing, where its number stands on the rest of what it took something from', () => {
    const found = lookup({ positions: [wirePosition({ type: 'sell' })] });
    expect(judge(command(), found, LATE)).toMatchObject({
      kind: 'done',
      orderTicket: null,
      positionId: null,
    });
  });

  it('waits for the order that works, whatever became of an earlier one of its magic', () => {
    const found = {
      history_orders: [wireOrder({ state: 'rejected' }), wireOrder({ ticket: '1002', state: 'filled' })],
    };
    expect(judge(command(), lookup(found), LATE)).toEqual({ kind: 'wait' });
  });

  it('is not executed only after two empty look-ups half a minute apart, three minutes after sending', () => {
    expect(HORIZON_MS).toBe(180_000);
    expect(LOOKUP_SPACING_MS).toBe(30_000);
    expect(judge(command(), lookup(), LATE)).toEqual({ kind: 'not-executed' });
    expect(judge(command({ negatives: 0, lookedUpMs: null }), lookup(), LATE)).toEqual({
      kind: 'negative',
    });
    expect(judge(command({ lookedUpMs: LATE - LOOKUP_SPACING_MS + 1 }), lookup(), LATE)).toEqual({
      kind: 'wait',
    });
    const early = command({ negatives: 5, lookedUpMs: SENT });
    expect(judge(early, lookup(), LATE - 1)).toEqual({ kind: 'negative' });
  });

  it('is not settled by the facts of another command', () => {
    const others = {
      deals: [wireDeal({ magic: OTHER, comment: 'csanother0000' }), wireDeal({ magic: '0' })],
      positions: [wirePosition({ magic: OTHER, comment: '' })],
      orders: [wireOrder({ magic: OTHER, state: 'placed' })],
    };
    expect(judge(command(), lookup(others), LATE).kind).toBe('not-executed');
  });

  it('that closes is done by the deal that took volume out under its magic', () => {
    const out = { deals: [wireDeal({ entry: 'out', type: 'sell', order: '12', position_id: '7' })] };
    expect(judge(command({ kind: 'close' }), lookup(out), LATE)).toEqual({
      ...{ kind: 'done', orderTicket: '12', positionId: '7', volume: '0.1', partial: false },
    });
  });

  it('is not taken for done because its position was closed: an exit alone opens nothing', () => {
    const out = { deals: [wireDeal({ entry: 'out', type: 'sell' })] };
    expect(judge(command(), lookup(out), LATE).kind).toBe('not-executed');
  });

  it('waits for a bridge that meant to send it until the horizon has passed', () => {
    const intent = lookup({ journal: 'intent' });
    expect(judge(command({ lookedUpMs: null }), intent, LATE - 1)).toEqual({ kind: 'wait' });
    expect(judge(command(), intent, LATE)).toEqual({ kind: 'not-executed' });
  });

  it('is never given up while anything at the broker still speaks for it', () => {
    const census = caseCensus('evidence', 'none', 'given up', 'too early');
    const evidence = fc.constantFrom<Record<string, unknown>>(
      {},
      { deals: [wireDeal()] },
      { positions: [wirePosition()] },
      { orders: [wireOrder({ state: 'placed' })] },
      { history_orders: [wireOrder({ state: 'filled' })] },
    );
    const times = fc.record({
      now: fc.integer({ min: SENT, max: SENT + 2 * HORIZON_MS }),
      negatives: fc.integer({ min: 0, max: 3 }),
      since: fc.option(fc.integer({ min: 0, max: 2 * LOOKUP_SPACING_MS })),
      journal: fc.constantFrom('absent', 'intent', 'result'),
    });
    fc.assert(
      fc.property(evidence, times, (found, t) => {
        const lookedUpMs = t.since === null ? null : t.now - t.since;
        const verdict = judge(
          command({ negatives: t.negatives, lookedUpMs }),
          lookup({ ...found, journal: t.journal }),
          t.now,
        );
        const empty = Object.keys(found).length === 0;
        census.note('evidence', !empty);
        census.note('none', empty);
        census.note('given up', verdict.kind === 'not-executed');
        census.note('too early', empty && t.now - SENT < HORIZON_MS);
        if (verdict.kind !== 'not-executed') return;
        expect(empty).toBe(true);
        expect(t.negatives).toBeGreaterThanOrEqual(1);
        expect(t.now - SENT).toBeGreaterThanOrEqual(HORIZON_MS);
        expect(t.since === null || t.since >= LOOKUP_SPACING_MS).toBe(true);
      }),
      runs(1000),
    );
    census.expectAllMet();
  });

  it('is done by evidence of any of its attempts, and by its comment under our namespace alone', () => {
    const nextAttempt = String(BigInt(MAGIC) + 1n);
    const by = (row: Record<string, unknown>) =>
      judge(command(), lookup({ deals: [wireDeal(row)] }), LATE).kind;
    expect(by({ magic: nextAttempt, comment: '' })).toBe('done');
    expect(by({ magic: OTHER, comment: 'cs0123456789ab' })).toBe('done');
    expect(by({ magic: OTHER, comment: 'cs0123456789' }), 'cut to twelve').toBe('done');
    expect(by({ magic: OTHER, comment: 'cs012345678' }), 'cut shorter').toBe('not-executed');
    expect(by({ magic: '12', comment: 'cs0123456789ab' }), 'another namespace').toBe('not-executed');
  });

  it('is done by what the snapshot shows as by what the look-up does', () => {
    const shown = seen(SENT, { deals: [wireDeal()] });
    expect(judge(command(), lookup(), SENT, shown).kind).toBe('done');
  });

  it('is not given up without a complete snapshot of that late whose history begins five minutes before', () => {
    const by = (shown: ReturnType<typeof seen>) => judge(command(), lookup(), LATE, shown).kind;
    expect(by(seen(LATE - 1))).toBe('negative');
    expect(judge(command({ lookedUpMs: SENT }), lookup(), LATE - 1, seen(LATE)).kind, 'a clock ahead').toBe(
      'negative',
    );
    expect(by(seen(LATE, {}, SENT - HISTORY_MARGIN_MS + 1))).toBe('negative');
    expect(by(seen(LATE, {}, SENT - HISTORY_MARGIN_MS))).toBe('not-executed');
  });

  it('is not given up while the journal knows a later send', () => {
    const result = { ...{ cmd_id: 'c', outcome: 'unknown', retcode: null, order: null, deal: null } };
    const of = (attempt: number) =>
      lookup({ journal: 'result', result: { ...result, attempt, price: null, volume: null, reason: null } });
    expect(judge(command(), of(1), LATE).kind).toBe('negative');
    expect(judge(command(), of(0), LATE).kind).toBe('not-executed');
  });

  it('is settled by the journal’s own result, but not by one of another attempt or that says nothing', () => {
    const result = { cmd_id: 'c', order: null, deal: null, price: null, volume: null, reason: null };
    const by = (given: Record<string, unknown>) =>
      judge(
        command({ negatives: 0 }),
        lookup({ journal: 'result', result: { ...result, ...given } }),
        SENT + 1_000,
      );
    expect(by({ attempt: 0, outcome: 'failed', retcode: 10019 })).toMatchObject({
      ...{ kind: 'answered', outcome: { settlement: { state: 'failed', retcode: 10019 } } },
    });
    expect(by({ attempt: 1, outcome: 'failed', retcode: 10019 }).kind).not.toBe('answered');
    expect(by({ attempt: 0, outcome: 'failed', retcode: 10012 }).kind).not.toBe('answered');
  });

  it('that closes is done once its position is gone from a snapshot of after the send', () => {
    const about = command({ kind: 'close', negatives: 0 });
    const gone = (atMs: number) => judge(about, lookup(), LATE, seen(atMs, { positions: [] }));
    expect(gone(SENT)).toEqual({
      ...{ kind: 'done', orderTicket: null, positionId: '7', volume: null, partial: false },
    });
    expect(gone(SENT - 1).kind).toBe('negative');
    expect(judge(about, lookup(), LATE).kind, 'it is still there').toBe('negative');
  });

  it('that closes waits as long as its order may still trade, whatever the time', () => {
    const about = command({ kind: 'close', negatives: 5, lookedUpMs: SENT });
    for (const state of ['started', 'placed', 'partial', 'filled', 'a state of tomorrow'])
      for (const list of ['orders', 'history_orders'])
        expect(judge(about, lookup({ [list]: [wireOrder({ type: 'sell', state })] }), LATE * 2)).toEqual({
          kind: 'wait',
        });
    for (const state of ['rejected', 'canceled', 'expired']) {
      const ended = lookup({ history_orders: [wireOrder({ type: 'sell', state })] });
      expect(judge(about, ended, LATE - 1).kind, state).toBe('negative');
      expect(judge(about, ended, LATE).kind, state).toBe('not-executed');
    }
    const gone = seen(LATE, { positions: [] });
    expect(judge(about, lookup({ orders: [wireOrder()] }), LATE, gone).kind, 'nothing is left').toBe('done');
  });

  it('is done by a deal of its order, also where the broker leaves magic and comment off its deals', () => {
    const bare = { magic: '0', comment: '' };
    const filled = { history_orders: [wireOrder({ state: 'filled' })] };
    expect(judge(command(), lookup({ ...filled, deals: [wireDeal(bare)] }), LATE)).toMatchObject({
      ...{ kind: 'done', orderTicket: '1001', positionId: '1001' },
    });
    const out = wireDeal({ ...bare, entry: 'out', type: 'sell', position_id: '7' });
    const closes = command({ kind: 'close', orderTicket: '1001' });
    expect(judge(closes, lookup({ deals: [out] }), LATE)).toMatchObject({
      ...{ kind: 'done', orderTicket: '1001', positionId: '7' },
    });
    expect(judge(command({ kind: 'close' }), lookup({ deals: [out] }), LATE).kind, 'somebody’s').toBe(
      'not-executed',
    );
    const deposit = wireDeal({ ...bare, order: '0', position_id: '0', type: 'balance' });
    const unnamed = command({ orderTicket: '0' });
    expect(judge(unnamed, lookup({ deals: [deposit] }), LATE).kind, 'no order').toBe('not-executed');
  });

  it('that places an order works while the order does, and ends with it', () => {
    const about = command({ kind: 'place' });
    const by = (found: Record<string, unknown>, of = about) => judge(of, lookup(found), LATE);
    expect(by({ orders: [wireOrder({ state: 'placed' })] })).toEqual({ kind: 'placed', orderTicket: '1001' });
    for (const state of ['canceled', 'expired', 'rejected'])
      expect(by({ history_orders: [wireOrder({ state })] })).toEqual({
        kind: 'ended',
        reason: `order-${state}`,
      });
    expect(by({ history_orders: [wireOrder({ state: 'filled' })] })).toEqual({ kind: 'wait' });
    const working = command({ kind: 'place', state: 'placed' });
    expect(by({}, working), 'a trace that is not shown says nothing').toEqual({ kind: 'wait' });
  });

  it('that closes is done in part where its deals say so, and not before its order has ended', () => {
    const about = command({ kind: 'close' });
    const half = { entry: 'out', type: 'sell', order: '12', position_id: '7', volume: '0.05' };
    const working = wireOrder({ ticket: '12', state: 'partial' });
    const by = (found: Record<string, unknown>) => judge(about, lookup(found), LATE);
    expect(by({ deals: [wireDeal(half)] })).toMatchObject({ kind: 'done', volume: '0.05', partial: true });
    expect(by({ deals: [wireDeal(half)], orders: [working] })).toEqual({ kind: 'wait' });
    const ended = { ...working, state: 'canceled' };
    const both = { deals: [wireDeal(half)], orders: [working], history_orders: [ended] };
    expect(by(both)).toMatchObject({ kind: 'done', volume: '0.05', partial: true });
    const second = wireDeal({ ...half, ticket: '5002' });
    const shown = seen(LATE, { deals: [wireDeal(half), second] });
    expect(judge(about, lookup({ deals: [wireDeal(half)] }), LATE, shown)).toMatchObject({
      ...{ kind: 'done', volume: '0.1', partial: false },
    });
  });

  it('that was refused for what it was about goes again once that is seen to stand after the send', () => {
    for (const reason of ['retcode-10036', 'retcode-10038', 'retcode-10023', 'position_mismatch']) {
      const about = command({ kind: 'close', reason, negatives: 0, lookedUpMs: null });
      expect(judge(about, lookup(), SENT, seen(SENT))).toEqual({ kind: 'refused', reason });
      expect(judge(about, lookup(), SENT, seen(SENT - 1)).kind, 'seen before').toBe('negative');
      expect(judge(about, lookup(), SENT, seen(SENT, { positions: [] })).kind, 'it is gone').toBe('done');
    }
    const open = (reason: string) =>
      judge(command({ reason, negatives: 0, lookedUpMs: null }), lookup(), SENT).kind;
    expect([open('retcode-10023'), open('position_mismatch')], 'an entry').toEqual(['negative', 'negative']);
    const unsure = command({ kind: 'close', reason: 'bridge-timeout', negatives: 0, lookedUpMs: null });
    expect(judge(unsure, lookup(), SENT).kind).toBe('negative');
    const told = { cmd_id: 'c', attempt: 0, outcome: 'failed', retcode: 10036, order: null, deal: null };
    const journal = lookup({
      journal: 'result',
      result: { ...told, price: null, volume: null, reason: null },
    });
    expect(judge(unsure, journal, SENT), 'by the journal’s word').toEqual({
      ...{ kind: 'refused', reason: 'retcode-10036' },
    });
  });

  it('that cancels is done once its order works no more, and tried again while it stands', () => {
    const order = wireOrder({ ticket: '55', magic: OTHER, state: 'placed' });
    const about = (reason: string) => command({ kind: 'cancel', reason, negatives: 0, lookedUpMs: null });
    const done = { kind: 'done', orderTicket: '55', positionId: null, volume: null, partial: false };
    expect(judge(about('bridge-timeout'), lookup(), SENT, seen(SENT))).toEqual(done);
    expect(judge(about('bridge-timeout'), lookup(), SENT, seen(SENT - 1)).kind, 'seen before').toBe(
      'negative',
    );
    const stands = seen(SENT, { orders: [order] });
    expect(judge(about('bridge-timeout'), lookup(), SENT, stands).kind).toBe('negative');
    expect(judge(about('retcode-10041'), lookup(), SENT, stands).kind).toBe('refused');
    const late = command({ kind: 'cancel' });
    expect(judge(late, lookup(), LATE, seen(LATE, { orders: [order] })).kind).toBe('not-executed');
  });

  it('that places an order works on while a part of it does, though a part has filled', () => {
    const found = { orders: [wireOrder({ state: 'partial' })], deals: [wireDeal()] };
    const placed = { kind: 'placed', orderTicket: '1001' };
    for (const state of ['unknown', 'placed'] as const)
      expect(judge(command({ kind: 'place', state }), lookup(found), LATE)).toEqual(placed);
  });
});
