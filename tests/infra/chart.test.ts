import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededCandles } from '../../infra/charts/seeded-history.ts';

const SCRIPT = join(import.meta.dirname, '../../infra/chart.ts');
const TRADES = [
  'ticket,open_time,type,lots,symbol,open_price,sl,tp,close_time,close_price,commission,taxes,swap,profit',
  '1,2026-01-23T11:33:22,balance,,,,,,,,,,,1000.0',
  '2,2026-01-26T10:00:00,buy,0.10,XAUUSD,2000.00,,,2026-01-26T11:00:00,2010.00,0.00,0.00,0.00,100.00',
  '3,2026-01-27T10:00:00,sell,0.10,XAUUSD,2000.00,,,2026-01-27T12:30:00,2040.00,0.00,0.00,0.00,-400.00',
  '4,2026-01-28T10:00:00,balance,,,,,,,,,,,-200.0',
  '5,2026-01-29T10:00:00,buy,0.10,XAUUSD,2000.00,,,2026-01-29T10:20:00,2020.00,0.00,0.00,0.00,200.00',
].join('\n');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-chart-'));
  const rows = seededCandles(260).map(({ time, open, high, low, close, volume }) =>
    [new Date(Number(time) * 1000).toISOString(), open, high, low, close, volume].join(','),
  );
  const text = ['time,open,high,low,close,volume', ...rows].join('\n');
  await writeFile(join(folder, 'xauusd_h1_2026.csv'), text.replaceAll('.000Z', 'Z'));
  await writeFile(join(folder, 'bars.csv'), text.replaceAll('.000Z', 'Z'));
  await writeFile(join(folder, 'broken.csv'), `${text.split('\n').slice(0, 3).join('\n')}\nx,1,2,3,4,5`);
  await writeFile(join(folder, 'trades.csv'), `${TRADES}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function chart(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { cwd: folder }, (e, out, error) =>
      resolve({ code: e === null ? 0 : Number(e.code), out, error }),
    );
  });
}
const bars = ['--candles', 'xauusd_h1_2026.csv'];
const svgOf = async (...args: string[]): Promise<string> => {
  const { code, error } = await chart(...args, '--out', 'a.svg');
  expect(error).toBe('');
  expect(code).toBe(0);
  return readFile(join(folder, 'a.svg'), 'utf8');
};

describe('npm run chart', () => {
  it('draws in the format of the file’s ending; what it is of stands in the file and in its name', async () => {
    expect((await chart(...bars, '--kind', 'candlestick', '--out', 'a.png')).code).toBe(0);
    const image = PNG.sync.read(await readFile(join(folder, 'a.png')));
    expect([image.width, image.height]).toEqual([1200, 630]);
    expect((await chart(...bars, '--out', 'a.pdf', '--last', '30')).code).toBe(0);
    expect((await readFile(join(folder, 'a.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
    expect(await svgOf(...bars, '--last', '50')).toMatch(/<desc[^>]*>XAUUSD H1, 50 bars, .*SMA 50/);
  });

  it('follows what is given', async () => {
    const given = [
      '--instrument',
      'GOLD',
      '--timeframe',
      'H4',
      '--digits',
      '3',
      '--indicators',
      'ema:21,rsi:14',
    ];
    const look = ['--size', '500x400@2x', '--theme', 'cvd_dark', '--tz', 'Asia/Tokyo', '--title', 'Mine'];
    const svg = await svgOf('--candles', 'bars.csv', ...given, ...look);
    expect(svg).toMatch(/^<svg [^>]*width="1000" height="800"/);
    expect(svg).toContain('<title id="chart-title">Mine</title>');
    expect(svg).toMatch(/GOLD H4, 200 bars, [^<]*\d\.\d{3}\b/);
  });

  it('reads the timeframe from the bars where no name tells it', async () => {
    expect(await svgOf('--candles', 'bars.csv', '--instrument', 'X1')).toContain('X1 H1');
  });

  it('draws a statement: its curve from what the account began with, and its trades', async () => {
    const equity = await svgOf('--trades', 'trades.csv', '--kind', 'equity');
    expect(equity).toMatch(/start 1,000\.00, end 700\.00, cash flows -200\.00, net -100\.00/);
    expect(equity).toMatch(/max drawdown 400\.00 \(36\.36%\)/);
    expect(await svgOf('--trades', 'trades.csv', '--kind', 'histogram')).toContain('3 trades in');
    const lasting = await svgOf('--trades', 'trades.csv', '--kind', 'histogram', '--column', 'duration');
    expect(lasting).toContain('Duration of trades, 3 trades');
  });

  it.each<[string, string[], RegExp]>([
    ['no output', bars, /^--out is missing; usage/],
    ['an unknown format', [...bars, '--out', 'a.gif'], /^--out must end in \.png, \.svg or \.pdf$/],
    ['an unknown option', [...bars, '--wrong', '1', '--out', 'a.png'], /--wrong.*usage: npm run chart/],
    ['an unknown kind', [...bars, '--kind', 'pie', '--out', 'a.png'], /^--kind must be one of candlestick, /],
    ['no such file', ['--candles', 'none.csv', '--out', 'a.png'], /^--candles: none\.csv: no such file$/],
    [
      'a line that is no bar',
      ['--candles', 'broken.csv', '--out', 'a.png'],
      /^--candles: broken\.csv: line 4: /,
    ],
    [
      'no instrument',
      ['--candles', 'trades.csv', '--kind', 'renko', '--out', 'a.png'],
      /^--candles: .*line 1: /,
    ],
    ['a theme', [...bars, '--theme', 'pink', '--out', 'a.png'], /^--theme: /],
    ['a size', [...bars, '--size', 'big', '--out', 'a.png'], /^--size must be /],
    ['a size beyond the largest', [...bars, '--size', '99999x300', '--out', 'a.png'], /^--size: /],
    ['a zone', [...bars, '--tz', 'Mars/Base', '--out', 'a.png'], /^--tz: expected an IANA time zone/],
    ['a script without glyphs', [...bars, '--title', '金', '--out', 'a.png'], /^--title: .*U\+91D1/],
    ['indicators', [...bars, '--indicators', 'sma', '--out', 'a.png'], /^--indicators must be /],
    ['a period', [...bars, '--indicators', 'sma:1', '--out', 'a.png'], /^--indicators: /],
    ['bars to draw', [...bars, '--last', 'all', '--out', 'a.png'], /^--last must be a whole number/],
    ['a scale', [...bars, '--scale', 'cubic', '--out', 'a.png'], /^--scale: /],
    ['a timeframe', [...bars, '--timeframe', 'H7', '--out', 'a.png'], /^--timeframe must be one of M1/],
    ['a brick', [...bars, '--kind', 'renko', '--brick', '0', '--out', 'a.png'], /^--brick/],
    ['bars for equity', [...bars, '--kind', 'equity', '--out', 'a.png'], /^--trades is missing/],
    [
      'a column',
      ['--trades', 'trades.csv', '--kind', 'histogram', '--column', 'r', '--out', 'a.png'],
      /^--column r/,
    ],
    [
      'a folder that is none',
      [...bars, '--out', 'no/a.png'],
      /^--out: no\/a\.png cannot be written \(ENOENT\)/,
    ],
  ])('refuses in one line that names the option: %s', async (_, args, said) => {
    const { code, out, error } = await chart(...args);
    expect([code, out]).toEqual([1, '']);
    expect(error.trim()).toMatch(said);
    expect(error.trim()).not.toContain('\n');
  });
});
