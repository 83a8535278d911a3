import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { executionResult } from '../../functions/bridge/bridge-protocol.ts';
import { BRIDGE_WORDS } from '../../functions/execution/bridge-refusal.ts';
import { outcomeOf, outcomeOfDelay, outcomeOfSilence } from '../../functions/execution/command-outcome.ts';
import type { Command } from '../../functions/execution/command-store.ts';
import { retcodeClass } from '../../functions/execution/retcode-class.ts';
import { caseCensus, runs } from '../support/property.ts';

const NOW = Date.UTC(2026, 2, 2, 10);
const PRE = { login: '1001', server: 'Demo-1', symbol: 'XAUUSD' };
type Kind = Command['instruction']['kind'];
function instructionOf(kind: Kind): Command['instruction'] {
  const symbol = 'XAUUSD';
  if (kind === 'cancel') return { kind, pre: PRE, order: { symbol, order_ticket: '55' } };
  if (kind === 'modify_sltp')
    return {
      kind,
      pre: { ...PRE, position_id: '7' },
      order: { symbol, position_ticket: '7', stop_loss: '2000' },
    };
  const pre = kind === 'close' ? { ...PRE, position_id: '7' } : PRE;
  return { kind, pre, order: { symbol, type: 'buy', volume: '0.1' } };
}
const DAY_MS = 86_400_000;
const command = (given: { kind?: Kind; attempt?: number; leftMs?: number; tripId?: string } = {}) => ({
  instruction: instructionOf(given.kind ?? 'open'),
  attempt: given.attempt ?? 0,
  expiresMs: NOW + (given.leftMs ?? 30_000),
  tripId: given.tripId ?? null,
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
      ...{ state: 'done', orderTicket: '12', positionId: '12', volume: '0.1', retcode: 10009 },
      brokerComment: null,
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
      { outcome: 'done', retcode: 10009 },
    ])
      expect(settlement(of({ ...said, order: '12' }, { kind: 'place' }))).toMatchObject({
        ...{ state: 'placed', orderTicket: '12' },
      });
    expect(
      settlement(of({ outcome: 'partial', retcode: 10010, order: '12' }, { kind: 'place' }))?.state,
    ).toBe('partial');
  });

  it('to a close says how much it took out, and is looked up where that is less than was asked for', () => {
    const close = { kind: 'close' as const };
    expect(
      settlement(of({ outcome: 'done', retcode: 10009, order: '12', volume: '0.1' }, close)),
    ).toMatchObject({
      ...{ state: 'done', orderTicket: '12', volume: '0.1' },
    });
    for (const said of [
      { outcome: 'partial', retcode: 10010, volume: '0.05' },
      { outcome: 'done', retcode: 10010 },
      { outcome: 'done', retcode: 10009, volume: '0.09' },
      { outcome: 'partial' },
    ])
      expect(settlement(of({ ...said, order: '12' }, close))).toMatchObject({
        ...{ state: 'unknown', reason: 'filled-in-part', orderTicket: '12' },
      });
  });

  it('to a cancellation ends the order that it names, and opens no position', () => {
    for (const said of [
      { outcome: 'done', retcode: 10009, order: '99' },
      { outcome: 'failed', retcode: 10035 },
    ])
      expect(settlement(of(said, { kind: 'cancel' }))).toMatchObject({ state: 'done', positionId: null });
    expect(settlement(of({ outcome: 'done', retcode: 10009 }, { kind: 'cancel' }))).toMatchObject({
      ...{ orderTicket: '55', volume: null },
    });
    expect(settlement(of({ outcome: 'placed', retcode: 10008 }, { kind: 'cancel' }))?.state).toBe('unknown');
  });

  it.each(['open', 'close'] as const)(
    'to a market order (%s) that was accepted and not filled is none yet: it may still be rejected',
    (kind) => {
      for (const said of [
        { outcome: 'placed', retcode: 10008 },
        { outcome: 'done', retcode: 10008 },
        { outcome: 'partial', retcode: 10008 },
        { outcome: 'placed', retcode: 10009 },
        { outcome: 'placed' },
      ])
        for (const order of ['12', null])
          expect(of({ ...said, order }, { kind })).toMatchObject({
            ...{ kind: 'settle', pause: false },
            settlement: { state: 'unknown', reason: 'accepted-not-filled', orderTicket: order },
          });
    },
  );

  it('is no answer where it contradicts its own code or names no ticket', () => {
    expect(settlement(of({ outcome: 'done', retcode: 10019, order: '12' }))).toMatchObject({
      ...{ state: 'unknown', reason: 'contradictory-10019' },
    });
    for (const outcome of ['placed', 'done'])
      expect(settlement(of({ outcome, retcode: 10008 }, { kind: 'place' }))).toMatchObject({
        ...{ state: 'unknown', reason: 'placed-without-ticket' },
      });
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

  it('because the position is gone, or smaller, is looked at: it may have another ticket by now', () => {
    for (const code of [10036, 10038])
      expect(settlement(failed(code, { kind: 'close' }))).toMatchObject({
        ...{ state: 'unknown', reason: `retcode-${code}` },
      });
    expect(settlement(failed(10036))?.state).toBe('failed');
  });

  it('of what leaves the market is tried all day: after pauses of up to ten minutes, with every attempt there is', () => {
    for (const kind of ['close', 'cancel'] as const) {
      const pauses = Array.from({ length: 16 }, (_, attempt) =>
        failed(10024, { kind, attempt, leftMs: DAY_MS }),
      );
      const waits = pauses.map((p) => (p.kind === 'retry' ? p.notBeforeMs - NOW : null));
      expect(waits.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
      expect(waits.slice(10)).toEqual([512_000, 600_000, 600_000, 600_000, 600_000, null]);
      const requotes = [0, 1, 2, 14, 15].map((attempt) => failed(10004, { kind, attempt, leftMs: DAY_MS }));
      expect(requotes.map((p) => (p.kind === 'retry' ? p.notBeforeMs - NOW : null))).toEqual([
        ...[0, 0, 2_000, 600_000, null],
      ]);
    }
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

  it('of the terminal itself is waited for by a close, looked at, or for good, by what it says', () => {
    const refusedAs = (reason: string) =>
      of({ outcome: 'refused', reason }, { kind: 'close', leftMs: DAY_MS });
    for (const reason of ['disconnected', 'login_mismatch', 'server_mismatch', 'no_quote', 'journal_failed'])
      expect(refusedAs(reason).kind, reason).toBe('retry');
    for (const reason of ['position_mismatch', 'volume_above_position'])
      expect(settlement(refusedAs(reason)), reason).toMatchObject({ state: 'unknown', reason });
    for (const reason of ['price_outside_band', 'side_does_not_close', 'invalid_order', 'anything'])
      expect(settlement(refusedAs(reason))?.state, reason).toBe('failed');
  });

  it('is told by its code or a word of the protocol alone; other words are shown as the broker’s', () => {
    const text = '<b>call</b> +1 555 0100';
    for (const outcome of ['refused', 'failed', 'unknown']) {
      const told = settlement(of({ outcome, reason: text, retcode: outcome === 'failed' ? 10019 : null }));
      const reason = { refused: 'bridge-refused', failed: 'retcode-10019', unknown: 'unknown' }[outcome];
      expect(told, outcome).toMatchObject({ reason, brokerComment: text });
    }
    expect(settlement(of({ outcome: 'failed', reason: text }))).toMatchObject({
      ...{ state: 'unknown', reason: 'failed' },
    });
    const both = { outcome: 'failed', reason: text, retcode: 10019, broker_comment: 'No money' };
    expect(settlement(of(both))).toMatchObject({ brokerComment: 'No money' });
    for (const word of BRIDGE_WORDS)
      expect(of({ outcome: 'unknown', reason: word })).toMatchObject({
        settlement: { reason: word, brokerComment: null },
      });
  });

  it('holds back no longer than a minute what a guard closes', () => {
    const locked = (about: Parameters<typeof command>[0]) =>
      failed(10028, { kind: 'close', leftMs: DAY_MS, attempt: 9, ...about });
    expect(locked({})).toMatchObject({ kind: 'retry', notBeforeMs: NOW + 256_000 });
    expect(locked({ tripId: 't' })).toMatchObject({ kind: 'retry', notBeforeMs: NOW + 60_000 });
  });

  it('that came too late for one attempt leaves an exit the next, as long as its own time lasts', () => {
    const close = { kind: 'close' as const, leftMs: DAY_MS };
    expect(of({ outcome: 'expired' }, close)).toMatchObject({ kind: 'retry', notBeforeMs: NOW + 500 });
    expect(outcomeOfDelay(command(close), NOW).kind).toBe('retry');
    expect(settlement(outcomeOfDelay(command(close), NOW + DAY_MS))?.state).toBe('expired');
    expect(settlement(outcomeOfDelay(command(), NOW))?.state).toBe('expired');
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
    const close = command({ kind: 'close', leftMs: DAY_MS });
    for (const word of ['blocked', 'unregistered', 'polled', 'unreachable'] as const)
      expect(outcomeOfSilence(close, { kind: 'no-reply', word, effect: 'none' }, NOW).kind, word).toBe(
        'retry',
      );
    expect(
      settlement(outcomeOfSilence(close, { kind: 'no-reply', word: 'timeout', effect: 'unknown' }, NOW))
        ?.state,
    ).toBe('unknown');
  });

  it('is never sent again: whatever is said, another attempt follows a definite refusal alone', () => {
    const census = caseCensus('retry', 'unknown', 'failed', 'done', 'placed');
    const codes = fc.option(
      fc.oneof(fc.integer({ min: 10_000, max: 10_060 }), fc.integer({ min: -5, max: 20_000 })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('done', 'partial', 'placed', 'failed', 'expired', 'refused', 'unknown'),
        codes,
        fc.constantFrom('open' as const, 'place' as const, 'close' as const, 'cancel' as const),
        fc.constantFrom(null, 'disconnected', 'stale_attempt', 'login_mismatch', 'x'),
        fc.integer({ min: 0, max: 15 }),
        (outcome, retcode, kind, reason, attempt) => {
          const got = of({ outcome, retcode, reason, order: '12' }, { kind, attempt, leftMs: 600_000 });
          const state = got.kind === 'retry' ? 'retry' : got.settlement.state;
          for (const name of ['retry', 'unknown', 'failed', 'done', 'placed'] as const)
            census.note(name, state === name);
          if (state === 'placed') expect(kind, 'nothing else works').toBe('place');
          if (got.kind !== 'retry') return;
          const passing = outcome === 'failed' && retcode !== null ? retcodeClass(retcode, kind) : null;
          const leaves = kind === 'close' || kind === 'cancel';
          const before = outcome === 'expired' || (outcome === 'refused' && reason === 'login_mismatch');
          expect(
            (outcome === 'refused' && reason === 'disconnected') ||
              (leaves && before) ||
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
