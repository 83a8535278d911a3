import { describe, expect, it } from 'vitest';
import { chartLayout } from '../../functions/charts/chart-layout.ts';
import { textWidth } from '../../functions/charts/glyphs.ts';

const AXIS = ['1,000.00'];

describe('chart layout', () => {
  it.each([
    [{ width: 1200, height: 630, scale: 1 } as const, 15],
    [{ width: 540, height: 675, scale: 2 } as const, 25],
    [{ width: 1000, height: 500, scale: 2 } as const, 30],
    [{ width: 200, height: 200, scale: 1 } as const, 10],
  ])('bands of %o fill the canvas without overlapping; text is %d px', (size, fontSize) => {
    const { canvas, plot, axis, timeAxis, footer, fontSize: text } = chartLayout(size, 'Title', AXIS);
    expect(text).toBe(fontSize);
    expect(plot.width + axis.width).toBe(canvas.width);
    expect(plot.y + plot.height).toBe(timeAxis.y);
    expect(timeAxis.y + timeAxis.height + (footer?.height ?? 0)).toBe(canvas.height);
    expect(plot.height).toBeGreaterThan(canvas.height / 3);
  });

  it('has an axis wide enough for its widest text', () => {
    const wide = '−123,456.78901234';
    const { axis } = chartLayout({ width: 1200, height: 630, scale: 1 }, undefined, [wide, '1']);
    expect(axis.width).toBeGreaterThan(textWidth(wide, 600, 15));
  });

  it('sets a title in at most two lines that fit, and none in none', () => {
    const size = { width: 600, height: 400, scale: 1 } as const;
    const lines = (title: string | undefined): readonly string[] => chartLayout(size, title, AXIS).titleLines;
    expect(lines(undefined)).toEqual([]);
    expect(lines('   ')).toEqual([]);
    expect(lines('Gold')).toEqual(['Gold']);
    const long = lines('Gold weekly outlook '.repeat(10).trim());
    expect(long).toHaveLength(2);
    expect(long[1]?.endsWith('…')).toBe(true);
    expect(lines('x'.repeat(200))).toHaveLength(1);
    for (const line of [...long, ...lines('x'.repeat(200))])
      expect(textWidth(line, 600, 20)).toBeLessThanOrEqual(576);
  });

  it('splits panes off below the plot, a hairline apart, and leaves out those that would be too low', () => {
    const size = { width: 600, height: 400, scale: 1 } as const;
    const { plot, panes, timeAxis } = chartLayout(size, undefined, AXIS, [0.2, 0.25]);
    const [one, two] = panes;
    expect(one?.y).toBe(plot.y + plot.height + 1);
    expect(two?.y).toBe((one?.y ?? 0) + (one?.height ?? 0) + 1);
    expect((two?.y ?? 0) + (two?.height ?? 0)).toBe(timeAxis.y);
    expect(panes.map(({ x, width }) => [x, width])).toEqual([plot, plot].map(({ x, width }) => [x, width]));
    expect(chartLayout({ ...size, height: 200 }, undefined, AXIS, [0.2]).panes).toEqual([]);
  });
});
