import { describe, expect, it } from 'vitest';
import {
  closableVolume,
  entriesOf,
  holdings,
  pending,
  type Stake,
  unmadeOf,
  wouldMerge,
} from '../../functions/execution/stake.ts';
import { stakeCommand, stakeOf, stakePosition, unmade } from './stakes.ts';
import { NOW } from './trading-facts.ts';

const held = (stake: Stake, mode: 'hedging' | 'netting' = 'hedging', until: number | null = null) =>
  holdings(stake, mode, 'buy', until).map((h) => [h.position.identifier, h.left]);
const closing = (over: Parameters<typeof stakeCommand>[0] = {}) =>
  stakeCommand({ id: 'x', kind: 'close', number: '9', side: 'sell', order_ticket: '99', ...over });

describe('a position', () => {
  it.each([
    ['its command’s number on it', {}, { position_id: null, order_ticket: null }],
    ['the command’s position', { number: null, opened: {} }, { order_ticket: null }],
    ['the command’s order', { number: null, opened: {} }, { position_id: null }],
    ['a deal of the command’s', { number: null }, { position_id: null, order_ticket: null }],
  ])('is the scope’s by %s', (_what, position, command) => {
    const stake = stakeOf({ positions: [stakePosition(position)], commands: [stakeCommand(command)] });
    expect(held(stake)).toEqual([['7', '0.1']]);
  });

  it('is the scope’s by the books alone where no command names it', () => {
    const adopted = stakePosition({ number: null, opened: {}, signal: true });
    expect(held(stakeOf({ positions: [adopted], commands: [] }))).toEqual([['7', '0.1']]);
    expect(held(stakeOf({ positions: [{ ...adopted, signal: false }], commands: [] }))).toEqual([]);
    expect(held(stakeOf({ positions: [{ ...adopted, signal: null }], commands: [] }))).toEqual([]);
  });

  it('is not another scope’s, nor of the other side, nor opened by an entry that was approved later', () => {
    expect(held(stakeOf({ commands: [stakeCommand({ own: false })] }))).toEqual([]);
    expect(held(stakeOf({ positions: [stakePosition({ side: 'sell' })] }))).toEqual([]);
    const later = stakeCommand({ approved_ms: NOW });
    expect(held(stakeOf({ commands: [later] }), 'hedging', NOW - 1)).toEqual([]);
    expect(held(stakeOf({ commands: [later] }), 'hedging', NOW)).toEqual([['7', '0.1']]);
    const booked = stakeOf({ positions: [stakePosition({ signal: true })], commands: [later] });
    expect(held(booked, 'hedging', NOW - 1), 'the books say no more').toEqual([]);
  });

  it('has left what closes have not taken since it was seen, whoever’s they are', () => {
    const taken = (over: Parameters<typeof closing>[0]) =>
      holdings(stakeOf({ commands: [stakeCommand(), closing(over)] }), 'hedging', 'buy', null)[0];
    expect(taken({ filled: '0.04', recent: true })).toMatchObject({ left: '0.06', unseen: true });
    expect(taken({ filled: '0.04', recent: true, own: false })).toMatchObject({ left: '0.06' });
    expect(taken({ filled: '0.1', recent: true })).toMatchObject({ left: '0', unseen: true });
    expect(taken({ filled: '0.04', recent: false }), 'seen').toMatchObject({ left: '0.1', unseen: false });
    expect(taken({ filled: '0.04', recent: true, state: 'unknown' })).toMatchObject({ left: '0.1' });
    const booked = stakePosition({ volume: '0.06', closed: { '9': '0.04' } });
    const stake = stakeOf({
      positions: [booked],
      commands: [stakeCommand(), closing({ filled: '0.04', recent: true })],
    });
    expect(held(stake), 'the snapshot has it already').toEqual([['7', '0.06']]);
  });
});

describe('a position that several have built', () => {
  const merged = (volume: string, opened: Record<string, string>) =>
    stakePosition({ volume, opened, number: '2' });

  it('is the scope’s as far as its own commands filled it, and no more than is left', () => {
    const of = (volume: string, commands = [stakeCommand()]) =>
      held(stakeOf({ positions: [merged(volume, { '1': '0.1', '2': '0.5' })], commands }), 'netting');
    expect(of('0.6')).toEqual([['7', '0.1']]);
    expect(of('0.05')).toEqual([['7', '0.05']]);
    const second = stakeCommand({
      id: 'c2',
      number: '2',
      order_ticket: '8',
      position_id: '8',
      filled: '0.5',
    });
    expect(of('0.6', [stakeCommand(), second])).toEqual([['7', '0.6']]);
    expect(of('0.6', [stakeCommand(), { ...second, own: false }])).toEqual([['7', '0.1']]);
  });

  it('is no longer the scope’s by what its own closes took, booked or said', () => {
    const of = (closed: Record<string, string>, close: Parameters<typeof closing>[0]) =>
      held(
        stakeOf({
          positions: [{ ...merged('0.6', { '1': '0.1', '2': '0.5' }), closed }],
          commands: [stakeCommand(), closing(close)],
        }),
        'netting',
      );
    expect(of({ '9': '0.04' }, { filled: null })).toEqual([['7', '0.06']]);
    expect(of({}, { filled: '0.1' })).toEqual([['7', '0']]);
    expect(of({}, { filled: null }), 'it acted, and nobody has said yet on how much').toEqual([['7', '0']]);
    expect(of({ '9': '0.1' }, { filled: '0.1' }), 'once').toEqual([['7', '0']]);
    expect(of({}, { filled: '0.1', own: false }), 'another’s').toEqual([['7', '0.1']]);
  });

  it('is the scope’s by the broker’s word too where no deal is booked yet', () => {
    const joined = stakeCommand({
      id: 'c2',
      number: '2',
      order_ticket: '8',
      position_id: '8',
      booked: false,
    });
    const of = (over: Parameters<typeof stakeCommand>[0]) =>
      held(
        stakeOf({
          positions: [stakePosition({ volume: '0.2', number: '1', opened: { '1': '0.1' } })],
          commands: [stakeCommand(), { ...joined, sent_ms: NOW, ...over }],
        }),
        'netting',
      );
    expect(of({})).toEqual([['7', '0.2']]);
    expect(of({ booked: true }), 'its deal is elsewhere').toEqual([['7', '0.1']]);
    expect(of({ symbol: 'EURUSD' })).toEqual([['7', '0.1']]);
    expect(of({ sent_ms: NOW - 3_600_000 }), 'of an earlier position').toEqual([['7', '0.1']]);
    expect(of({ state: 'unknown' }), 'it may not have acted').toEqual([['7', '0.1']]);
  });
});

describe('entries on their way', () => {
  const none = { positions: [] };
  const volumes = (commands: Stake['commands'], more: Partial<Stake> = none) => {
    const stake = stakeOf({ commands, ...more });
    return pending(entriesOf(stake, 'buy', null), stake).map((p) => p.volume);
  };

  it('may come with all their volume until their end is known', () => {
    for (const state of ['created', 'sent', 'unknown', 'placed'] as const)
      expect(volumes([stakeCommand({ state, filled: null })]), state).toEqual(['0.1']);
    for (const state of ['failed', 'expired', 'not_executed', 'ended'] as const)
      expect(volumes([stakeCommand({ state, filled: null, recent: true, lately: true })]), state).toEqual([]);
    expect(volumes([stakeCommand({ state: 'sent', own: false })])).toEqual([]);
    expect(volumes([stakeCommand({ state: 'sent', side: 'sell' })])).toEqual([]);
    expect(volumes([stakeCommand({ state: 'sent', kind: 'close' })])).toEqual([]);
  });

  it('have come once their position is seen, and a working rest is still to come', () => {
    expect(volumes([stakeCommand({ state: 'unknown' })], {})).toEqual(['0']);
    const part = { positions: [stakePosition({ volume: '0.04', opened: { '1': '0.04' } })] };
    expect(volumes([stakeCommand({ state: 'placed', filled: null })], part)).toEqual(['0.06']);
  });

  it('that acted are waited for until a snapshot must show them, or the books show their end', () => {
    const of = (over: Parameters<typeof stakeCommand>[0]) => volumes([stakeCommand(over)]);
    expect(of({ recent: true, lately: true, booked: false })).toEqual(['0.1']);
    expect(of({ recent: true, lately: true, filled: '0.05' }), 'filled in part').toEqual(['0.05']);
    expect(of({ recent: true, lately: true, closed: true }), 'opened and closed').toEqual([]);
    expect(of({ recent: false, lately: true, booked: false }), 'a history that lags').toEqual(['0.1']);
    expect(of({ recent: false, lately: true, booked: true })).toEqual([]);
    expect(of({ recent: false, lately: false, booked: false })).toEqual([]);
  });

  it('of which no command is made count by what was approved', () => {
    const stake = stakeOf({ unmade: [unmade(), unmade({ side: 'sell' }), unmade({ approved_ms: NOW + 1 })] });
    expect(unmadeOf(stake, 'buy', NOW)).toEqual([unmade()]);
  });
});

describe('what a close is approved for', () => {
  it('is all that stands, works and is on its way on the other side', () => {
    const stake = stakeOf({
      commands: [
        stakeCommand(),
        stakeCommand({
          id: 'c2',
          number: '2',
          state: 'placed',
          volume: '0.5',
          position_id: null,
          order_ticket: '8',
        }),
        stakeCommand({
          id: 'c3',
          number: '3',
          state: 'unknown',
          volume: '1',
          position_id: null,
          order_ticket: null,
        }),
      ],
      unmade: [unmade({ volume: '2' })],
    });
    expect(closableVolume(stake, 'hedging', 'buy')).toBe('3.6');
    expect(closableVolume(stake, 'hedging', 'sell')).toBe('0');
  });
});

describe('an entry on an account that nets', () => {
  const merges = (stake: Partial<Stake>, mode: 'hedging' | 'netting' | 'exchange' = 'netting') =>
    wouldMerge(stakeOf(stake), mode, 'XAUUSD', 'buy');
  const foreign = stakeCommand({ id: 'o', number: '5', own: false, position_id: null, order_ticket: null });

  it('joins its own position, and nobody else’s', () => {
    expect(merges({})).toBe(false);
    expect(merges({ positions: [] })).toBe(false);
    expect(merges({ positions: [stakePosition({ volume: '0.6' })] }), 'a part is a person’s').toBe(true);
    expect(merges({ commands: [] })).toBe(true);
    expect(merges({ commands: [] }, 'exchange')).toBe(true);
    expect(merges({ commands: [] }, 'hedging')).toBe(false);
    expect(merges({ positions: [stakePosition({ symbol: 'EURUSD' })], commands: [] })).toBe(false);
    expect(merges({ positions: [stakePosition({ side: 'sell' })], commands: [] }), 'would-net').toBe(false);
  });

  it('waits for no stranger’s order to join it either', () => {
    for (const state of ['created', 'sent', 'unknown', 'placed'] as const)
      expect(merges({ commands: [stakeCommand(), { ...foreign, state }] }), state).toBe(true);
    const acted = { ...foreign, recent: true, lately: true, booked: false };
    expect(merges({ commands: [stakeCommand(), acted] }), 'not seen yet').toBe(true);
    expect(merges({ commands: [stakeCommand(), { ...foreign, state: 'failed' }] })).toBe(false);
    expect(merges({ commands: [stakeCommand(), { ...foreign, state: 'sent', side: 'sell' }] })).toBe(false);
    expect(merges({ commands: [stakeCommand(), { ...foreign, state: 'sent', symbol: 'EURUSD' }] })).toBe(
      false,
    );
  });

  it('is not kept out by its own position that a close of its own has just taken out', () => {
    expect(merges({ commands: [stakeCommand(), closing({ filled: '0.1', recent: true })] })).toBe(false);
  });
});
