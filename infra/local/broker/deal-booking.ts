// Turns fills into deals, positions and money. The only place where a balance changes.
// Invariants: balance = sum of profit + swap + commission + fee over all non-credit deals; credit = sum of credit
// deals; a position's identifier is its opening order's ticket for life and is stamped on each of its deals.
import { profitOf, specOf } from './account-figures.ts';
import type { AccountRecord, CashType, DealRecord, PositionRecord, Reason, Side } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { type Decimal, dec, plain, roundHalfUp } from './decimal.ts';

export interface Fill {
  account: AccountRecord;
  order: string;
  symbol: string;
  side: Side;
  volume: Decimal;
  price: Decimal;
  magic: string;
  reason: Reason;
  comment: string;
  sl: string | null;
  tp: string | null;
  /** The position this fill touches; null opens a new one under the order's ticket. */
  position: PositionRecord | null;
}

interface Booking {
  entry: DealRecord['entry'];
  position_id: string;
  profit: Decimal;
  swap: Decimal;
}

/** Average prices keep more places than quotes, as the terminal does, so that adding up loses no money. */
const AVERAGE_PRICE_DIGITS = 8;

/** Books one fill and returns its deal. On hedging accounts `fill.volume` must not exceed the position's. */
export function bookFill(state: BrokerState, fill: Fill): DealRecord {
  const { position } = fill;
  if (!position) return openPosition(state, fill);
  if (position.type === fill.side) return addToPosition(state, fill, position);
  if (fill.volume.lte(position.volume)) return reducePosition(state, fill, position);
  return reversePosition(state, fill, position);
}

function openPosition(state: BrokerState, fill: Fill): DealRecord {
  const deal = writeDeal(state, fill, {
    entry: 'in',
    position_id: fill.order,
    profit: dec(0),
    swap: dec(0),
  });
  state.put('position', fill.order, {
    login: fill.account.login,
    ticket: fill.order,
    identifier: fill.order,
    time: deal.time,
    type: fill.side,
    magic: fill.magic,
    reason: fill.reason,
    volume: plain(fill.volume),
    price_open: plain(fill.price),
    sl: fill.sl,
    tp: fill.tp,
    swap: '0',
    symbol: fill.symbol,
    comment: fill.comment,
  });
  return deal;
}

function addToPosition(state: BrokerState, fill: Fill, position: PositionRecord): DealRecord {
  const volume = dec(position.volume).plus(fill.volume);
  const cost = dec(position.volume).times(position.price_open).plus(fill.volume.times(fill.price));
  state.put('position', position.ticket, {
    ...position,
    volume: plain(volume),
    price_open: plain(roundHalfUp(cost.div(volume), AVERAGE_PRICE_DIGITS)),
    sl: fill.sl ?? position.sl,
    tp: fill.tp ?? position.tp,
  });
  return writeDeal(state, fill, {
    entry: 'in',
    position_id: position.identifier,
    profit: dec(0),
    swap: dec(0),
  });
}

function realised(state: BrokerState, fill: Fill, position: PositionRecord, volume: Decimal): Decimal {
  return profitOf(state, fill.account, {
    symbol: fill.symbol,
    side: position.type,
    volume,
    open: dec(position.price_open),
    close: fill.price,
  });
}

/** Books one side of a close-by: an OUT_BY deal that reduces `fill.position` and costs nothing. */
export function bookCloseBy(state: BrokerState, fill: Fill & { position: PositionRecord }): DealRecord {
  return reducePosition(state, fill, fill.position, 'out_by');
}

function reducePosition(
  state: BrokerState,
  fill: Fill,
  position: PositionRecord,
  entry: 'out' | 'out_by' = 'out',
): DealRecord {
  const rest = dec(position.volume).minus(fill.volume);
  const share = dec(position.swap).times(fill.volume).div(position.volume);
  const swap = rest.eq(0) ? dec(position.swap) : roundHalfUp(share, fill.account.currency_digits);
  const deal = writeDeal(state, fill, {
    entry,
    position_id: position.identifier,
    profit: realised(state, fill, position, fill.volume),
    swap,
  });
  const kept = rest.eq(0)
    ? null
    : { ...position, volume: plain(rest), swap: plain(dec(position.swap).minus(swap)) };
  state.put('position', position.ticket, kept);
  return deal;
}

/** Netting only: one INOUT deal closes the old direction and opens the rest; the ticket changes, the identifier not. */
function reversePosition(state: BrokerState, fill: Fill, position: PositionRecord): DealRecord {
  const deal = writeDeal(state, fill, {
    entry: 'inout',
    position_id: position.identifier,
    profit: realised(state, fill, position, dec(position.volume)),
    swap: dec(position.swap),
  });
  state.put('position', position.ticket, null);
  state.put('position', fill.order, {
    ...position,
    ticket: fill.order,
    time: deal.time,
    type: fill.side,
    magic: fill.magic,
    reason: fill.reason,
    volume: plain(fill.volume.minus(position.volume)),
    price_open: plain(fill.price),
    sl: fill.sl,
    tp: fill.tp,
    swap: '0',
    comment: fill.comment,
  });
  return deal;
}

/**
 * What a deal costs, as negative amounts rounded half away from zero: commission and fee per lot. A close-by touches no
 * market and is free; a symbol may charge its commission on the opening deal alone.
 */
export function costsOf(
  state: BrokerState,
  account: AccountRecord,
  deal: { symbol: string; volume: Decimal; entry: DealRecord['entry'] },
): { commission: Decimal; fee: Decimal } {
  const spec = specOf(state, deal.symbol);
  const cost = (perLot: string) =>
    roundHalfUp(dec(perLot).times(deal.volume), account.currency_digits).times(-1);
  if (deal.entry === 'out_by') return { commission: dec(0), fee: dec(0) };
  const isFree = spec.commission_on === 'in' && deal.entry === 'out';
  return { commission: isFree ? dec(0) : cost(spec.commission), fee: cost(spec.fee) };
}

function writeDeal(state: BrokerState, fill: Fill, booking: Booking): DealRecord {
  const { commission, fee } = costsOf(state, fill.account, { ...fill, entry: booking.entry });
  const deal: DealRecord = {
    login: fill.account.login,
    ticket: state.nextTicket('deal'),
    order: fill.order,
    position_id: booking.position_id,
    time: state.serverNowMs(fill.account),
    type: fill.side,
    entry: booking.entry,
    magic: fill.magic,
    reason: fill.reason,
    volume: plain(fill.volume),
    price: plain(fill.price),
    commission: plain(commission),
    swap: plain(booking.swap),
    profit: plain(booking.profit),
    fee: plain(fee),
    symbol: fill.symbol,
    comment: fill.comment,
  };
  state.put('deal', deal.ticket, deal);
  addToBalance(state, deal.login, booking.profit.plus(booking.swap).plus(commission).plus(fee));
  return deal;
}

function addToBalance(state: BrokerState, login: string, amount: Decimal): void {
  // Read afresh: a row held by the caller may be older than the last deal.
  const account = state.tables.account.get(login);
  if (!account) throw new Error(`no account ${login}`);
  state.put('account', login, { ...account, balance: plain(dec(account.balance).plus(amount)) });
}

/** Books money that is no trade: deposits and withdrawals (`balance`), credit, charges. Returns the deal. */
export function bookCash(
  state: BrokerState,
  account: AccountRecord,
  cash: { type: CashType; amount: Decimal; comment: string },
): DealRecord {
  const deal: DealRecord = {
    login: account.login,
    ticket: state.nextTicket('deal'),
    order: '0',
    position_id: '0',
    time: state.serverNowMs(account),
    type: cash.type,
    entry: 'in',
    magic: '0',
    reason: 'client',
    volume: '0',
    price: '0',
    commission: '0',
    swap: '0',
    profit: plain(cash.amount),
    fee: '0',
    symbol: '',
    comment: cash.comment,
  };
  state.put('deal', deal.ticket, deal);
  if (cash.type !== 'credit') addToBalance(state, account.login, cash.amount);
  else {
    const now = state.tables.account.get(account.login) ?? account;
    state.put('account', account.login, { ...now, credit: plain(dec(now.credit).plus(cash.amount)) });
  }
  return deal;
}
