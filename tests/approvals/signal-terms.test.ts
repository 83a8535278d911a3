import { describe, expect, it } from 'vitest';
import { termsDigest } from '../../functions/approvals/approval-terms.ts';
import { signalTerms } from '../../functions/approvals/signal-terms.ts';
import { ACCOUNT, OTHER_ACCOUNT, openContext } from './decision-context.ts';

describe('the terms of a signal', () => {
  it('are what the contract lists, in plain decimals and ISO times', () => {
    expect(signalTerms(openContext(), ACCOUNT, 3)).toEqual({
      signal_id: '0199c7a0-0000-7000-8000-000000000051',
      account_id: ACCOUNT.id,
      intent: 'open',
      side: 'buy',
      order_type: 'market',
      price: '2035.1',
      band: { low: '2034.6', high: '2035.6' },
      stop_loss: '2030',
      take_profit: null,
      max_volume: '0.1',
      max_risk: null,
      expires_at: '2026-11-21T13:00:00.000Z',
      consent_version: 3,
    });
  });

  it('allow the volume of the account that is asked for and no other', () => {
    expect(signalTerms(openContext(), OTHER_ACCOUNT, 3)).toMatchObject({
      account_id: OTHER_ACCOUNT.id,
      max_volume: '1',
    });
  });

  it('are the same however the database spells its numbers, so that the digest shown is the digest stored', async () => {
    const long = signalTerms(openContext(), ACCOUNT, 3);
    const short = signalTerms(
      openContext({}, { price: '2035.1', stopLoss: '2030.0' }),
      { ...ACCOUNT, volume: '0.1' },
      3,
    );
    expect(await termsDigest(short)).toBe(await termsDigest(long));
  });
});
