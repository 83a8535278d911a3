// What the broker's own records say about a command whose result was lost: by magic where the command leaves one
// behind, by the state it wanted where it does not (cancel, stops).
// Invariant: null is "no trace", never "not executed".
import type { Command, CommandResult } from './bridge-envelope.ts';
import type { AccountRecord, DealRecord, OrderRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { dec, plain, roundHalfUp, sum } from './decimal.ts';
import { toUtcMs } from './server-clock.ts';
import { isoUtc } from './wire-rows.ts';

type Found = Pick<
  CommandResult,
  'outcome' | 'order' | 'deal' | 'price' | 'volume' | 'broker_comment' | 'reason' | 't_done'
>;

/** How a sent command ended as far as orders, positions and deals show it. */
export function evidenceOutcome(state: BrokerState, account: AccountRecord, command: Command): Found | null {
  if (['cancel', 'modify_sltp', 'modify_order'].includes(command.kind)) return byState(state, command);
  const owned = (row: { magic: string }) => row.magic === command.evidence.magic;
  const { login } = account;
  const order = [...state.ordersOf(login), ...state.historyOf(login)].find(owned);
  if (!order) return null;
  const all = state.dealsOf(login).filter((row) => owned(row) && row.order === order.ticket);
  // Both deals of a close-by are one volume, seen from either position.
  const deals = command.kind === 'close_by' ? all.slice(0, 1) : all;
  return { ...base(account, order, deals), outcome: outcomeOf(command, order, deals) };
}

function outcomeOf(command: Command, order: OrderRecord, deals: DealRecord[]): Found['outcome'] {
  if (order.state === 'rejected') return 'failed';
  if (command.kind === 'place') return 'placed';
  return deals.length > 0 && dec(order.volume_current).eq(0) ? 'done' : 'partial';
}

function base(account: AccountRecord, order: OrderRecord, deals: DealRecord[]): Omit<Found, 'outcome'> {
  const volume = sum(deals.map((deal) => deal.volume));
  const cost = sum(deals.map((deal) => dec(deal.volume).times(deal.price)));
  return {
    order: order.ticket,
    deal: deals[0]?.ticket ?? null,
    price: deals.length > 0 ? plain(roundHalfUp(cost.div(volume), 8)) : order.price_open,
    volume: deals.length > 0 ? plain(volume) : order.volume_initial,
    broker_comment: '',
    reason: 'found_by_magic',
    t_done: isoUtc(toUtcMs(account.server_tz, deals[0]?.time ?? order.time_setup)),
  };
}

function byState(state: BrokerState, command: Command): Found | null {
  const { order } = command;
  const found: Found = {
    outcome: 'done',
    order: order.order_ticket ?? null,
    deal: null,
    price: null,
    volume: null,
    broker_comment: '',
    reason: 'found_by_state',
    t_done: null,
  };
  if (command.kind === 'cancel') {
    const ended = state.tables.history.get(order.order_ticket ?? '');
    return ended?.state === 'canceled' ? found : null;
  }
  if (command.kind === 'modify_order') {
    const standing = state.tables.order.get(order.order_ticket ?? '');
    const isThere = standing && (order.price == null || dec(standing.price_open).eq(order.price));
    return isThere && stands(standing.sl, order.stop_loss) && stands(standing.tp, order.take_profit)
      ? found
      : null;
  }
  const position = state.tables.position.get(order.position_ticket ?? '');
  if (!position) return null;
  return stands(position.sl, order.stop_loss) && stands(position.tp, order.take_profit) ? found : null;
}

function stands(level: string | null, wanted: string | null | undefined): boolean {
  if (wanted === undefined) return true;
  const none = wanted === null || dec(wanted).eq(0);
  return none ? level === null : level !== null && dec(level).eq(wanted);
}
