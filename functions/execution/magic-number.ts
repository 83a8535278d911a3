/**
 * Magic numbers (domain 2.4): namespace (13 bits) << 40 | command number (36 bits) << 4 | attempt (4 bits). At most
 * 2^53 - 1, so that every terminal and every JSON reader keeps it whole; each attempt is visible apart at the broker.
 */
const NAMESPACE_SHIFT = 40n;
const NUMBER_SHIFT = 4n;

/** The magic of an attempt (0 to 15) of a command. Throws outside the ranges: a wrapped number would name another. */
export function magicNumber(namespace: number, commandNumber: bigint, attempt: number): bigint {
  const fits =
    namespace >= 1 &&
    namespace < 2 ** 13 &&
    commandNumber >= 1n &&
    commandNumber < 1n << 36n &&
    attempt >= 0 &&
    attempt < 16;
  if (!fits) throw new Error('a magic number out of range');
  return (BigInt(namespace) << NAMESPACE_SHIFT) | (commandNumber << NUMBER_SHIFT) | BigInt(attempt);
}

/** Whether a magic seen at a broker is of this deployment's namespace. */
export const isOwnMagic = (magic: bigint, namespace: number): boolean =>
  magic >> NAMESPACE_SHIFT === BigInt(namespace);
