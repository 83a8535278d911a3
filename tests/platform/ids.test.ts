import { describe, expect, it } from 'vitest';
import { createIds, derivedId, isUuid } from '../../functions/platform/ids.ts';

const clockAt = (ms: number) => ({ nowMs: () => ms, sleep: async () => {} });

describe('ids', () => {
  it('are UUIDv7 of the injected clock, never twice the same', () => {
    const ids = createIds(clockAt(0x0199c7a01234));
    const made = Array.from({ length: 1000 }, () => ids.next());
    expect(new Set(made).size).toBe(1000);
    for (const id of made) {
      expect(id).toMatch(/^0199c7a0-1234-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(isUuid(id)).toBe(true);
    }
  });

  it('sort by the time of their making', () => {
    const made = [1_000, 2_000, 1_760_000_000_000, 1_760_000_000_001].map((ms) =>
      createIds(clockAt(ms)).next(),
    );
    expect([...made].sort()).toEqual(made);
  });

  it('random bytes are as many as asked for and differ', () => {
    const ids = createIds(clockAt(0));
    expect(ids.randomBytes(16)).toHaveLength(16);
    expect(ids.randomBytes(32)).not.toEqual(ids.randomBytes(32));
  });
});

describe('derived ids', () => {
  it('are UUIDv5 (the vector of RFC 9562 appendix A.4)', () => {
    expect(derivedId('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });

  it('collide for the same name, so that a projection rebuilt does not double', () => {
    const account = '0199c7a0-0000-7000-8000-000000000001';
    const other = '0199c7a0-0000-7000-8000-000000000002';
    expect(derivedId(account, '1001')).toBe(derivedId(account, '1001'));
    expect(derivedId(account, '1001')).not.toBe(derivedId(account, '1002'));
    expect(derivedId(account, '1001')).not.toBe(derivedId(other, '1001'));
  });
});

describe('a UUID', () => {
  it.each([
    '',
    '0199C7A0-0000-7000-8000-000000000001',
    '0199c7a000007000800000000000001',
    '{0199c7a0-0000-7000-8000-000000000001}',
    '0199c7a0-0000-7000-8000-00000000000g',
    '0199c7a0-0000-7000-8000-000000000001\n',
    ' 0199c7a0-0000-7000-8000-000000000001',
  ])('in any form but the canonical one names nothing of ours: %j', (text) => {
    expect(isUuid(text)).toBe(false);
  });
});
