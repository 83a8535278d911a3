import { askLookup } from '../bridge/bridge-client.ts';
import type { Deps } from '../platform/deps.ts';
import { type Command, noteNegativeLookup, readOpenCommands, settleCommand } from './command-store.ts';
import { unknownCommand } from './unknown-command.ts';

/** A command is looked up once its sender can no longer be waiting for the bridge. */
const MIN_AGE_MS = 30_000;

/** Looks up an account's commands whose fate is open and settles those that the broker's own words settle. */
export async function resolveCommands(deps: Deps, accountId: string): Promise<void> {
  const open = await readOpenCommands(deps.db, accountId);
  for (const command of open) {
    const sentMs = command.sentMs ?? 0;
    if (deps.clock.nowMs() - sentMs >= MIN_AGE_MS || command.state === 'unknown')
      await resolve(deps, command, sentMs);
  }
}

async function resolve(deps: Deps, command: Command, sentMs: number): Promise<void> {
  const reply = await askLookup(deps, command.bridgeId, { cmdId: command.id, magic: command.magic });
  if (reply.kind === 'no-reply') return;
  const nowMs = deps.clock.nowMs();
  const verdict = unknownCommand(
    {
      magic: command.magic,
      sentMs,
      negatives: command.negativeLookups,
      lookedUpMs: command.lookedUpMs,
    },
    reply.value,
    nowMs,
  );
  switch (verdict.kind) {
    case 'done': {
      const { orderTicket, positionId } = verdict;
      const settlement = { state: 'done' as const, orderTicket, positionId, retcode: null };
      return settleCommand(deps.db, command.id, ['sent', 'unknown'], settlement, nowMs, null);
    }
    case 'not-executed': {
      const settlement = { state: 'not_executed' as const, reason: 'not-executed', retcode: null };
      return settleCommand(deps.db, command.id, ['sent', 'unknown'], settlement, nowMs, null);
    }
    case 'negative':
      return noteNegativeLookup(deps.db, command.id, nowMs);
    case 'wait':
  }
}
