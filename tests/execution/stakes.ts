// What a dedup scope has at an account, for the rules of closing: a buy of 0.1 lot of gold as position 7, made by command 1.
import type { Stake, StakeCommand, StakePosition, Unmade } from '../../functions/execution/stake.ts';
import { NOW } from './trading-facts.ts';

export const stakePosition = (over: Partial<StakePosition> = {}): StakePosition => ({
  ...{ identifier: '7', ticket: '70', symbol: 'XAUUSD', side: 'buy', volume: '0.1', number: '1' },
  ...{ opened_ms: NOW - 60_000, opened: { '1': '0.1' }, closed: {}, signal: null },
  ...over,
});

export const stakeCommand = (over: Partial<StakeCommand> = {}): StakeCommand => ({
  ...{ id: 'c1', kind: 'open', state: 'done', number: '1', symbol: 'XAUUSD', side: 'buy', volume: '0.1' },
  ...{ filled: '0.1', order_ticket: '7', position_id: '7', sent_ms: NOW - 61_000 },
  ...{ approved_ms: NOW - 62_000, own: true },
  ...{ recent: false, lately: false, booked: true, closed: false },
  ...over,
});

export const unmade = (over: Partial<Unmade> = {}): Unmade => ({
  ...{ approval_id: 'u1', approved_ms: NOW - 1, side: 'buy', volume: '0.1' },
  ...over,
});

/** With what is given in place of that position and its command. */
export const stakeOf = (over: Partial<Stake> = {}): Stake => ({
  ...{ positions: [stakePosition()], commands: [stakeCommand()], unmade: [] },
  ...over,
});
