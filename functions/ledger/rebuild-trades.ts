/**
 * Trades, legs, the account's running sums and what follows from them, anew from stored facts: to the very rows that stand there
 * where nothing had gone wrong. In pages, each of them right by itself, so that one that is cut short leaves nothing half done and is simply run again.
 */
import type { AuditEntry } from '../platform/audit.ts';
import type { Database } from '../platform/database.ts';
import { projectPositions } from './planned-trade.ts';
import {
  finishRebuild,
  type RebuildScope,
  type Restated,
  readRebuildPage,
  restateSums,
  writeRebuildPage,
} from './rebuild-store.ts';

const ATTEMPTS = 5;

export type Rebuilt =
  | { kind: 'rebuilt'; positions: number; deals: number; trades: number }
  | { kind: 'unknown-account' }
  /** Others kept changing the account: what was done stands, and the rest is to be asked for again. */
  | { kind: 'raced' };

/**
 * Projects the positions of an account again (`scope.positions`: those alone), from its deals, commands, adoptions and what
 * is kept beside them; what stands open is what the last whole snapshot showed. Records `audit` where it went through, with the
 * sums that stood there where they were wrong.
 */
export async function rebuildTrades(
  db: Database,
  scope: RebuildScope,
  nowMs: number,
  audit: AuditEntry | null = null,
): Promise<Rebuilt> {
  const total = { positions: 0, deals: 0, trades: 0 };
  for (let after: string | null = ''; after !== null; ) {
    const done = await rebuildPage(db, scope, after, nowMs);
    if (done.kind !== 'page') return { kind: done.kind };
    total.positions += done.positions;
    total.deals += done.deals;
    total.trades += done.trades;
    after = done.next;
  }
  const sums = await restated(db, scope.accountId);
  if (sums.kind === 'raced') return sums;
  const wrong = sums.were === null ? {} : { sums_were: sums.were };
  await finishRebuild(db, scope.accountId, audit && { ...audit, detail: { ...audit.detail, ...wrong } });
  return { kind: 'rebuilt', ...total };
}

async function restated(db: Database, accountId: string): Promise<Restated> {
  let sums: Restated = { kind: 'raced' };
  for (let attempt = 1; attempt <= ATTEMPTS && sums.kind === 'raced'; attempt += 1)
    sums = await restateSums(db, accountId);
  return sums;
}

type Page =
  | { kind: 'page'; next: string | null; positions: number; deals: number; trades: number }
  | { kind: 'unknown-account' }
  | { kind: 'raced' };

async function rebuildPage(db: Database, scope: RebuildScope, after: string, nowMs: number): Promise<Page> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const page = await readRebuildPage(db, scope, after, nowMs);
    if (page === null) return { kind: 'unknown-account' };
    const { facts, next, positions, version } = page;
    const trades = projectPositions(facts).flatMap((p) => p.lives.map((life) => life.planned));
    const book = { trades, positions, terms: [] };
    if (await writeRebuildPage(db, scope.accountId, version, book, nowMs))
      return {
        kind: 'page',
        next,
        positions: positions.length,
        deals: facts.deals.length,
        trades: trades.length,
      };
  }
  return { kind: 'raced' };
}
