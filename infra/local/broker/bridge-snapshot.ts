// The bridge's view of an account: snapshot, look-up by magic, candles.
// Invariant: everything in one answer is read in one go from one state, unless the `torn` fault says otherwise.
import { accountFigures } from './account-figures.ts';
import type { Envelope } from './bridge-envelope.ts';
import type { BridgeJournal } from './bridge-journal.ts';
import type { AccountRecord, FaultRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { plain } from './decimal.ts';
import { SECTIONS } from './fault-book.ts';
import { historyPage, type PageLimits } from './history-page.ts';
import { serverOffsetMs, toServerMs } from './server-clock.ts';
import {
  candleRow,
  dealRow,
  historyOrderRow,
  isoUtc,
  orderRow,
  positionRow,
  symbolRow,
} from './wire-rows.ts';

const MAX_CANDLES = 5000;
const NO_START_MS = Number.NEGATIVE_INFINITY;

type Kind<K extends Envelope['kind']> = Extract<Envelope, { kind: K }>;

/** The account block of a snapshot; also what `/state` shows. */
export function accountRow(state: BrokerState, account: AccountRecord) {
  const figures = accountFigures(state, account);
  return {
    login: account.login,
    server: account.server,
    company: account.company,
    currency: account.currency,
    currency_digits: account.currency_digits,
    margin_mode: account.margin_mode,
    trade_mode: account.trade_mode,
    leverage: account.leverage,
    balance: account.balance,
    credit: account.credit,
    profit: plain(figures.profit),
    equity: plain(figures.equity),
    margin: plain(figures.margin),
    margin_free: plain(figures.margin_free),
    margin_level: figures.margin_level === null ? null : plain(figures.margin_level),
    margin_so_mode: 'percent',
    margin_so_call: account.margin_so_call,
    margin_so_so: account.margin_so_so,
    fifo_close: account.fifo_close,
    trade_allowed: account.trade_allowed,
  };
}

/** Positions, orders, deals and ended orders of an account since an instant (raw server ms), as rows. */
export function accountRecords(state: BrokerState, account: AccountRecord, fromServerMs = NO_START_MS) {
  const { login } = account;
  const deals = state.dealsOf(login).filter((row) => row.time >= fromServerMs);
  const history = state.historyOf(login).filter((row) => (row.time_done ?? 0) >= fromServerMs);
  return {
    positions: state.positionsOf(login).map((row) => positionRow(state, account, row)),
    orders: state.ordersOf(login).map((row) => orderRow(account, row)),
    deals: deals.map((row) => dealRow(account, row)),
    history_orders: history.map((row) => historyOrderRow(account, row)),
  };
}

/** Over what the broker has and what the journal alone knows: an intent whose sending was never seen used its magic. */
function highestMagic(state: BrokerState, login: string, journal: BridgeJournal): string {
  let highest = journal.highestMagic(login);
  const rows = [
    state.positionsOf(login),
    state.ordersOf(login),
    state.historyOf(login),
    state.dealsOf(login),
  ];
  for (const { magic } of rows.flat()) if (BigInt(magic) > highest) highest = BigInt(magic);
  return String(highest);
}

/** Body of a `snapshot` reply, with one page of the history. `faults` are the snapshot faults taken for this request. */
export function snapshotBody(
  state: BrokerState,
  account: AccountRecord,
  request: Kind<'snapshot'>,
  context: { realNowMs: number; faults: readonly FaultRecord[]; journal: BridgeJournal; page: PageLimits },
) {
  const has = (kind: string) => context.faults.some((fault) => fault.kind === kind);
  const from =
    request.deals_from == null ? undefined : toServerMs(account.server_tz, Date.parse(request.deals_from));
  const records = accountRecords(state, account, from);
  if (has('empty_history')) Object.assign(records, { deals: [], history_orders: [] });
  if (has('torn')) tear(records);
  const failed = (section: Section) =>
    has(`failed:${section}`) || (has('failed_history') && /^(deals|history_orders)$/.test(section));
  const shown = { account: accountRow(state, account), ...records };
  for (const section of SECTIONS.filter(failed))
    Object.assign(shown, { [section]: nothingOf(section, shown) });
  const { deals, history_orders, ...present } = shown;
  const said = {
    captured_at: isoUtc(context.realNowMs),
    server_now: isoUtc(state.nowMs()),
    connected: !has('disconnected'),
    server_offset_seconds: serverOffsetMs(account.server_tz, state.nowMs()) / 1000,
    ...present,
    symbols: [...state.tables.symbol.values()].map((spec) => symbolRow(state, account, spec)),
    sections: Object.fromEntries(SECTIONS.map((section) => [section, !failed(section)])),
    highest_magic: highestMagic(state, account.login, context.journal),
  };
  const toMs = request.deals_to == null ? null : Date.parse(request.deals_to);
  const room = { limits: context.page, restBytes: Buffer.byteLength(JSON.stringify(said)) };
  return { ...said, ...historyPage({ deals, history_orders }, toMs, room) };
}

type Section = (typeof SECTIONS)[number];

/** What a terminal that answered None leaves of a section: no rows, or an account whose money reads 0. */
function nothingOf(section: Section, shown: { account: ReturnType<typeof accountRow> }): object {
  if (section !== 'account') return [];
  const zero = { balance: '0', credit: '0', profit: '0', equity: '0', margin: '0', margin_free: '0' };
  return { ...shown.account, ...zero, margin_level: null };
}

/** A read torn by a change: the newest position is missing, or without positions the newest deal and its order. */
function tear(records: ReturnType<typeof accountRecords>): void {
  if (records.positions.pop()) return;
  const deal = records.deals.pop();
  records.history_orders = records.history_orders.filter((row) => row.ticket !== deal?.order);
}

/** Body of a `lookup` reply: the journal's word and everything at the broker under the magic number. */
export function lookupBody(
  state: BrokerState,
  account: AccountRecord,
  request: Kind<'lookup'>,
  journal: BridgeJournal,
) {
  const last = journal.attempts(account.login, request.cmd_id).at(-1);
  const all = accountRecords(state, account);
  const own = (row: { magic: string }) => row.magic === request.magic;
  const ids = new Set(all.positions.filter(own).map((row) => row.identifier));
  for (const deal of all.deals.filter(own)) ids.add(deal.position_id);
  return {
    journal: last ? (last.result ? 'result' : 'intent') : 'absent',
    ...(last?.result ? { result: last.result } : {}),
    orders: all.orders.filter(own),
    history_orders: all.history_orders.filter(own),
    positions: all.positions.filter((row) => own(row) || ids.has(row.identifier)),
    deals: all.deals.filter((row) => own(row) || ids.has(row.position_id)),
  };
}

/**
 * Body of a `candles` reply: ended bars in [from, to), the first 5000 of them, or without `from` the newest `count`;
 * null for an unknown symbol.
 */
export function candlesBody(state: BrokerState, request: Kind<'candles'>) {
  const spec = state.tables.symbol.get(request.symbol);
  if (!spec) return null;
  const bars = state.candles.closedBars(spec.symbol, request.timeframe, {
    from: request.from == null ? 0 : Date.parse(request.from),
    to: request.to == null ? Number.MAX_SAFE_INTEGER : Date.parse(request.to),
    nowMs: state.nowMs(),
    limit: request.count ?? MAX_CANDLES,
    keep: request.from == null ? 'last' : 'first',
  });
  return { server_now: isoUtc(state.nowMs()), candles: bars.map((bar) => candleRow(spec, bar)) };
}
