import { describe, expect, it } from 'vitest';
import { contrast, THEMES, textOn } from '../../functions/charts/theme.ts';

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
    ];
    for (const colour of [...texts, ...theme.indicators]) {
      expect(contrast(colour, theme.background), colour).toBeGreaterThanOrEqual(4.5);
    }
    for (const colour of [theme.up, theme.down]) {
      expect(contrast(colour, theme.background), colour).toBeGreaterThanOrEqual(3);
    }
  });

  it('has readable text on every filled label', () => {
    const fills = [theme.up, theme.down, theme.entry, theme.stopLoss, theme.takeProfit, ...theme.indicators];
    for (const fill of fills) expect(contrast(fill, textOn(fill)), fill).toBeGreaterThanOrEqual(4.5);
  });
});

it('the cvd theme tells up from down by form as well', () => {
  expect(THEMES.cvd.hollowUp).toBe(true);
});

it('contrast is that of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
