// The bridge's view of an account: snapshot, look-up by magic, candles.
// Invariant: everything in one answer is read in one go from one state, unless the `torn` fault says otherwise.
import { accountFigures } from './account-figures.ts';
import type { Envelope } from './bridge-envelope.ts';
import type { BridgeJournal } from './bridge-journal.ts';
import type { AccountRecord, FaultRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { plain } from './decimal.ts';
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
    trade_allowed: account.trade_allowed,
  };
}

/** Positions, orders, deals and ended orders of an account since an instant (raw server ms), as rows. */
export function accountRecords(state: BrokerState, account: AccountRecord, fromServerMs = NO_START_MS) {
  const { login } = account;
  const deals = [...state.tables.deal.values()].filter(
    (row) => row.login === login && row.time >= fromServerMs,
  );
  const history = [...state.tables.history.values()].filter(
    (row) => row.login === login && (row.time_done ?? 0) >= fromServerMs,
  );
  return {
    positions: state.positionsOf(login).map((row) => positionRow(state, account, row)),
    orders: state.ordersOf(login).map((row) => orderRow(account, row)),
    deals: deals.map((row) => dealRow(account, row)),
    history_orders: history.map((row) => historyOrderRow(account, row)),
  };
}

function highestMagic(state: BrokerState, login: string): string {
  let highest = 0n;
  const { position, order, history, deal } = state.tables;
  for (const table of [position, order, history, deal]) {
    for (const row of table.values()) {
      if (row.login === login && BigInt(row.magic) > highest) highest = BigInt(row.magic);
    }
  }
  return String(highest);
}

/** Body of a `snapshot` reply. `faults` are the snapshot faults taken for this request. */
export function snapshotBody(
  state: BrokerState,
  account: AccountRecord,
  request: Kind<'snapshot'>,
  context: { realNowMs: number; faults: readonly FaultRecord[] },
) {
  const has = (kind: string) => context.faults.some((fault) => fault.kind === kind);
  const from =
    request.deals_from == null ? undefined : toServerMs(account.server_tz, Date.parse(request.deals_from));
  const records = accountRecords(state, account, from);
  if (has('empty_history') || has('failed_history'))
    Object.assign(records, { deals: [], history_orders: [] });
  if (has('torn')) tear(records);
  const historyOk = !has('failed_history');
  return {
    captured_at: isoUtc(context.realNowMs),
    connected: !has('disconnected'),
    server_offset_seconds: serverOffsetMs(account.server_tz, state.nowMs()) / 1000,
    account: accountRow(state, account),
    ...records,
    symbols: [...state.tables.symbol.values()].map((spec) => symbolRow(state, account, spec)),
    sections: { account: true, positions: true, orders: true, deals: historyOk, history_orders: historyOk },
    highest_magic: highestMagic(state, account.login),
  };
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
  return { candles: bars.map((bar) => candleRow(spec, bar)) };
}
