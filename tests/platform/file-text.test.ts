import { describe, expect, it } from 'vitest';
import { fileText } from '../../functions/platform/file-text.ts';

const TEXT = '<html>\r\nüber 100 €';
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

describe('the text of a file', () => {
  it.each<[string, Uint8Array]>([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${TEXT}`)],
    ['UTF-16', utf16(`\uFEFF${TEXT}`)],
    ['UTF-16 without a mark', utf16(TEXT)],
    ['UTF-16 of the other order', utf16(`\uFEFF${TEXT}`).swap16()],
    ['the same without a mark', utf16(TEXT).swap16()],
  ])('is read from %s, without its mark', (_, bytes) => {
    expect(fileText(bytes)).toBe(TEXT);
  });

  it('is none where the bytes are of no such encoding, or cut in the middle of a letter', () => {
    expect(fileText(Buffer.from([0xc3, 0x28]))).toBeNull();
    expect(fileText(Buffer.from('€').subarray(0, 2))).toBeNull();
    expect(fileText(utf16(`\uFEFF${TEXT}`).subarray(0, 9))).toBeNull();
    expect(fileText(new Uint8Array())).toBe('');
  });
});
