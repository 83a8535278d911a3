/**
 * The plan that makes our books equal the broker's. Pure, deterministic and total: the same state and snapshot give
 * the same plan, and a plan applied twice changes nothing the second time. Invariants (domain 2.7):
 *  1. every deal is stored once and attributed to one trade at most;
 *  2. a trade is closed only when its deals say so, never because its position is gone;
 *  3. the broker's ledger wins for what is realised, the snapshot for what is open; no deal is ever invented;
 *  4. what is open is judged by a whole history alone: in one page of it the end of a trade may be yet to come.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import {
  type Deal,
  inBrokerOrder,
  isTradeDeal,
  projectTrade,
  type Trade,
} from '../ledger/trade-projection.ts';
import { Big, plain } from '../platform/decimal.ts';
import { isPage } from './history-cursor.ts';

export type KnownCommand = {
  id: string;
  signalId: string | null;
  approvalId: string | null;
  magic: string;
  symbol: string;
  positionId: string | null;
};
export type ReconcileState = {
  accountId: string;
  namespace: number;
  /** Stored deals of every position that the snapshot's deals or positions name, and of every trade still open. */
  deals: readonly Deal[];
  /** Commands whose magic or position the snapshot names. */
  commands: readonly KnownCommand[];
};
export type PlannedTrade = Trade & {
  commandId: string | null;
  signalId: string | null;
  source: 'bot' | 'manual';
  stopLoss: string | null;
  takeProfit: string | null;
};
export type Divergence = { code: string; brokerKey: string; evidence: Record<string, string> };
export type ReconcilePlan = {
  newDeals: Deal[];
  trades: PlannedTrade[];
  divergences: Divergence[];
  /** Commands that have at least one opening deal, whatever their state says. */
  executedCommands: {
    id: string;
    positionId: string;
    orderTicket: string;
    /** Of a pending order filled in part: the rest of it goes on. */
    works: boolean;
  }[];
};

/** The broker's deal in our own words. */
export const dealOf = (d: Snapshot['deals'][number]): Deal => ({
  ticket: d.ticket,
  orderTicket: d.order,
  positionId: d.position_id,
  timeMs: d.time,
  type: d.type,
  entry: d.entry,
  magic: d.magic,
  reason: d.reason,
  symbol: d.symbol,
  volume: d.volume,
  price: d.price,
  commission: d.commission,
  swap: d.swap,
  profit: d.profit,
  fee: d.fee,
  comment: d.comment,
  externalId: d.external_id,
});

/** Compares the books with a snapshot that passed the gate. */
export function reconcile(state: ReconcileState, snapshot: Snapshot): ReconcilePlan {
  const known = new Set(state.deals.map((d) => d.ticket));
  const said = new Map(snapshot.deals.map((d) => [d.ticket, dealOf(d)]));
  const newDeals = [...said.values()].filter((d) => !known.has(d.ticket));
  const byPosition = new Map<string, Deal[]>();
  for (const d of [...state.deals, ...newDeals].filter(isPositionDeal))
    byPosition.set(d.positionId, [...(byPosition.get(d.positionId) ?? []), d]);
  const whole = !isPage(snapshot);
  const open = new Map((whole ? snapshot.positions : []).map((p) => [p.identifier, p]));
  const plan: ReconcilePlan = { newDeals, trades: [], divergences: [], executedCommands: [] };
  for (const [positionId, deals] of byPosition) {
    const position = open.get(positionId);
    const trade = projectTrade(deals, !whole || position !== undefined);
    if (trade === null) continue;
    open.delete(positionId);
    const opening = inBrokerOrder(deals).filter((d) => isTradeDeal(d) && d.entry === 'in');
    const command = commandOf(state.commands, positionId, opening);
    const own = command !== null;
    plan.trades.push({
      ...trade,
      commandId: command?.id ?? null,
      signalId: command?.signalId ?? null,
      source: own ? 'bot' : 'manual',
      stopLoss: position?.sl ?? null,
      takeProfit: position?.tp ?? null,
    });
    if (command)
      plan.executedCommands.push({
        id: command.id,
        positionId,
        orderTicket: opening[0]?.orderTicket ?? positionId,
        works: snapshot.orders.some((o) => isPending(o.type) && isSameCommand(o.magic, command.magic)),
      });
    plan.divergences.push(...divergencesOf(state, trade, opening, own, position));
  }
  // What is open at the broker and has no opening deal with us, whatever else we know of it.
  for (const p of open.values())
    plan.divergences.push({
      code: 'VOLUME_GAP',
      brokerKey: p.identifier,
      evidence: { at_broker: plain(p.volume), in_ledger: '0' },
    });
  return plan;
}

/** A deal that belongs to a position, its costs included: money deals of the account (a deposit) have none. */
const isPositionDeal = (d: Deal): boolean => d.positionId !== '0';

/** Attempts of one command differ in the lowest four bits of their magics alone (domain 2.4). */
const isSameCommand = (a: string, b: string): boolean => BigInt(a) >> 4n === BigInt(b) >> 4n;

const isPending = (type: string): boolean => /_(limit|stop)$/.test(type);

/** Evidence in its order of weight (domain 2.3): stored position, exact magic and symbol of the opening deal. */
function commandOf(
  commands: readonly KnownCommand[],
  positionId: string,
  opening: readonly Deal[],
): KnownCommand | null {
  const byMagic = (among: readonly KnownCommand[]) =>
    opening
      .map((d) => among.find((c) => isSameCommand(c.magic, d.magic) && c.symbol === d.symbol))
      .find((c) => c !== undefined);
  // Several commands may have filled one netting position: the earliest deal says whose it is.
  const stored = commands.filter((c) => c.positionId === positionId);
  return byMagic(stored) ?? stored[0] ?? byMagic(commands) ?? null;
}

function divergencesOf(
  state: ReconcileState,
  trade: Trade,
  opening: readonly Deal[],
  own: boolean,
  position: Snapshot['positions'][number] | undefined,
): Divergence[] {
  const found: Divergence[] = [];
  const brokerKey = trade.positionId;
  if (!own) {
    const magic = opening[0]?.magic ?? '0';
    const ours = BigInt(magic) >> 40n === BigInt(state.namespace);
    found.push({
      code: ours ? 'ORPHAN_OWN' : 'EXTERNAL_POSITION',
      brokerKey,
      evidence: { magic, symbol: trade.symbol },
    });
  }
  if (trade.status === 'closing_unconfirmed')
    found.push({ code: 'MISSING_NO_DEALS', brokerKey, evidence: { volume_open: trade.volumeOpen } });
  if (position !== undefined && !new Big(position.volume).eq(trade.volumeOpen))
    found.push({
      code: 'VOLUME_GAP',
      brokerKey,
      evidence: { at_broker: plain(position.volume), in_ledger: trade.volumeOpen },
    });
  return found;
}
