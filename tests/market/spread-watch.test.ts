import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MARKET_GUARD_DEFAULTS, storedMarketSettings } from '../../functions/market/market-guard-settings.ts';
import {
  isRollover,
  type SpreadSample,
  spreadSample,
  storedSpreads,
  wideSpread,
} from '../../functions/market/spread-watch.ts';
import { caseCensus, runs } from '../support/property.ts';

const NOON = Date.parse('2026-02-25T12:00:00Z');
const usual = (spread = '0.2', count = 60): SpreadSample[] =>
  Array.from({ length: count }, (_, i) => [NOON - (count - i) * 60_000, spread]);
/** Samples that end at noon, so many seconds apart. */
const recent = (seconds: number, ...spreads: string[]): SpreadSample[] =>
  spreads.map((s, i) => [NOON - (spreads.length - 1 - i) * seconds * 1000, s]);
const wide = (samples: SpreadSample[], over: { usual?: SpreadSample[]; bid?: string; nowMs?: number } = {}) =>
  wideSpread({ recent: samples, usual: over.usual ?? usual() }, MARKET_GUARD_DEFAULTS, {
    ...{ bid: '1000', nowMs: NOON },
    ...over,
  });

describe('a wide spread', () => {
  it('is above five times its median in three samples over ten seconds', () => {
    expect(wide(recent(5, '1.01', '1.01', '1.01'))).toEqual({ spread: '1.01', median: 0.2, threshold: 1 });
    expect(wide(recent(60, '0.2', '1.01', '1.5', '1.2'))).not.toBeNull();
  });

  it('is none that only reaches the threshold, in two samples, or for less than ten seconds', () => {
    expect(wide(recent(5, '1', '1', '1'))).toBeNull();
    expect(wide(recent(60, '1.01', '1.01'))).toBeNull();
    expect(wide(recent(4.9, '1.01', '1.01', '1.01'))).toBeNull();
    expect(wide(recent(2, '9', '9', '9', '9', '9', '9'))).not.toBeNull();
  });

  it('is over with the first narrow sample, and a single bad tick begins none', () => {
    expect(wide(recent(5, '9', '9', '9', '9', '0.2'))).toBeNull();
    expect(wide(recent(5, '9', '9', '0.2', '9', '9'))).toBeNull();
    expect(wide(recent(60, '0.2', '0.2', '50'))).toBeNull();
  });

  it('is above a share of the price too: a market whose spread is nothing has to widen by something', () => {
    const narrow = { usual: usual('0.001') };
    expect(wide(recent(5, '0.5', '0.5', '0.5'), narrow)).toBeNull();
    expect(wide(recent(5, '0.51', '0.51', '0.51'), narrow)).toMatchObject({ threshold: 0.5 });
  });

  it('is not judged where too little is known of what is usual, where nothing is new, and in the rollover', () => {
    const samples = recent(5, '9', '9', '9');
    expect(wide(samples, { usual: usual('0.2', 4) })).toBeNull();
    expect(wide(samples, { usual: usual('0.2', 5) })).not.toBeNull();
    expect(wide(samples, { nowMs: NOON + 180_000 })).not.toBeNull();
    expect(wide(samples, { nowMs: NOON + 180_001 })).toBeNull();
    expect(wide([])).toBeNull();
    const night = Date.parse('2026-02-25T21:54:50Z') - NOON;
    const late = samples.map(([ms, s]): SpreadSample => [ms + night, s]);
    expect(wide(late, { nowMs: NOON + night })).not.toBeNull();
    expect(wide(late, { nowMs: NOON + night + 10_000 })).toBeNull();
  });

  it('takes the middle of an even number of samples for what is usual', () => {
    const half: SpreadSample[] = [...usual('0.1', 30), ...usual('0.3', 30)];
    expect(wide(recent(5, '9', '9', '9'), { usual: half })?.median).toBeCloseTo(0.2, 12);
  });

  it('is never found of spreads that are all alike, nor in fewer than three wide ones, whatever the times', () => {
    const met = caseCensus('wide', 'not wide');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000 }), fc.constantFrom('0.2', '3')), {
          maxLength: 8,
        }),
        (steps) => {
          let atMs = NOON;
          const samples = steps.map(([ms, s]): SpreadSample => {
            atMs += ms;
            return [atMs, s];
          });
          const found = wideSpread({ recent: samples, usual: usual() }, MARKET_GUARD_DEFAULTS, {
            ...{ bid: '1000', nowMs: atMs },
          });
          const tail = samples.slice(samples.findLastIndex(([, s]) => s === '0.2') + 1);
          const span = (tail.at(-1)?.[0] ?? 0) - (tail[0]?.[0] ?? 0);
          expect(found !== null).toBe(tail.length >= 3 && span >= 10_000);
          met.note('wide', found !== null);
          met.note('not wide', found === null);
        },
      ),
      runs(500),
    );
    met.expectAllMet();
  });
});

describe('a sample', () => {
  const quote = { bid: '2035.10', ask: '2035.45', quotedMs: NOON };

  it('is the spread of a quote that moves', () => {
    expect(spreadSample(quote, NOON)).toEqual([NOON, '0.35']);
    expect(spreadSample(quote, NOON + 60_000)).not.toBeNull();
    expect(spreadSample(quote, NOON + 60_001)).toBeNull();
    expect(spreadSample({ ...quote, ask: '2035.09' }, NOON)).toBeNull();
    expect(spreadSample({ ...quote, bid: '0', ask: '0' }, NOON)).toBeNull();
  });

  it('is none in the rollover of New York, winter and summer', () => {
    const edges = (day: string, from: string, to: string) =>
      [Date.parse(`${day}T${from}Z`), Date.parse(`${day}T${to}Z`)].flatMap((ms) => [
        isRollover(ms - 1),
        isRollover(ms),
      ]);
    expect(edges('2026-02-25', '21:55:00', '23:05:00')).toEqual([false, true, true, false]);
    expect(edges('2026-07-15', '20:55:00', '22:05:00')).toEqual([false, true, true, false]);
  });
});

describe('what is stored', () => {
  it('is none where it cannot be read, and settings are then the defaults', () => {
    expect(storedSpreads({})).toEqual({ recent: [], usual: [] });
    expect(storedSpreads({ recent: [[1, '2']], usual: [] }).recent).toEqual([[1, '2']]);
    expect(storedMarketSettings(null)).toEqual(MARKET_GUARD_DEFAULTS);
    expect(storedMarketSettings({ gap_bps: 300 })).toEqual({ ...MARKET_GUARD_DEFAULTS, gap_bps: 300 });
    expect(storedMarketSettings({ gap_bps: 'none' })).toEqual(MARKET_GUARD_DEFAULTS);
  });
});
