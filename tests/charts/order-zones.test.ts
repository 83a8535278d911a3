import { describe, expect, it } from 'vitest';
import type { Rect } from '../../functions/charts/mark.ts';
import type { ChartAnnotations } from '../../functions/charts/resolved-chart.ts';
import { textsOf } from './drawn-inside.ts';
import { candleScene, sampleChart } from './sample-chart.ts';

const chart = sampleChart(100);
const timeOf = (index: number): number => (chart.candles[index]?.timeMs ?? 0) + 60_000;
const last = chart.candles.at(-1)?.close ?? 0;
const order = { entry: last, stop_loss: last - 3, take_profit: last + 6 };

function zones(annotations: ChartAnnotations) {
  const scene = candleScene({ ...chart, annotations });
  const rect = (role: string): Rect | undefined => {
    const mark = scene.marks.find((each) => each.role === role);
    return mark?.kind === 'rects' ? mark.rects[0] : undefined;
  };
  const xs = scene.marks.flatMap((m) => (m.role.startsWith('candles') && m.kind === 'rects' ? m.rects : []));
  const end = Math.max(...xs.map(({ x, width }) => x + width));
  return { scene, risk: rect('risk'), reward: rect('reward'), end };
}
const entry = { timeMs: timeOf(40), side: 'buy', kind: 'entry' } as const;
const exit = { timeMs: timeOf(70), side: 'buy', kind: 'exit', price: last } as const;

describe('risk and reward', () => {
  it('of a closed trade reach from its entry to its exit, and meet at the entry price', () => {
    const { risk, reward } = zones({ ...order, markers: [entry, exit] });
    expect((risk?.y ?? 0) - ((reward?.y ?? 0) + (reward?.height ?? 0))).toBe(0);
    expect((reward?.height ?? 0) / (risk?.height ?? 1)).toBeCloseTo(2, 1);
    const bars = zones({ ...order, markers: [entry] }).risk;
    expect([risk?.x, reward?.x]).toEqual([bars?.x, bars?.x]);
    expect(risk?.width).toBeLessThan(bars?.width ?? 0);
  });

  it('of an open one reach to the edge, of a signal begin behind the last bar', () => {
    const open = zones({ ...order, markers: [entry] });
    const signal = zones(order);
    const right = (rect: Rect | undefined): number => (rect?.x ?? 0) + (rect?.width ?? 0);
    expect(right(open.risk)).toBe(right(signal.risk));
    expect(right(signal.risk)).toBeGreaterThan(signal.end);
    expect(signal.risk?.x).toBeGreaterThan(signal.end - 20);
    expect(open.risk?.x).toBeLessThan(signal.end / 2);
  });

  it('are left out for a trade that ended before the first bar', () => {
    const before = { ...exit, timeMs: timeOf(0) - 1e9 };
    expect(zones({ ...order, markers: [{ ...entry, timeMs: 0 }, before] }).reward).toBeUndefined();
  });

  it('a stop beyond the entry risks nothing: no box for it, and no multiple', () => {
    const { risk, reward, scene } = zones({ ...order, stop_loss: last + 2, markers: [entry] });
    expect(risk).toBeUndefined();
    expect(reward).toBeDefined();
    expect(textsOf(scene).map(({ text }) => text)).toContain('TP');
  });

  it('of a target far above are cut at the edge of the plot', () => {
    const { reward } = zones({ ...order, take_profit: last * 3 });
    expect(reward?.y).toBe(0);
  });
});
