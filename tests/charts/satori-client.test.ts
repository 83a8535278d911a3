import { describe, expect, it } from 'vitest';
import { textWidth } from '../../functions/charts/glyphs.ts';
import { headedScene } from '../../functions/charts/headed-scene.ts';
import type { LaidHeader } from '../../functions/charts/header-marks.ts';
import type { TextMark } from '../../functions/charts/mark.ts';
import { createHeaderLayout } from '../../functions/charts/satori-client.ts';
import { chartScene } from '../../functions/charts/scene.ts';
import { THEMES } from '../../functions/charts/theme.ts';
import { chartHeader } from '../../infra/charts/chart-tools.ts';
import { histogramChart } from './sample-account.ts';
import { sampleChart } from './sample-chart.ts';

const textsOf = ({ marks }: LaidHeader): TextMark[] =>
  marks.flatMap((mark) => (mark.kind === 'text' ? [mark] : []));

async function laid(changes: Record<string, unknown>): Promise<LaidHeader> {
  const header = await chartHeader(sampleChart(40, changes));
  if (header === undefined) throw new Error('no header');
  return header;
}

describe('the layout of a header', () => {
  it('may fail to start, says so, and starts the next time', async () => {
    const broken = createHeaderLayout(() => Promise.reject(new Error('no wasm')));
    const chart = sampleChart(40, { title: 'A' });
    const attempt = broken(chart);
    await expect(attempt).rejects.toThrow('no wasm');
    expect(await chartHeader(chart)).toBeDefined();
  });

  it('is nothing for a chart without one, and starts nothing for it', async () => {
    const none = createHeaderLayout(() => Promise.reject(new Error('must not be called')));
    expect(await none(sampleChart(40))).toBeUndefined();
  });

  it('sets a title in at most two lines, the second cut with an ellipsis, inside the page', async () => {
    const title = 'word '.repeat(39).trim();
    const header = await laid({ title, size: { width: 600, height: 500 } });
    const lines = textsOf(header).filter(({ weight }) => weight === 600);
    expect(lines).toHaveLength(2);
    expect(lines[1]?.text.endsWith('…')).toBe(true);
    for (const { text, x, size } of textsOf(header)) expect(x + textWidth(text, 600, size)).toBeLessThan(600);
    for (const { y } of textsOf(header)) expect(y).toBeLessThan(header.height);
  });

  it('breaks a word that is wider than the page', async () => {
    const header = await laid({ title: 'w'.repeat(200), size: { width: 500, height: 500 } });
    for (const { text, weight, x, size } of textsOf(header))
      expect(x + textWidth(text, weight, size)).toBeLessThanOrEqual(500);
  });

  it('keeps markup, entities and other scripts as they were written', async () => {
    const title = 'a <b>&amp; "q" \'s\' Київ Ελλάδα';
    expect(textsOf(await laid({ title }))[0]?.text).toBe(title);
  });

  it('sets cards side by side, as high as each other, and colours a gain', async () => {
    const { marks } = await laid({ size: 'social' });
    const cards = marks.flatMap((mark) => (mark.kind === 'rects' ? mark.rects : []));
    expect(cards).toHaveLength(4);
    expect(new Set(cards.map(({ y, height }) => `${y} ${height}`)).size).toBe(1);
    for (const [i, card] of cards.entries()) {
      const before = cards[i - 1];
      if (before !== undefined) expect(card.x).toBeGreaterThan(before.x + before.width);
    }
    const change = textsOf({ height: 0, marks }).find(({ text }) => /^[+−]/.test(text));
    expect([THEMES.light.upText, THEMES.light.downText]).toContain(change?.fill);
  });

  it('is the same twice, and twice as large on two pixels per pixel', async () => {
    const look = { title: 'Twice', size: { width: 900, height: 500, scale: 1 } };
    expect(await laid(look)).toEqual(await laid(look));
    const twice = await laid({ ...look, size: { ...look.size, scale: 2 } });
    expect(twice.height).toBeGreaterThan(1.8 * (await laid(look)).height);
  });
});

describe('a scene under its header', () => {
  it('is as large as was asked for, with everything inside it and its facts where its marks are', async () => {
    const chart = sampleChart(40, { title: 'Gold', size: { width: 700, height: 500, scale: 2 } });
    const header = await chartHeader(chart);
    const scene = headedScene(chart, header);
    expect([scene.width, scene.height, scene.title]).toEqual([1400, 1000, 'Gold']);
    const down = header?.height ?? 0;
    for (const mark of scene.marks) {
      if (mark.kind !== 'rects') continue;
      for (const { y, height } of mark.rects) expect(y >= 0 && y + height <= 1000, mark.role).toBe(true);
      if (mark.role.startsWith('candles'))
        for (const { y } of mark.rects) expect(y).toBeGreaterThanOrEqual(down);
    }
    if (scene.facts.kind !== 'candlestick') throw new Error('candles');
    const { lastPrice } = scene.facts;
    const line = scene.marks.find(({ role }) => role === 'last-price');
    if (line?.kind !== 'line') throw new Error('a line');
    expect(Math.abs(line.from.y - lastPrice.y)).toBeLessThanOrEqual(1);
    expect(scene.marks.filter(({ role }) => role === 'title')).toEqual([]);
  });

  it('leaves to the header the range that its subtitle has, and says it where there is none', async () => {
    const footer = async (changes: Record<string, unknown>): Promise<string[]> => {
      const chart = sampleChart(40, changes);
      const { marks } = headedScene(chart, await chartHeader(chart));
      return marks.flatMap((mark) => (mark.kind === 'text' && mark.role === 'range' ? [mark.text] : []));
    };
    expect(await footer({ title: 'Gold' })).toEqual(['40 bars']);
    expect(await footer({ size: 'social' })).toEqual(['40 bars']);
    expect((await footer({}))[0]).toMatch(/UTC {2}· {2}40 bars$/);
    const chart = histogramChart(50, { size: 'social' });
    const { marks } = headedScene(chart, await chartHeader(chart));
    expect(marks.some(({ role }) => /^(legend-|watermark)/.test(role))).toBe(false);
  });

  it('is the chart’s own without a header', () => {
    const chart = sampleChart(40);
    expect(headedScene(chart, undefined)).toEqual(chartScene(chart));
  });
});
