/**
 * The orders of an approved close: which position is due one, of how much, and what the ones before say of it. Pure.
 */
import type { TradeInstruction } from '../bridge/bridge-protocol.ts';
import { Big } from '../platform/decimal.ts';
import type { Binding } from './account-store.ts';
import type { ApprovedTerms } from './approved-terms.ts';
import { bridgeWord, refusalClass } from './bridge-refusal.ts';
import type { CommandState } from './command-store.ts';
import { legVolume, type VolumeLimits } from './leg-volume.ts';
import { type RetcodeClass, retcodeClass } from './retcode-class.ts';
import type { Holding, Stake } from './stake.ts';

/** An order of this close. */
export type ExitLeg = {
  state: CommandState;
  reason: string | null;
  position_id: string | null;
  filled: string | null;
  resolved_ms: number | null;
};
export type LegFacts = {
  terms: ApprovedTerms;
  /** What the broker takes in one order, by its own symbol, as the last snapshot shows it. */
  limits: Readonly<Record<string, VolumeLimits>>;
  stake: Stake;
  /** In the order of their making. */
  legs: readonly ExitLeg[];
};
type DueLeg = Holding & { volume: string };
export type NextLegs = {
  due: DueLeg[];
  /** Lots of what was approved that may still be closed. */
  left: Big;
  underWay: boolean;
  /** Of one nothing is left but by a snapshot that is too old to show it. */
  unseen: boolean;
  pausedBy: string | null;
  refusedBy: string | null;
};

const UNDER_WAY: ReadonlySet<CommandState> = new Set<CommandState>(['created', 'sent', 'unknown']);
const ACTED: ReadonlySet<CommandState> = new Set<CommandState>(['done', 'partial']);
/** After an order's attempts were used up, or the broker let nothing be traded: until the next order of that position. */
const LEG_PAUSE_MS = 10 * 60_000;

const UNSAID: VolumeLimits = { min: null, max: null, step: null };

/** The order that each of `held` is due at `nowMs`, no more in all than was approved. */
export function nextLegs(facts: LegFacts, held: readonly Holding[], nowMs: number): NextLegs {
  const { legs, limits, stake, terms } = facts;
  const taken = legs.flatMap((l) => (ACTED.has(l.state) && l.filled !== null ? [l.filled] : []));
  const left = taken.reduce((rest, volume) => rest.minus(volume), new Big(terms.max_volume));
  const busy = stake.commands.filter((c) => c.kind === 'close' && UNDER_WAY.has(c.state));
  const underWay = legs.some((l) => UNDER_WAY.has(l.state));
  const next: NextLegs = { due: [], left, underWay, unseen: false, pausedBy: null, refusedBy: null };
  let room = left;
  for (const holding of held) {
    const { identifier, symbol } = holding.position;
    const stop = stopOf(
      legs.findLast((l) => l.position_id === identifier),
      nowMs,
    );
    const isBusy = busy.some((c) => c.position_id === identifier);
    if (isBusy) next.underWay = true;
    else if (new Big(holding.left).lte(0)) next.unseen ||= holding.unseen;
    else if (stop?.kind === 'paused') next.pausedBy = stop.reason;
    else if (stop?.kind === 'refused') next.refusedBy = stop.reason;
    else if (room.gt(0)) {
      const wanted = room.lt(holding.left) ? room : new Big(holding.left);
      next.due.push({ ...holding, volume: legVolume(wanted, limits[symbol] ?? UNSAID) });
    }
    room = room.minus(holding.left);
  }
  return next;
}

/** What the last order of a position says of the next one; null: nothing stands against it. */
function stopOf(
  leg: ExitLeg | undefined,
  nowMs: number,
): { kind: 'paused' | 'refused'; reason: string } | null {
  if (leg === undefined || ACTED.has(leg.state)) return null;
  const reason = leg.reason ?? leg.state;
  if (!passes(reason)) return { kind: 'refused', reason };
  const untilMs = (leg.resolved_ms ?? nowMs) + LEG_PAUSE_MS;
  return nowMs < untilMs ? { kind: 'paused', reason } : null;
}

const PASSING: ReadonlySet<RetcodeClass> = new Set<RetcodeClass>([
  ...(['retry-price', 'retry-wait', 're-read', 'pause', 'ambiguous'] as const),
]);

/** Whether what ended an order may be over later: its attempts were used up, and the market or the terminal may change. */
function passes(reason: string): boolean {
  if (reason === 'not-executed' || reason === 'command-expired' || reason === 'superseded-by-trip')
    return true;
  const code = /^retcode-(\d{1,9})$/.exec(reason)?.[1];
  if (code !== undefined) return PASSING.has(retcodeClass(Number(code), 'close'));
  const word = bridgeWord(reason);
  if (word !== null) return PASSING.has(refusalClass(word, 'close'));
  return reason.startsWith('bridge-') && reason !== 'bridge-refused';
}

/** The order that closes one position: by its ticket and identifier, at the prices that were approved. */
export function closeOrder(
  { position, volume }: DueLeg,
  terms: ApprovedTerms,
  { login, server }: Binding,
): TradeInstruction {
  const { symbol, identifier, ticket } = position;
  return {
    kind: 'close',
    pre: {
      ...{ login, server, symbol, position_id: identifier, volume_at_most: volume },
      ...{ price_low: terms.band.low, price_high: terms.band.high },
    },
    order: { symbol, type: terms.side, volume, position_ticket: ticket },
  };
}
