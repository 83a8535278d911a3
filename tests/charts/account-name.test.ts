import { describe, expect, it } from 'vitest';
import { accountName } from '../../functions/charts/account-name.ts';
import { textWidth } from '../../functions/charts/glyphs.ts';

describe('the name of an account in a picture', () => {
  it('is cut to its room, and left out where it cannot be spelled or nothing of it fits', () => {
    expect(accountName(' Gold ', 15, 500)).toBe('Gold');
    const cut = accountName('A rather long name of an account', 15, 120) ?? '';
    expect(cut).toMatch(/^A rather.*…$/);
    expect(textWidth(cut, 600, 15)).toBeLessThanOrEqual(120);
    expect(accountName('Gold 金', 15, 500)).toBeUndefined();
    expect(accountName('Gold', 15, 5)).toBeUndefined();
    expect(accountName(undefined, 15, 500)).toBeUndefined();
  });
});
