// What a request of a chart of bars may get wrong: each is faults with their pointers, or a correct picture.
import { describe, expect, it } from 'vitest';
import type { RawCandle } from '../../functions/charts/candle-series.ts';
import { chartFaults } from '../../functions/charts/chart-faults.ts';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import { parseChartSpec } from '../../functions/charts/chart-spec.ts';
import { type ResolvedChart, resolveChart } from '../../functions/charts/resolved-chart.ts';
import { chartScene } from '../../functions/charts/scene.ts';
import { writeSvg } from '../../functions/charts/svg-writer.ts';
import { expectDrawnInside, expectTextsApart } from './drawn-inside.ts';
import { chartBody, sampleChart, walk } from './sample-chart.ts';

const KINDS = ['candlestick', 'heikin_ashi', 'renko', 'volume_profile'] as const;
const ALL_INDICATORS = [
  { kind: 'sma', period: 20 },
  { kind: 'ema', period: 50 },
  { kind: 'rsi', period: 14 },
];

function expectSound(chart: ResolvedChart): string {
  const scene = chartScene(chart);
  expectDrawnInside(scene);
  expectTextsApart(scene);
  const svg = writeSvg(scene);
  expect(svg.slice(svg.indexOf('<defs>'))).not.toMatch(/NaN|Infinity|undefined|e[+-]\d/);
  return svg;
}

/** The pointers of a request's faults, or `drawn` when it has none and its picture is sound. */
function judged(body: unknown): string[] | 'drawn' {
  const parsed = parseChartSpec(body);
  if (parsed.outcome === 'invalid') return parsed.faults.map(({ pointer }) => pointer);
  const chart = resolveChart(parsed.spec);
  const faults = chartFaults(chart);
  if (faults.length > 0) return faults.map(({ pointer }) => pointer);
  expectSound(chart);
  return 'drawn';
}

const of = (candles: readonly RawCandle[], changes: Record<string, unknown> = {}) =>
  chartBody(1, { source: { candles, instrument: 'XAUUSD', timeframe: 'H1' }, ...changes });
const bars = walk(40);
/** The series with one bar changed. */
const spoilt = (index: number, change: Partial<Record<keyof RawCandle, unknown>>) =>
  of(bars.map((bar, at) => (at === index ? { ...bar, ...change } : bar)) as RawCandle[]);
const flat = (price: number, count: number): RawCandle[] =>
  walk(count).map(({ time, volume }) => ({
    time,
    open: price,
    high: price,
    low: price,
    close: price,
    volume,
  }));
const withoutVolume = bars.map(({ volume: _, ...bar }) => bar);

const cases: [string, Record<string, unknown>, string[] | 'drawn'][] = [
  ['NaN', spoilt(3, { close: Number.NaN }), ['/source/candles/3/close']],
  ['an infinite price', spoilt(3, { high: Number.POSITIVE_INFINITY }), ['/source/candles/3/high']],
  [
    'high under low',
    spoilt(2, { high: '1', low: '2', open: '2', close: '1' }),
    ['/source/candles/2/high', '/source/candles/2/open', '/source/candles/2/close'],
  ],
  ['times out of order', of([...bars.slice(1, 3), ...bars.slice(0, 1)]), ['/source/candles/2/time']],
  ['a time twice', of([...bars.slice(0, 2), ...bars.slice(1, 3)]), ['/source/candles/2/time']],
  ['no bars', of([]), ['/source/candles']],
  ['200,000 bars', of(new Array<RawCandle>(200_000).fill(bars[0] as RawCandle)), ['/source/candles']],
  ['one bar', of(walk(1)), 'drawn'],
  ['two bars', of(walk(2)), 'drawn'],
  ['one flat price', of(flat(1.5, 50)), 'drawn'],
  ['a price of zero', of(flat(0, 50)), 'drawn'],
  ['negative prices', of(walk(60, 7, -40)), 'drawn'],
  ['prices around zero', of(walk(200, 3, 0)), 'drawn'],
  ['averages of one flat price as heikin-ashi', of(flat(7, 9), { kind: 'heikin_ashi' }), 'drawn'],
  ['one bar as heikin-ashi', of(walk(1), { kind: 'heikin_ashi' }), 'drawn'],
  ['a profile of one bar', of(walk(1), { kind: 'volume_profile' }), 'drawn'],
  ['a profile of one flat price', of(flat(7, 9), { kind: 'volume_profile', bins: 200 }), 'drawn'],
  ['a profile without volume', of(withoutVolume, { kind: 'volume_profile' }), ['/source/candles']],
  ['one row of a profile', of(bars, { kind: 'volume_profile', bins: 1 }), ['/bins']],
  ['201 rows of a profile', of(bars, { kind: 'volume_profile', bins: 201 }), ['/bins']],
  ['rows of something else', of(bars, { bins: 20 }), ['/bins']],
  ['a tiny brick', of(bars, { kind: 'renko', brick: { size: '0.00000001' } }), ['/brick']],
  ['a brick of zero', of(bars, { kind: 'renko', brick: { size: 0 } }), ['/brick/size']],
  ['a negative brick', of(bars, { kind: 'renko', brick: { size: '-1' } }), ['/brick/size']],
  ['a brick of two heights', of(bars, { kind: 'renko', brick: { size: 1, atr: 14 } }), ['/brick/atr']],
  ['a huge brick', of(bars, { kind: 'renko', brick: { size: 1e9 } }), ['/brick']],
  ['too few bars for a range', of(walk(14), { kind: 'renko' }), ['/brick']],
  ['bricks of one flat price', of(flat(1.5, 50), { kind: 'renko' }), ['/brick']],
  ['bricks of negative prices', of(walk(60, 7, -40), { kind: 'renko', brick: { size: 3 } }), 'drawn'],
  ['one brick', of(walk(60), { kind: 'renko', brick: { size: 8 } }), 'drawn'],
  [
    'a log scale of a price of zero',
    of([...walk(2), ...flat(0, 3).slice(2)], { scale: 'log' }),
    ['/source/candles/2/low'],
  ],
  ['a log scale of negative prices', of(walk(60, 7, -40), { scale: 'log' }), ['/source/candles/0/low']],
  ['a log scale of one flat price', of(flat(1.5, 50), { scale: 'log' }), 'drawn'],
  ['a log scale of one tick', of(flat(0.01, 50), { scale: 'log' }), 'drawn'],
  ['a scale that does not exist', of(bars, { scale: 'square' }), ['/scale']],
  ['a size of zero', of(bars, { size: { width: 0, height: 400 } }), ['/size/width']],
  ['a size of 100,000', of(bars, { size: { width: 640, height: 100_000 } }), ['/size/height']],
  ['a size that does not exist', of(bars, { size: 'poster' }), ['/size']],
  ['a title of 10,000 characters', of(bars, { title: 'x'.repeat(10_000) }), ['/title']],
  ['a title of 200 characters', of(bars, { title: 'Wide '.repeat(40) }), 'drawn'],
  ['an empty title', of(bars, { title: '' }), ['/title']],
  ['unknown fields', of(bars, { colour: '#000000', source2: 1 }), ['/colour', '/source2']],
  ['an unknown field of a bar', spoilt(1, { spread: 2 } as never), ['/source/candles/1/spread']],
  [
    'an indicator that does not exist',
    of(bars, { indicators: [{ kind: 'macd', period: 9 }] }),
    ['/indicators/0/kind'],
  ],
  ['a colour on its own background', of(bars, { color: '#fffff0' }), ['/color']],
  [
    'one invisible colour of two',
    of(bars, { theme: 'dark', color: { up: '#ffffff', down: '#131722' } }),
    ['/color/down'],
  ],
  ['a colour by name', of(bars, { color: 'red' }), ['/color']],
  ['a theme that does not exist', of(bars, { theme: 'sepia' }), ['/theme']],
];

describe('a request with', () => {
  it.each(cases)('%s', (_, body, expected) => {
    expect(judged(body)).toEqual(expected);
  });

  it('markup in its title has it escaped', () => {
    const title = `</title><script>alert("1")</script>&<image href='http://x/'/>`;
    const svg = expectSound(sampleChart(20, { title }));
    expect(svg).not.toMatch(/<script|<image|href='/);
    expect(svg).toContain('&lt;script&gt;');
  });

  it('a reference points at the source or the setting, because no bar of it was sent', () => {
    const reference = { signal_id: '0198c0de-0000-7000-8000-000000000001' };
    const chart = { ...sampleChart(20, { scale: 'log' }), reference };
    const at = (change: object) =>
      chartFaults({ ...chart, ...change } as ResolvedChart).map(({ pointer }) => pointer);
    expect(at({ candles: chart.candles.map((bar) => ({ ...bar, low: 0 })) })).toEqual(['/scale']);
    const profile = { kind: 'volume_profile', bins: 8, scale: 'linear' };
    expect(at({ ...profile, candles: chart.candles.map((bar) => ({ ...bar, volume: 0 })) })).toEqual([
      '/source',
    ]);
  });
});

const SIZES = ['web', 'mobile', 'social', { width: 200, height: 200 }, { width: 4000, height: 300 }] as const;

describe.each(KINDS)('%s', (kind) => {
  it.each(THEME_NAMES)('is sound in %s at every size, with orders and without', (theme) => {
    for (const size of SIZES) {
      for (const scale of ['linear', 'log']) {
        const chart = sampleChart(120, {
          kind,
          theme,
          size,
          scale,
          indicators: ALL_INDICATORS,
          tz: 'Asia/Kolkata',
        });
        expectSound(chart);
        const at = (index: number): number => chart.candles[index]?.timeMs ?? 0;
        const entry = chart.candles[60]?.close ?? 0;
        const markers = [
          { timeMs: at(60), side: 'buy', kind: 'entry', price: entry },
          { timeMs: at(90), side: 'buy', kind: 'exit', price: entry + 4, reason: 'tp' },
        ] as const;
        expectSound({
          ...chart,
          annotations: { entry, stop_loss: entry - 3, take_profit: entry + 9000, markers },
        });
      }
    }
  });
});
