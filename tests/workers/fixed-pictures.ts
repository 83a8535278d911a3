// Bodies of POST /api/v1/charts with fixed data, one of each kind, and how a PNG of ours is read. Neither clock nor randomness is
// in them, and nothing of functions/: the contract asks for the same pictures from outside.
import { unzlibSync } from 'fflate';

const candles = Array.from({ length: 120 }, (_, i) => {
  const open = 2000 + ((i * 37) % 61) - ((i * 11) % 23);
  const close = open + ((i * 13) % 9) - 4;
  return {
    time: 1_767_571_200 + i * 3600,
    ...{ open: `${open}.25`, close: `${close}.75`, volume: 500 + ((i * 71) % 400) },
    ...{ high: `${Math.max(open, close) + 3}.00`, low: `${Math.min(open, close) - 3}.00` },
  };
});

const bars = { candles, instrument: 'XAUUSD', timeframe: 'H1', digits: 2 };
const points = candles.map(({ time, open }, i) => ({
  time,
  equity: open,
  ...(i === 60 ? { flow: '25' } : {}),
}));
const values = candles.map((_, i) => ((i * 53) % 97) - 40);
const wide = { width: 600, height: 450, scale: 1 };
/** Each kind of chart under a header, one without any and one with cards, in all themes. */
export const FIXED_BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  plain: { kind: 'candlestick', source: bars, size: { width: 500, height: 300, scale: 1 } },
  titled: {
    ...{ kind: 'candlestick', source: bars, size: wide, theme: 'dark', tz: 'Europe/Berlin' },
    ...{ title: 'The same pixels everywhere: Αθήνα, Київ', indicators: [{ kind: 'rsi', period: 14 }] },
  },
  heikin_ashi: { kind: 'heikin_ashi', source: bars, size: wide, theme: 'cvd', title: 'Heikin-ashi' },
  renko: { kind: 'renko', source: bars, size: wide, theme: 'cvd_dark', title: 'Renko' },
  volume_profile: { kind: 'volume_profile', source: bars, size: wide, title: 'Volume profile' },
  equity: { kind: 'equity', source: { points, currency: 'EUR' }, size: 'social' },
  histogram: {
    ...{ kind: 'histogram', column: 'profit', source: { values }, theme: 'dark' },
    ...{ size: { width: 300, height: 450, scale: 2 }, title: 'Results of trades' },
  },
};

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

/** The RGBA pixels of a PNG with a palette, 8 bits and rows less the row above, which is what our writer makes. */
export function decodedPixels(png: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const chunks = [...chunksOf(png)];
  const first = (name: string) => chunks.find((c) => c.name === name)?.data ?? new Uint8Array();
  const header = first('IHDR');
  const width = new DataView(header.buffer, header.byteOffset).getUint32(0);
  const [palette, alpha, packed] = [first('PLTE'), first('tRNS'), first('IDAT')];
  const rows = unzlibSync(packed);
  const pixels = new Uint8Array((rows.length / (width + 1)) * width * 4);
  const above = new Uint8Array(width);
  for (let at = 0, to = 0; at < rows.length; at += width + 1) {
    if (rows[at] !== 2) throw new Error('a row has another filter');
    for (let column = 0; column < width; column += 1, to += 4) {
      const index = ((above[column] ?? 0) + (rows[at + 1 + column] ?? 0)) & 0xff;
      above[column] = index;
      pixels.set(palette.subarray(index * 3, index * 3 + 3), to);
      pixels[to + 3] = alpha[index] ?? 255;
    }
  }
  return pixels;
}
