/**
 * The chain over the audit log, judged without trusting the hashes that the database shows today. A seal's hash covers
 * the seal before it and, in its entries, the id and hash of every row it covers as they were when it was made; so the
 * first row that was changed, removed or slipped in since is named, also where every hash beside it was made to fit.
 * Who can rewrite all seals from one on can rewrite what they cover: compare the last seal with the log lines of
 * the schedule, which name each seal's hash when it is made.
 */
import { sha256Hex } from '../platform/digest.ts';

/** First line of what a seal hashes. */
export const SEAL_FORM = 'countersign-audit-seal-v1';
/** What the first seal has for the hash of the one before it. */
export const GENESIS_SHA256 = '0'.repeat(64);

export type Seal = { seq: number; rows: number; sealedMs: number; entries: string; sha256: string };
/** A row as it stands now: its canonical content (`AUDIT_CONTENT_SQL`). */
export type SealedRow = { id: string; content: string };
export type ChainFault =
  | { kind: 'seal'; seq: number; detail: string }
  | { kind: 'row'; seq: number; id: string; detail: 'was changed' | 'is missing' | 'was slipped in' };

/** The text that a seal is the SHA-256 of: form, hash before, number, time, count, entries; a line each. */
const sealText = (before: string, seal: Seal, sealedAt: string): string =>
  [SEAL_FORM, before, String(seal.seq), sealedAt, String(seal.rows), seal.entries].join('\n');

/**
 * The first fault of a seal and the rows that now stand in its range, in their order; null where all is as it was
 * sealed. `before` is the seal before it, null for the first; `sealedAt` the seal's time in ISO 8601.
 */
export async function sealFault(
  before: Seal | null,
  seal: Seal,
  sealedAt: string,
  rows: readonly SealedRow[],
): Promise<ChainFault | null> {
  const { seq } = seal;
  if (seq !== (before?.seq ?? 0) + 1)
    return { kind: 'seal', seq: (before?.seq ?? 0) + 1, detail: 'is missing' };
  const entries = entriesOf(seal.entries);
  const told = await sha256Hex(sealText(before?.sha256 ?? GENESIS_SHA256, seal, sealedAt));
  if (told !== seal.sha256) return { kind: 'seal', seq, detail: 'does not follow from the seal before it' };
  if (entries === null || entries.length !== seal.rows)
    return { kind: 'seal', seq, detail: 'does not name its rows' };
  return firstBrokenRow(seq, entries, rows);
}

type Entry = { id: string; sha256: string };

function entriesOf(text: string): Entry[] | null {
  const entries = text.split('\n').map((line) => {
    const [, id, sha256] = /^([0-9a-f-]{36}) ([0-9a-f]{64})$/.exec(line) ?? [];
    return id === undefined || sha256 === undefined ? null : { id, sha256 };
  });
  const good = entries.filter((e) => e !== null);
  return good.length === entries.length ? good : null;
}

async function firstBrokenRow(
  seq: number,
  entries: readonly Entry[],
  rows: readonly SealedRow[],
): Promise<ChainFault | null> {
  const sealed = new Set(entries.map((e) => e.id));
  for (let i = 0; i < Math.max(entries.length, rows.length); i += 1) {
    const entry = entries[i];
    const row = rows[i];
    if (row !== undefined && !sealed.has(row.id))
      return { kind: 'row', seq, id: row.id, detail: 'was slipped in' };
    if (entry !== undefined && entry.id !== row?.id)
      return { kind: 'row', seq, id: entry.id, detail: 'is missing' };
    if (entry !== undefined && row !== undefined && (await sha256Hex(row.content)) !== entry.sha256)
      return { kind: 'row', seq, id: entry.id, detail: 'was changed' };
  }
  return null;
}
