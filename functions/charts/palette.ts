// The colours of one chart: its theme's, or over them those that were asked for. Invariants: asked-for colours are drawn
// as they are and refused where they could not be seen; text in them is a readable shade of the same hue; where rising
// and falling bars have one colour, rising ones are hollow.
import type { SpecFault } from './candle-series.ts';
import type { ChartLook } from './chart-look.ts';
import { contrast, THEMES, type Theme } from './theme.ts';

/** Of marks and of text with their background (WCAG 2.2, 1.4.11 and 1.4.3). */
const MARK_CONTRAST = 3;
const TEXT_CONTRAST = 4.5;
/** How much of a colour is in the shade of it that stands for volume. */
const VOLUME_SHARE = 0.27;

const channels = (colour: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** `share` of one `#rrggbb` colour over another. */
export function mixed(colour: string, under: string, share: number): string {
  const below = channels(under);
  const parts = channels(colour).map((channel, index) => {
    const value = Math.round(channel * share + (below[index] ?? 0) * (1 - share));
    return value.toString(16).padStart(2, '0');
  });
  return `#${parts.join('')}`;
}

/** The colour itself where text in it can be read on the background, else the nearest shade that can. */
export function readable(colour: string, { background, text }: Theme): string {
  for (let share = 1; share > 0; share -= 0.05) {
    const shade = mixed(colour, text, share);
    if (contrast(shade, background) >= TEXT_CONTRAST) return shade;
  }
  return text;
}

/** The theme of a look with its own colours in place. */
export function paletteOf({ theme: name, color }: Pick<ChartLook, 'theme' | 'color'>): Theme {
  const theme: Theme = THEMES[name];
  if (color === undefined) return theme;
  const { up, down } = typeof color === 'string' ? { up: color, down: color } : color;
  return {
    ...theme,
    ...{ up, down, upText: readable(up, theme), downText: readable(down, theme) },
    hollowUp: theme.hollowUp || up === down,
    volumeUp: mixed(up, theme.background, VOLUME_SHARE),
    volumeDown: mixed(down, theme.background, VOLUME_SHARE),
  };
}

/** Colours that could not be told from the background, each with its pointer and both figures. */
export function colourFaults({ theme: name, color }: Pick<ChartLook, 'theme' | 'color'>): SpecFault[] {
  if (color === undefined) return [];
  const { background } = THEMES[name];
  const asked =
    typeof color === 'string' ? { '/color': color } : { '/color/up': color.up, '/color/down': color.down };
  return Object.entries(asked).flatMap(([pointer, colour]) => {
    const found = contrast(colour, background);
    // Rounded down, or 2.996 would read as the 3.00 that is asked for.
    const figure = (Math.floor(found * 100) / 100).toFixed(2);
    const detail = `a contrast of ${figure} with the background ${background} of the theme, at least ${MARK_CONTRAST} is needed`;
    return found >= MARK_CONTRAST ? [] : [{ pointer, detail }];
  });
}
