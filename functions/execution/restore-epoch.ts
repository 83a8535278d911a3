/**
 * The restore epoch: the upper 8 of the 36 bits of a command's number inside its magic (`magic-number.ts`), the lower 28
 * being the sequence's. A database that was restored to an earlier state would count on from where it was and give numbers
 * a second time that a broker knows already; each restore that is noticed therefore begins an epoch of its own. Pure.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { isOwnMagic } from './magic-number.ts';

export const EPOCH_SHIFT = 28;
export const LAST_EPOCH = 255;
const NUMBER_BITS = (1n << 36n) - 1n;

/** The command's number, epoch included, of a magic of ours. */
export const commandNumberOf = (magic: string): bigint => (BigInt(magic) >> 4n) & NUMBER_BITS;

/**
 * The highest magic of our namespace that a broker has seen, null where it has seen none. The bridge's own word is not
 * enough: other programs' magics may be higher, and hide ours.
 */
export function highestOwnMagic(
  snapshot: Pick<Snapshot, 'highest_magic' | 'positions' | 'orders' | 'deals' | 'history_orders'>,
  namespace: number,
): string | null {
  const rows = [snapshot.positions, snapshot.orders, snapshot.deals, snapshot.history_orders].flat();
  let highest: bigint | null = null;
  for (const text of [snapshot.highest_magic, ...rows.map((r) => r.magic)]) {
    const magic = BigInt(text);
    if (isOwnMagic(magic, namespace) && (highest === null || magic > highest)) highest = magic;
  }
  return highest === null ? null : String(highest);
}

/** Whether a broker knows a number that our counter, whose last number is `lastNumber`, has yet to give. */
export const isEpochBehind = (highestMagic: string, lastNumber: bigint): boolean =>
  commandNumberOf(highestMagic) > lastNumber;
