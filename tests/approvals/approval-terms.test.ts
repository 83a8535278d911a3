import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ApprovalTerms, termsDigest } from '../../functions/approvals/approval-terms.ts';
import { signalTerms } from '../../functions/approvals/signal-terms.ts';
import { ACCOUNT, openContext } from './decision-context.ts';

const terms = signalTerms(openContext(), ACCOUNT, 3);

describe('the digest of terms', () => {
  it('is SHA-256 of their RFC 8785 form: members in the order of their names, no white space', async () => {
    const written =
      '{"account_id":"0199c7a0-0000-7000-8000-0000000000a1","band":{"high":"2035.6","low":"2034.6"},' +
      '"consent_version":3,"expires_at":"2026-11-21T13:00:00.000Z","intent":"open","max_risk":"56",' +
      '"max_volume":"0.1","order_type":"market","price":"2035.1","side":"buy",' +
      '"signal_id":"0199c7a0-0000-7000-8000-000000000051","stop_loss":"2030","take_profit":null}';
    expect(await termsDigest(terms)).toBe(createHash('sha256').update(written).digest('hex'));
  });

  it('does not depend on the order in which a store gives the members back', async () => {
    const { band, ...rest } = terms;
    const shuffled = Object.fromEntries(
      Object.entries({ ...rest, band: { high: band.high, low: band.low } }).reverse(),
    );
    expect(await termsDigest(shuffled as ApprovalTerms)).toBe(await termsDigest(terms));
  });

  it('changes with every single thing that is countersigned', async () => {
    const changes: Partial<ApprovalTerms>[] = [
      { signal_id: 'x' },
      { account_id: 'x' },
      { intent: 'close' },
      { side: 'sell' },
      { order_type: 'limit' },
      { price: '2035.2' },
      { band: { ...terms.band, low: '0' } },
      { band: { ...terms.band, high: '9999' } },
      { stop_loss: null },
      { take_profit: '2100' },
      { max_volume: '0.2' },
      { max_risk: '10' },
      { expires_at: '2026-11-21T13:00:00.001Z' },
      { consent_version: 4 },
    ];
    expect(new Set(changes.map((c) => Object.keys(c)[0])).size, 'every member').toBe(
      Object.keys(terms).length,
    );
    const digests = await Promise.all([terms, ...changes.map((c) => ({ ...terms, ...c }))].map(termsDigest));
    expect(new Set(digests).size).toBe(changes.length + 1);
  });
});
