// order_send of the simulated trade server.
// Invariants: a request is wholly refused or acted on; a comment longer than the server keeps is cut before anything
// is written.
import { specOf } from './account-figures.ts';
import type { AccountRecord, PositionRecord, QuoteRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { closeBy } from './close-by.ts';
import { type Decimal, dec, plain } from './decimal.ts';
import { marketFilling, pendingFilling } from './filling.ts';
import {
  checkClosing,
  checkDeviation,
  checkMoney,
  checkOpening,
  checkPending,
  projected,
} from './order-check.ts';
import { executeAtMarket, fillableVolume, nettedPosition } from './order-execution.ts';
import { lifetimeOf } from './order-expiry.ts';
import { modifyOrder, modifyStops, removeOrder } from './order-modify.ts';
import { RETCODE } from './retcodes.ts';
import {
  type DealRequest,
  type PendingRequest,
  refusal,
  type TradeAnswer,
  type TradeRequest,
} from './trade-request.ts';

/** Carries out one request and says what the server says; the caller commits or rolls back. */
export function orderSend(state: BrokerState, asked: TradeRequest): TradeAnswer {
  const account = state.tables.account.get(asked.login);
  if (!account) return refusal(RETCODE.invalid);
  if (!account.trade_allowed && asked.reason === 'expert') return refusal(RETCODE.clientDisablesAutoTrading);
  const request = { ...asked, comment: asked.comment.slice(0, account.comment_length) };
  switch (request.action) {
    case 'sltp':
      return modifyStops(state, account, request);
    case 'modify':
      return modifyOrder(state, account, request);
    case 'remove':
      return removeOrder(state, account, request);
    case 'close_by':
      return closeBy(state, account, request);
    case 'pending': {
      const quote = state.tables.quote.get(request.symbol);
      return quote ? placePending(state, account, request, quote) : refusal(RETCODE.invalid);
    }
    case 'deal': {
      const quote = state.tables.quote.get(request.symbol);
      return quote ? sendDeal(state, account, request, quote) : refusal(RETCODE.invalid);
    }
  }
}

function sendDeal(
  state: BrokerState,
  account: AccountRecord,
  request: DealRequest,
  quote: QuoteRecord,
): TradeAnswer {
  const price = dec(request.side === 'buy' ? quote.ask : quote.bid);
  const closing = request.position === null ? undefined : state.tables.position.get(request.position);
  const target = closing ?? nettedPosition(state, account, request.symbol);
  const spec = specOf(state, request.symbol);
  const filling = marketFilling(account, spec, request.filling);
  const refused =
    (request.position === null
      ? (checkOpening(state, account, request, { quote, target }) ??
        checkOpeningMoney(state, account, request, target, price))
      : (checkClosing(state, account, request, closing) ?? checkDeviation(account, spec, request, quote))) ??
    (filling === null ? RETCODE.invalidFill : null);
  if (refused !== null || filling === null) return refusal(refused ?? RETCODE.invalidFill);
  const asked = dec(request.volume);
  const filled = fillableVolume(state, request.login, request.symbol, asked);
  if (filling === 'fok' && filled.lt(asked)) return refusal(RETCODE.reject);
  const execution = { ...request, filling, target, asked, filled, price };
  const { order, deal } = executeAtMarket(state, account, execution);
  return {
    retcode: filled.lt(asked) ? RETCODE.donePartial : RETCODE.done,
    order,
    deal,
    price: plain(price),
    volume: plain(filled),
  };
}

function checkOpeningMoney(
  state: BrokerState,
  account: AccountRecord,
  request: DealRequest,
  before: PositionRecord | null,
  price: Decimal,
): number | null {
  const { login, symbol, side } = request;
  const volume = dec(request.volume);
  const next = projected(before, { login, symbol, side, volume, price });
  return checkMoney(state, account, { before, next, traded: volume });
}

function placePending(
  state: BrokerState,
  account: AccountRecord,
  request: PendingRequest,
  quote: QuoteRecord,
): TradeAnswer {
  const refused = checkPending(state, request, quote);
  if (refused !== null) return refusal(refused);
  const lifetime = lifetimeOf(state, account, request);
  if (!lifetime) return refusal(RETCODE.invalidExpiration);
  const filling = pendingFilling(specOf(state, request.symbol), request.type, request.filling);
  if (filling === null) return refusal(RETCODE.invalidFill);
  const ticket = state.nextTicket('order');
  const volume = plain(dec(request.volume));
  const limit = request.price_stoplimit;
  state.put('order', ticket, {
    login: account.login,
    ticket,
    time_setup: state.serverNowMs(account),
    time_done: null,
    ...lifetime,
    type: request.type,
    type_filling: filling,
    state: 'placed',
    magic: request.magic,
    position_id: '0',
    position_by_id: '0',
    reason: request.reason,
    volume_initial: volume,
    volume_current: volume,
    price_open: plain(dec(request.price)),
    price_stoplimit: limit == null ? null : plain(dec(limit)),
    sl: request.sl,
    tp: request.tp,
    symbol: request.symbol,
    comment: request.comment,
  });
  return { retcode: RETCODE.placed, order: ticket, deal: null, price: plain(dec(request.price)), volume };
}
