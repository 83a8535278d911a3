/**
 * What the producers of one dedup scope have at an account in an instrument: positions that their commands opened, and
 * entries that may still become some. Pure. On a hedging account a position belongs to the command that opened it. On the
 * others there is one position a symbol, whoever built it: of that a scope has what its own commands filled, less what its
 * own closes took, and never more than is left.
 */
import { Big, plain } from '../platform/decimal.ts';
import type { Binding } from './account-store.ts';
import type { CommandState } from './command-store.ts';

type Side = 'buy' | 'sell';
/** Lots by the number of the command that traded them. */
type Volumes = Readonly<Record<string, string>>;

export type StakePosition = {
  identifier: string;
  ticket: string;
  symbol: string;
  side: Side;
  volume: string;
  /** Of the command whose magic it carries; null where it is nobody's of ours. */
  number: string | null;
  opened_ms: number;
  opened: Volumes;
  closed: Volumes;
  /** Whether the books hold it for this scope's; null where they do not know it yet. */
  signal: boolean | null;
};
export type StakeCommand = {
  id: string;
  kind: 'open' | 'place' | 'close';
  state: CommandState;
  number: string;
  symbol: string;
  side: Side;
  volume: string;
  filled: string | null;
  order_ticket: string | null;
  /** Of a close, the position that it is to take out. */
  position_id: string | null;
  sent_ms: number | null;
  approved_ms: number;
  /** Of this scope, in this instrument. */
  own: boolean;
  recent: boolean | null;
  lately: boolean | null;
  booked: boolean;
  closed: boolean;
};
/** Of an approval that has no command yet. */
export type Unmade = { approval_id: string; approved_ms: number; side: Side; volume: string };
export type Stake = {
  positions: readonly StakePosition[];
  commands: readonly StakeCommand[];
  unmade: readonly Unmade[];
};

/** What was approved no later than this counts, in ms; null: everything. */
export type Until = number | null;
/**
 * A position that is there, and how many lots of it are this scope's and still to be closed. `unseen`: closes took out some
 * that the snapshot still shows.
 */
export type Holding = { position: StakePosition; left: string; unseen: boolean };

const ACTED: ReadonlySet<CommandState> = new Set<CommandState>(['done', 'partial']);
const UNDER_WAY: ReadonlySet<CommandState> = new Set<CommandState>(['created', 'sent', 'unknown']);
/** A broker's clock and ours may differ by as much when one says that a position was opened. */
const OPENED_MARGIN_MS = 5 * 60_000;

const isCounted = (a: { approved_ms: number }, until: Until): boolean =>
  until === null || a.approved_ms <= until;

/** This scope's entries on a side. */
export const entriesOf = (stake: Stake, side: Side, until: Until): StakeCommand[] =>
  stake.commands.filter((c) => c.own && c.kind !== 'close' && c.side === side && isCounted(c, until));

/** Its approved entries on a side of which no command was made yet. */
export const unmadeOf = (stake: Stake, side: Side, until: Until): Unmade[] =>
  stake.unmade.filter((u) => u.side === side && isCounted(u, until));

const names = (p: StakePosition, c: StakeCommand): boolean =>
  c.position_id === p.identifier || c.order_ticket === p.identifier || c.number === p.number;
const isOf = (p: StakePosition, c: StakeCommand): boolean => names(p, c) || c.number in p.opened;

/** Its positions on a side, oldest first; what closes have taken out since they were seen is off already. */
export function holdings(stake: Stake, mode: Binding['marginMode'], side: Side, until: Until): Holding[] {
  return stake.positions
    .filter((p) => p.side === side)
    .flatMap((position) => {
      const share = shareOf(stake, mode, position, until);
      if (share === null) return [];
      const gone = unseenCloses(stake, position);
      const there = new Big(position.volume).minus(gone);
      const left = there.lt(share) ? there : share;
      return [{ position, left: plain(left.gt(0) ? left : new Big(0)), unseen: gone.gt(0) }];
    });
}

/** Lots of a position that are the scope's; null where none ever were. */
function shareOf(stake: Stake, mode: Binding['marginMode'], p: StakePosition, until: Until): Big | null {
  const all = entriesOf(stake, p.side, null);
  const own = all.filter((c) => isCounted(c, until));
  const merged = mode !== 'hedging';
  const filled = own.reduce((total, c) => total.plus(filledOn(p, c, merged)), new Big(0));
  if (filled.lte(0)) return !all.some((c) => isOf(p, c)) && p.signal === true ? new Big(p.volume) : null;
  if (!merged) return new Big(p.volume);
  const taken = closesOf(stake, p).filter((c) => c.own);
  return taken.reduce((left, c) => left.minus(takenFrom(p, c)), filled);
}

const ownPart = (stake: Stake, mode: Binding['marginMode'], p: StakePosition): Big => {
  const share = shareOf(stake, mode, p, null);
  return share === null || share.lt(0) ? new Big(0) : share;
};

const closesOf = (stake: Stake, p: StakePosition): StakeCommand[] =>
  stake.commands.filter((c) => c.kind === 'close' && c.position_id === p.identifier);

/** How many lots of a position a command filled: by the books, or by the broker's word where they do not know yet. */
function filledOn(p: StakePosition, c: StakeCommand, merged: boolean): string {
  const booked = p.opened[c.number];
  if (booked !== undefined) return booked;
  const acted = ACTED.has(c.state);
  const since = c.sent_ms !== null && c.sent_ms >= p.opened_ms - OPENED_MARGIN_MS;
  const joined = merged && acted && !c.booked && since && c.symbol === p.symbol;
  return names(p, c) || joined ? (c.filled ?? c.volume) : '0';
}

/** Of a close that acted: until its deals are booked, one that did not say how much is taken to have taken all it was to. */
function takenFrom(p: StakePosition, c: StakeCommand): Big {
  const booked = p.closed[c.number];
  const said = ACTED.has(c.state) ? (c.filled ?? (booked === undefined ? c.volume : '0')) : '0';
  return new Big(booked ?? '0').gt(said) ? new Big(booked ?? '0') : new Big(said);
}

/** Lots that closes have taken out, whoever's, and that the snapshot may not show gone yet. */
const unseenCloses = (stake: Stake, p: StakePosition): Big =>
  closesOf(stake, p)
    .filter((c) => ACTED.has(c.state) && c.recent === true && !(c.number in p.closed))
    .reduce((total, c) => total.plus(takenFrom(p, c)), new Big(0));

/** Whether an entry acted and neither its position nor its end has been seen yet. */
const isUnseen = (stake: Stake, c: StakeCommand): boolean =>
  ACTED.has(c.state) &&
  !stake.positions.some((p) => isOf(p, c)) &&
  ((c.recent === true && !c.closed) || (c.lately === true && !c.booked));

/** Entries that may still become positions, each with the most lots that may come. */
export function pending(
  entries: readonly StakeCommand[],
  stake: Stake,
): { entry: StakeCommand; volume: string }[] {
  return entries.flatMap((entry) => {
    if (isUnseen(stake, entry)) return [{ entry, volume: entry.filled ?? entry.volume }];
    if (!UNDER_WAY.has(entry.state) && entry.state !== 'placed') return [];
    const there = stake.positions.reduce((total, p) => total.plus(filledOn(p, entry, false)), new Big(0));
    const left = new Big(entry.volume).minus(there);
    return [{ entry, volume: plain(left.gt(0) ? left : new Big(0)) }];
  });
}

/** The most lots that a close on the other side of `side` may have to take out, as things stand. */
export function closableVolume(stake: Stake, mode: Binding['marginMode'], side: Side): string {
  const volumes = [
    ...holdings(stake, mode, side, null).map((h) => h.left),
    ...pending(entriesOf(stake, side, null), stake).map((e) => e.volume),
    ...unmadeOf(stake, side, null).map((u) => u.volume),
  ];
  return plain(volumes.reduce((total, v) => total.plus(v), new Big(0)));
}

/**
 * Whether on an account that nets an entry of this scope would join what is not its own: a position that another scope or a
 * person has a part of, or an order of another scope that is on its way or works.
 */
export function wouldMerge(stake: Stake, mode: Binding['marginMode'], symbol: string, side: Side): boolean {
  if (mode === 'hedging') return false;
  const others = stake.commands.filter(
    (c) => !c.own && c.kind !== 'close' && c.symbol === symbol && c.side === side,
  );
  if (others.some((c) => UNDER_WAY.has(c.state) || c.state === 'placed' || isUnseen(stake, c))) return true;
  return stake.positions
    .filter((p) => p.symbol === symbol && p.side === side)
    .some((p) => new Big(p.volume).minus(unseenCloses(stake, p)).gt(ownPart(stake, mode, p)));
}
