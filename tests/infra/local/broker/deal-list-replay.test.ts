// A real account's deal list played through the simulated broker: its balance must come out to the cent, from prices,
// volumes, contract size and swap rates alone. The list's profit, swap and balance columns are only compared with.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Side } from '../../../../infra/local/broker/broker-records.ts';
import { dec } from '../../../../infra/local/broker/decimal.ts';
import { toUtcMs } from '../../../../infra/local/broker/server-clock.ts';
import { EngineFixture, LOGIN } from './engine-fixture.ts';

const FILE = join(import.meta.dirname, '../../../../../shared/data/mt5_tester_xauusd_2024_deals.csv');
const SERVER_TZ = 'EET';
const SYMBOL = 'XAUUSD';
/** Per lot and night. The terminal prints no rates; of what fits all 17 charged nights this is the round one. */
const SWAP = { swap_long: '-12.6', swap_short: '-4.55' };

interface Row {
  time: string;
  type: string;
  direction: string;
  volume: string;
  price: string;
  swap: string;
  profit: string;
  balance: string;
}

function readRows(): Row[] {
  const [head = '', ...lines] = readFileSync(FILE, 'utf8').trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) as unknown as Row;
  });
}

/** Trades one row at its own price and time: a buy happens at the ask, a sell at the bid. */
function play(fixture: EngineFixture, row: Row): string {
  const { engine } = fixture;
  const price = dec(row.price);
  const spread = dec('0.2');
  const side = row.type as Side;
  const quote =
    side === 'buy' ? { bid: price.minus(spread), ask: price } : { bid: price, ask: price.plus(spread) };
  engine.quote(SYMBOL, quote, toUtcMs(SERVER_TZ, Date.parse(`${row.time}Z`)));
  const opposite = side === 'buy' ? 'sell' : 'buy';
  // The list names no positions. Its expert closes oldest first.
  const closing = fixture
    .positions()
    .find((open) => open.type === opposite && dec(open.volume).eq(row.volume));
  const position = row.direction === 'out' ? (closing?.ticket ?? 'none') : null;
  const answer = fixture.market(side, row.volume, { symbol: SYMBOL, position });
  expect(answer.retcode, row.time).toBe(10009);
  return answer.deal ?? '';
}

const isThere = existsSync(FILE);
if (!isThere) console.log(`deal-list-replay skipped: ${FILE} is not there`);

test.skipIf(!isThere)(
  'a tester’s 2002 trades leave the balance that its report prints (skips without the data folder)',
  () => {
    const [deposit, ...rows] = readRows();
    const fixture = new EngineFixture({
      balance: deposit?.profit ?? '',
      serverTz: SERVER_TZ,
      leverage: 500,
      nowMs: toUtcMs(SERVER_TZ, Date.parse(`${deposit?.time}Z`)),
    });
    fixture.engine.changeSymbol(SYMBOL, { ...SWAP, commission: '0', stops_level: 0 });
    const counted = { nights: 0, triples: 0 };
    for (const row of rows) {
      const deal = fixture.engine.state.tables.deal.get(play(fixture, row));
      const money = { profit: deal?.profit, swap: deal?.swap, balance: fixture.balance() };
      const wanted = [row.profit, row.swap, row.balance].map((text) => dec(text).toFixed());
      expect([money.profit, money.swap, money.balance], row.time).toEqual(wanted);
      if (deal?.swap !== '0') counted.nights += 1;
      if (deal?.swap === '-0.41') counted.triples += 1;
    }
    expect(rows).toHaveLength(2002);
    expect(counted).toEqual({ nights: 17, triples: 4 });
    expect(fixture.positions()).toEqual([]);
    expect(fixture.balance()).toBe('2500.75');
    expect(fixture.engine.state.dealsOf(LOGIN)).toHaveLength(2003);
  },
);
