/**
 * What a bridge shows of an account, in as many calls as its history needs: each page is applied before the next is asked
 * for, so that a run which ends in between has lost nothing, and the next one goes on where it ended.
 */
import type { BridgePort, Reply } from '../bridge/bridge-port.ts';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { type DrivenAccount, isDriven, readAccount } from '../execution/account-store.ts';
import type { Deps } from '../platform/deps.ts';
import { dealsFromMs, halfWindow, windowEnd } from './history-cursor.ts';

/** A run must end within what a function's call may take; the schedule comes again. */
const MAX_PAGES = 10;
const MAX_MS = 10_000;

/**
 * `fromMs`: since when its deals were asked for; null: from the beginning. `tookMs`: how long the slowest answer took, where
 * it was asked for here.
 */
export type Shown = { reply: Reply<Snapshot>; fromMs: number | null; tookMs?: number };

/**
 * Asks the account's bridge and has `take` apply what it shows, until that is all of it, or a while has passed. `neededMs`:
 * since when open commands need the history. `first`: what was shown already. `patienceMs`: for so long a window that is too
 * much for one reply is halved. The last outcome, and what led to it.
 */
export async function takeHistory(
  deps: Deps,
  account: DrivenAccount,
  of: { port: BridgePort; neededMs: number | null; first: Shown | null; patienceMs?: number | undefined },
  take: (account: DrivenAccount, shown: Shown) => Promise<string>,
): Promise<Shown & { outcome: string }> {
  const { clock, db } = deps;
  const endMs = clock.nowMs() + MAX_MS;
  const halvedUntilMs = clock.nowMs() + (of.patienceMs ?? MAX_MS);
  let known = account;
  let spanMs: number | null = null;
  for (let page = 1; ; page += 1) {
    const fromMs = dealsFromMs(known, of.neededMs);
    const asked: Shown & { spanMs: number | null } =
      page === 1 && of.first !== null
        ? { ...of.first, spanMs }
        : { ...(await askPage(deps, of.port, { fromMs, spanMs, endMs: halvedUntilMs })), fromMs };
    spanMs = asked.spanMs;
    const outcome = await take(known, asked);
    const more = outcome === 'catching-up' && page < MAX_PAGES && clock.nowMs() < endMs;
    const next = more ? await readAccount(db, account.id) : null;
    if (next === null || !isDriven(next)) return { reply: asked.reply, fromMs: asked.fromMs, outcome };
    known = next;
  }
}

/** A window that is too much for one reply is asked for by halves; the next is then no longer than what came. */
async function askPage(
  { clock }: Deps,
  port: BridgePort,
  of: { fromMs: number | null; spanMs: number | null; endMs: number },
): Promise<{ reply: Reply<Snapshot>; spanMs: number | null; tookMs: number }> {
  const { fromMs, endMs } = of;
  let { spanMs } = of;
  let tookMs = 0;
  for (;;) {
    const nowMs = clock.nowMs();
    const toMs = windowEnd(fromMs, spanMs, nowMs);
    const reply = await port.snapshot(fromMs, toMs);
    tookMs = Math.max(tookMs, clock.nowMs() - nowMs);
    const tooMuch = reply.kind === 'no-reply' && reply.word === 'too-large' && clock.nowMs() < endMs;
    const half = tooMuch ? halfWindow(fromMs, toMs, nowMs) : null;
    if (half === null) return { reply, spanMs, tookMs };
    spanMs = half;
  }
}
