/**
 * Which changes of a guard's settings let an account lose more than before, or later be stopped: they are for owner and
 * admin, everything else is open to the account's own user. Invariant: what is not known to be as strict as before is
 * looser. Pure.
 */
import { compare } from '../platform/decimal.ts';
import type { DailyRule } from './daily-loss.ts';
import type { StatedGuardSettings } from './guard-settings.ts';

type Field = keyof StatedGuardSettings;
type Market = StatedGuardSettings['market'];

const STRICTNESS = { off: 0, shadow: 1, armed: 2 } as const;

/** For each setting whether `after` is looser than `before`. */
const LOOSER: { [F in Field]: (before: StatedGuardSettings[F], after: StatedGuardSettings[F]) => boolean } = {
  mode: (before, after) => STRICTNESS[after] < STRICTNESS[before],
  // Told later is not told in time.
  warn_bps: (before, after) => after > before,
  trip_bps: (before, after) => after > before,
  floor_equity: (before, after) => before !== null && (after === null || compare(after, before) < 0),
  scope: (before, after) => before === 'all' && after === 'own',
  warning_ms: (before, after) => after > before,
  abort_on_recovery: (before, after) => after && !before,
  daily_rules: (before, after) =>
    before.some((rule) => !after.some((other) => other.name === rule.name && isAsStrict(rule, other))),
  market: (before, after) => isLooserMarket(before, after),
};

/** The settings that `after` has looser than `before`, in the words of the interface; none: whoever may trade may set it. */
export const loosenings = (before: StatedGuardSettings, after: StatedGuardSettings): Field[] =>
  (Object.keys(LOOSER) as Field[]).filter((field) => isLooser(field, before, after));

const isLooser = <F extends Field>(field: F, before: StatedGuardSettings, after: StatedGuardSettings) =>
  LOOSER[field](before[field], after[field]);

/** Of another clock, base or kind nobody can say which of two is stricter. */
function isAsStrict(before: DailyRule, after: DailyRule): boolean {
  const isSame = (['tz', 'reset', 'base', 'initial'] as const).every((name) => before[name] === after[name]);
  return (
    isSame &&
    before.amount.kind === after.amount.kind &&
    compare(after.amount.value, before.amount.value) <= 0 &&
    after.buffer_bps <= before.buffer_bps
  );
}

/** A list of causes may grow; `gap_block_bars` may too; every other number is a bound that may only become less. */
function isLooserMarket(before: Market, after: Market): boolean {
  return (Object.keys(before) as (keyof Market)[]).some((name) => {
    const [old, now] = [before[name], after[name]];
    if (Array.isArray(old)) return !Array.isArray(now) || old.some((cause) => !now.includes(cause));
    return name === 'gap_block_bars' ? Number(now) < Number(old) : Number(now) > Number(old);
  });
}
