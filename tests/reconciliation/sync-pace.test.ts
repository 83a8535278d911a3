import { describe, expect, it } from 'vitest';
import { MARKET_TTL_MS } from '../../functions/execution/entry-order.ts';
import { type Pace, syncPace } from '../../functions/reconciliation/sync-pace.ts';

const NOW_MS = 1_000_000;
const flat: Pace = {
  ...{ lacking: false, doubted: false, commands: false, exposed: false, awaited: false, tradesMs: NOW_MS },
};
const pace = (over: Partial<Pace>) => syncPace({ ...flat, ...over }, NOW_MS);

describe('the pace of a bridge that polls', () => {
  it.each([
    ['its history is not long enough', { lacking: true, commands: true }, 1_000],
    ['a second sample is to confirm what the guard has seen', { doubted: true, commands: true }, 1_100],
    ['a command waits or its fate is open', { commands: true, exposed: true }, 2_000],
    ['a position stands', { exposed: true }, 5_000],
    ['a countersignature is awaited', { awaited: true }, 5_000],
    ['the account is flat and a market is open', {}, 20_000],
    ['all markets are closed for long', { tradesMs: NOW_MS + 86_400_000 }, 240_000],
    ['no market ever opens', { tradesMs: Number.POSITIVE_INFINITY }, 240_000],
    ['the first market opens before that', { tradesMs: NOW_MS + 61_500 }, 61_500],
    ['it opens within moments', { tradesMs: NOW_MS + 5 }, 20_000],
    ['a position stands over a closed market', { exposed: true, tradesMs: NOW_MS + 86_400_000 }, 5_000],
  ])('where %s', (_when, over, ms) => {
    expect(pace(over)).toBe(ms);
  });

  it('leaves a market order of a flat account time to be fetched and carried out', () => {
    expect(pace({})).toBeLessThanOrEqual(MARKET_TTL_MS - 10_000);
  });
});
