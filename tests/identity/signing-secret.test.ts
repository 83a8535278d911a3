import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signingSecret, signingSecretBytes } from '../../functions/identity/signing-secret.ts';
import { runs } from '../support/property.ts';

describe('a signing secret', () => {
  it('is shown as Standard Webhooks shows one', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
    expect(signingSecret(bytes)).toBe('whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=');
    expect(signingSecretBytes('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toEqual(
      Uint8Array.from(Buffer.from('31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0', 'hex')),
    );
  });

  it('comes back byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
        expect(signingSecretBytes(signingSecret(bytes))).toEqual(Uint8Array.from(bytes));
      }),
      runs(),
    );
  });

  it.each([
    '',
    'AAEC',
    'WHSEC_AAEC',
    'whsec-AAEC',
    'whsec_AAE',
    'whsec_AAE=C',
    'whsec_A A',
    ' whsec_AAEC',
    'whsec_AAEC\n',
    'whsec_-_-_',
  ])('%j is none', (text) => {
    expect(signingSecretBytes(text)).toBeNull();
  });
});
