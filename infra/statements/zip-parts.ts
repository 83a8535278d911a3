/**
 * Parts of a ZIP archive that may be meant to do harm. Invariants: only what is asked for is unpacked, and not a byte of it
 * beyond the limits; an entry is taken at its own word about its length and its checksum and refused where that does not hold;
 * no name leaves the archive; an archive within the archive is a part like any other, and never opened. The checksum is why
 * the directory is read here: the unpackers at hand do not compare it, and a damaged figure would pass for another one.
 * Source: PKWARE APPNOTE 6.3.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { StatementFault } from './statement-table.ts';

export const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
export const MAX_RATIO = 100;
/** So little cannot do harm, and short parts of repeated words do compress well. */
const RATIO_FREE_BYTES = 64 * 1024;
const MAX_PARTS = 2_000;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

type Entry = {
  name: string;
  flags: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  at: number;
};

const fault = (text: string): StatementFault => new StatementFault(1, text);

/** The parts whose names `wanted` accepts, unpacked, by name, together at most `maxBytes`. Throws `StatementFault` for anything out of order. */
export function zipParts(
  bytes: Uint8Array,
  wanted: (name: string) => boolean,
  maxBytes = MAX_UNPACKED_BYTES,
): Map<string, Uint8Array> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = new Map<string, Uint8Array>();
  const names = new Set<string>();
  let left = maxBytes;
  for (const entry of directory(data)) {
    if (names.has(entry.name)) throw fault('the archive has two parts of one name');
    names.add(entry.name);
    if (!wanted(entry.name)) continue;
    const part = unpacked(data, entry, left);
    left -= part.byteLength;
    parts.set(entry.name, part);
  }
  return parts;
}

function directory(data: Buffer): Entry[] {
  const end = endOf(data);
  const count = data.readUInt16LE(end + 10);
  if (count > MAX_PARTS) throw fault(`the archive has more than ${MAX_PARTS} parts`);
  const entries: Entry[] = [];
  let at = data.readUInt32LE(end + 16);
  for (let i = 0; i < count; i += 1) {
    if (at + ENTRY_BYTES > end || data.readUInt32LE(at) !== 0x02014b50)
      throw fault('the directory of the archive is damaged');
    const nameBytes = data.readUInt16LE(at + 28);
    const name = data.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    if (/^[/\\]|^[A-Za-z]:|\\|\0|(^|\/)\.\.(\/|$)/.test(name))
      throw fault('a part of the archive is named outside of it');
    entries.push({
      name,
      ...{
        flags: data.readUInt16LE(at + 8),
        method: data.readUInt16LE(at + 10),
        crc: data.readUInt32LE(at + 16),
      },
      ...{
        packed: data.readUInt32LE(at + 20),
        size: data.readUInt32LE(at + 24),
        at: data.readUInt32LE(at + 42),
      },
    });
    at += ENTRY_BYTES + nameBytes + data.readUInt16LE(at + 30) + data.readUInt16LE(at + 32);
  }
  return entries;
}

/** Where the end record stands: at the very end, before a comment at most. */
function endOf(data: Buffer): number {
  for (let at = data.byteLength - END_BYTES; at >= Math.max(0, data.byteLength - END_BYTES - 0xffff); at -= 1)
    if (
      data.readUInt32LE(at) === 0x06054b50 &&
      at + END_BYTES + data.readUInt16LE(at + 20) === data.byteLength
    )
      return at;
  throw fault('the archive has no end: the file seems to be cut off');
}

function unpacked(data: Buffer, entry: Entry, left: number): Uint8Array {
  const { name, packed, size } = entry;
  if ((entry.flags & 1) !== 0) throw fault(`${name} is encrypted`);
  if (size > left) throw fault(`unpacked it is over ${MAX_UNPACKED_BYTES / 1024 / 1024} MiB`);
  if (size > RATIO_FREE_BYTES && size > packed * MAX_RATIO)
    throw fault(`${name} unpacks to over ${MAX_RATIO} times its size`);
  if (entry.at + LOCAL_BYTES > data.byteLength || data.readUInt32LE(entry.at) !== 0x04034b50)
    throw fault(`${name} is not where the archive says`);
  const from = entry.at + LOCAL_BYTES + data.readUInt16LE(entry.at + 26) + data.readUInt16LE(entry.at + 28);
  if (from + packed > data.byteLength) throw fault(`${name} is cut off`);
  const part = inflated(data.subarray(from, from + packed), entry);
  if (part.byteLength !== size || crc32(part) !== entry.crc) throw fault(`${name} is damaged`);
  return part;
}

function inflated(packed: Buffer, { name, method, size }: Entry): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw fault(`${name} is packed in a way that no workbook is`);
  try {
    // It stops where the part is longer than it said, and keeps nothing.
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch (e) {
    const tooLong = e instanceof Error && 'code' in e && e.code === 'ERR_BUFFER_TOO_LARGE';
    throw fault(tooLong ? `${name} unpacks to more than it says` : `${name} is damaged`);
  }
}
