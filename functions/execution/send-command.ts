import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { readCommand } from './command-store.ts';
import { sendDueCommands } from './send-due-commands.ts';

/**
 * Consumer of `command.created`: has what waits for the command's account sent. The event is done with the statement that
 * settles the command; while another consumer holds the account, or its turn has not come, it stays to be done, and where
 * the account is held the queue brings it back.
 */
export async function sendCommand(deps: Deps, event: OutboxEvent): Promise<void> {
  const command = await readCommand(deps.db, String(event.payload['command_id']));
  if (command === null) throw new Error('an event names a command that does not exist');
  if (command.state === 'created' || command.state === 'sent')
    return sendDueCommands(deps, command.accountId, { hint: { kind: 'outbox', id: event.id } });
  await deps.db.run(outboxDone(event.id, deps.clock.nowMs()));
}
