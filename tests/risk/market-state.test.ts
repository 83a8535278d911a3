import { describe, expect, it } from 'vitest';
import { MARKET_GUARD_DEFAULTS } from '../../functions/market/market-guard-settings.ts';
import { marketStates, type SeenSymbol } from '../../functions/risk/market-state.ts';
import { START_MS } from '../support/test-clock.ts';

const seen = (over: Partial<SeenSymbol> = {}): SeenSymbol => ({
  ...{ symbol: 'XAUUSD', bid: '2000', quotedMs: START_MS, gappedUntilMs: null, spreads: {}, ...over },
});
const stateOf = (over: Partial<SeenSymbol>, afterMs = 0) =>
  marketStates([seen(over)], MARKET_GUARD_DEFAULTS, START_MS + afterMs)[0];

describe('what the guards of the market see', () => {
  it('is a stale quote after a minute without a tick, and where there was none', () => {
    expect([stateOf({}, 60_000)?.stale, stateOf({}, 60_001)?.stale]).toEqual([false, true]);
    expect(stateOf({ quotedMs: null })?.stale).toBe(true);
  });

  it('is a gap for as long as it keeps entries out', () => {
    const gappedUntilMs = START_MS + 1_000;
    expect(stateOf({ gappedUntilMs }, 999)?.gappedUntilMs).toBe(gappedUntilMs);
    expect(stateOf({ gappedUntilMs }, 1_000)?.gappedUntilMs).toBe(null);
  });

  it('is a spread far above its median, and none of a symbol without a price', () => {
    const usual = Array.from({ length: 10 }, (_, i) => [START_MS - (20 - i) * 60_000, '0.2']);
    const recent = [0, 1, 2].map((i) => [START_MS - (20 - i * 10) * 1_000, '9']);
    const spreads = { usual, recent };
    expect(stateOf({ spreads })?.wide).toMatchObject({ spread: '9', median: 0.2 });
    expect(stateOf({ spreads, bid: '0' })?.wide).toBe(null);
    expect(stateOf({ spreads: 'none' })?.wide).toBe(null);
  });
});
