/** What draws charts in a process of Node: the rasterizer and the layout of headers, with WebAssembly from the packages. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createRasterizer } from '../../functions/charts/rasterizer.ts';
import { createHeaderLayout } from '../../functions/charts/satori-client.ts';

const { resolve } = createRequire(import.meta.url);
const bytesOf = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(resolve(name)));

export const chartRasterizer = createRasterizer(() => bytesOf('@resvg/resvg-wasm/index_bg.wasm'));
export const chartHeader = createHeaderLayout(() => bytesOf('satori/yoga.wasm'));
