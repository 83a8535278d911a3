import { describe, expect, it } from 'vitest';
import { entryOrder } from '../../functions/execution/entry-order.ts';
import { lossRefusal } from '../../functions/execution/loss-limit.ts';
import { ORDER_REFUSALS } from '../../functions/execution/order-refusal.ts';
import { type Change, entryFacts, NOW, openMarket } from './trading-facts.ts';

const near = 'daily-loss-too-near';
const limits = (...levels: string[]) => levels.map((actBelow) => ({ actBelow }));

describe('what a day may still lose', () => {
  it('is at least what an order risks at its stop', () => {
    expect(lossRefusal(limits('9600'), '10000', '400')).toBeNull();
    expect(lossRefusal(limits('9600'), '10000', '400.01')).toBe(near);
  });

  it('is judged by every rule', () => {
    expect(lossRefusal(limits('9000', '9700'), '10000', '301')).toBe(near);
    expect(lossRefusal(limits('9700', '9000'), '10000', '300')).toBeNull();
  });

  it('is nothing at the level itself, though the order risked nothing', () => {
    expect(lossRefusal(limits('9600'), '9600', '0')).toBe(near);
    expect(lossRefusal(limits('9600'), '9600.01', '0')).toBeNull();
  });

  it('cannot be compared with an order of which no loss is known, nor without the equity', () => {
    expect(lossRefusal(limits('9600'), '10000', null)).toBe('stop-required');
    expect(lossRefusal(limits('9600'), null, '1')).toBe('account-figures-unknown');
    expect(lossRefusal([], null, null)).toBeNull();
  });
});

describe('an entry under daily-loss rules', () => {
  const judge = (actBelow: string, change: Change = {}) =>
    entryOrder(entryFacts({ ...change, facts: { limits: limits(actBelow) } }), openMarket(), NOW);

  it('is made as long as its stop lies before the level, from the worst fill on', () => {
    // A sell of 0.1 from 2034.60 at worst to 2040: 540 ticks, 54 dollars.
    expect(judge('9946')).toMatchObject({ kind: 'order' });
    expect(judge('9946.01')).toEqual({ kind: 'refused', reason: near });
    expect(judge('9946.01', { terms: { stop_loss: null } })).toEqual({
      kind: 'refused',
      reason: 'stop-required',
    });
    expect(ORDER_REFUSALS).toContain(near);
  });
});
