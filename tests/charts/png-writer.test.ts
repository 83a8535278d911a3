import { Buffer } from 'node:buffer';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { type PixelImage, writePng } from '../../functions/charts/png-writer.ts';

/** The PNG of a picture that comes in bands of so many rows; all of it in one, if not said. */
function pngOf({ width, height, pixels }: PixelImage, rows = height): Promise<Uint8Array<ArrayBuffer>> {
  async function* bands(): AsyncGenerator<PixelImage> {
    for (let top = 0; top < height; top += rows) {
      const band = Math.min(rows, height - top);
      yield { width, height: band, pixels: pixels.slice(top * width * 4, (top + band) * width * 4) };
    }
  }
  return writePng({ width, height, bands });
}

function image(width: number, height: number, colour: (index: number) => readonly number[]): PixelImage {
  const pixels = Uint8Array.from({ length: width * height }, (_, index) => index).length;
  const data = new Uint8Array(pixels * 4);
  for (let index = 0; index < pixels; index += 1) data.set(colour(index), index * 4);
  return { width, height, pixels: data };
}

function decode(bytes: Uint8Array): PNG {
  return PNG.sync.read(Buffer.from(bytes));
}

function chunkNames(bytes: Uint8Array): string[] {
  const names: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 8; at < bytes.length; at += view.getUint32(at) + 12) {
    names.push(Buffer.from(bytes.slice(at + 4, at + 8)).toString('latin1'));
  }
  return names;
}

describe('PNG', () => {
  it('is lossless up to 256 colours', async () => {
    const source = image(33, 17, (index) => [index % 256, (index * 7) % 3, 9, 255]);
    expect([...decode(await pngOf(image(16, 16, (i) => [i, 0, 255 - i, 255]))).data.slice(0, 8)]).toEqual([
      0, 0, 255, 255, 1, 0, 254, 255,
    ]);
    const { width, height } = decode(await pngOf(source));
    expect([width, height]).toEqual([33, 17]);
    const few = image(40, 10, (index) => [index % 5, 1, 2, 255]);
    expect(Uint8Array.from(decode(await pngOf(few)).data)).toEqual(few.pixels);
  });

  it('snaps the rarest colours to their nearest neighbours beyond 256', async () => {
    // 150 pairs of neighbouring colours; the second of each pair is the rarer one.
    const shade = (index: number): readonly number[] => [index % 150, index % 450 < 300 ? 0 : 1, 0, 255];
    const source = image(100, 30, (index) => (index < 1000 ? [200, 10, 10, 255] : shade(index)));
    const { data } = decode(await pngOf(source));
    const colours = new Set(Array.from({ length: 3000 }, (_, index) => data.readUInt32BE(index * 4)));
    expect(colours.size).toBeLessThanOrEqual(256);
    expect([...data.slice(0, 4)]).toEqual([200, 10, 10, 255]);
    const worst = source.pixels.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - (data[index] ?? 0))),
      0,
    );
    expect(worst).toBe(1);
  });

  it('survives a photograph', async () => {
    const noise = image(120, 120, (index) => [
      (index * 37) % 256,
      (index * 91) % 251,
      (index * 53) % 241,
      255,
    ]);
    expect(decode(await pngOf(noise)).width).toBe(120);
  });

  it('is the same whatever bands its picture comes in, of few colours and of very many', async () => {
    const noise = image(120, 90, (index) => [
      (index * 37) % 256,
      (index * 91) % 251,
      (index * 53) % 241,
      255,
    ]);
    for (const picture of [image(40, 90, (index) => [index % 41, (index >> 5) % 3, 2, 255]), noise]) {
      const whole = await pngOf(picture);
      for (const rows of [1, 7, 89]) expect(await pngOf(picture, rows)).toEqual(whole);
    }
  });

  it('has no chunk it does not need, and transparency only for transparent pixels', async () => {
    expect(chunkNames(await pngOf(image(2, 2, () => [1, 2, 3, 255])))).toEqual([
      'IHDR',
      'PLTE',
      'IDAT',
      'IEND',
    ]);
    const glass = image(2, 1, (index) => [9, 9, 9, index * 128]);
    const bytes = await pngOf(glass);
    expect(chunkNames(bytes)).toContain('tRNS');
    expect(Uint8Array.from(decode(bytes).data)).toEqual(glass.pixels);
  });

  it('is the same twice, and refuses pixels of another size', async () => {
    const source = image(50, 50, (index) => [index % 200, 0, 0, 255]);
    expect(await pngOf(source)).toEqual(await pngOf(source));
    await expect(pngOf({ ...source, width: 51 })).rejects.toThrow(RangeError);
    const { width, height, pixels } = source;
    const short = async function* () {
      yield { width, height: height - 1, pixels: pixels.slice(width * 4) };
    };
    await expect(writePng({ width, height, bands: short })).rejects.toThrow(RangeError);
    await expect(
      writePng({
        width: 25,
        height: 100,
        bands: async function* () {
          yield source;
        },
      }),
    ).rejects.toThrow(RangeError);
  });
});
