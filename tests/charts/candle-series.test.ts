import { describe, expect, it } from 'vitest';
import {
  candleFaults,
  candleNumber,
  candleTimeMs,
  dataDigits,
  readCandles,
} from '../../functions/charts/candle-series.ts';

const bar = { time: '2026-03-02T10:00:00Z', open: 2, high: 3, low: 1, close: 2 };

describe('candle times', () => {
  it.each([
    ['2026-03-02T10:00:00Z', 1772445600000],
    ['2026-03-02T10:00:00+05:30', 1772425800000],
    ['2026-03-02T10:00Z', 1772445600000],
    [1772445600, 1772445600000],
  ])('%s is %d ms', (time, ms) => {
    expect(candleTimeMs(time)).toBe(ms);
  });

  it.each(['2026-03-02T10:00:00', '2026-03-02', '2026-13-02T10:00:00Z', 1772445600000, 1.5, -1, null, ''])(
    'refuses %s: no zone, no such date, milliseconds, or no time at all',
    (time) => {
      expect(candleTimeMs(time)).toBeUndefined();
    },
  );
});

describe('candle numbers', () => {
  it.each([
    ['1.50', 1.5],
    ['-37.63', -37.63],
    [0, 0],
  ])('%s is a number', (value, number) => {
    expect(candleNumber(value)).toBe(number);
  });

  it.each(['1e5', ' 1', '0x10', '', '1.123456789', Number.NaN, Number.POSITIVE_INFINITY, null, true])(
    'refuses %s',
    (value) => {
      expect(candleNumber(value)).toBeUndefined();
    },
  );

  it('takes the decimals from the data, and float noise for none', () => {
    expect(dataDigits([{ ...bar, open: 1.1709100000000001 }])).toBe(5);
    expect(dataDigits([{ ...bar, close: '2.00' }])).toBe(2);
    expect(dataDigits([bar])).toBe(0);
  });

  it('rounds prices to the digits, so noise never reaches the digest', () => {
    expect(readCandles([{ ...bar, open: 1.1709100000000001 }], 5)[0]?.open).toBe(1.17091);
  });
});

describe('faults of a series', () => {
  it.each([
    ['high below low', { ...bar, high: 0.5 }, ['/c/0/high', '/c/0/open', '/c/0/close']],
    ['open above high', { ...bar, open: 4 }, ['/c/0/open']],
    ['close below low', { ...bar, close: 0.5 }, ['/c/0/close']],
    ['too many digits', { ...bar, high: '99999999999999' }, ['/c/0/high']],
    ['negative volume', { ...bar, volume: -1 }, ['/c/0/volume']],
  ])('%s', (_, candle, pointers) => {
    expect(candleFaults([candle], 2, '/c').map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('names each bar out of order, judged against the latest time so far', () => {
    const at = (time: number): object => ({ ...bar, time });
    const faults = candleFaults([at(10), at(30), at(20), at(25), at(30), at(40)], 2, '');
    expect(faults.map(({ pointer }) => pointer)).toEqual(['/2/time', '/3/time', '/4/time']);
    expect(faults.at(-1)?.detail).toContain('same time');
  });

  it('finds nothing in a good series, negative prices included', () => {
    expect(candleFaults([{ ...bar, open: -2, high: -1, low: -3, close: '-2.5' }], 2, '')).toEqual([]);
  });
});
