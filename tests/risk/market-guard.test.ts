import { describe, expect, it } from 'vitest';
import {
  MARKET_GUARD_DEFAULTS,
  type MarketGuardSettings,
} from '../../functions/market/market-guard-settings.ts';
import { breachesOf } from '../../functions/risk/guard-breach.ts';
import { type HeldSymbol, marketCauses } from '../../functions/risk/market-guard.ts';
import { calendar } from '../support/calendars.ts';

const NOW = Date.parse('2026-02-25T12:00:00Z');
const HOUR_MS = 3_600_000;
const symbol = (close: string, spread: string): HeldSymbol => ({
  ...{ bid: '2000', calendar: calendar('metals-energy') },
  bars: Array.from({ length: 20 }, (_, i) => ({
    ...{ timeMs: NOW - (20 - i) * HOUR_MS, open: close, close, volume: '1' },
    ...{ high: String(Number(close) + 1), low: String(Number(close) - 1) },
  })),
  spreads: {
    usual: Array.from({ length: 10 }, (_, i) => [NOW - (10 - i) * 60_000, '0.2']),
    recent: [20, 10, 0].map((s) => [NOW - s * 1000, spread]),
  },
});
const QUIET = symbol('2000', '0.2');
const GAPPED = symbol('1800', '0.2');
const WIDE = symbol('2000', '5');
const causes = (close_on: MarketGuardSettings['close_on'], ...held: HeldSymbol[]) =>
  marketCauses({ ...MARKET_GUARD_DEFAULTS, close_on }, held, NOW);

describe('a guard of the market', () => {
  it('is a reason to close for nobody who has not asked for it', () => {
    expect(MARKET_GUARD_DEFAULTS.close_on).toEqual([]);
    expect(causes([], GAPPED, WIDE)).toEqual([]);
    expect(causes(['market-gap'], WIDE)).toEqual([]);
    expect(causes(['market-spread'], GAPPED)).toEqual([]);
  });

  it('is one for who has, where any symbol in which he stands shows it', () => {
    expect(causes(['market-gap'], QUIET, GAPPED)).toEqual(['market-gap']);
    expect(causes(['market-spread', 'market-gap'], QUIET, GAPPED, WIDE)).toEqual([
      'market-spread',
      'market-gap',
    ]);
    expect(causes(['market-gap', 'market-gap'], GAPPED)).toEqual(['market-gap']);
    expect(causes(['market-gap', 'market-spread'], QUIET)).toEqual([]);
  });

  it('breaches as a fall does, while something stands', () => {
    const seen = { drawdownBps: 0, units: '1', floor: null };
    const bounds = { tripBps: 2_000, floorEquity: null };
    const positions = [{}] as Parameters<typeof breachesOf>[2]['positions'];
    const sample = { equity: '10000', limits: [], market: ['market-gap' as const] };
    expect(breachesOf(bounds, seen, { ...sample, positions })).toEqual(['market-gap']);
    expect(breachesOf(bounds, seen, { ...sample, positions: [] })).toEqual([]);
  });
});
