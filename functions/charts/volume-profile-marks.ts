// A volume profile beside the bars: a row per price, growing leftwards from the right edge of its box, rising volume
// first; the value area in full shades, the rest in faint ones; its prices as levels across the plot.

import type { CandleGround } from './candle-ground.ts';
import type { Mark, Rect } from './mark.ts';
import { type PriceLevel, placedLevel } from './order-levels.ts';
import { mixed } from './palette.ts';
import type { PriceScale } from './price-scale.ts';
import type { VolumeProfile } from './volume-profile.ts';

/** How much of a bar's colour is in a row of the value area. */
const AREA_SHARE = 0.55;

/** The prices that a profile names: of the most volume, and the edges of the value area. */
export function profilePrices({ rows, pointOfControl, valueArea }: VolumeProfile): {
  poc: number;
  high: number;
  low: number;
} {
  const most = rows[pointOfControl];
  return {
    poc: ((most?.low ?? 0) + (most?.high ?? 0)) / 2,
    high: rows[valueArea.to]?.high ?? 0,
    low: rows[valueArea.from]?.low ?? 0,
  };
}

/** Those prices as levels with their pixels; none without a profile. */
export function profileLevels({ profile, layout, theme }: CandleGround, scale: PriceScale): PriceLevel[] {
  if (profile === undefined) return [];
  const { poc, high, low } = profilePrices(profile);
  const edge = { colour: theme.muted, dashed: true, priority: 40 };
  return [
    {
      role: 'point-of-control',
      price: poc,
      tag: 'POC',
      colour: theme.pointOfControl,
      dashed: false,
      priority: 50,
    },
    { role: 'value-area-high', price: high, tag: 'VAH', ...edge },
    { role: 'value-area-low', price: low, tag: 'VAL', ...edge },
  ].map((level) => placedLevel(level, scale, layout));
}

/** The rows, a hairline apart where they are high enough for one. */
export function profileMarks(
  { profile, profileBox, layout, theme }: CandleGround,
  scale: PriceScale,
): Mark[] {
  if (profile === undefined) return [];
  const { rows, valueArea } = profile;
  const most = rows.reduce((top, { up, down }) => Math.max(top, up + down), 0);
  const found = {
    'profile-up': [],
    'profile-down': [],
    'profile-area-up': [],
    'profile-area-down': [],
  } as Record<string, Rect[]>;
  const right = profileBox.x + profileBox.width;
  for (const [index, { low, high, up, down }] of rows.entries()) {
    const [top, bottom] = [Math.round(scale.yOf(high)), Math.round(scale.yOf(low))];
    const gap = bottom - top >= 3 * layout.ratio ? layout.ratio : 0;
    const length = (volume: number): number => Math.round((volume / most) * profileBox.width);
    const [whole, rising] = [length(up + down), length(up)];
    const area = index >= valueArea.from && index <= valueArea.to ? '-area' : '';
    const row = { y: top, height: Math.max(1, bottom - top - gap) };
    if (rising > 0) found[`profile${area}-up`]?.push({ ...row, x: right - rising, width: rising });
    if (whole > rising)
      found[`profile${area}-down`]?.push({ ...row, x: right - whole, width: whole - rising });
  }
  const fills: Record<string, string> = {
    ...{ 'profile-up': theme.volumeUp, 'profile-down': theme.volumeDown },
    'profile-area-up': mixed(theme.up, theme.background, AREA_SHARE),
    'profile-area-down': mixed(theme.down, theme.background, AREA_SHARE),
  };
  return Object.entries(found).map(([role, rects]) => ({
    kind: 'rects',
    role,
    fill: fills[role] ?? theme.muted,
    rects,
  }));
}
