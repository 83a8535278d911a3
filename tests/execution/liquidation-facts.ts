// What a guard's trip is planned by, for the rules of the liquidation: a buy of 0.1 lot of gold as position 7, with ticket 70.
import type { Command } from '../../functions/execution/command-store.ts';
import type {
  LiquidationCommand,
  LiquidationFacts,
  StandingPosition,
} from '../../functions/execution/liquidation-plan.ts';
import { NOW } from './trading-facts.ts';

const PRE = { login: '500123', server: 'Demo-Server', symbol: 'XAUUSD' };

export const standing = (over: Partial<StandingPosition> = {}): StandingPosition => ({
  ...{ identifier: '7', ticket: '70', symbol: 'XAUUSD', side: 'buy', volume: '0.1', ours: true },
  ...over,
});

/** By default one of this trip that has closed all of position 7. */
export const made = (over: Partial<LiquidationCommand> = {}): LiquidationCommand => ({
  ...{ id: 'c1', kind: 'close', subject: '7', symbol: 'XAUUSD', state: 'done', reason: null, attempt: 0 },
  ...{ own: true, volume: '0.1', filled: '0.1', unseen: false },
  ...{ resolved_ms: NOW - 1_000, not_before_ms: null },
  ...over,
});

export const tripFacts = (over: Partial<LiquidationFacts> = {}): LiquidationFacts => ({
  ...{ tripId: 't', scope: 'all', binding: { login: PRE.login, server: PRE.server } },
  ...{ positions: [standing()], orders: [], commands: [], told: [] },
  markets: { XAUUSD: { min: '0.01', max: '50', step: '0.01', tickValue: '1', live: true } },
  ...over,
});

/** A command as it is sent: of position 7, or of the order `cancel`. */
export function tripCommand(given: {
  tripId?: null;
  attempt?: number;
  deviation?: number;
  cancel?: string;
}): Command {
  const { attempt = 0, cancel, deviation } = given;
  const close = {
    kind: 'close' as const,
    pre: { ...PRE, position_id: '7', volume_at_most: '0.1' },
    order: {
      ...{ symbol: 'XAUUSD', type: 'sell' as const, volume: '0.1', position_ticket: '70' },
      ...(deviation === undefined ? {} : { deviation_points: deviation }),
    },
  };
  return {
    ...{ id: 'c', accountId: 'a', bridgeId: 'b', approvalId: null, signalId: null },
    instruction:
      cancel === undefined
        ? close
        : { kind: 'cancel', pre: PRE, order: { symbol: 'XAUUSD', order_ticket: cancel } },
    ...{ symbol: 'XAUUSD', instrument: 'XAUUSD', magic: '16', comment: 'cs0123456789ab', attempt },
    ...{ state: 'sent', expiresMs: NOW + 86_400_000, sentMs: NOW, negativeLookups: 0, lookedUpMs: null },
    ...{ positionId: null, orderTicket: null, volumeFilled: null, targetId: null },
    tripId: given.tripId === undefined ? 't' : given.tripId,
    ...{ retcode: null, brokerComment: null, reason: null, notBeforeMs: null, resolvedMs: null },
    createdMs: NOW,
  };
}
