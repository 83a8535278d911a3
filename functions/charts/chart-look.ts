// How a chart of any kind looks: the fields that every kind's request has. Invariant: a checked look can be drawn.
import { z } from 'zod';
import { isTimeZone } from '../platform/time-zone.ts';
import { type ChartSize, MAX_SIDE_PX, MIN_SIDE_PX, NAMED_SIZES } from './chart-size.ts';

export const MAX_TITLE_LENGTH = 200;
export const THEME_NAMES = ['light', 'dark', 'cvd', 'cvd_dark'] as const;
export type ThemeName = (typeof THEME_NAMES)[number];

const side = z.int().min(MIN_SIDE_PX).max(MAX_SIDE_PX);
const customSize = z.strictObject({
  width: side,
  height: side,
  scale: z.union([z.literal(1), z.literal(2)]).default(1),
});
const size = z.union([z.enum(['web', 'mobile', 'social']), customSize]);
const rgb = z.string().regex(/^#[0-9a-f]{6}$/, 'expected #rrggbb in lower case');

/** Colours of one's own over the theme's: of rising and falling bars, or of the one thing that a chart shows. */
export const colourSchema = z.union([rgb, z.strictObject({ up: rgb, down: rgb })]);
export type ChartColour = z.output<typeof colourSchema>;

/** Fields of the request that every kind has. */
export const lookFields = {
  size: size.default('web'),
  theme: z.enum(THEME_NAMES).default('light'),
  color: colourSchema.optional(),
  tz: z.string().max(64).refine(isTimeZone, 'expected an IANA time zone').default('UTC'),
  title: z.string().min(1).max(MAX_TITLE_LENGTH).optional(),
};

/** A checked look as a picture needs it. */
export type ChartLook = {
  size: ChartSize;
  theme: ThemeName;
  color?: ChartColour;
  tz: string;
  title?: string;
};

type AskedLook = {
  size: keyof typeof NAMED_SIZES | ChartSize;
  theme: ThemeName;
  color?: ChartColour | undefined;
  tz: string;
  title?: string | undefined;
};

/** The size that was asked for, by name or in CSS pixels. */
export const askedSize = (size: AskedLook['size']): ChartSize =>
  typeof size === 'string' ? NAMED_SIZES[size] : size;

/** The look of a checked request. */
export const lookOf = ({ size, theme, color, tz, title }: AskedLook): ChartLook => ({
  ...{ size: askedSize(size), theme, tz },
  ...(color === undefined ? {} : { color }),
  ...(title === undefined ? {} : { title }),
});
