import { describe, expect, it } from 'vitest';
import { settingsChange } from '../../functions/execution/account-settings.ts';

const ok = (change: unknown) => settingsChange.safeParse(change).success;

describe('a change of settings', () => {
  it.each([
    [{}],
    [{ risk_bps: 1 }],
    [{ risk_bps: 1_000 }],
    [{ risk_bps: null, max_volume: null, max_positions: null, reward_ratio: null }],
    [{ max_instrument_volume: '10000', max_exposure_percent: 100_000 }],
    [{ max_instrument_volume: null, max_exposure_percent: null }],
    [{ max_spread_points: null, margin_share_bps: null, instruments: null }],
    [{ reward_ratio: '3.25', commission_per_lot: '0', risk_base: 'equity', min_stop_points: 0 }],
    [{ symbols: { XAUUSD: 'GOLD.m', EURUSD: 'EURUSD#' }, instruments: [] }],
    [{ order_volume: '1000', max_volume: '0.00000001' }],
  ])('may be %j', (change) => {
    expect(ok(change)).toBe(true);
  });

  it.each([
    [{ risk_bps: 0 }],
    [{ risk_bps: 1_001 }],
    [{ risk_bps: 1.5 }],
    [{ risk_base: 'balance' }],
    [{ risk_base: null }],
    [{ max_volume: '0' }],
    [{ max_volume: '1000.1' }],
    [{ order_volume: '1e1' }],
    [{ order_volume: null }],
    [{ max_positions: 0 }],
    [{ min_stop_points: -1 }],
    [{ reward_ratio: '0' }],
    [{ reward_ratio: '3.25001' }],
    [{ commission_per_lot: '-1' }],
    [{ margin_share_bps: 10_001 }],
    [{ max_instrument_volume: '0' }],
    [{ max_exposure_percent: 0 }],
    [{ max_exposure_percent: 100_001 }],
    [{ max_exposure_percent: 99.5 }],
    [{ instruments: ['xauusd'] }],
    [{ symbols: { XAUUSD: '' } }],
    [{ symbols: { XAUUSD: 'GO LD' } }],
    [{ symbols: { xauusd: 'GOLD' } }],
    [{ symbols: { XAUUSD: 'GOLD', XAGUSD: 'GOLD' } }],
    [{ symbols: null }],
    [{ halted: false }],
    [{ login: '1' }],
  ])('may not be %j', (change) => {
    expect(ok(change)).toBe(false);
  });
});
