import { describe, expect, it } from 'vitest';
import { termsDigest } from '../../functions/approvals/approval-terms.ts';
import { signalTerms } from '../../functions/approvals/signal-terms.ts';
import { stakeOf, stakePosition } from '../execution/stakes.ts';
import { ACCOUNT, accountOf, OTHER_ACCOUNT, openContext } from './decision-context.ts';

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
      // From the far end of the band: 560 ticks of a dollar on a tenth of a lot.
      max_risk: '56',
      expires_at: '2026-11-21T13:00:00.000Z',
      consent_version: 3,
    });
  });

  it('allow the volume of the account that is asked for and no other', () => {
    expect(signalTerms(openContext(), OTHER_ACCOUNT, 3)).toMatchObject({
      account_id: OTHER_ACCOUNT.id,
      max_volume: '1',
      max_risk: '560',
    });
  });

  it('are the same however the database spells its numbers, so that the digest shown is the digest stored', async () => {
    const long = signalTerms(openContext(), ACCOUNT, 3);
    const short = signalTerms(
      openContext({}, { price: '2035.1', stopLoss: '2030.0' }),
      accountOf(ACCOUNT.id, '0.1'),
      3,
    );
    expect(await termsDigest(short)).toBe(await termsDigest(long));
  });

  it('of an account that sizes by risk say the volume that its money allows, and nothing where it cannot be told', () => {
    const byRisk = (change: Parameters<typeof accountOf>[2]) =>
      signalTerms(
        openContext(),
        accountOf(ACCOUNT.id, '0.10', { ...change, settings: { riskBps: 200, ...change?.settings } }),
        3,
      );
    // 200 of 10,000 at 560 a lot.
    expect(byRisk({})).toMatchObject({ max_volume: '0.35', max_risk: '200' });
    expect(byRisk({ specification: null })).toMatchObject({ max_volume: '0', max_risk: null });
    expect(byRisk({ account: { state: null } })).toMatchObject({ max_volume: '0', max_risk: null });
  });

  it('of a fixed volume keep it where its loss cannot be told', () => {
    const terms = signalTerms(openContext(), accountOf(ACCOUNT.id, '0.10', { specification: null }), 3);
    expect(terms).toMatchObject({ max_volume: '0.1', max_risk: null });
  });

  it('change with the loss, and so does their digest; by less than two digits show they do not', async () => {
    const at = (tickValueLoss: string) =>
      signalTerms(openContext(), accountOf(ACCOUNT.id, '0.10', { specification: { tickValueLoss } }), 3);
    expect([at('0.99').max_risk, at('0.985').max_risk, at('1.01').max_risk]).toEqual(['56', '56', '57']);
    expect(await termsDigest(at('0.99'))).toBe(await termsDigest(at('0.985')));
    expect(await termsDigest(at('0.99'))).not.toBe(await termsDigest(at('1.01')));
  });

  it('of a close say what stands to be closed, at any price unless the producer bounds it', () => {
    const sold = { side: 'sell' as const, number: null, signal: true, opened: {} };
    const positions = [
      stakePosition({ ...sold, identifier: '7', volume: '0.3' }),
      stakePosition({ ...sold, identifier: '8', volume: '0.4' }),
      stakePosition({ ...sold, identifier: '9', volume: '0.5', side: 'buy' }),
    ];
    const stake = stakeOf({ positions, commands: [] });
    const account = accountOf(ACCOUNT.id, '0.10', { facts: { stake } });
    const of = (maxSlippagePoints: number | null) =>
      signalTerms(openContext({}, { intent: 'close', maxSlippagePoints }), account, 3);
    expect(of(null)).toMatchObject({
      ...{ intent: 'close', side: 'buy', max_volume: '0.7', max_risk: null },
      band: { low: '0', high: '1000000000' },
    });
    expect(of(50).band).toEqual({ low: '2034.6', high: '2035.6' });
    expect(signalTerms(openContext({}, { intent: 'close' }), ACCOUNT, 3).max_volume).toBe('0');
  });
});
