import { describe, expect, it } from 'vitest';
import { deviationPoints } from '../../functions/execution/deviation-ladder.ts';
import { wireCommand } from '../../functions/execution/wire-command.ts';
import { tripCommand } from './liquidation-facts.ts';

describe('how far a guard’s close may slip', () => {
  it('is 20, 50 and then 100 points', () => {
    expect([0, 1, 2, 3, 15].map(deviationPoints)).toEqual([20, 50, 100, 100, 100]);
  });

  it('grows on the wire with each attempt, and never falls below what was asked', () => {
    const points = (given: Parameters<typeof tripCommand>[0]) => {
      const { order } = wireCommand(tripCommand(given)) as { order: { deviation_points?: number } };
      return order.deviation_points;
    };
    expect([0, 1, 2, 9].map((attempt) => points({ attempt, deviation: 20 }))).toEqual([20, 50, 100, 100]);
    expect([0, 1].map((attempt) => points({ attempt, deviation: 100 }))).toEqual([100, 100]);
  });

  it('is nothing of an approved close, whose band says it, nor of a cancellation', () => {
    expect(wireCommand(tripCommand({ tripId: null }))).toMatchObject({ order: { volume: '0.1' } });
    expect(JSON.stringify(wireCommand(tripCommand({ tripId: null, attempt: 2 })))).not.toContain('deviation');
    expect(JSON.stringify(wireCommand(tripCommand({ cancel: '9', attempt: 2 })))).not.toContain('deviation');
  });
});
