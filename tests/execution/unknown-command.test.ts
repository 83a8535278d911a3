import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookupReply } from '../../functions/bridge/bridge-protocol.ts';
import { HORIZON_MS, LOOKUP_SPACING_MS, unknownCommand } from '../../functions/execution/unknown-command.ts';
import { wireDeal, wireLookup, wireOrder, wirePosition } from '../bridge/bridge-reply.ts';
import { caseCensus, runs } from '../support/property.ts';

const SENT = Date.UTC(2026, 2, 2, 10);
const MAGIC = '7696581394448';
const OTHER = '7696581394464';
const lookup = (changes: Record<string, unknown> = {}) => lookupReply.parse(wireLookup(changes));
const command = (changes: { negatives?: number; lookedUpMs?: number | null } = {}) => ({
  magic: MAGIC,
  sentMs: SENT,
  negatives: 1,
  lookedUpMs: SENT + HORIZON_MS - LOOKUP_SPACING_MS,
  ...changes,
});
const LATE = SENT + HORIZON_MS;

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
    expect(unknownCommand(command(), lookup(found), LATE)).toEqual({ kind: 'done', orderTicket, positionId });
    expect(unknownCommand(command({ negatives: 0 }), lookup(found), SENT).kind, 'at any time').toBe('done');
  });

  it.each(['placed', 'partial', 'filled', 'started', 'a state of tomorrow'])(
    'waits while an order of its magic is %s and has no deal yet',
    (state) => {
      for (const list of ['orders', 'history_orders'])
        expect(unknownCommand(command(), lookup({ [list]: [wireOrder({ state })] }), LATE * 2)).toEqual({
          kind: 'wait',
        });
    },
  );

  it.each(['rejected', 'canceled', 'expired'])(
    'is not held up for ever by an order that ended %s without a deal',
    (state) => {
      expect(unknownCommand(command(), lookup({ history_orders: [wireOrder({ state })] }), LATE)).toEqual({
        kind: 'not-executed',
      });
    },
  );

  it('waits for the order that works, whatever became of an earlier one of its magic', () => {
    const found = {
      history_orders: [wireOrder({ state: 'rejected' }), wireOrder({ ticket: '1002', state: 'filled' })],
    };
    expect(unknownCommand(command(), lookup(found), LATE)).toEqual({ kind: 'wait' });
  });

  it('is not executed only after two empty look-ups half a minute apart, three minutes after sending', () => {
    expect(HORIZON_MS).toBe(180_000);
    expect(LOOKUP_SPACING_MS).toBe(30_000);
    expect(unknownCommand(command(), lookup(), LATE)).toEqual({ kind: 'not-executed' });
    expect(unknownCommand(command({ negatives: 0, lookedUpMs: null }), lookup(), LATE)).toEqual({
      kind: 'negative',
    });
    expect(unknownCommand(command({ lookedUpMs: LATE - LOOKUP_SPACING_MS + 1 }), lookup(), LATE)).toEqual({
      kind: 'wait',
    });
    const early = command({ negatives: 5, lookedUpMs: SENT });
    expect(unknownCommand(early, lookup(), LATE - 1)).toEqual({ kind: 'negative' });
  });

  it('is not settled by the facts of another command', () => {
    const others = {
      deals: [wireDeal({ magic: OTHER }), wireDeal({ magic: '0' })],
      positions: [wirePosition({ magic: OTHER })],
      orders: [wireOrder({ magic: OTHER, state: 'placed' })],
    };
    expect(unknownCommand(command(), lookup(others), LATE).kind).toBe('not-executed');
  });

  it('is not taken for done because its position was closed: an exit alone opens nothing', () => {
    const out = { deals: [wireDeal({ entry: 'out', type: 'sell' })] };
    expect(unknownCommand(command(), lookup(out), LATE).kind).toBe('not-executed');
  });

  it('waits for a bridge that meant to send it until the horizon has passed', () => {
    const intent = lookup({ journal: 'intent' });
    expect(unknownCommand(command({ lookedUpMs: null }), intent, LATE - 1)).toEqual({ kind: 'wait' });
    expect(unknownCommand(command(), intent, LATE)).toEqual({ kind: 'not-executed' });
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
        const verdict = unknownCommand(
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
});
