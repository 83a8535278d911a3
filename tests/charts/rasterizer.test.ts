import { initWasm, Resvg } from '@resvg/resvg-wasm';
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
