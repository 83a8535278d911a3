/**
 * What deals tell that have come since the last comparison: each is news once, by the fact that it was not stored. Pure.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { dealClass } from '../ledger/deal-class.ts';
import { type Deal, inBrokerOrder } from '../ledger/trade-projection.ts';
import { Big, plain, sum } from '../platform/decimal.ts';
import type { Divergence } from './divergence-code.ts';
import type { Compared, PositionView } from './divergences.ts';
import type { StoredCommand } from './stored-books.ts';

/**
 * A deal with what is open of its position after it. `isFirst`: it begins a life of the position; `reopens`: and not its first.
 */
type Step = { deal: Deal; after: Big; isFirst: boolean; reopens: boolean };

/** Deals of positions, in the order in which the broker made them. */
export function dealDivergences(of: Compared, view: PositionView): Divergence[] {
  if (!view.deals.some((d) => of.newTickets.has(d.ticket))) return [];
  return stepsOf(view.deals)
    .filter(({ deal }) => of.newTickets.has(deal.ticket))
    .flatMap((step) => ofStep(of, view, step));
}

/** Money of the account and of no position. */
export const accountDivergences = ({ news }: Compared): Divergence[] =>
  news.filter((d) => d.positionId === '0').flatMap(ofAccount);

function ofAccount(d: Deal): Divergence[] {
  const evidence = { type: d.type, amount: moneyOf(d), comment: d.comment };
  switch (dealClass(d)) {
    case 'cashflow':
      return [{ code: 'CASHFLOW', brokerKey: d.ticket, evidence }];
    case 'cost':
    case 'technical':
      return [{ code: 'COST_ADJUSTMENT', brokerKey: `0/${d.ticket}`, evidence }];
    case 'reversal':
      return [{ code: 'DEAL_CANCELED', brokerKey: `0/${d.ticket}`, evidence }];
    case 'trade':
      return [];
  }
}

/** A deal that the broker states otherwise than it did: cancelled, or with other costs. */
export const restatedDivergences = ({ restated }: Compared): Divergence[] =>
  restated.flatMap(({ from, to }): Divergence[] => {
    const brokerKey = `${to.positionId}/${to.ticket}`;
    const evidence = { type: to.type, from: moneyOf(from), to: moneyOf(to) };
    if (dealClass(to) === 'reversal' && dealClass(from) !== 'reversal')
      return [{ code: 'DEAL_CANCELED', brokerKey, evidence }];
    if (evidence.from === evidence.to) return [];
    return [{ code: 'COST_ADJUSTMENT', brokerKey: `${brokerKey}=${evidence.to}`, evidence }];
  });

const moneyOf = (d: Deal): string => sum([d.profit, d.swap, d.commission, d.fee]);

function stepsOf(deals: readonly Deal[]): Step[] {
  let open = new Big(0);
  let traded = false;
  return inBrokerOrder(deals).map((deal) => {
    if (dealClass(deal) !== 'trade') return { deal, after: open, isFirst: false, reopens: false };
    const isFirst = deal.entry === 'in' && open.eq(0);
    const reopens = isFirst && traded;
    const volume = new Big(deal.volume);
    if (deal.entry === 'in') open = open.plus(volume);
    else if (deal.entry === 'inout') open = volume.minus(open);
    else open = open.minus(volume);
    traded = true;
    return { deal, after: open, isFirst, reopens };
  });
}

function ofStep(of: Compared, view: PositionView, step: Step): Divergence[] {
  const { deal } = step;
  const brokerKey = `${view.positionId}/${deal.ticket}`;
  switch (dealClass(deal)) {
    case 'trade':
      return ofTrade(of, view, step, brokerKey);
    case 'reversal':
      return [{ code: 'DEAL_CANCELED', brokerKey, evidence: { type: deal.type, volume: deal.volume } }];
    case 'cost':
    case 'technical':
    case 'cashflow':
      return [{ code: 'COST_ADJUSTMENT', brokerKey, evidence: { type: deal.type, amount: moneyOf(deal) } }];
  }
}

function ofTrade(of: Compared, view: PositionView, step: Step, brokerKey: string): Divergence[] {
  const { deal, after } = step;
  const { entry, price, reason, volume } = deal;
  switch (entry) {
    case 'in':
      return ofEntry(of, view, step, brokerKey);
    case 'inout':
      return [
        {
          code: 'REVERSAL',
          brokerKey,
          evidence: { side: deal.type, volume, price, opened: plain(after) },
        },
      ];
    case 'out':
    case 'out_by': {
      const stopOut: Divergence[] =
        reason === 'so' || reason === 'stop_out'
          ? [{ code: 'STOP_OUT', brokerKey, evidence: { symbol: deal.symbol, price, comment: deal.comment } }]
          : [];
      const by: Divergence[] =
        entry === 'out_by'
          ? [{ code: 'CLOSE_BY', brokerKey, evidence: { order: deal.orderTicket, volume, price } }]
          : [];
      return [...stopOut, ...by, ...ofExit(of, step, brokerKey)];
    }
    default:
      return [];
  }
}

/** What a close of ours took out is no news. */
function ofExit({ books }: Compared, { deal, after }: Step, brokerKey: string): Divergence[] {
  const ours = books.commands.some((c) => c.kind === 'close' && isOf(c, deal.magic));
  if (ours) return [];
  const { price, reason, volume } = deal;
  const evidence = { reason, price, volume };
  if (after.gt(0))
    return [{ code: 'PARTIAL_CLOSE', brokerKey, evidence: { ...evidence, left: plain(after) } }];
  return [{ code: 'CLOSED_AT_BROKER', brokerKey, evidence: { ...evidence, profit: deal.profit } }];
}

function ofEntry(of: Compared, view: PositionView, step: Step, brokerKey: string): Divergence[] {
  const { deal, isFirst, reopens } = step;
  const found: Divergence[] = [];
  const { price, symbol, volume } = deal;
  if (reopens) found.push({ code: 'ID_REOPENED', brokerKey, evidence: { symbol, volume, price } });
  const command = of.books.commands.find((c) => enters(c) && isOf(c, deal.magic));
  const rest = workingRest(of.snapshot, deal);
  const asked = command?.order.volume;
  const short = asked !== undefined && new Big(filledOf(view, deal)).lt(asked);
  if (rest !== null || short)
    found.push({
      code: 'PARTIAL_FILL',
      brokerKey,
      evidence: { filled: volume, ...(asked === undefined ? {} : { asked }), working: rest ?? '0' },
    });
  else if (isPendingFill(of.snapshot, deal, command))
    found.push({
      code: 'FILL_DISCOVERED',
      brokerKey: `${view.positionId}/${deal.orderTicket}`,
      evidence: { deal: deal.ticket, volume: filledOf(view, deal), price },
    });
  if (command !== undefined && isFirst) found.push(...slippage(of.snapshot, deal, command, brokerKey));
  return found;
}

/** Whether the attempt that carries this magic is of the command: attempts differ in the lowest four bits alone. */
const isOf = (c: StoredCommand, magic: string): boolean => BigInt(c.magic) >> 4n === BigInt(magic) >> 4n;
const enters = ({ kind }: StoredCommand): boolean => kind === 'open' || kind === 'place';

const filledOf = ({ deals }: PositionView, { orderTicket }: Deal): string =>
  sum(deals.filter((d) => d.orderTicket === orderTicket && d.entry === 'in').map((d) => d.volume));

/** Lots of the deal's order that go on working; null: none. */
const workingRest = (s: Snapshot, { orderTicket }: Deal): string | null =>
  s.orders.find((o) => o.ticket === orderTicket)?.volume_current ?? null;

const isPendingFill = (s: Snapshot, { orderTicket }: Deal, command: StoredCommand | undefined): boolean =>
  command?.kind === 'place' ||
  s.history_orders.some((o) => o.ticket === orderTicket && /_(limit|stop)$/.test(o.type));

/**
 * How far from what was asked for it was filled, in points: positive where that was worse for us. An entry at the market
 * asks for the price that was countersigned; a fill beyond its band is somebody's business.
 */
function slippage(s: Snapshot, deal: Deal, command: StoredCommand, brokerKey: string): Divergence[] {
  const point = s.symbols.find((x) => x.symbol === deal.symbol)?.point;
  const { askedPrice: asked, pre } = command;
  if (point === undefined || asked === null || new Big(point).lte(0)) return [];
  const buys = deal.type === 'buy';
  const off = new Big(deal.price)
    .minus(asked)
    .div(point)
    .times(buys ? 1 : -1);
  if (off.eq(0)) return [];
  const limit = buys ? pre.price_high : pre.price_low;
  const beyond =
    limit !== undefined && (buys ? new Big(deal.price).gt(limit) : new Big(deal.price).lt(limit));
  const points = plain(off.round(2));
  const evidence = { asked, filled: deal.price, points, ...(limit === undefined ? {} : { limit }) };
  return [{ code: 'ENTRY_SLIPPAGE', brokerKey, evidence, ...(beyond ? { grave: true as const } : {}) }];
}
