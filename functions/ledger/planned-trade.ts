/**
 * The one projection: from stored facts to rows of trades and legs, for a snapshot that came, an import and a rebuild alike.
 * What deals alone do not tell is kept beside them: the command, what a person adopted, the terms at the entry. Pure.
 */
import { compare } from '../platform/decimal.ts';
import { isPositionDeal } from './deal-class.ts';
import { type EntryRisk, multipleOf, pipsOf, riskedMoney } from './trade-figures.ts';
import { type Deal, projectTrades, type Trade, type TradeLeg } from './trade-projection.ts';

export type KnownCommand = {
  id: string;
  signalId: string | null;
  approvalId: string | null;
  magic: string;
  symbol: string;
  positionId: string | null;
  /** Null where nobody said. */
  orderTicket: string | null;
  /** Ours, as its signal named it; null: no signal made it. */
  instrument: string | null;
  strategy: string | null;
  timeframe: string | null;
  /** Of its instruction. */
  stopLoss: string | null;
};
/** A position that a person made a signal's, or ours without one. */
export type Adoption = {
  positionId: string;
  signalId: string | null;
  strategy: string | null;
  timeframe: string | null;
};
/** What only snapshots say of a life of a position, by the deal that opened it: at its entry, and the stops it had last. */
export type PositionTerms = EntryRisk & {
  dealTicket: string;
  stopLoss: string | null;
  takeProfit: string | null;
};
export type ShownPosition = { stopLoss: string | null; takeProfit: string | null };

export type TradeFacts = {
  /** Of every position that is to be projected all deals, each in its latest version. */
  deals: readonly Deal[];
  commands: readonly KnownCommand[];
  adoptions: readonly Adoption[];
  terms: readonly PositionTerms[];
  /** The positions that counterparts of OUT_BY deals belong to, by the deal's ticket, where they are not among `deals`. */
  closedBy: ReadonlyMap<string, string>;
  /** The account's names of our instruments at its broker. */
  symbols: Readonly<Record<string, string>>;
  /** Digits of its currency. */
  places: number;
  /** What stands open at the broker; null: it cannot be told, and nothing is taken for gone. */
  shown: ReadonlyMap<string, ShownPosition> | null;
  /** What a symbol's tick is and is worth just now, for what is seen the first time; null: it is not known. */
  tickOf(symbol: string): Pick<EntryRisk, 'tickSize' | 'tickValueLoss'> | null;
  /** When all this was so, in milliseconds UTC. */
  atMs: number;
};

export type PlannedLeg = TradeLeg & { rMultiple: string | null };
export type PlannedTrade = Omit<Trade, 'legs' | 'opening'> & {
  legs: readonly PlannedLeg[];
  commandId: string | null;
  signalId: string | null;
  approvalId: string | null;
  source: 'bot' | 'manual';
  strategy: string | null;
  timeframe: string | null;
  instrument: string;
  stopLoss: string | null;
  takeProfit: string | null;
  initialStop: string | null;
  pips: string | null;
  rMultiple: string | null;
};
/** A planned trade with what it was made of. */
export type ProjectedTrade = {
  planned: PlannedTrade;
  trade: Trade;
  command: KnownCommand | null;
  /** To be stored beside the deals; null: there is nothing to keep. */
  terms: PositionTerms | null;
};
export type ProjectedPosition = {
  positionId: string;
  deals: readonly Deal[];
  /** Its lives, the oldest first. */
  lives: readonly ProjectedTrade[];
};

/** A stop seen so soon after a position was opened is the one that it was opened with. */
const AT_ENTRY_MS = 5 * 60_000;

/** The trades of every position that the deals name; a position without any is among them, with no lives. */
export function projectPositions(facts: TradeFacts): ProjectedPosition[] {
  const byPosition = new Map<string, Deal[]>();
  for (const d of facts.deals.filter((x) => x.positionId !== '0')) {
    const before = byPosition.get(d.positionId);
    if (before === undefined) byPosition.set(d.positionId, [d]);
    else before.push(d);
  }
  const closedBy = counterparts(facts);
  const known: Known = {
    commands: indexOf(facts.commands),
    adoptions: new Map(facts.adoptions.map((a) => [a.positionId, a])),
    terms: new Map(facts.terms.map((t) => [t.dealTicket, t])),
  };
  return [...byPosition].map(([positionId, deals]) => {
    const atBroker = facts.shown === null || facts.shown.has(positionId);
    const trades = projectTrades(deals.filter(isPositionDeal), atBroker, { places: facts.places, closedBy });
    const lives = trades.map((trade) => lifeOf(facts, known, trade));
    return { positionId, deals, lives };
  });
}

/** The deal by which a life of a position is known. */
export const openingTicket = (trade: Pick<Trade, 'opening'>): string => trade.opening[0]?.ticket ?? '';

type Known = {
  commands: CommandIndex;
  adoptions: ReadonlyMap<string, Adoption>;
  terms: ReadonlyMap<string, PositionTerms>;
};

function lifeOf(facts: TradeFacts, known: Known, trade: Trade): ProjectedTrade {
  const command = commandOf(known.commands, trade);
  const adoption = known.adoptions.get(trade.positionId) ?? null;
  const stored = known.terms.get(openingTicket(trade)) ?? null;
  // The last of them, where any: a next life begins once the one before has ended.
  const shown = trade.status !== 'closed' ? facts.shown?.get(trade.positionId) : undefined;
  const terms = termsOf(facts, trade, { stored, command, shown });
  const origin = command ?? adoption;
  const instrument = command?.instrument ?? instrumentOf(facts.symbols, trade.symbol);
  const risk: EntryRisk = {
    tickSize: terms?.tickSize ?? null,
    tickValueLoss: terms?.tickValueLoss ?? null,
    initialStop: terms === null ? (command?.stopLoss ?? null) : terms.initialStop,
  };
  const risked = riskedMoney(trade, risk);
  const { opening: _, legs, ...rest } = trade;
  const planned: PlannedTrade = {
    ...rest,
    legs: legs.map((leg) => ({ ...leg, rMultiple: multipleOf(leg.net, risked) })),
    commandId: command?.id ?? null,
    signalId: origin?.signalId ?? null,
    approvalId: command?.approvalId ?? null,
    source: origin === null ? 'manual' : 'bot',
    strategy: origin?.strategy ?? null,
    timeframe: origin?.timeframe ?? null,
    instrument,
    stopLoss: terms?.stopLoss ?? null,
    takeProfit: terms?.takeProfit ?? null,
    initialStop: risk.initialStop,
    pips: pipsOf(trade, instrument),
    rMultiple: multipleOf(trade.net, risked),
  };
  return { planned, trade, command, terms: terms !== null && isKept(stored, terms) ? null : terms };
}

const isKept = (stored: PositionTerms | null, terms: PositionTerms): boolean =>
  stored !== null && isSame(stored.stopLoss, terms.stopLoss) && isSame(stored.takeProfit, terms.takeProfit);

const isSame = (a: string | null, b: string | null): boolean =>
  a === null || b === null ? a === b : compare(a, b) === 0;

/**
 * What is kept of a life of a position once its deals are all that is left. At the entry: the stop of our command, or the
 * one that a position opened by others is shown with soon enough; and what a tick was worth when it was first seen.
 */
function termsOf(
  { shown: open, atMs, tickOf }: TradeFacts,
  trade: Trade,
  of: { stored: PositionTerms | null; command: KnownCommand | null; shown: ShownPosition | undefined },
): PositionTerms | null {
  const { stored, command, shown } = of;
  if (stored !== null) return shown === undefined ? stored : { ...stored, ...shown };
  if (open === null || (command === null && shown === undefined)) return null;
  const isEarly = atMs - trade.openedMs <= AT_ENTRY_MS;
  const tick = command !== null || isEarly ? tickOf(trade.symbol) : null;
  return {
    dealTicket: openingTicket(trade),
    initialStop: command === null ? (isEarly ? (shown?.stopLoss ?? null) : null) : command.stopLoss,
    tickSize: tick?.tickSize ?? null,
    tickValueLoss: tick?.tickValueLoss ?? null,
    stopLoss: shown?.stopLoss ?? null,
    takeProfit: shown?.takeProfit ?? null,
  };
}

/** Our name of a broker's symbol: the first that is mapped to it, or the symbol itself (as `instrument_of` in SQL). */
function instrumentOf(symbols: Readonly<Record<string, string>>, symbol: string): string {
  const names = Object.keys(symbols).filter((name) => symbols[name] === symbol);
  return names.sort()[0] ?? symbol;
}

/** Both OUT_BY deals of a close-by carry its order. */
function counterparts({ deals, closedBy }: TradeFacts): Map<string, string> {
  const pairs = new Map<string, Deal[]>();
  for (const d of deals)
    if (d.entry === 'out_by') pairs.set(d.orderTicket, [...(pairs.get(d.orderTicket) ?? []), d]);
  const found = new Map(closedBy);
  for (const pair of pairs.values())
    for (const d of pair) {
      const other = pair.find((o) => o.positionId !== d.positionId);
      if (other !== undefined) found.set(d.ticket, other.positionId);
    }
  return found;
}

/** Attempts of one command differ in the lowest four bits of their magics alone (domain 2.4): what is left numbers it. */
export const commandNumber = (magic: string): bigint => BigInt(magic) >> 4n;

type CommandIndex = {
  byPosition: ReadonlyMap<string, readonly KnownCommand[]>;
  byNumber: ReadonlyMap<bigint, readonly KnownCommand[]>;
};

const indexOf = (commands: readonly KnownCommand[]): CommandIndex => ({
  byPosition: Map.groupBy(
    commands.filter((c) => c.positionId !== null),
    (c) => c.positionId ?? '',
  ),
  byNumber: Map.groupBy(commands, (c) => commandNumber(c.magic)),
});

/**
 * Whose a trade is; evidence in its order of weight (domain 2.3): stored position, exact magic and symbol of an opening deal.
 * That a command's position is stored says whose its first life was; a later one has to name its command itself. And it says
 * nothing where the command's order is known and opened nothing of what stands: its deal was cancelled, and others' are left.
 */
function commandOf(commands: CommandIndex, { positionId, opening, episode }: Trade): KnownCommand | null {
  const named = opening.flatMap(
    (d) => commands.byNumber.get(commandNumber(d.magic))?.filter((c) => c.symbol === d.symbol) ?? [],
  );
  // Several commands may have filled one netting position: the earliest deal says whose it is.
  const orders = new Set(opening.map((d) => d.orderTicket));
  const stored = commands.byPosition
    .get(positionId)
    ?.find((c) => episode === 0 && (c.orderTicket === null || orders.has(c.orderTicket)));
  return named.find((c) => c.positionId === positionId) ?? stored ?? named[0] ?? null;
}
