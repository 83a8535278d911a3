import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalChart, chartDigest, RENDERER_VERSION } from '../../functions/charts/chart-digest.ts';
import { resolveChart } from '../../functions/charts/resolved-chart.ts';
import { chartBody, sampleChart, specOf, walk } from './sample-chart.ts';

const key = new Uint8Array(32).fill(7);
const PUBLIC = { visibility: 'public' } as const;

describe('chart digest', () => {
  it('is SHA-256 of the canonical chart, computed here by another library', async () => {
    const chart = sampleChart(20);
    const expected = createHash('sha256').update(canonicalChart(chart)).digest('hex');
    expect(await chartDigest(chart, PUBLIC)).toBe(expected);
    expect(canonicalChart(chart)).toContain(`"renderer_version":${RENDERER_VERSION}`);
  });

  it('is HMAC-SHA256 under the key for a private chart, and never public', async () => {
    const chart = { ...sampleChart(20), annotations: { entry: 2000 } };
    const expected = createHmac('sha256', key).update(canonicalChart(chart)).digest('hex');
    expect(await chartDigest(chart, { visibility: 'private', key })).toBe(expected);
    await expect(chartDigest(chart, PUBLIC)).rejects.toThrow('keyed');
    await expect(chartDigest(chart, { visibility: 'private', key: key.slice(1) })).rejects.toThrow(
      '32 bytes',
    );
  });

  it('does not see how a request was written: key order, number form, defaults, named or spelled-out size', async () => {
    const body = chartBody(30);
    const candles = walk(30).map(({ time, open, high, low, close, volume }) => {
      const iso = new Date(Number(time) * 1000).toISOString();
      return {
        volume: String(volume),
        close: Number(close).toFixed(4),
        low,
        high,
        open: String(open),
        time: iso,
      };
    });
    const source = { digits: 2, timeframe: 'H1', instrument: 'XAUUSD', candles };
    const size = { height: 630, width: 1200 };
    const other = { tz: 'UTC', size, source, kind: 'candlestick', theme: 'light', volume: true };
    const digests = [body, other].map((each) => chartDigest(resolveChart(specOf(each)), PUBLIC));
    const [one, two] = await Promise.all(digests);
    expect(two).toBe(one);
  });

  it.each([
    { theme: 'dark' },
    { tz: 'Europe/Berlin' },
    { title: 'x' },
    { size: 'mobile' },
    { volume: false },
  ])('changes with %o', async (change) => {
    const [one, two] = [sampleChart(10), sampleChart(10, change)];
    expect(await chartDigest(two, PUBLIC)).not.toBe(await chartDigest(one, PUBLIC));
  });

  it('changes with one tick of one bar', async () => {
    const chart = sampleChart(10);
    const candles = chart.candles.map((bar, index) =>
      index === 4 ? { ...bar, high: bar.high + 0.01 } : bar,
    );
    expect(await chartDigest({ ...chart, candles }, PUBLIC)).not.toBe(await chartDigest(chart, PUBLIC));
  });
});
