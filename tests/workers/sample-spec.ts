// A chart of fixed data, the same on every runtime. Neither clock nor randomness is in it.
import { unzlibSync } from 'fflate';
import type { RawCandle } from '../../functions/charts/candle-series.ts';
import { parseChartSpec } from '../../functions/charts/chart-spec.ts';
import { type ResolvedChart, resolveChart } from '../../functions/charts/resolved-chart.ts';

/** SHA-256 of the decoded pixels (RGBA, row by row) of the fixed chart's PNG, as Node renders it. */
export const PIXELS_SHA256 = '40bc799d4b9e3cafb8015959cce4ebec980955d755b150690f8bf51326a4ae34';
/** SHA-256 of its SVG. */
export const SVG_SHA256 = 'af53179dbeb8b4a7dca7c0dcb00cafa212c2b9f9b2675bcd8d50a8b027665bf9';

const candles: RawCandle[] = Array.from({ length: 120 }, (_, i) => {
  const open = 2000 + ((i * 37) % 61) - ((i * 11) % 23);
  const close = open + ((i * 13) % 9) - 4;
  return {
    time: 1_767_571_200 + i * 3600,
    ...{ open: `${open}.25`, close: `${close}.75`, volume: 500 + ((i * 71) % 400) },
    ...{ high: `${Math.max(open, close) + 3}.00`, low: `${Math.min(open, close) - 3}.00` },
  };
});

/** The fixed chart. */
export function fixedChart(): ResolvedChart {
  const parsed = parseChartSpec({
    kind: 'candlestick',
    source: { candles, instrument: 'XAUUSD', timeframe: 'H1', digits: 2 },
    ...{ theme: 'dark', tz: 'Europe/Berlin', title: 'The same pixels everywhere' },
  });
  if (parsed.outcome !== 'ok') throw new Error(JSON.stringify(parsed.faults));
  return resolveChart(parsed.spec);
}

/** Lower-case hex SHA-256. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Where each chunk of a PNG begins and what it is called. */
function* chunksOf(png: Uint8Array<ArrayBuffer>): Generator<{ name: string; data: Uint8Array<ArrayBuffer> }> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at < png.byteLength; at += 12 + view.getUint32(at)) {
    const name = String.fromCharCode(...png.subarray(at + 4, at + 8));
    yield { name, data: png.subarray(at + 8, at + 8 + view.getUint32(at)) };
  }
}

/** The RGBA pixels of a PNG with a palette, 8 bits and unfiltered rows, which is what our writer makes. */
export function decodedPixels(png: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const chunks = [...chunksOf(png)];
  const first = (name: string) => chunks.find((c) => c.name === name)?.data ?? new Uint8Array();
  const header = first('IHDR');
  const width = new DataView(header.buffer, header.byteOffset).getUint32(0);
  const [palette, alpha] = [first('PLTE'), first('tRNS')];
  const packed = chunks.filter((c) => c.name === 'IDAT').flatMap((c) => [...c.data]);
  const rows = unzlibSync(Uint8Array.from(packed));
  const pixels: number[] = [];
  for (const [at, index] of rows.entries()) {
    if (at % (width + 1) === 0) {
      if (index !== 0) throw new Error('a row is filtered');
      continue;
    }
    const [red = 0, green = 0, blue = 0] = palette.subarray(index * 3, index * 3 + 3);
    pixels.push(red, green, blue, alpha[index] ?? 255);
  }
  return Uint8Array.from(pixels);
}
