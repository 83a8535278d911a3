import { describe, expect, it } from 'vitest';
import { symbolSpecification } from '../../functions/execution/symbol-specification.ts';
import { SPECIFICATION } from '../support/organisation.ts';

/** What a bridge of the first version said of a symbol. */
const OLD = {
  ...{
    symbol: 'XAUUSD',
    digits: 2,
    point: '0.01',
    volume_min: '0.01',
    volume_max: '100',
    volume_step: '0.01',
  },
  ...{ bid: '2034.90', ask: '2035.10', time: 1 },
};

describe('a symbol’s specification', () => {
  it('is what the bridge stated, a limit of 0 being none', () => {
    expect(
      symbolSpecification({ ...SPECIFICATION, volume_limit: '40', quoted_at: '2026-03-02T10:00:00.000Z' }),
    ).toEqual({
      ...{ point: '0.01', tickSize: '0.01', tickValueLoss: '1', stopsLevel: 20, spreadPoints: 20 },
      ...{ volumeMin: '0.01', volumeMax: '100', volumeStep: '0.01', volumeLimit: '40' },
      ...{ tradeMode: 'full', marginPerLot: '2035', bid: '2034.90', ask: '2035.10' },
      expirationModes: ['gtc', 'day', 'specified', 'specified_day'],
      quotedMs: Date.UTC(2026, 2, 2, 10),
    });
    for (const volume_limit of ['0', '0.00', null, undefined])
      expect(symbolSpecification({ ...SPECIFICATION, volume_limit })?.volumeLimit).toBeNull();
  });

  it('of an older bridge lacks what was not said, and guesses no tick', () => {
    expect(symbolSpecification(OLD)).toMatchObject({
      ...{ tickSize: null, tickValueLoss: null, marginPerLot: null, spreadPoints: null, volumeLimit: null },
      ...{ stopsLevel: 0, tradeMode: 'full', expirationModes: null, quotedMs: null },
    });
  });

  it('is none where there is no row, or one that says something else', () => {
    const { point: _point, ...pointless } = OLD;
    for (const row of [null, undefined, {}, pointless, { ...OLD, trade_mode: 'sometimes' }])
      expect(symbolSpecification(row)).toBeNull();
  });
});
