/** How much of a body over the limit is read and thrown away, so that the sender sees the answer. */
const DRAIN_BYTES = 4 * 1024 * 1024;

/**
 * The raw bytes of a request, or null where there are more than `maxBytes`, judged by counting, not by what the
 * headers claim. A body over the limit is drained up to 4 MiB: an answer to a sender that is still writing is mostly
 * lost with the connection.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const claimed = Number(request.headers.get('content-length') ?? '0');
  if (request.body === null) return new Uint8Array();
  if (claimed > 0 && claimed <= maxBytes) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.byteLength <= maxBytes ? bytes : null;
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size <= maxBytes) parts.push(value);
    if (size > DRAIN_BYTES) {
      await reader.cancel();
      break;
    }
  }
  return size > maxBytes ? null : joinBytes(parts);
}

/** The parts one after another. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, p) => total + p.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
