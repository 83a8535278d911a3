import { initWasm, Resvg } from '@resvg/resvg-wasm';
import pixelmatch from 'pixelmatch';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRasterizer } from '../../functions/charts/rasterizer.ts';
import { rasterizer } from './sample-chart.ts';

const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><path fill="#ff0000" d="M0 0h8v4H0z"/></svg>';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('rasterizer', () => {
  it('may fail to start, says so, and starts the next time', async () => {
    const broken = createRasterizer(() => Promise.reject(new Error('no wasm')));
    await expect(broken.rasterize(SVG)).rejects.toThrow('no wasm');
    expect((await rasterizer.rasterize(SVG)).width).toBe(8);
  });

  it('shares one instance, because a second initialisation throws', async () => {
    const load = vi.fn(() => Promise.reject(new Error('must not be called')));
    expect((await createRasterizer(load).rasterize(SVG)).height).toBe(4);
    expect(load).not.toHaveBeenCalled();
    await expect(initWasm(new Uint8Array(0))).rejects.toThrow('Already initialized');
  });

  it('gives RGBA pixels', async () => {
    const { pixels } = await rasterizer.rasterize(SVG);
    expect(pixels).toHaveLength(8 * 4 * 4);
    expect([...pixels.slice(0, 4)]).toEqual([255, 0, 0, 255]);
  });

  it('draws a large page in bands, as it looks drawn at once', async () => {
    const [width, height] = [2000, 1500];
    const shapes =
      '<path fill="#ffffff" d="M0 0h2000v1500H0z"/><path fill="#0072b2" d="M0 0L2000 1500L0 1400Z"/>' +
      '<path stroke="#d55e00" stroke-width="3" fill="none" d="M0 1040Q900 1060 2000 1049"/>';
    const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`;
    const banded = await rasterizer.rasterize(`${open} viewBox="0 0 ${width} ${height}">${shapes}</svg>`);
    // Without its view box the page is not recognised, and drawn at once.
    const whole = await rasterizer.rasterize(`${open}>${shapes}</svg>`);
    expect([banded.width, banded.height]).toEqual([width, height]);
    const apart = pixelmatch(banded.pixels, whole.pixels, undefined, width, height, { threshold: 0.1 });
    expect(apart).toBeLessThan(30);
  });

  it('frees both objects of each of fifty renders', async () => {
    await rasterizer.rasterize(SVG);
    const sample = new Resvg(SVG);
    const image = sample.render();
    const imageFree = vi.spyOn(Object.getPrototypeOf(image) as { free(): void }, 'free');
    const documentFree = vi.spyOn(Object.getPrototypeOf(Resvg.prototype) as { free(): void }, 'free');
    for (let count = 0; count < 50; count += 1) await rasterizer.rasterize(SVG);
    expect([imageFree.mock.calls.length, documentFree.mock.calls.length]).toEqual([50, 50]);
    image.free();
    sample.free();
  });

  it('frees the document when drawing fails', async () => {
    await rasterizer.rasterize(SVG);
    const owner = Object.getPrototypeOf(Resvg.prototype) as { free(): void; render(): unknown };
    const free = vi.spyOn(owner, 'free');
    vi.spyOn(owner, 'render').mockImplementation(() => {
      throw new Error('broken');
    });
    await expect(rasterizer.rasterize(SVG)).rejects.toThrow('broken');
    expect(free).toHaveBeenCalledTimes(1);
  });
});
