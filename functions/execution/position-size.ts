/**
 * How many lots an order has (domain 4.5): by risk, `floor(money / (riskTicks * tickValueLoss + commission) / step)`
 * steps, or the account's fixed volume. Pure. By risk the limits make the order smaller; a fixed volume that a limit
 * does not allow is refused. Nothing is ever rounded up: what falls below the minimum is refused.
 */
import { Big, plain } from '../platform/decimal.ts';
import type { AccountSettings } from './account-settings.ts';
import { lotWorth } from './exposure.ts';
import { type OrderRefusal, type Refused, refused } from './order-refusal.ts';
import type { SymbolSpecification } from './symbol-specification.ts';
import { stepsIn } from './tick-price.ts';

export type SizeFacts = {
  settings: Pick<
    AccountSettings,
    | 'riskBps'
    | 'riskBase'
    | 'maxVolume'
    | 'commissionPerLot'
    | 'marginShareBps'
    | 'maxInstrumentVolume'
    | 'maxExposurePercent'
  >;
  orderVolume: string;
  /** In the account's currency; null where no snapshot has stated it. */
  balance: string | null;
  equity: string | null;
  marginFree: string | null;
  /** Of that, what commands will take that no snapshot has shown yet; null where it cannot be told. */
  marginOnTheWay: string | null;
  /** Ticks from the worst fill to the stop; null without a stop. */
  riskTicks: bigint | null;
  specification: SymbolSpecification;
  /** Lots open, working and on their way on the order's side of the symbol. */
  openVolume: string;
  /** The same of both sides. */
  instrumentVolume: string;
  /** What everything on the account is worth (`exposure.ts`); null where it cannot be told. */
  exposure: string | null;
  /** What was countersigned; null while that is still being worked out. */
  approved: { volume: string; risk: string | null } | null;
};
export type PositionSize = { kind: 'size'; volume: string; risk: string | null };

type Cap = { reason: OrderRefusal; volume: Big };

/** The volume in plain lots and its loss at the stop, null where that cannot be told. */
export function positionSize(facts: SizeFacts): PositionSize | Refused {
  const perLot = lossPerLot(facts);
  const caps = capsOf(facts, perLot);
  if ('kind' in caps) return caps;
  const size = facts.settings.riskBps === null ? fixedVolume(facts, caps) : volumeByRisk(facts, caps, perLot);
  if ('kind' in size) return size;
  return { kind: 'size', volume: plain(size), risk: perLot === null ? null : plain(perLot.times(size)) };
}

/** Loss at the stop of one lot, commission of both ways included. */
function lossPerLot({ riskTicks, specification, settings }: SizeFacts): Big | null {
  if (riskTicks === null || specification.tickValueLoss === null) return null;
  const tickValue = new Big(specification.tickValueLoss);
  if (tickValue.lte(0)) return null;
  return tickValue.times(String(riskTicks)).plus(settings.commissionPerLot);
}

function capsOf(facts: SizeFacts, perLot: Big | null): Cap[] | Refused {
  const { specification: spec, settings, approved } = facts;
  const caps: Cap[] = [{ reason: 'above-max-volume', volume: new Big(spec.volumeMax) }];
  if (settings.maxVolume !== null)
    caps.push({ reason: 'above-max-volume', volume: new Big(settings.maxVolume) });
  if (spec.volumeLimit !== null)
    caps.push({
      reason: 'volume-limit-reached',
      volume: new Big(spec.volumeLimit).minus(facts.openVolume),
    });
  if (settings.maxInstrumentVolume !== null)
    caps.push({
      reason: 'instrument-exposure-reached',
      volume: new Big(settings.maxInstrumentVolume).minus(facts.instrumentVolume),
    });
  const exposure = exposureCap(facts);
  if (exposure === 'unknown') return refused('exposure-unknown');
  if (exposure !== null) caps.push({ reason: 'total-exposure-reached', volume: exposure });
  const margin = marginCap(facts);
  if (margin === 'unknown') return refused('margin-unknown');
  if (margin !== null) caps.push({ reason: 'margin-exceeded', volume: margin });
  if (approved !== null) {
    caps.push({ reason: 'volume-above-approved', volume: new Big(approved.volume) });
    if (approved.risk !== null && perLot !== null)
      caps.push({ reason: 'risk-above-approved', volume: perLots(approved.risk, perLot, spec) });
  }
  return caps;
}

/** Lots that what everything may be worth leaves room for. */
function exposureCap({ settings, specification, equity, exposure }: SizeFacts): Big | null | 'unknown' {
  if (settings.maxExposurePercent === null) return null;
  const worth = lotWorth(specification);
  if (worth === null || exposure === null || equity === null) return 'unknown';
  const room = new Big(equity).times(settings.maxExposurePercent).div(100).minus(exposure);
  return perLots(room, worth, specification);
}

/** Lots that the allowed part of the free margin carries. Without a share of its own an account may use all of it. */
function marginCap(facts: SizeFacts): Big | null | 'unknown' {
  const { settings, specification, marginFree, marginOnTheWay } = facts;
  const { marginPerLot, volumeStep } = specification;
  if (marginPerLot === null || marginFree === null || marginOnTheWay === null)
    return settings.marginShareBps === null ? null : 'unknown';
  if (new Big(marginPerLot).lte(0)) return null;
  const share = new Big(marginFree)
    .minus(marginOnTheWay)
    .times(settings.marginShareBps ?? 10_000)
    .div(10_000);
  if (share.lte(0)) return new Big(0);
  return stepsIn(share, new Big(marginPerLot).times(volumeStep)).times(volumeStep);
}

/** The most lots, on steps, that lose no more than `money`. */
const perLots = (money: string | Big, perLot: Big, spec: SymbolSpecification): Big =>
  new Big(money).lte(0)
    ? new Big(0)
    : stepsIn(new Big(money), perLot.times(spec.volumeStep)).times(spec.volumeStep);

function fixedVolume(facts: SizeFacts, caps: readonly Cap[]): Big | Refused {
  const { specification: spec } = facts;
  const volume = new Big(facts.orderVolume);
  const blocking = caps.find((c) => volume.gt(c.volume));
  if (blocking) return refused(blocking.reason);
  if (volume.lt(spec.volumeMin)) return refused('below-min-volume');
  const step = new Big(spec.volumeStep);
  return stepsIn(volume, step).times(step).eq(volume) ? volume : refused('volume-off-step');
}

function volumeByRisk(facts: SizeFacts, caps: readonly Cap[], perLot: Big | null): Big | Refused {
  const { specification: spec, settings, balance, equity } = facts;
  if (facts.riskTicks === null) return refused('stop-required');
  if (perLot === null) return refused('tick-value-unknown');
  if (balance === null || equity === null) return refused('account-figures-unknown');
  const least = new Big(balance).lt(equity) ? balance : equity;
  const base = new Big(settings.riskBase === 'equity' ? equity : least);
  const money = base.times(settings.riskBps ?? 0).div(10_000);
  const budget: Cap = { reason: 'below-min-volume', volume: perLots(money, perLot, spec) };
  const tightest = [budget, ...caps].reduce((a, b) => (b.volume.lt(a.volume) ? b : a));
  const step = new Big(spec.volumeStep);
  const volume = tightest.volume.lte(0) ? new Big(0) : stepsIn(tightest.volume, step).times(step);
  if (volume.gt(0) && volume.gte(spec.volumeMin)) return volume;
  return refused(tightest.reason === 'above-max-volume' ? 'below-min-volume' : tightest.reason);
}
