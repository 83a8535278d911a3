/** The text of a file in UTF-8 or UTF-16, with a byte order mark or without; null where it is not of the encoding that it seems to be. */
export function fileText(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  // Without a mark, the zero in every other byte of plain letters gives UTF-16 away.
  const encoding =
    (first === 0xff && second === 0xfe) || second === 0
      ? 'utf-16le'
      : (first === 0xfe && second === 0xff) || first === 0
        ? 'utf-16be'
        : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}
