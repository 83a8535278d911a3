import type { BridgeCommand } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import { attemptDeadlineMs } from './attempt-deadline.ts';
import type { Command } from './command-store.ts';

/** A command as it is told to a bridge: its present attempt, with the deadline after which it must not be carried out. */
export const wireCommand = (command: Command): BridgeCommand => ({
  cmd_id: command.id,
  attempt: command.attempt,
  expires_at: isoTime(attemptDeadlineMs(command)),
  ...command.instruction,
  evidence: { magic: command.magic, comment: command.comment },
});
