/**
 * Looks up an account's commands whose fate is open, and sends what waits, before and after. Each is settled by the broker's
 * own words or left as it is; only what surely was not executed is tried again, under the next magic.
 */
import { bridgeClient } from '../bridge/bridge-client.ts';
import type { BridgePort } from '../bridge/bridge-port.ts';
import type { Deps } from '../platform/deps.ts';
import type { Lease } from './account-lease-store.ts';
import { attemptDeadlineMs } from './attempt-deadline.ts';
import { LAST_ATTEMPT } from './command-outcome.ts';
import { noteNegativeLookup, retryCommand, settleCommand } from './command-settlement-store.ts';
import { type Command, type CommandState, readOpenCommands } from './command-store.ts';
import { retryPauseMs } from './retry-pause.ts';
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
 * in to another account. Nothing while another holds the lease. What time does not suffice for is left to the next run.
 */
export async function resolveCommands(deps: Deps, accountId: string, seen: SeenSnapshot): Promise<void> {
  const work = async (lease: Lease, untilMs: number) => {
    // Read under the lease: what its taking found abandoned is unknown by now.
    const open = await readOpenCommands(deps.db, accountId);
    const bridgeOf = ({ bridgeId }: Command) => bridgeClient(deps, bridgeId);
    await lookUpCommands(deps, { lease, seen, untilMs }, open, bridgeOf);
  };
  await sendDueCommands(deps, accountId, { work });
}

/**
 * Looks up those of `open` whose fate is open, under a lease that is held, each at the bridge that `bridgeOf` says; none any
 * more from `untilMs` on, where that is given.
 */
export async function lookUpCommands(
  deps: Deps,
  at: { lease: Lease; seen: SeenSnapshot; untilMs?: number },
  open: readonly Command[],
  bridgeOf: (command: Command) => BridgePort,
): Promise<void> {
  for (const command of open) {
    if (deps.clock.nowMs() >= (at.untilMs ?? Number.POSITIVE_INFINITY)) return;
    if (LOOKED_UP.includes(command.state) && !stillWorks(command, at.seen))
      await resolve(deps, { ...at, bridge: bridgeOf(command) }, command);
  }
}

/** A working order that the snapshot shows needs no look-up. */
const stillWorks = ({ state, orderTicket }: Command, seen: SeenSnapshot): boolean =>
  state === 'placed' && seen.snapshot.orders.some((o) => o.ticket === orderTicket);

type At = { lease: Lease; bridge: BridgePort; seen: SeenSnapshot };

async function resolve(deps: Deps, { lease, bridge, seen }: At, command: Command): Promise<void> {
  const { db, clock } = deps;
  const { id: cmdId, attempt, magic } = command;
  const reply = await bridge.lookup({ cmdId, attempt, magic });
  if (reply.kind === 'no-reply') return;
  const nowMs = clock.nowMs();
  // Of what is brought later no more is known than that it was looked up after it was asked for.
  const lookedMs = reply.askedMs ?? nowMs;
  const of = { id: command.id, from: [command.state] };
  const said = { retcode: null, brokerComment: null };
  const verdict = unknownCommand(command, reply.value, seen, lookedMs);
  switch (verdict.kind) {
    case 'done': {
      const { kind: _, partial, ...found } = verdict;
      const state = partial ? 'partial' : 'done';
      await settleCommand(db, lease, of, { state, ...found, ...said }, nowMs);
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
      await applyOutcome(deps, lease, { command, from: [command.state] }, verdict.outcome);
      return;
    case 'not-executed':
      // Whoever fetched it from us may be slow, and carries it out until its time is over.
      if (bridge.lane === 'polled' && nowMs <= attemptDeadlineMs(command)) return;
      return again(deps, lease, command, { notBeforeMs: nowMs, reason: 'not-executed', end: 'not_executed' });
    case 'refused': {
      const notBeforeMs = nowMs + retryPauseMs(attempt, command.tripId !== null);
      return again(deps, lease, command, { notBeforeMs, reason: verdict.reason, end: 'failed' });
    }
    case 'negative':
      return noteNegativeLookup(db, lease, command.id, lookedMs);
    case 'wait':
  }
}

/** It was surely not executed: once more while its deadline allows, else it ends so. */
async function again(
  deps: Deps,
  lease: Lease,
  command: Command,
  { notBeforeMs, reason, end }: { notBeforeMs: number; reason: string; end: 'failed' | 'not_executed' },
): Promise<void> {
  const { db, clock } = deps;
  const { id, attempt, expiresMs } = command;
  const said = { reason, retcode: null, brokerComment: null };
  const of = { id, attempt, from: [command.state] };
  const inTime = attempt < LAST_ATTEMPT && notBeforeMs < expiresMs;
  if (inTime && (await retryCommand(db, lease, of, { notBeforeMs, ...said }, clock.nowMs()))) return;
  await settleCommand(db, lease, of, { state: end, ...said }, clock.nowMs());
}
