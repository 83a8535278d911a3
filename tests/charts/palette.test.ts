import { describe, expect, it } from 'vitest';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import { colourFaults, mixed, paletteOf, readable } from '../../functions/charts/palette.ts';
import { contrast, THEMES } from '../../functions/charts/theme.ts';
import { candleScene, sampleChart } from './sample-chart.ts';

describe('own colours', () => {
  it.each(THEME_NAMES)('stand over those of %s, with text that can be read', (theme) => {
    for (const color of ['#767676', { up: '#8a6d00', down: '#8e44ad' }]) {
      const palette = paletteOf({ theme, color });
      for (const text of [palette.upText, palette.downText])
        expect(contrast(text, palette.background)).toBeGreaterThanOrEqual(4.5);
      expect(palette.up).toBe(typeof color === 'string' ? color : color.up);
    }
    expect(paletteOf({ theme })).toBe(THEMES[theme]);
  });

  it('of one kind leave rising bars hollow, so that they are told apart by form', () => {
    expect(paletteOf({ theme: 'light', color: '#555555' }).hollowUp).toBe(true);
    expect(paletteOf({ theme: 'light', color: { up: '#111111', down: '#555555' } }).hollowUp).toBe(false);
  });

  it('are drawn as they are, volume in a shade of them', () => {
    const color = { up: '#1b5e20', down: '#b71c1c' };
    const { marks, facts } = candleScene(sampleChart(60, { color }));
    const fillOf = (role: string) =>
      marks.flatMap((m) => (m.role === role && 'fill' in m ? [m.fill] : []))[0];
    expect([fillOf('candles-up'), fillOf('candles-down')]).toEqual([color.up, color.down]);
    expect(fillOf('volume-up')).toBe(mixed(color.up, '#ffffff', 0.27));
    expect(facts.colours).toMatchObject(color);
  });

  it('that could not be seen are refused, with the figure and what is needed', () => {
    expect(colourFaults({ theme: 'light', color: '#ffff00' })).toEqual([
      {
        pointer: '/color',
        detail: 'a contrast of 1.07 with the background #ffffff of the theme, at least 3 is needed',
      },
    ]);
    const pair = { up: '#000033', down: '#ffffff' };
    expect(colourFaults({ theme: 'dark', color: pair }).map(({ pointer }) => pointer)).toEqual(['/color/up']);
    expect(colourFaults({ theme: 'light', color: pair }).map(({ pointer }) => pointer)).toEqual([
      '/color/down',
    ]);
    expect(colourFaults({ theme: 'light' })).toEqual([]);
  });
});

it('a readable shade is the colour itself where it can be read', () => {
  expect(readable('#0b5394', THEMES.light)).toBe('#0b5394');
  expect(readable('#26a69a', THEMES.light)).not.toBe('#26a69a');
});
