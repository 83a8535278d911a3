// Everything the broker knows, as tables that change only through `put*`, each change recorded.
// Invariants: rows are replaced, never edited; what was recorded since the last `takeChanges` can be undone as a
// whole; replaying all taken changes in order gives the same state; the index by login always agrees with its tables.
import type {
  AccountRecord,
  Bar,
  BridgeRecord,
  ClockRecord,
  DealRecord,
  ExecutionRecord,
  FaultRecord,
  OrderRecord,
  PositionRecord,
  QuoteRecord,
  SymbolRecord,
} from './broker-records.ts';
import { CandleBook, type Timeframe } from './candle-book.ts';
import { readCandleFile } from './candle-file.ts';
import { HISTORY_HOURS, inventHistory } from './price-walk.ts';
import { completeRow } from './row-defaults.ts';
import { toServerMs } from './server-clock.ts';

export interface Tables {
  account: AccountRecord;
  position: PositionRecord;
  order: OrderRecord;
  history: OrderRecord;
  deal: DealRecord;
  symbol: SymbolRecord;
  quote: QuoteRecord;
  fault: FaultRecord;
  execution: ExecutionRecord;
  bridge: BridgeRecord;
  clock: ClockRecord;
  counter: number;
}

export type SeriesSource =
  | { kind: 'invented'; seed: number; endMs: number; closePoints: number }
  | { kind: 'file'; file: string; timeframe: Timeframe; until?: number };

type RowChange = { [K in keyof Tables]: ['row', K, string, Tables[K] | null] }[keyof Tables];
export type Change = RowChange | ['bar', string, Timeframe, Bar] | ['series', string, SeriesSource];

/** Tables whose rows belong to one login and are looked up by it. */
type OwnedTable = 'position' | 'order' | 'history' | 'deal';
const OWNED: readonly string[] = ['position', 'order', 'history', 'deal'] satisfies OwnedTable[];

const FIRST_TICKET = { order: 70_000_001, deal: 90_000_001, fault: 1 } as const;

export class BrokerState {
  readonly tables: { [K in keyof Tables]: Map<string, Tables[K]> } = {
    account: new Map(),
    position: new Map(),
    order: new Map(),
    history: new Map(),
    deal: new Map(),
    symbol: new Map(),
    quote: new Map(),
    fault: new Map(),
    execution: new Map(),
    bridge: new Map(),
    clock: new Map(),
    counter: new Map(),
  };
  readonly candles = new CandleBook();
  readonly #owned: { [K in OwnedTable]: Map<string, Map<string, Tables[K]>> } = {
    position: new Map(),
    order: new Map(),
    history: new Map(),
    deal: new Map(),
  };
  readonly #realNowMs: () => number;
  #changes = new Map<string, Change>();
  #undo: (() => void)[] = [];
  #instant: number | null = null;

  constructor(realNowMs: () => number) {
    this.#realNowMs = realNowMs;
  }

  /** Writes or (null) deletes one row. */
  put<K extends keyof Tables>(table: K, key: string, row: Tables[K] | null): void {
    const map: Map<string, Tables[K]> = this.tables[table];
    const before = map.get(key);
    this.#undo.push(() => this.#set(table, key, before ?? null));
    this.#record(`${table}/${key}`, ['row', table, key, row] as RowChange);
    this.#set(table, key, row);
  }

  putBar(symbol: string, timeframe: Timeframe, bar: Bar): void {
    this.#undo.push(this.candles.putBar(symbol, timeframe, bar));
    this.#record(`bar/${symbol}/${timeframe}/${bar.time}`, ['bar', symbol, timeframe, bar]);
  }

  /** Gives a symbol a candle history; only the recipe is recorded. Returns the last bar of a file. */
  putSeries(symbol: string, source: SeriesSource): Bar | null {
    const copy = this.candles.copySeries();
    this.#undo.push(() => this.candles.restoreSeries(copy));
    this.#record(`series/${symbol}`, ['series', symbol, source]);
    return this.#loadSeries(symbol, source);
  }

  /** Applies one change read back from the journal, without recording it. */
  apply(change: Change): void {
    if (change[0] === 'bar') this.candles.putBar(change[1], change[2], change[3]);
    else if (change[0] === 'series') this.#loadSeries(change[1], change[2]);
    else this.#set(change[1], change[2], completeRow(change[1], change[3]));
  }

  /** The changes since the last call, in order, each row once with its final value; ends the transaction. */
  takeChanges(): Change[] {
    const taken = [...this.#changes.values()];
    this.#changes = new Map();
    this.#undo = [];
    return taken;
  }

  /** Takes everything back since the last `takeChanges`. */
  rollback(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.takeChanges();
  }

  nextTicket(kind: keyof typeof FIRST_TICKET): string {
    const value = this.tables.counter.get(kind) ?? FIRST_TICKET[kind];
    this.put('counter', kind, value + 1);
    return String(value);
  }

  /** Adds one to a named count of `GET /state` (`fault:<kind>`, `retcode:<code>`). */
  count(name: string): void {
    this.put('counter', name, (this.tables.counter.get(name) ?? 0) + 1);
  }

  clock(): ClockRecord {
    return this.tables.clock.get('clock') ?? { mode: 'real', now: 0, processed: 0 };
  }

  /** Simulated now, UTC milliseconds. */
  nowMs(): number {
    if (this.#instant !== null) return this.#instant;
    const clock = this.clock();
    return clock.mode === 'held' ? clock.now : this.#realNowMs();
  }

  /** Runs `work` as if it were `utcMs`, for things that fell due in the past. */
  atInstant(utcMs: number, work: () => void): void {
    this.#instant = utcMs;
    try {
      work();
    } finally {
      this.#instant = null;
    }
  }

  /** Simulated now on the wall clock of the account's server, milliseconds. */
  serverNowMs(account: AccountRecord): number {
    return toServerMs(account.server_tz, this.nowMs());
  }

  positionsOf(login: string): PositionRecord[] {
    return this.#rowsOf('position', login);
  }

  ordersOf(login: string): OrderRecord[] {
    return this.#rowsOf('order', login);
  }

  /** Orders of an account that have ended. */
  historyOf(login: string): OrderRecord[] {
    return this.#rowsOf('history', login);
  }

  dealsOf(login: string): DealRecord[] {
    return this.#rowsOf('deal', login);
  }

  /** Accounts with a position or a working order, sorted, so that a tick costs nothing for the flat ones. */
  busyLogins(): string[] {
    return [...new Set([...this.#owned.position.keys(), ...this.#owned.order.keys()])].sort();
  }

  #record(key: string, change: Change): void {
    // Deleting first keeps the order of last writes, so that a bar never precedes the series it extends.
    this.#changes.delete(key);
    this.#changes.set(key, change);
  }

  #rowsOf<K extends OwnedTable>(table: K, login: string): Tables[K][] {
    return [...(this.#owned[table].get(login)?.values() ?? [])];
  }

  #set<K extends keyof Tables>(table: K, key: string, row: Tables[K] | null): void {
    const map: Map<string, Tables[K]> = this.tables[table];
    if (OWNED.includes(table))
      this.#setOwned(table as OwnedTable, key, row ?? map.get(key) ?? null, row === null);
    if (row === null) map.delete(key);
    else map.set(key, row);
  }

  /** Rows of an owned table never change their login, so the row at hand names the place. */
  #setOwned(table: OwnedTable, key: string, row: unknown, remove: boolean): void {
    if (row === null) return;
    const index = this.#owned[table] as Map<string, Map<string, { login: string }>>;
    const owned = row as { login: string };
    const rows = index.get(owned.login) ?? new Map<string, { login: string }>();
    if (remove) rows.delete(key);
    else rows.set(key, owned);
    if (rows.size === 0) index.delete(owned.login);
    else index.set(owned.login, rows);
  }

  #loadSeries(symbol: string, source: SeriesSource): Bar | null {
    const spec = this.tables.symbol.get(symbol);
    if (!spec) throw new Error(`no symbol ${symbol}`);
    if (source.kind === 'file') {
      const all = readCandleFile(source.file, spec.digits, source.timeframe);
      return this.candles.setLoaded(symbol, source.timeframe, all, source.until ?? Number.POSITIVE_INFINITY);
    }
    const invent = () => inventHistory(spec, source);
    this.candles.setInvented(symbol, { endMs: source.endMs, hours: HISTORY_HOURS, invent });
    return null;
  }
}
