// The sizes a chart can have. Invariant: device pixels = CSS pixels x scale, both whole; a phone picture is a small
// page at scale 2, so that its text stays readable, not a large page with small text.

/** Page size in CSS pixels and the device pixels per CSS pixel. */
export type ChartSize = { width: number; height: number; scale: 1 | 2 };

export const NAMED_SIZES = {
  web: { width: 1200, height: 630, scale: 1 },
  mobile: { width: 540, height: 675, scale: 2 },
  social: { width: 1200, height: 675, scale: 1 },
} as const satisfies Record<string, ChartSize>;

export const MIN_SIDE_PX = 200;
export const MAX_SIDE_PX = 4000;
/** 3840 x 2160. Pixels exist three times while a PNG is made, and a Worker has 128 MB for all its requests. */
export const MAX_DEVICE_PIXELS = 8_294_400;

/** Device pixels of a size: what a PNG of it has. */
export function devicePixels({ width, height, scale }: ChartSize): number {
  return width * scale * height * scale;
}
