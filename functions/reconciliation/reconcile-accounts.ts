import type { Deps } from '../platform/deps.ts';
import type { WorkMessage } from '../platform/work-queue.ts';
import { type DueAccount, dueAccounts } from './due-account-store.ts';

/** So many accounts are read at once; however many there are, no more of them are held in memory. */
const PAGE = 1_000;
/**
 * A queue is paid for by the message, which costs three operations however many accounts it names. So many make ten messages,
 * as a consumer is given them, about as much as it can call within its round.
 */
const ACCOUNTS_A_MESSAGE = 25;
/** Slow ones are as many as are called at once: no second message waits for them. */
const SLOW_ACCOUNTS_A_MESSAGE = 5;

type Turns = Extract<WorkMessage, { kind: 'schedule' }>;

/** A schedule fires each minute at the most, and an account at risk is looked at twice in it (domain 3.2). */
const SECOND_BEAT_MS = 30_000;

/**
 * Scheduled: puts every account with a live bridge that is due on the queue, page by page; those with slow bridges apart.
 * What may lose money comes a second time half a minute later, unless it was looked at since. Returns how many. One that
 * ends half-way has sent what it has sent, and the next tick sends them all.
 */
export async function reconcileAccounts(deps: Deps): Promise<number> {
  const { db, clock, queue } = deps;
  const dueMs = clock.nowMs();
  let count = 0;
  let afterId: string | null = null;
  for (;;) {
    const page: DueAccount[] = await dueAccounts(db, dueMs, { afterId, limit: PAGE });
    await queue.send(turnsOf(page, dueMs));
    const exposed = page.filter((a) => a.exposed);
    if (exposed.length > 0)
      await queue.send(turnsOf(exposed, dueMs + SECOND_BEAT_MS), SECOND_BEAT_MS / 1_000);
    count += page.length;
    afterId = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return count;
  }
}

/** The messages that name these accounts, whose turn came at `dueMs`. */
export function turnsOf(accounts: readonly Pick<DueAccount, 'id' | 'slow'>[], dueMs: number): Turns[] {
  const message = (account_ids: readonly string[]): Turns => ({
    kind: 'schedule',
    account_ids,
    due_ms: dueMs,
  });
  const [slow, quick] = [true, false].map((is) => accounts.filter((a) => a.slow === is).map((a) => a.id));
  return [
    ...groups(quick ?? [], ACCOUNTS_A_MESSAGE).map(message),
    ...groups(slow ?? [], SLOW_ACCOUNTS_A_MESSAGE).map((ids) => ({ ...message(ids), slow: true as const })),
  ];
}

/** Turns that are named one by one, of one time each lane's in as few messages as the schedule would make; all else as it is. */
export function togetherAgain(messages: readonly WorkMessage[]): WorkMessage[] {
  const turns = messages.filter((m) => m.kind === 'schedule');
  const dues = [...new Set(turns.map((m) => m.due_ms))];
  const named = (dueMs: number) =>
    turns
      .filter((m) => m.due_ms === dueMs)
      .flatMap(({ account_ids, slow = false }) => account_ids.map((id) => ({ id, slow })));
  return [
    ...messages.filter((m) => m.kind !== 'schedule'),
    ...dues.flatMap((dueMs) => turnsOf(named(dueMs), dueMs)),
  ];
}

const groups = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
