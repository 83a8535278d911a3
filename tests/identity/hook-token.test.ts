import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hookToken, hookTokenHash, hookUrl } from '../../functions/identity/hook-token.ts';

const TOKEN = hookToken(Uint8Array.from({ length: 32 }, (_, i) => i * 8));

describe('a hook token', () => {
  it('has 256 bits in 43 characters of an address, and is stored as its SHA-256', async () => {
    expect(TOKEN).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await hookTokenHash(TOKEN)).toBe(createHash('sha256').update(TOKEN).digest('base64url'));
  });

  it.each(['', 'x', `${TOKEN}x`, TOKEN.slice(1), `${TOKEN.slice(1)}%`, `${TOKEN}\n`])(
    'of another form is none, and costs no look-up: %j',
    async (text) => {
      expect(await hookTokenHash(text)).toBeNull();
    },
  );

  it.each(['https://api.example', 'https://api.example/', 'https://api.example//'])(
    'stands in an address below %s',
    (base) => {
      expect(hookUrl(base, TOKEN)).toBe(`https://api.example/hooks/tradingview/${TOKEN}`);
    },
  );
});
