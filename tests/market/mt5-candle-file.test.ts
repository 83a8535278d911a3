import { describe, expect, it } from 'vitest';
import { readCandleFile } from '../../functions/market/mt5-candle-file.ts';
import { clockOf } from './shared-history.ts';

const TABS = [
  '<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>',
  '2023.01.03\t01:00:00\t1825.08\t1830.13\t1825.08\t1826.47\t768\t0\t15',
  '2023.01.03\t01:15:00\t1826.51\t1829.21\t1823.68\t1828.20\t686\t0\t16',
].join('\r\n');
const EXPECTED = [
  {
    ...{ timeMs: Date.parse('2023-01-02T23:00:00Z'), open: '1825.08', high: '1830.13', low: '1825.08' },
    ...{ close: '1826.47', volume: '768' },
  },
  {
    ...{ timeMs: Date.parse('2023-01-02T23:15:00Z'), open: '1826.51', high: '1829.21', low: '1823.68' },
    ...{ close: '1828.2', volume: '686' },
  },
];
const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string, order: 'le' | 'be', mark: boolean) => {
  const bytes = Buffer.from((mark ? '\uFEFF' : '') + text, 'utf16le');
  return new Uint8Array(order === 'le' ? bytes : bytes.swap16());
};
const read = (text: string, zone = 'NY+7') => readCandleFile(utf8(text), clockOf(zone));
const times = (text: string, zone: string) => {
  const found = read(text, zone);
  if (found.kind === 'faulty') return found;
  return found.candles.map((c) => new Date(c.timeMs).toISOString().slice(0, 16));
};
const HEADING = 'date,time,open,high,low,close,volume\n';
const zoned = (at: string) => `time,open,high,low,close\n${at},1,2,1,2\n`;
const rows = (...at: string[]) => HEADING + at.map((t) => `${t.replace(' ', ',')},1,2,1,2,3`).join('\n');

describe('a file of candles', () => {
  it.each<[string, Uint8Array]>([
    ['UTF-8', utf8(TABS)],
    ['UTF-8 with a mark', utf8(`\uFEFF${TABS}`)],
    ['UTF-16 as the terminal writes it', utf16(TABS, 'le', true)],
    ['UTF-16 big end first', utf16(TABS, 'be', true)],
    ['UTF-16 without a mark', utf16(TABS, 'le', false)],
    ['UTF-16 big end first without a mark', utf16(TABS, 'be', false)],
    ['a final line break', utf8(`${TABS}\r\n`)],
  ])('as MT5 exports it is read: %s', (_, bytes) => {
    expect(readCandleFile(bytes, clockOf('NY+7'))).toEqual({ kind: 'ok', candles: EXPECTED, lines: [2, 3] });
  });

  it.each<[string, string]>([
    [
      'the history centre’s, without a heading or seconds',
      '2023.01.03,01:00,1825.08,1830.13,1825.08,1826.47,768\n2023.01.03,01:15,1826.51,1829.21,1823.68,1828.20,686',
    ],
    ['commas and named columns in another order', reordered(',')],
    ['semicolons', reordered(';')],
    [
      'one column for date and time, with its own offset',
      `time,open,high,low,close,volume
2023-01-02T23:00:00Z,1825.08,1830.13,1825.08,1826.47,768
2023-01-02T18:15:00-05:00,1826.51,1829.21,1823.68,1828.20,686`,
    ],
    [
      'one column for date and time, on the server’s clock',
      `datetime,open,high,low,close,tick_volume
2023-01-03 01:00:00,1825.08,1830.13,1825.08,1826.47,768
2023-01-03 01:15:00,1826.51,1829.21,1823.68,1828.20,686`,
    ],
  ])('in a comma form is read: %s', (_, text) => {
    expect(read(text)).toMatchObject({ kind: 'ok', candles: EXPECTED });
  });

  it('counts ticks where a file has another volume too, whichever column comes first', () => {
    const file = (heading: string) =>
      `date,time,open,high,low,close,${heading}\n2023-01-03,01:00,1,2,1,1.5,99,10\n`;
    expect(read(file('volume,tick_volume'))).toMatchObject({ candles: [{ volume: '10' }] });
    expect(read(file('tick_volume,volume'))).toMatchObject({ candles: [{ volume: '99' }] });
    expect(read(file('volume,spread'))).toMatchObject({ candles: [{ volume: '99' }] });
  });

  it('of days has no time, and a day begins at the server’s midnight; no volume is zero', () => {
    const text = '<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n2026.03.16\t1\t2\t1\t2\n';
    expect(times(text, 'NY+7')).toEqual(['2026-03-15T21:00']);
    expect(times(text, 'Europe/Athens')).toEqual(['2026-03-15T22:00']);
    expect(read(text)).toMatchObject({ candles: [{ volume: '0' }] });
  });

  it('tells the repeated hour of autumn apart by the order of its rows', () => {
    const night = ['02:30', '03:00', '03:30', '03:00', '03:30', '04:00'].map((t) => `2026.10.25 ${t}`);
    expect(times(rows(...night), 'Europe/Athens')).toEqual([
      ...['2026-10-24T23:30', '2026-10-25T00:00', '2026-10-25T00:30'],
      ...['2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
    ]);
    expect(times(rows(...night, '2026.10.25 03:30'), 'Europe/Athens')).toMatchObject({ line: 8 });
  });

  it.each<[string, string, number, RegExp]>([
    ['an hour that was skipped', rows('2026.03.29 02:00', '2026.03.29 03:00'), 3, /never showed/],
    ['a day that is none', rows('2026.02.30 00:00'), 2, /cannot be read/],
    ['a day that is none, with an offset of its own', zoned('2023-02-30T01:00:00Z'), 2, /cannot be read/],
    ['an hour that is none, with an offset', zoned('2023-02-20T24:00:00Z'), 2, /cannot be read/],
    ['an offset that is none', zoned('2023-02-20T01:00:00+14:60'), 2, /cannot be read/],
    ['a date of another manner', zoned('Feb 20 2023 01:00:00Z'), 2, /cannot be read/],
    ['an hour that is none', rows('2026.02.20 24:00'), 2, /cannot be read/],
    ['order', rows('2026.02.20 01:00', '2026.02.20 00:00'), 3, /not after/],
    ['a row twice', rows('2026.02.20 01:00', '2026.02.20 01:00'), 3, /not after/],
    ['a price with a comma', `${rows('2026.02.20 01:00')}\n2026.02.20,02:00,1;5,2,1,2,3`, 3, /^open is not/],
    ['an exponent', `${HEADING}2026.02.20,01:00,1,2e3,1,2,3`, 2, /^high is not/],
    ['a missing cell', `${HEADING}2026.02.20,01:00,1,2,1`, 2, /^close is not/],
    ['a negative price', `${HEADING}2026.02.20,01:00,1,2,-1,2,3`, 2, /^low is not/],
    ['no volume where there is a column', `${HEADING}2026.02.20,01:00,1,2,1,2,`, 2, /^volume is not/],
    ['a heading without prices', 'date,time,bid,ask\n', 1, /names no/],
    ['no rows', HEADING, 1, /no candles/],
    ['nothing', '', 1, /names no/],
  ])('that cannot be read is refused with its line: %s', (_, text, line, fault) => {
    const found = read(text, 'Europe/Athens');
    expect(found).toMatchObject({ kind: 'faulty', line });
    expect(found.kind === 'faulty' && found.fault).toMatch(fault);
  });

  it('that is no text is refused', () => {
    const bytes = Uint8Array.from([0x31, 0xff, 0xfe, 0x80, 0x81]);
    expect(readCandleFile(bytes, clockOf('UTC'))).toMatchObject({ kind: 'faulty', line: 1 });
  });
});

function reordered(separator: string): string {
  return [
    ['Volume', 'Close', 'Low', 'High', 'Open', 'Time', 'Date'],
    ['768', '1826.47', '1825.08', '1830.13', '1825.08', '01:00', '2023/01/03'],
    ['686', '1828.20', '1823.68', '1829.21', '1826.51', '01:15', '2023/01/03'],
  ]
    .map((row) => row.join(separator))
    .join('\n');
}
