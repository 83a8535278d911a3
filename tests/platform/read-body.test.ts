import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinBytes, readBody } from '../../functions/platform/read-body.ts';
import { caseCensus, runs } from '../support/property.ts';

const MAX = 1024;
const DRAIN = 4 * 1024 * 1024;

/** A request whose body comes in the given parts; `pulled` counts the bytes that were taken, `cut` whether it ended early. */
function streamed(parts: readonly Uint8Array[], headers: Record<string, string> = {}) {
  const seen = { pulled: 0, cut: false };
  const waiting = [...parts];
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = waiting.shift();
        if (part === undefined) return controller.close();
        seen.pulled += part.byteLength;
        controller.enqueue(part);
      },
      cancel() {
        seen.cut = true;
      },
    },
    { highWaterMark: 0 },
  );
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, headers, duplex: 'half' };
  return { request: new Request('http://local/', init), seen };
}
const bytesOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i % 251);

describe('a body', () => {
  it('of exactly the limit is read, of one byte more it is not', async () => {
    for (const claimed of [true, false]) {
      const headers = (size: number): Record<string, string> =>
        claimed ? { 'content-length': String(size) } : {};
      expect(await readBody(streamed([bytesOf(MAX)], headers(MAX)).request, MAX)).toEqual(bytesOf(MAX));
      expect(await readBody(streamed([bytesOf(MAX + 1)], headers(MAX + 1)).request, MAX)).toBeNull();
    }
  });

  it('that is not there is no bytes', async () => {
    expect(await readBody(new Request('http://local/', { method: 'POST' }), MAX)).toEqual(new Uint8Array());
    expect(await readBody(streamed([]).request, MAX)).toEqual(new Uint8Array());
  });

  it.each(['0', '10', '-5', 'many', '1e9', '99999999999999999999', ''])(
    'is judged by counting where the headers claim %j bytes',
    async (claim) => {
      const small = streamed([bytesOf(100)], { 'content-length': claim });
      expect(await readBody(small.request, MAX)).toEqual(bytesOf(100));
      const large = streamed([bytesOf(MAX), bytesOf(1)], { 'content-length': claim });
      expect(await readBody(large.request, MAX)).toBeNull();
    },
  );

  it('in any parts is the same as in one', async () => {
    const census = caseCensus('several parts', 'over the limit', 'within the limit');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 8 }), async (sizes) => {
        const filled = sizes.map(bytesOf);
        const whole = Uint8Array.from(filled.flatMap((p) => [...p]));
        census.note('several parts', filled.length > 1);
        const read = await readBody(streamed(filled).request, MAX);
        if (census.note('over the limit', whole.length > MAX)) {
          expect(read).toBeNull();
          return;
        }
        census.note('within the limit', true);
        expect(read).toEqual(whole);
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('over the limit is drained to its end up to 4 MiB, so that the sender sees the answer', async () => {
    const megabyte = bytesOf(1024 * 1024);
    const { request, seen } = streamed([megabyte, megabyte, megabyte]);
    expect(await readBody(request, MAX)).toBeNull();
    expect(seen).toEqual({ pulled: 3 * megabyte.length, cut: false });
  });

  it('without end is cut off after 4 MiB', async () => {
    const megabyte = bytesOf(1024 * 1024);
    const { request, seen } = streamed(Array.from({ length: 100 }, () => megabyte));
    expect(await readBody(request, MAX)).toBeNull();
    expect(seen.cut).toBe(true);
    expect(seen.pulled).toBeGreaterThan(DRAIN);
    expect(seen.pulled).toBeLessThanOrEqual(DRAIN + 2 * megabyte.length);
  });
});

describe('joined parts', () => {
  it('stand one after another', () => {
    expect(joinBytes([])).toEqual(new Uint8Array());
    expect(joinBytes([Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)])).toEqual(
      Uint8Array.of(1, 2, 3),
    );
  });
});
