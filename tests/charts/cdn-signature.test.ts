import { createVerify, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cdnKey, signForCdn } from '../../functions/charts/cdn-signature.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

describe('an address signed for CloudFront', () => {
  const address = 'https://media.example.com/charts/p-00ff.png?exp=1800000000&sig=abc';

  it('carries the canned policy’s signature, which the public half verifies', async () => {
    const signed = new URL(
      await signForCdn(address, 1_800_000_000, await cdnKey(privateKey, 'K2JCJMDEHXQW5F')),
    );
    const signature = signed.searchParams
      .get('Signature')
      ?.replaceAll('-', '+')
      .replaceAll('_', '=')
      .replaceAll('~', '/');
    const policy = `{"Statement":[{"Resource":"${address}","Condition":{"DateLessThan":{"AWS:EpochTime":1800000300}}}]}`;
    expect(
      createVerify('RSA-SHA1')
        .update(policy)
        .verify(publicKey, signature ?? '', 'base64'),
    ).toBe(true);
    expect(signed.searchParams.get('Key-Pair-Id')).toBe('K2JCJMDEHXQW5F');
  });

  it('lets a reader in a little longer than our own check does, so that he gets our 410', async () => {
    const signed = new URL(
      await signForCdn(address, 1_800_000_000, await cdnKey(privateKey, 'K2JCJMDEHXQW5F')),
    );
    expect(Number(signed.searchParams.get('Expires'))).toBeGreaterThan(1_800_000_000);
    expect(signed.searchParams.get('exp')).toBe('1800000000');
  });

  it('needs a PEM', async () => {
    await expect(cdnKey('-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----', 'K1')).rejects.toThrow(
      /PEM/,
    );
  });
});
