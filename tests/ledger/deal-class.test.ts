import { describe, expect, it } from 'vitest';
import { dealClass, isPositionDeal, isTradeDeal } from '../../functions/ledger/deal-class.ts';
import { deal } from './deal-facts.ts';

const ALL = ['in', 'out', 'inout', 'out_by', null] as const;
const REASONS = ['expert', 'sl', 'rollover', 'corporate_action'];

describe('the class of a deal', () => {
  it.each([
    ['cashflow', ['balance', 'credit', 'bonus', 'correction']],
    ['reversal', ['buy_canceled', 'sell_canceled']],
    [
      'cost',
      ['charge', 'commission', 'commission_daily', 'commission_monthly', 'agent_daily', 'agent_monthly'],
    ],
    ['cost', ['interest', 'dividend', 'dividend_franked', 'tax']],
    ['cost', ['a type of next year']],
  ] as const)('is %s by its type alone: %s', (expected, types) => {
    for (const type of types)
      for (const entry of ALL)
        for (const reason of REASONS) expect(dealClass({ type, entry, reason }), type).toBe(expected);
  });

  it('is trade of a purchase or sale that says what it opened or closed, whoever made it', () => {
    for (const type of ['buy', 'sell'])
      for (const entry of ['in', 'out', 'inout', 'out_by'] as const)
        for (const reason of ['client', 'mobile', 'web', 'expert', 'sl', 'tp', 'so'])
          expect(dealClass({ type, entry, reason })).toBe('trade');
  });

  it('is technical of what the server did, and of what says nothing of volume', () => {
    for (const reason of ['rollover', 'vmargin', 'split', 'corporate_action'])
      expect(dealClass(deal({ reason }))).toBe('technical');
    expect(dealClass(deal({ entry: null }))).toBe('technical');
    expect(isTradeDeal(deal({ entry: null }))).toBe(false);
  });
});

describe('the money of a deal', () => {
  it('is its position’s where it names one, and a flow never', () => {
    expect(isPositionDeal(deal())).toBe(true);
    expect(isPositionDeal(deal({ type: 'commission' }))).toBe(true);
    expect(isPositionDeal(deal({ type: 'buy_canceled' }))).toBe(true);
    expect(isPositionDeal(deal({ type: 'commission', positionId: '0' }))).toBe(false);
    expect(isPositionDeal(deal({ type: 'balance' }))).toBe(false);
  });
});
