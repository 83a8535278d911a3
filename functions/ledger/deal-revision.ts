/**
 * Deals that a broker states otherwise later: a cancellation, a late swap, a corrected price. Each version stays as it was
 * seen; the highest revision is what counts. Invariants:
 *  1. a version equal to one that is stored is not new, however old that one is: replies that come late, twice or out of
 *     their order change nothing. A broker that takes a restatement back word by word is therefore not followed;
 *  2. only figures make a version: what somebody wrote beside a deal, or a clock that was put right, does not.
 * Pure.
 */
import { compare } from '../platform/decimal.ts';
import type { Deal } from './trade-projection.ts';

/** A deal as it is stored; of one ticket the highest revision counts. */
export type StoredDeal = Deal & { revision: number };

const FIGURES = ['volume', 'price', 'commission', 'swap', 'profit', 'fee'] as const;

const isSameVersion = (a: Deal, b: Deal): boolean =>
  a.type === b.type &&
  a.entry === b.entry &&
  a.positionId === b.positionId &&
  FIGURES.every((f) => compare(a[f], b[f]) === 0);

/** What of the deals that a broker now states is to be stored: unknown tickets, and new versions of known ones. */
export function newVersions(stored: readonly StoredDeal[], said: readonly Deal[]): StoredDeal[] {
  const versions = new Map<string, StoredDeal[]>();
  for (const d of stored) versions.set(d.ticket, [...(versions.get(d.ticket) ?? []), d]);
  const found: StoredDeal[] = [];
  for (const d of said) {
    const known = versions.get(d.ticket) ?? [];
    if (known.some((k) => isSameVersion(k, d))) continue;
    const version = { ...d, revision: known.reduce((next, k) => Math.max(next, k.revision + 1), 0) };
    versions.set(d.ticket, [...known, version]);
    found.push(version);
  }
  return found;
}

/** Of each ticket the version that counts. */
export function latestVersions(deals: readonly StoredDeal[]): StoredDeal[] {
  const latest = new Map<string, StoredDeal>();
  for (const d of deals) {
    const known = latest.get(d.ticket);
    if (known === undefined || known.revision < d.revision) latest.set(d.ticket, d);
  }
  return [...latest.values()];
}
