import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterFailure, type Circuit, CLOSED, circuitState } from '../../functions/platform/circuit.ts';
import { runs } from '../support/property.ts';

const POLICY = { failuresToOpen: 3, openMs: 1_000, mostOpenMs: 5_000, trialMs: 100 };
const failing = (times: number, nowMs: number, from: Circuit = CLOSED): Circuit =>
  Array.from({ length: times }).reduce<Circuit>((c) => afterFailure(c, POLICY, nowMs), from);

describe('a circuit', () => {
  it('stays closed until so many failures in a row, then rests', () => {
    expect(circuitState(failing(2, 10), 10)).toBe('CLOSED');
    const open = failing(3, 10);
    expect(circuitState(open, 10)).toBe('OPEN');
    expect(circuitState(open, 1_009)).toBe('OPEN');
    expect(circuitState(open, 1_010)).toBe('HALF_OPEN');
  });

  it('rests twice as long after each trial that failed, up to its most', () => {
    let circuit = failing(3, 0);
    const rests = [circuit.openUntilMs];
    for (let i = 0; i < 4; i += 1) {
      const nowMs = circuit.openUntilMs;
      circuit = afterFailure(circuit, POLICY, nowMs);
      rests.push(circuit.openUntilMs - nowMs);
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it('is not kept open by calls that began before it opened and fail late', () => {
    const open = failing(3, 0);
    expect(failing(10, 999, open)).toEqual(open);
  });

  it('whatever happens, is never closed by a failure once open, and always tries again in the end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 60 }), (steps) => {
        let nowMs = 0;
        let circuit: Circuit = CLOSED;
        for (const step of steps) {
          nowMs += step;
          const before = circuitState(circuit, nowMs);
          circuit = afterFailure(circuit, POLICY, nowMs);
          const after = circuitState(circuit, nowMs);
          if (before !== 'CLOSED') expect(after).toBe('OPEN');
          expect(circuit.openUntilMs - nowMs).toBeLessThanOrEqual(POLICY.mostOpenMs);
        }
      }),
      runs(),
    );
  });
});
