import { describe, expect, it } from 'vitest';
import { parseChartSpec } from '../../functions/charts/chart-spec.ts';
import { chartBody, specOf, walk } from './sample-chart.ts';

const ID = '0198c0de-0000-7000-8000-000000000001';

function pointers(body: unknown): string[] {
  const parsed = parseChartSpec(body);
  return parsed.outcome === 'ok' ? [] : parsed.faults.map(({ pointer }) => pointer);
}

function strange(_: unknown, seed: number, fields = 28): Record<string, number> {
  return Object.fromEntries(Array.from({ length: fields }, (_, i) => [`k${seed}_${i}`, i]));
}

function inline(changes: Record<string, unknown>): Record<string, unknown> {
  return chartBody(3, { source: { candles: walk(3), instrument: 'XAUUSD', timeframe: 'H1', ...changes } });
}

describe('chart spec', () => {
  it('fills in the defaults', () => {
    const { source: _, ...spec } = specOf(chartBody(1));
    expect(spec).toEqual({
      kind: 'candlestick',
      indicators: [
        { kind: 'sma', period: 20 },
        { kind: 'sma', period: 50 },
      ],
      volume: true,
      scale: 'linear',
      size: 'web',
      theme: 'light',
      tz: 'UTC',
    });
  });

  it.each([{ signal_id: ID }, { trade_id: ID }, { trade_ids: [ID] }])('accepts the source %o', (source) => {
    expect(pointers(chartBody(1, { source }))).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a kind that does not exist', chartBody(1, { kind: 'kagi' }), ['/kind']],
    [
      'an account as a source of bars',
      chartBody(1, { source: { account_id: ID } }),
      ['/source/signal_id', '/source/account_id'],
    ],
    ['unknown fields', chartBody(1, { colour: 1, 'a/b~c': 2 }), ['/colour', '/a~1b~0c']],
    ['an unknown field in the source', inline({ bins: 3 }), ['/source/bins']],
    ['two sources at once', chartBody(1, { source: { signal_id: ID, trade_id: ID } }), ['/source/trade_id']],
    ['a malformed id', chartBody(1, { source: { signal_id: 'x' } }), ['/source/signal_id']],
    ['a zone that does not exist', chartBody(1, { tz: 'Mars/Olympus' }), ['/tz']],
    ['a bare offset', chartBody(1, { tz: '+05:30' }), ['/tz']],
    ['a long title', chartBody(1, { title: 'x'.repeat(201) }), ['/title']],
    ['a period of one', chartBody(1, { indicators: [{ kind: 'sma', period: 1 }] }), ['/indicators/0/period']],
    [
      'an indicator twice',
      chartBody(1, { indicators: [5, 6, 5].map((period) => ({ kind: 'sma', period })) }),
      ['/indicators/2'],
    ],
    ['a small size', chartBody(1, { size: { width: 199, height: 200 } }), ['/size/width']],
    ['a size beyond memory', chartBody(1, { size: { width: 4000, height: 4000, scale: 2 } }), ['/size']],
    ['no bars', inline({ candles: [] }), ['/source/candles']],
    ['NaN', inline({ candles: [{ ...walk(1)[0], open: Number.NaN }] }), ['/source/candles/0/open']],
    ['an exponent', inline({ candles: [{ ...walk(1)[0], open: '2e3' }] }), ['/source/candles/0/open']],
    ['an unknown time frame', inline({ timeframe: 'H5' }), ['/source/timeframe']],
  ])('refuses %s', (_, body, expected) => {
    expect(pointers(body)).toEqual(expected);
  });

  it('reports the faults of fields and of the series together', () => {
    const [first, second] = walk(2);
    const candles = [
      { ...first, open: 'x' },
      { ...second, time: first?.time, high: 1 },
    ];
    const found = pointers(chartBody(1, { source: { candles, instrument: 'xau', timeframe: 'H1' } }));
    expect(found).toContain('/source/candles/0/open');
    expect(found).toContain('/source/instrument');
    expect(found).toContain('/source/candles/1/time');
    expect(found).toContain('/source/candles/1/high');
  });

  it('accepts 20,000 bars and refuses 20,001', () => {
    const candles = walk(20_001);
    const source = (count: number): object => ({
      ...{ candles: candles.slice(0, count), instrument: 'XAUUSD', timeframe: 'H1' },
    });
    expect(pointers(chartBody(1, { source: source(20_000) }))).toEqual([]);
    expect(pointers(chartBody(1, { source: source(20_001) }))).toEqual(['/source/candles']);
  });

  it.each([
    ['candles of unknown fields', 'source', { candles: Array.from({ length: 15_000 }, strange) }],
    ['candles of nothing', 'source', { candles: Array.from({ length: 500_000 }, () => ({})) }],
    ['one candle of everything', 'source', { candles: [strange({}, 0, 300_000)] }],
    ['broken prices', 'source', { candles: walk(15_000).map((bar) => ({ ...bar, open: 'x', close: 'y' })) }],
    ['prices upside down', 'source', { candles: walk(15_000).map((bar) => ({ ...bar, high: 1 })) }],
    ['trades that are none', 'source', { trade_ids: Array.from({ length: 500_000 }, () => 1) }],
    ['indicators that are none', 'indicators', Array.from({ length: 500_000 }, () => ({}))],
  ])('tells the first hundred faults of %s, and that there are more', (_, name, sent) => {
    const parsed = parseChartSpec(chartBody(1, { [name]: sent }));
    const faults = parsed.outcome === 'invalid' ? parsed.faults : [];
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.length).toBeLessThanOrEqual(101);
    if (faults.length === 101)
      expect(faults.at(-1)).toMatchObject({
        pointer: '',
        detail: expect.stringMatching(/^and at least \d+ more$/),
      });
  });

  it('looks no further than the faults that are told: rows behind them cost nothing', () => {
    const read = { rows: 0 };
    const time = () => {
      read.rows += 1;
    };
    const candles = Array.from({ length: 15_000 }, () =>
      Object.defineProperty({}, 'time', { enumerable: true, get: time }),
    );
    parseChartSpec(chartBody(1, { source: { candles, instrument: 'XAUUSD', timeframe: 'H1' } }));
    expect(read.rows).toBeLessThan(1_500);
  });

  it('refuses a character without a glyph by code, and takes Latin-1 and the minus', () => {
    const parsed = parseChartSpec(chartBody(1, { title: 'Gold 金' }));
    expect(parsed).toMatchObject({
      outcome: 'invalid',
      faults: [
        { pointer: '/title', code: 'unsupported-character', detail: expect.stringContaining('U+91D1') },
      ],
    });
    expect(pointers(chartBody(1, { title: 'Größe −1 € … 2×' }))).toEqual([]);
  });

  it('takes ids as they are stored, in small letters', () => {
    const source = { trade_ids: [ID.toUpperCase()] };
    expect(specOf(chartBody(1, { source })).source).toEqual({ trade_ids: [ID] });
    expect(specOf(chartBody(1, { source: { trade_id: ID.toUpperCase() } })).source).toEqual({ trade_id: ID });
    expect(specOf(chartBody(1, { source: { signal_id: ID.toUpperCase() } })).source).toEqual({
      signal_id: ID,
    });
  });

  it.each([null, 'x', 3, []])('refuses %o as a body', (body) => {
    expect(parseChartSpec(body).outcome).toBe('invalid');
  });
});
