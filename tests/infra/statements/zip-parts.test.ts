// Archives that are meant to do harm: what they say of themselves is held against what they are.
import { randomBytes } from 'node:crypto';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { StatementFault } from '../../../infra/statements/statement-table.ts';
import { MAX_RATIO, MAX_UNPACKED_BYTES, zipParts } from '../../../infra/statements/zip-parts.ts';

const NAME = 'xl/worksheets/sheet1.xml';
const TEXT = new TextEncoder().encode('<worksheet>some text that is not the same twice</worksheet>');
const archive = (parts: Record<string, Uint8Array> = { [NAME]: TEXT }): Buffer =>
  Buffer.from(zipSync(parts, { level: 9 }));

/** A little-endian number of the first entry of the directory, changed. */
function patched(bytes: Buffer, at: number, value: number, size: 2 | 4 = 4): Buffer {
  const copy = Buffer.from(bytes);
  const entry = copy.indexOf(Buffer.from('PK\u0001\u0002', 'latin1'));
  if (size === 4) copy.writeUInt32LE(value, entry + at);
  else copy.writeUInt16LE(value, entry + at);
  return copy;
}
const ofDirectory = { flags: 8, method: 10, crc: 16, packed: 20, size: 24, at: 42 };

function refusal(bytes: Uint8Array, wanted = (name: string) => name === NAME): string {
  try {
    zipParts(bytes, wanted);
  } catch (e) {
    if (e instanceof StatementFault) return e.message;
    throw e;
  }
  throw new Error('the archive was taken');
}

describe('parts of an archive', () => {
  it('are those that are asked for, packed or not', () => {
    const both = archive({ [NAME]: TEXT, 'other.bin': new Uint8Array(9) });
    expect([...zipParts(both, (name) => name === NAME).keys()]).toEqual([NAME]);
    expect(zipParts(both, () => true).get('other.bin')).toHaveLength(9);
    const stored = Buffer.from(zipSync({ [NAME]: TEXT }, { level: 0 }));
    expect(Buffer.from(zipParts(stored, () => true).get(NAME) ?? [])).toEqual(Buffer.from(TEXT));
    const commented = Buffer.concat([archive(), Buffer.from('note')]);
    commented.writeUInt16LE(4, commented.length - 6);
    expect(zipParts(commented, () => true).size).toBe(1);
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['another checksum', (b) => patched(b, ofDirectory.crc, 1), /is damaged/],
    [
      'a length that is less than it is',
      (b) => patched(b, ofDirectory.size, TEXT.length - 1),
      /unpacks to more than it says/,
    ],
    ['a length that is more', (b) => patched(b, ofDirectory.size, TEXT.length + 1), /is damaged/],
    ['no length', (b) => patched(b, ofDirectory.size, 0), /unpacks to more than it says/],
    ['more packed bytes than there are', (b) => patched(b, ofDirectory.packed, 9_999), /is cut off/],
    ['a place that is not there', (b) => patched(b, ofDirectory.at, 1), /is not where/],
    ['a place beyond its end', (b) => patched(b, ofDirectory.at, 0xfffffff0), /is not where/],
    ['a password', (b) => patched(b, ofDirectory.flags, 1, 2), /is encrypted/],
    ['another packing', (b) => patched(b, ofDirectory.method, 12, 2), /packed in a way that no workbook is/],
    [
      'a part over the limit',
      (b) => patched(patched(b, ofDirectory.size, MAX_UNPACKED_BYTES + 1), ofDirectory.packed, 2 ** 31),
      /over 128 MiB/,
    ],
    [
      'a directory that is elsewhere',
      (b) => b.fill(0xff, b.length - 6, b.length - 2),
      /directory of the archive is damaged/,
    ],
    ['no end', (b) => b.subarray(0, -1), /seems to be cut off/],
  ])('are refused with %s', (_, harm, why) => {
    expect(refusal(harm(archive()))).toMatch(why);
  });

  it('are refused where they unpack to too much, and only if they are wanted', () => {
    const bomb = archive({ [NAME]: new Uint8Array(8 * 1024 * 1024) });
    expect(bomb.length * MAX_RATIO).toBeLessThan(8 * 1024 * 1024);
    expect(refusal(bomb)).toMatch(/unpacks to over 100 times its size/);
    expect(zipParts(bomb, () => false).size).toBe(0);
    // It says less of itself than it is: unpacking ends there.
    expect(refusal(patched(bomb, ofDirectory.size, 1_000))).toMatch(/unpacks to more than it says/);
    // So little may well be the same letters all over.
    expect(zipParts(archive({ [NAME]: new Uint8Array(60_000) }), () => true).get(NAME)).toHaveLength(60_000);
  });

  it('are refused together where each alone is within the limit', () => {
    const parts = Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`p${i}`, randomBytes(70_000)]));
    const many = archive(parts);
    expect(zipParts(many, () => true, 210_000).size).toBe(3);
    expect(() => zipParts(many, () => true, 209_999)).toThrow(/unpacked it is over/);
    expect(zipParts(many, (name) => name !== 'p1', 140_000).size).toBe(2);
  });

  it.each(['../sheet1.xml', 'xl/../../x', '/etc/passwd', 'C:/x.xml', 'xl\\x.xml', '..'])(
    'are refused where one is named %s',
    (name) => {
      expect(refusal(archive({ [NAME]: TEXT, [name]: TEXT }))).toMatch(/named outside of it/);
    },
  );

  it('are refused where two have one name', () => {
    const two = archive({ [NAME]: TEXT, [NAME.replace('1', '2')]: TEXT });
    const text = two.toString('latin1').replaceAll('sheet2', 'sheet1');
    expect(refusal(Buffer.from(text, 'latin1'))).toMatch(/two parts of one name/);
  });
});
