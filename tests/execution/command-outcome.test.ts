import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { executionResult } from '../../functions/bridge/bridge-protocol.ts';
import { outcomeOf, outcomeOfSilence } from '../../functions/execution/command-outcome.ts';
import { retcodeClass } from '../../functions/execution/retcode-class.ts';
import { caseCensus, runs } from '../support/property.ts';

const NOW = Date.UTC(2026, 2, 2, 10);
const PRE = { login: '1001', server: 'Demo-1', symbol: 'XAUUSD' };
const command = (given: { kind?: 'open' | 'place' | 'close'; attempt?: number; leftMs?: number } = {}) => ({
  instruction: {
    kind: given.kind ?? ('open' as const),
    pre: given.kind === 'close' ? { ...PRE, position_id: '7' } : PRE,
  },
  attempt: given.attempt ?? 0,
  expiresMs: NOW + (given.leftMs ?? 30_000),
});
const result = (given: Record<string, unknown>) =>
  executionResult.parse({
    ...{ cmd_id: 'c', retcode: null, order: null, deal: null, price: null, volume: null, reason: null },
    ...given,
  });
const of = (given: Record<string, unknown>, about: Parameters<typeof command>[0] = {}) =>
  outcomeOf(command(about), result(given), NOW);
const failed = (retcode: number, about: Parameters<typeof command>[0] = {}) =>
  of({ outcome: 'failed', retcode, broker_comment: 'words' }, about);
const settlement = (outcome: ReturnType<typeof of>) =>
  outcome.kind === 'settle' ? outcome.settlement : null;

describe('a yes of the bridge', () => {
  it('is done or partial with the position named by its opening order, and not yet a fill where it was placed', () => {
    expect(settlement(of({ outcome: 'done', retcode: 10009, order: '12' }))).toEqual({
      ...{ state: 'done', orderTicket: '12', positionId: '12', retcode: 10009, brokerComment: null },
    });
    expect(settlement(of({ outcome: 'done', retcode: 10009, order: '12' }, { kind: 'close' }))).toMatchObject(
      { state: 'done', orderTicket: '12', positionId: '7' },
    );
    expect(settlement(of({ outcome: 'done', order: '12' }))?.state, 'found by its magic').toBe('done');
    for (const said of [
      { outcome: 'partial', retcode: 10010 },
      { outcome: 'done', retcode: 10010 },
    ])
      expect(settlement(of({ ...said, order: '12' }))?.state).toBe('partial');
    for (const said of [
      { outcome: 'placed', retcode: 10008 },
      { outcome: 'done', retcode: 10008 },
    ])
      expect(settlement(of({ ...said, order: '12' }, { kind: 'place' }))).toMatchObject({
        ...{ state: 'placed', orderTicket: '12' },
      });
  });

  it('is no answer where it contradicts its own code or names no ticket', () => {
    expect(settlement(of({ outcome: 'done', retcode: 10019, order: '12' }))).toMatchObject({
      ...{ state: 'unknown', reason: 'contradictory-10019' },
    });
    expect(settlement(of({ outcome: 'placed', retcode: 10008 }))?.state).toBe('unknown');
  });
});

describe('a refusal', () => {
  it('keeps the code and the broker’s words where it is for good', () => {
    expect(failed(10019)).toEqual({
      kind: 'settle',
      pause: false,
      settlement: {
        ...{ state: 'failed', reason: 'retcode-10019', retcode: 10019, brokerComment: 'words' },
      },
    });
  });

  it('for its price is tried three times in all, at once', () => {
    const tries = [0, 1, 2].map((attempt) => failed(10004, { attempt }));
    expect(tries.map((t) => t.kind)).toEqual(['retry', 'retry', 'settle']);
    expect(tries[0]).toMatchObject({ notBeforeMs: NOW });
    expect(failed(10004, { leftMs: 0 }).kind).toBe('settle');
  });

  it('that passes is tried after pauses of 0.5, 1, 2, 4 s and so on, inside the deadline and the 16 attempts', () => {
    const pauses = [0, 1, 2, 3, 4].map((attempt) => failed(10024, { attempt, leftMs: 600_000 }));
    expect(pauses.map((p) => (p.kind === 'retry' ? p.notBeforeMs - NOW : 0))).toEqual([
      ...[500, 1_000, 2_000, 4_000, 8_000],
    ]);
    expect(failed(10024, { leftMs: 500 }).kind, 'too late').toBe('settle');
    expect(failed(10024, { leftMs: 501 }).kind).toBe('retry');
    expect(failed(10024, { attempt: 14, leftMs: 86_400_000 }).kind).toBe('retry');
    expect(failed(10024, { attempt: 15, leftMs: 86_400_000 }).kind).toBe('settle');
  });

  it('of a closed market ends an entry, and a close waits for the session', () => {
    expect(settlement(failed(10018))?.state).toBe('failed');
    expect(failed(10018, { kind: 'close' }).kind).toBe('retry');
  });

  it('because the position is gone is as good as closed', () => {
    expect(settlement(failed(10036, { kind: 'close' }))).toMatchObject({ state: 'done', positionId: '7' });
    expect(settlement(failed(10036))?.state).toBe('failed');
  });

  it.each([10017, 10026, 10027, 10044])('%i suspends the account’s entries', (code) => {
    expect(failed(code)).toMatchObject({ kind: 'settle', pause: true, settlement: { state: 'failed' } });
  });

  it('of the terminal itself is for good, but for a terminal that was known to be offline', () => {
    expect(settlement(of({ outcome: 'refused', reason: 'login_mismatch' }))).toMatchObject({
      ...{ state: 'failed', reason: 'login_mismatch' },
    });
    expect(of({ outcome: 'refused', reason: 'disconnected' }).kind).toBe('retry');
    expect(settlement(of({ outcome: 'refused', reason: 'stale_attempt' }))?.state).toBe('unknown');
    expect(settlement(of({ outcome: 'expired' }))?.state).toBe('expired');
  });
});

describe('what may have been executed', () => {
  it.each([10011, 10012, 10031, 10023, 10039, 10041, 10037, 99_999])('is unknown after %i', (code) => {
    expect(settlement(failed(code))?.state).toBe('unknown');
  });

  it('is unknown where the terminal gives no code, or says so', () => {
    expect(settlement(of({ outcome: 'failed' }))?.state).toBe('unknown');
    expect(settlement(of({ outcome: 'unknown' }))?.state).toBe('unknown');
  });

  it('is unknown after silence, and failed or tried again only where the bridge was surely not reached', () => {
    const silence = (
      word: 'timeout' | 'blocked' | 'unreachable' | 'circuit-open',
      effect: 'none' | 'unknown',
    ) => outcomeOfSilence(command(), { kind: 'no-reply', word, effect }, NOW);
    expect(settlement(silence('timeout', 'unknown'))).toMatchObject({
      ...{ state: 'unknown', reason: 'bridge-timeout' },
    });
    expect(settlement(silence('blocked', 'none'))?.state).toBe('failed');
    expect(silence('unreachable', 'none').kind).toBe('retry');
    expect(silence('timeout', 'none').kind, 'of connecting').toBe('retry');
    expect(silence('unreachable', 'unknown').kind).toBe('settle');
    expect(silence('circuit-open', 'none').kind).toBe('retry');
  });

  it('is never sent again: whatever is said, another attempt follows a definite refusal alone', () => {
    const census = caseCensus('retry', 'unknown', 'failed', 'done');
    const codes = fc.option(
      fc.oneof(fc.integer({ min: 10_000, max: 10_060 }), fc.integer({ min: -5, max: 20_000 })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('done', 'partial', 'placed', 'failed', 'expired', 'refused', 'unknown'),
        codes,
        fc.constantFrom('open' as const, 'place' as const, 'close' as const),
        fc.constantFrom(null, 'disconnected', 'stale_attempt', 'x'),
        fc.integer({ min: 0, max: 15 }),
        (outcome, retcode, kind, reason, attempt) => {
          const got = of({ outcome, retcode, reason, order: '12' }, { kind, attempt, leftMs: 600_000 });
          const state = got.kind === 'retry' ? 'retry' : got.settlement.state;
          for (const name of ['retry', 'unknown', 'failed', 'done'] as const)
            census.note(name, state === name);
          if (got.kind !== 'retry') return;
          const passing = outcome === 'failed' && retcode !== null ? retcodeClass(retcode, kind) : null;
          expect(
            (outcome === 'refused' && reason === 'disconnected') ||
              passing === 'retry-price' ||
              passing === 'retry-wait',
          ).toBe(true);
          expect(attempt).toBeLessThan(15);
        },
      ),
      runs(2_000),
    );
    census.expectAllMet();
  });
});
