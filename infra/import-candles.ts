/**
 * `npm run candles:import -- --account ID --instrument XAUUSD --timeframe H1 [--tz NY+7] FILE`: stores the history that
 * a terminal exported, as bars of an account, under the name that its broker has for the instrument. Bars that are stored
 * already stay as they are; those that the file states otherwise are counted. Reads DATABASE_URL, the runtime's own connection string (and DATABASE_HTTP_URL in the embedded
 * stack).
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { checkedCandles } from '../functions/market/candle-check.ts';
import { readCandleAccount, storeCandles } from '../functions/market/candle-store.ts';
import { readCandleFile } from '../functions/market/mt5-candle-file.ts';
import { serverClock } from '../functions/market/server-clock.ts';
import { STORED_TIMEFRAMES } from '../functions/market/timeframe.ts';
import { isoTime, systemClock } from '../functions/platform/clock.ts';
import { createDatabase } from '../functions/platform/database.ts';
import { isUuid } from '../functions/platform/ids.ts';

const USAGE =
  'usage: npm run candles:import -- --account ID --instrument XAUUSD --timeframe H1 [--tz NY+7] FILE';

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const { values, positionals } = parseArgs({
  options: {
    account: { type: 'string', default: '' },
    instrument: { type: 'string', default: '' },
    timeframe: { type: 'string', default: '' },
    tz: { type: 'string', default: 'NY+7' },
  },
  allowPositionals: true,
});
const [file, ...more] = positionals;
if (file === undefined || more.length > 0 || !isUuid(values.account)) fail(USAGE);
if (!/^[A-Z0-9_.]{2,20}$/.test(values.instrument)) fail(USAGE);
const timeframe = STORED_TIMEFRAMES.find((t) => t === values.timeframe);
if (timeframe === undefined)
  fail(`--timeframe must be one of ${STORED_TIMEFRAMES.join(', ')}; others are made of these`);
const clock = serverClock(values.tz);
if (clock === null) fail('--tz must be NY+7, an IANA time zone or an offset such as +02:00');
const url = process.env['DATABASE_URL'];
if (url === undefined) fail('DATABASE_URL is missing: the connection string that the functions use');

const read = readCandleFile(await readFile(file), clock);
if (read.kind === 'faulty') fail(`${file}: line ${read.line}: ${read.fault}`);
const checked = checkedCandles(read.candles, { timeframe, nowMs: systemClock.nowMs() });
if (checked.kind === 'faulty') {
  const line = read.lines[read.candles.findIndex((c) => c.timeMs === checked.timeMs)];
  fail(`${file}: line ${line}: the bar of ${isoTime(checked.timeMs)} ${checked.fault}`);
}
const db = createDatabase({ url, httpUrl: process.env['DATABASE_HTTP_URL'], timeoutMs: 60_000 });
const account = await readCandleAccount(db, { accountId: values.account, userId: '' });
if (account === null) fail('there is no such account');
const symbol = account.symbols[values.instrument] ?? values.instrument;
const restated = await storeCandles(db, { accountId: account.id, symbol, timeframe }, checked.candles);
console.log(`${checked.candles.length} bars of ${file}, ${restated.length} of them stored otherwise before`);
