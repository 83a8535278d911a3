import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  addressSignature,
  chartAddresses,
  chartFile,
  judgeAddress,
  privateDigestKey,
} from '../../functions/charts/chart-address.ts';

const MASTER = Uint8Array.from({ length: 32 }, (_, i) => i);
const DIGEST = `p-${'0a'.repeat(32)}`;
const EXP = 1_800_000_000;

describe('the address of a private chart', () => {
  const judge = (over: Partial<{ exp: string; sig: string }>, nowMs: number) =>
    addressSignature(MASTER, DIGEST, EXP).then((sig) =>
      judgeAddress(MASTER, DIGEST, { exp: String(EXP), sig, ...over }, nowMs),
    );

  it('is good until its end and expired from that moment on', async () => {
    expect(await judge({}, EXP * 1000 - 1)).toBe('good');
    expect(await judge({}, EXP * 1000)).toBe('expired');
    expect(await judge({}, EXP * 1000 + 300_000)).toBe('expired');
  });

  it('is not ours with another end, signature, digest or key, whether or not its time is over', async () => {
    const sig = await addressSignature(MASTER, DIGEST, EXP);
    for (const nowMs of [0, EXP * 2000]) {
      for (const over of [
        { exp: String(EXP + 1) },
        { exp: '' },
        { exp: `${EXP}.0` },
        { sig: '' },
        { sig: `${sig}A` },
      ])
        expect(await judge(over, nowMs), JSON.stringify(over)).toBe('foreign');
      const given = { exp: String(EXP), sig };
      expect(await judgeAddress(MASTER, DIGEST.replace('0', '1'), given, nowMs)).toBe('foreign');
      expect(
        await judgeAddress(
          MASTER.map((b) => b ^ 1),
          DIGEST,
          given,
          nowMs,
        ),
      ).toBe('foreign');
      expect(await judgeAddress(MASTER, DIGEST, { exp: undefined, sig }, nowMs)).toBe('foreign');
      expect(await judgeAddress(MASTER, DIGEST, { exp: String(EXP), sig: undefined }, nowMs)).toBe('foreign');
    }
  });

  it('is signed over digest and end', async () => {
    const mac = createHmac('sha256', MASTER).update(`chart-url|${DIGEST}|${EXP}`).digest('base64url');
    expect(await addressSignature(MASTER, DIGEST, EXP)).toBe(mac);
    const access = { master: MASTER, expSeconds: EXP, cdn: null };
    const urls = await chartAddresses('https://media.example/', DIGEST, access);
    for (const format of ['png', 'svg', 'pdf'] as const)
      expect(urls[format]).toBe(`https://media.example/charts/${DIGEST}.${format}?exp=${EXP}&sig=${mac}`);
  });

  it('has a digest under a key of each user’s own', async () => {
    const keys = await Promise.all(['a', 'b', 'a'].map((id) => privateDigestKey(MASTER, id)));
    expect(keys[0]).toEqual(keys[2]);
    expect(keys[0]).not.toEqual(keys[1]);
  });
});

describe('the address of a market chart', () => {
  it('is its digest below the media host, with no query', async () => {
    const urls = await chartAddresses('https://media.example', 'ab', null);
    expect(urls).toEqual({
      png: 'https://media.example/charts/ab.png',
      svg: 'https://media.example/charts/ab.svg',
      pdf: 'https://media.example/charts/ab.pdf',
    });
  });
});

describe('a file name', () => {
  const hex = 'ab'.repeat(32);

  it('says digest, format and whether it is private', () => {
    expect(chartFile(`${hex}.png`)).toEqual({ digest: hex, format: 'png', private: false });
    expect(chartFile(`p-${hex}.pdf`)).toEqual({ digest: `p-${hex}`, format: 'pdf', private: true });
  });

  it.each([
    ...[
      '',
      hex,
      `${hex}.gif`,
      `${hex}.PNG`,
      `${hex.toUpperCase()}.png`,
      `${hex.slice(1)}.png`,
      `${hex}0.png`,
    ],
    ...[`q-${hex}.png`, `../${hex}.png`, `${hex}.png\n`, `${hex}.png.svg`],
  ])('%j names no chart', (name) => {
    expect(chartFile(name)).toBeNull();
  });
});
