/**
 * The restore epoch: the upper 8 of the 36 bits of a command's number inside its magic (`magic-number.ts`), the lower 28
 * being the sequence's. A database that was restored to an earlier state would count on from where it was and give numbers
 * a second time that a broker knows already, and carry out approvals that were carried out; each restore that is noticed
 * therefore begins an epoch of its own. It is noticed by a magic of ours that a broker knows and we have yet to give.
 *
 * Any user may run a bridge, and a bridge may say anything: what one says is held against the account that shows it, and no
 * further than its user's own power over others reaches. Yet after a restore every account is in danger. So
 *  1. whatever it is, it bars entries of the account that shows it, at once and until an owner has judged it: the epoch is
 *     raised, or the suspicion dismissed, which is in the audit;
 *  2. it proves a restore to others where it is plausible (`isPlausible`: in our epoch or the one that may have followed it,
 *     at most PLAUSIBLE_AHEAD commands on) and comes of an account that an owner or admin has let trade, and that has not
 *     been found a false witness before. All others then take entries only after their own broker has been heard since: who
 *     lost something in the restore shows it there himself (1.), and who lost nothing goes on within seconds, so that a
 *     false witness gains nothing;
 *  3. where accounts of two different users prove it, no entry is made or sent in the whole deployment until an owner has
 *     judged. An owner who knows of a restore need not wait for that: he raises the epoch, or halts the deployment;
 *  4. what is not plausible, such as a magic of epoch 255, is its account's divergence and an alert, and nobody else's;
 *  5. no close ever waits: it names the position that it takes out. While its account is under suspicion it is sent under a
 *     number with the bit GIVEN_IN_DOUBT, a range of its own that no command of ordinary times has used up.
 * The facts stand in `accounts` and `deployment`; every statement that makes or sends an entry reads both. Pure.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { isOwnMagic } from './magic-number.ts';

export const EPOCH_SHIFT = 28;
export const LAST_EPOCH = 255;
/** Of a number: it was given while a restore was suspected; the sequence ends below it. */
export const GIVEN_IN_DOUBT = 1n << 27n;
/** More commands than are given in a day: a backup is not older. */
export const PLAUSIBLE_AHEAD = 1_000_000n;
const NUMBER_BITS = (1n << 36n) - 1n;
const SEQUENCE_BITS = GIVEN_IN_DOUBT - 1n;

/** The command's number of a magic of ours: its epoch and where the sequence stood, whatever range it was given from. */
export const commandNumberOf = (magic: string): bigint =>
  (BigInt(magic) >> 4n) & NUMBER_BITS & ~GIVEN_IN_DOUBT;

/** Whether a broker knows a number that our counter, whose last number is `lastNumber`, has yet to give. */
export const isEpochBehind = (magic: string, lastNumber: bigint): boolean =>
  commandNumberOf(magic) > lastNumber;

/** Whether a number that we have yet to give can have been given before a restore: this epoch's next ones, or the next epoch's. */
export function isPlausible(magic: string, lastNumber: bigint): boolean {
  const [number, shift] = [commandNumberOf(magic), BigInt(EPOCH_SHIFT)];
  const epochs = (number >> shift) - (lastNumber >> shift);
  // The sequence goes on through the epochs.
  const ahead = (number & SEQUENCE_BITS) - (lastNumber & SEQUENCE_BITS);
  return (epochs === 0n || epochs === 1n) && ahead > 0n && ahead <= PLAUSIBLE_AHEAD;
}

export type EpochEvidence = { magic: string; plausible: boolean };
type Shown = Pick<Snapshot, 'highest_magic' | 'positions' | 'orders' | 'deals' | 'history_orders'>;

/**
 * The magic of our namespace that speaks most for a restore: the highest plausible one, else the highest; null where a broker
 * shows none that we have yet to give. The bridge's own word is not enough: other programs' magics may be higher, and hide
 * ours. What an owner has dismissed (`dismissed`) does not count again, nor anything as little plausible below it, and hides
 * nothing else.
 */
export function epochEvidence(
  snapshot: Shown,
  at: { namespace: number; lastNumber: bigint; dismissed: readonly string[] },
): EpochEvidence | null {
  const rows = [snapshot.positions, snapshot.orders, snapshot.deals, snapshot.history_orders].flat();
  const { namespace, lastNumber } = at;
  const known = at.dismissed.map((magic) => evidenceOf(magic, lastNumber));
  let best: EpochEvidence | null = null;
  for (const text of [snapshot.highest_magic, ...rows.map((r) => r.magic)]) {
    if (!isOwnMagic(BigInt(text), namespace) || !isEpochBehind(text, lastNumber)) continue;
    const found = evidenceOf(text, lastNumber);
    if (known.some((k) => isCovered(found, k))) continue;
    if (best === null || isStronger(found, best)) best = found;
  }
  return best;
}

const evidenceOf = (magic: string, lastNumber: bigint): EpochEvidence => ({
  magic,
  plausible: isPlausible(magic, lastNumber),
});

const isCovered = (found: EpochEvidence, known: EpochEvidence): boolean =>
  commandNumberOf(found.magic) <= commandNumberOf(known.magic) && (known.plausible || !found.plausible);

const isStronger = (a: EpochEvidence, b: EpochEvidence): boolean =>
  a.plausible === b.plausible ? commandNumberOf(a.magic) > commandNumberOf(b.magic) : a.plausible;
