import type { BridgeCommand } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import { attemptDeadlineMs } from './attempt-deadline.ts';
import type { Command } from './command-store.ts';
import { deviationPoints } from './deviation-ladder.ts';

/**
 * A command as it is told to a bridge: its present attempt, with the deadline after which it must not be carried out. What a
 * guard closes may slip further with each attempt.
 */
export const wireCommand = (command: Command): BridgeCommand => ({
  cmd_id: command.id,
  attempt: command.attempt,
  expires_at: isoTime(attemptDeadlineMs(command)),
  ...slipping(command),
  evidence: { magic: command.magic, comment: command.comment },
});

function slipping({ attempt, instruction, tripId }: Command): Command['instruction'] {
  if (tripId === null || instruction.kind !== 'close') return instruction;
  const points = Math.max(instruction.order.deviation_points ?? 0, deviationPoints(attempt));
  return { ...instruction, order: { ...instruction.order, deviation_points: points } };
}
