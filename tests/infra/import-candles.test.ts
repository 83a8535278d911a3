import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newestCandles } from '../../functions/market/candle-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const SCRIPT = join(import.meta.dirname, '../../infra/import-candles.ts');
const HEADING = '<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\r\n';
const row = (time: string, close: string) =>
  `2024.03.12\t${time}:00\t2170\t2180\t2160\t${close}\t9\t0\t15\r\n`;

let t: TestDatabase;
let at: DeskAtBroker;
let folder: string;
beforeAll(async () => {
  t = await createTestDatabase();
  at = await DeskAtBroker.make(t);
  folder = await mkdtemp(join(tmpdir(), 'countersign-candles-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await t?.drop();
});

async function imported(content: string, over: Record<string, string> = {}) {
  const file = join(folder, 'XAUUSD_H1.csv');
  await writeFile(file, Buffer.from(`\uFEFF${content}`, 'utf16le'));
  const given = { account: at.desk.account.id, instrument: 'XAUUSD', timeframe: 'H1', ...over };
  const args = Object.entries(given).flatMap(([key, value]) => [`--${key}`, value]);
  const env = { ...process.env, DATABASE_URL: t.runtimeUrl, DATABASE_HTTP_URL: t.httpUrl };
  return new Promise<{ ok: boolean; out: string; error: string }>((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args, file], { env }, (e, out, error) =>
      resolve({ ok: e === null, out: out.replace(file, 'FILE'), error: error.replace(file, 'FILE') }),
    );
  });
}
const of = (symbol = 'XAUUSD') => ({ accountId: at.desk.account.id, symbol, timeframe: 'H1' as const });
const stored = async (symbol?: string) =>
  (await newestCandles(t.db, of(symbol), 9)).map((c) => `${new Date(c.timeMs).toISOString()} ${c.close}`);

describe('the import of a terminal’s export', () => {
  it('stores its bars in UTC; a second one with other figures changes nothing and says how many differ', async () => {
    // New York has summer time since 10 March, Athens not yet: three hours, not two.
    const first = await imported(HEADING + row('01:00', '2171') + row('02:00', '2172'));
    expect(first).toEqual({
      ok: true,
      out: '2 bars of FILE, 0 of them stored otherwise before\n',
      error: '',
    });
    expect(await stored()).toEqual(['2024-03-11T22:00:00.000Z 2171', '2024-03-11T23:00:00.000Z 2172']);
    const again = await imported(HEADING + row('02:00', '2179') + row('03:00', '2173'));
    expect(again.out).toBe('2 bars of FILE, 1 of them stored otherwise before\n');
    expect((await stored()).slice(1)).toEqual([
      '2024-03-11T23:00:00.000Z 2172',
      '2024-03-12T00:00:00.000Z 2173',
    ]);
    expect((await imported(HEADING + row('04:00', '2174'), { tz: 'Europe/Athens' })).ok).toBe(true);
    expect((await stored()).at(-1)).toBe('2024-03-12T02:00:00.000Z 2174');
  });

  it('stores them under the broker’s name of the instrument', async () => {
    const map = (symbols: string) =>
      t.sql('UPDATE accounts SET symbols = $2 WHERE id = $1', [at.desk.account.id, symbols]);
    await map('{"XAUUSD":"GOLD.m"}');
    const before = await stored();
    expect((await imported(HEADING + row('01:00', '2171'))).ok).toBe(true);
    await map('{}');
    expect(await stored('GOLD.m')).toEqual(['2024-03-11T22:00:00.000Z 2171']);
    expect(await stored()).toEqual(before);
  });

  it.each<[string, string, Record<string, string>, RegExp]>([
    [
      'a row',
      `${HEADING}${row('10:00', '2171')}${row('11:00', 'x')}`,
      {},
      /^FILE: line 3: close is not a plain/,
    ],
    [
      'a bar',
      `${HEADING}${row('10:00', '2171')}\r\n${row('11:00', '2181')}`,
      {},
      /line 4: the bar of .* outside its/,
    ],
    ['the timeframe of the rows', `${HEADING}${row('10:15', '2171')}`, {}, /line 2: .* does not begin where/],
    ['a timeframe that is not stored', HEADING, { timeframe: 'H4' }, /must be one of M1, M5, M15, M30, H1/],
    ['a zone', HEADING, { tz: 'Nowhere' }, /^--tz must be/],
    ['an account', HEADING, { account: 'x' }, /^usage/],
    [
      'an account that is none',
      HEADING + row('10:00', '2171'),
      { account: '018f0000-0000-7000-8000-000000000000' },
      /no such account/,
    ],
  ])('refuses, saying where, and stores nothing: %s', async (_, content, over, said) => {
    const before = await stored();
    const { ok, error } = await imported(content, over);
    expect(error).toMatch(said);
    expect(ok).toBe(false);
    expect(await stored()).toEqual(before);
  });
});
