// A request of a chart cut down to what its first faults are found in, before the schema sees it: a fault costs hundreds of
// bytes, and four megabytes of small rows have millions. Invariants: what is sound is never cut; a list that is too long
// stays too long; of a list with more than `MAX_FAULTS` broken rows none is kept behind the last of so many.
import { candleNumber, candleTimeMs, MAX_CANDLES, MAX_FAULTS } from './candle-series.ts';
import { MAX_POINTS, MAX_TRADES } from './chart-source.ts';

type Check = (value: unknown) => boolean;

const isNumber: Check = (value) => candleNumber(value) !== undefined;
const isTime: Check = (value) => candleTimeMs(value) !== undefined;
const orNone =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isAny: Check = () => true;

/** Whether a row has these fields, sound, and no other. */
function rowOf(fields: ReadonlyMap<string, Check>): Check {
  return (row) =>
    typeof row === 'object' &&
    row !== null &&
    Object.keys(row).every((name) => fields.has(name)) &&
    [...fields].every(([name, check]) => check(Reflect.get(row, name)));
}

const isCandle = rowOf(
  new Map([
    ['time', isTime],
    ...['open', 'high', 'low', 'close'].map((name): [string, Check] => [name, isNumber]),
    ['volume', orNone(isNumber)],
  ]),
);
const isPoint = rowOf(
  new Map([
    ['time', isTime],
    ['equity', isNumber],
    ['flow', orNone(isNumber)],
  ]),
);

function cutRows(rows: readonly unknown[], most: number, isSound: Check): readonly unknown[] {
  let broken = 0;
  for (const [index, row] of rows.entries()) {
    if (index > most) return rows.slice(0, index);
    if (!isSound(row)) broken += 1;
    if (broken > MAX_FAULTS) return rows.slice(0, index + 1);
  }
  return rows;
}

type List = [name: string, most: number, isSound: Check];

/** The value with its lists cut; the same one where nothing is to be cut. */
function cutLists(value: unknown, lists: readonly List[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  let cut: object = value;
  for (const [name, most, isSound] of lists) {
    const rows: unknown = Reflect.get(value, name);
    const kept = Array.isArray(rows) ? cutRows(rows, most, isSound) : rows;
    if (kept !== rows) cut = { ...cut, [name]: kept };
  }
  return cut;
}

const SOURCE_LISTS: readonly List[] = [
  ['candles', MAX_CANDLES, isCandle],
  ['points', MAX_POINTS, isPoint],
  ['values', MAX_POINTS, isNumber],
  ['trade_ids', MAX_TRADES, isAny],
];

/** The body to check; `maxIndicators` is the longest list of indicators. */
export function boundedBody(body: unknown, maxIndicators: number): unknown {
  const cut = cutLists(body, [['indicators', maxIndicators, isAny]]);
  if (typeof cut !== 'object' || cut === null) return cut;
  const source: unknown = Reflect.get(cut, 'source');
  const kept = cutLists(source, SOURCE_LISTS);
  return kept === source ? cut : { ...cut, source: kept };
}
