import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contrast, THEMES, textOn } from '../../functions/charts/theme.ts';
import { runs } from '../support/property.ts';

describe.each(Object.entries(THEMES))('theme %s', (_, theme) => {
  it('has readable text (4.5) and visible marks (3)', () => {
    const texts = [
      theme.text,
      theme.muted,
      theme.upText,
      theme.downText,
      theme.entry,
      theme.stopLoss,
      theme.takeProfit,
      theme.pointOfControl,
    ];
    for (const colour of [...texts, ...theme.indicators]) {
      expect(contrast(colour, theme.background), colour).toBeGreaterThanOrEqual(4.5);
    }
    for (const colour of [theme.up, theme.down]) {
      expect(contrast(colour, theme.background), colour).toBeGreaterThanOrEqual(3);
    }
  });

  it('has an entry that the first indicators are not taken for', () => {
    const channels = (colour: string): number[] =>
      [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const isGrey = (colour: string): boolean =>
      Math.max(...channels(colour)) - Math.min(...channels(colour)) < 24;
    expect(theme.indicators.slice(0, 4).filter(isGrey)).toEqual([]);
  });

  it('has readable text on every filled label', () => {
    const fills: string[] = [
      theme.up,
      theme.down,
      theme.entry,
      theme.stopLoss,
      theme.takeProfit,
      ...theme.indicators,
    ];
    fills.push(theme.pointOfControl, theme.muted);
    for (const fill of fills) expect(contrast(fill, textOn(fill)), fill).toBeGreaterThanOrEqual(4.5);
  });
});

it.each(['cvd', 'cvd_dark'] as const)('the theme %s tells up from down by form as well', (name) => {
  expect(THEMES[name].hollowUp).toBe(true);
});

it('contrast is that of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

it('text on a filled label can be read whatever colour was asked for', () => {
  const channel = fc.integer({ min: 0, max: 255 }).map((value) => value.toString(16).padStart(2, '0'));
  fc.assert(
    fc.property(channel, channel, channel, (red, green, blue) => {
      const fill = `#${red}${green}${blue}`;
      expect(contrast(fill, textOn(fill))).toBeGreaterThanOrEqual(4.5);
    }),
    runs(1000),
  );
});
