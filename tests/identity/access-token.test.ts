import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { accessToken, accessTokenHash } from '../../functions/identity/access-token.ts';

const random = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
const token = 'cs_pat___79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA';

describe('an access token', () => {
  it('is its prefix and 256 bits in base64url', () => {
    expect(accessToken(random)).toBe(token);
    expect(accessToken(random)).toBe(`cs_pat_${Buffer.from(random).toString('base64url')}`);
  });

  it('is stored as the SHA-256 of its whole text', async () => {
    expect(await accessTokenHash(token)).toBe(createHash('sha256').update(token).digest('base64url'));
    expect(await accessTokenHash(accessToken(new Uint8Array(32)))).not.toBe(await accessTokenHash(token));
  });

  it.each([
    ['nothing', ''],
    ['the prefix alone', 'cs_pat_'],
    ['one character short', token.slice(0, -1)],
    ['one character long', `${token}A`],
    ['another prefix', token.replace('cs_pat_', 'cs_key_')],
    ['padding', `${token}=`],
    ['the standard alphabet', token.replace('-', '+')],
    ['a line end', `${token}\n`],
    ['a space before', ` ${token}`],
    ['quotes', `'${token}'`],
  ])('that is %s costs no look-up', async (_what, text) => {
    expect(await accessTokenHash(text)).toBeNull();
  });
});
