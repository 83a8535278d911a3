/**
 * Looks up an account's commands whose fate is open, and sends what waits then. Each is settled by the broker's own words
 * or left as it is; only what surely was not executed is tried again, under the next magic.
 */
import { askLookup } from '../bridge/bridge-client.ts';
import type { Deps } from '../platform/deps.ts';
import type { Lease } from './account-lease-store.ts';
import { LAST_ATTEMPT } from './command-outcome.ts';
import { noteNegativeLookup, retryCommand, settleCommand } from './command-settlement-store.ts';
import { type Command, type CommandState, readOpenCommands } from './command-store.ts';
import { applyOutcome, sendDueCommands } from './send-due-commands.ts';
import { HISTORY_MARGIN_MS, type SeenSnapshot, unknownCommand } from './unknown-command.ts';

const LOOKED_UP: readonly CommandState[] = ['unknown', 'placed'];

/** Since when a snapshot's history must be asked for, for the commands' sake; null where none needs any. */
export function historyFromMs(open: readonly Command[]): number | null {
  // A working order may be weeks old, and its look-up asks for what it needs.
  const needs = open.filter((c) => c.state === 'sent' || c.state === 'unknown');
  const sent = needs.flatMap((c) => (c.sentMs !== null ? [c.sentMs] : []));
  return sent.length === 0 ? null : Math.min(...sent) - HISTORY_MARGIN_MS;
}

/**
 * `seen`: a snapshot that has just passed the gate; without one nothing may be looked up, for the terminal might be logged
 * in to another account. Nothing while another holds the lease.
 */
export async function resolveCommands(deps: Deps, accountId: string, seen: SeenSnapshot): Promise<void> {
  await sendDueCommands(deps, accountId, async (lease) => {
    // Read under the lease: what its taking found abandoned is unknown by now.
    for (const command of await readOpenCommands(deps.db, accountId))
      if (LOOKED_UP.includes(command.state) && !stillWorks(command, seen))
        await resolve(deps, lease, command, seen);
  });
}

/** A working order that the snapshot shows needs no look-up. */
const stillWorks = ({ state, orderTicket }: Command, seen: SeenSnapshot): boolean =>
  state === 'placed' && seen.snapshot.orders.some((o) => o.ticket === orderTicket);

async function resolve(deps: Deps, lease: Lease, command: Command, seen: SeenSnapshot): Promise<void> {
  const { db, clock } = deps;
  const reply = await askLookup(deps, command.bridgeId, { cmdId: command.id, magic: command.magic });
  if (reply.kind === 'no-reply') return;
  const nowMs = clock.nowMs();
  const of = { id: command.id, from: [command.state] };
  const said = { retcode: null, brokerComment: null };
  const verdict = unknownCommand(command, reply.value, seen, nowMs);
  switch (verdict.kind) {
    case 'done': {
      const { orderTicket, positionId } = verdict;
      await settleCommand(db, lease, of, { state: 'done', orderTicket, positionId, ...said }, nowMs);
      return;
    }
    case 'placed':
      if (command.state !== 'placed')
        await settleCommand(
          db,
          lease,
          of,
          { state: 'placed', orderTicket: verdict.orderTicket, ...said },
          nowMs,
        );
      return;
    case 'ended':
      await settleCommand(db, lease, of, { state: 'ended', reason: verdict.reason }, nowMs);
      return;
    case 'answered':
      return applyOutcome(deps, lease, { command, from: [command.state] }, verdict.outcome);
    case 'not-executed':
      return notExecuted(deps, lease, command);
    case 'negative':
      return noteNegativeLookup(db, lease, command.id, nowMs);
    case 'wait':
  }
}

/** It was surely not executed: once more while its deadline allows, else it ends so. */
async function notExecuted(deps: Deps, lease: Lease, command: Command): Promise<void> {
  const { db, clock } = deps;
  const { id, attempt, expiresMs } = command;
  const nowMs = clock.nowMs();
  const said = { reason: 'not-executed', retcode: null, brokerComment: null };
  const of = { id, attempt, from: [command.state] };
  if (attempt < LAST_ATTEMPT && nowMs < expiresMs)
    await retryCommand(db, lease, of, { notBeforeMs: nowMs, ...said }, nowMs);
  else await settleCommand(db, lease, of, { state: 'not_executed', ...said }, nowMs);
}
