import { describe, expect, it } from 'vitest';
import { dailyRule } from '../../functions/risk/daily-loss.ts';
import { loosenings } from '../../functions/risk/guard-loosening.ts';
import { type StatedGuardSettings, statedGuardSettings } from '../../functions/risk/guard-settings.ts';

const rule = dailyRule.parse({
  ...{ name: 'day', tz: 'Europe/Prague', reset: '00:00', base: 'balance' },
  amount: { kind: 'percent_of_initial', value: '5' },
});
const base: StatedGuardSettings = {
  ...statedGuardSettings({}),
  ...{ floor_equity: '5000', daily_rules: [rule], abort_on_recovery: false, warning_ms: 10_000 },
};
const of = (change: Partial<StatedGuardSettings>, from = base) => loosenings(from, { ...from, ...change });

describe('a change of the settings', () => {
  it('that changes nothing loosens nothing', () => {
    expect(of({})).toEqual([]);
  });

  const LOOSER: [keyof StatedGuardSettings, unknown][] = [
    ['mode', 'off'],
    ['mode', 'shadow'],
    ['warn_bps', 1_501],
    ['trip_bps', 2_001],
    ['floor_equity', null],
    ['floor_equity', '4999.99'],
    ['scope', 'own'],
    ['warning_ms', 10_001],
    ['abort_on_recovery', true],
    ['daily_rules', []],
  ];
  it.each(LOOSER)('loosens by %s: %j', (field, value) => {
    expect(of({ [field]: value })).toEqual([field]);
  });

  const STRICTER: [keyof StatedGuardSettings, unknown][] = [
    ['warn_bps', 1_000],
    ['trip_bps', 1_999],
    ['floor_equity', '5000.01'],
    ['warning_ms', 0],
    ['daily_rules', [rule, { ...rule, name: 'another' }]],
  ];
  it.each(STRICTER)('tightens by %s: %j', (field, value) => {
    expect(of({ [field]: value })).toEqual([]);
  });

  it('tightens a guard that was off, in shadow, of its own scope or without a floor', () => {
    const loose = { ...base, mode: 'off' as const, scope: 'own' as const, floor_equity: null };
    expect(of({ mode: 'shadow' }, loose)).toEqual([]);
    expect(of({ mode: 'armed', scope: 'all', floor_equity: '1' }, loose)).toEqual([]);
    expect(of({ mode: 'off' }, { ...loose, mode: 'shadow' })).toEqual(['mode']);
  });

  it('names everything that it loosens', () => {
    expect(of({ mode: 'off', trip_bps: 9_000, warning_ms: 0 })).toEqual(['mode', 'trip_bps']);
  });
});

describe('a daily rule', () => {
  const rules = (change: object) => of({ daily_rules: [{ ...rule, ...change }] });
  const amount = (value: string, kind = 'percent_of_initial') => ({ amount: { kind, value } });

  it('may become stricter: of a smaller amount, or acted on earlier', () => {
    expect(rules(amount('4.5'))).toEqual([]);
    expect(rules({ buffer_bps: 7_000 })).toEqual([]);
  });

  it('is looser where nobody can say that it is as strict', () => {
    const changes = [
      ...[amount('5.01'), amount('5', 'money'), { buffer_bps: 8_001 }, { tz: 'UTC' }, { reset: '01:00' }],
      ...[{ base: 'equity' }, { initial: '1000' }, { name: 'renamed' }],
    ];
    for (const change of changes) expect(rules(change), JSON.stringify(change)).toEqual(['daily_rules']);
  });
});

describe('the guards of the market', () => {
  const market = (change: object) => of({ market: { ...base.market, ...change } });

  it('may look closer, block for longer and close on more', () => {
    expect(market({ gap_bps: 100, gap_block_bars: 3, spread_ratio: 2 })).toEqual([]);
    expect(market({ close_on: ['market-gap'], quote_max_age_ms: 5_000 })).toEqual([]);
  });

  it('are looser by every bound that is wider', () => {
    for (const [name, value] of Object.entries(base.market)) {
      if (typeof value !== 'number') continue;
      const wider = name === 'gap_block_bars' ? value - 1 : value + 1;
      expect(market({ [name]: wider }), name).toEqual(['market']);
    }
  });

  it('are looser where something is no longer closed on', () => {
    const closing = { ...base, market: { ...base.market, close_on: ['market-gap' as const] } };
    expect(of({ market: base.market }, closing)).toEqual(['market']);
  });
});
