import { describe, expect, it } from 'vitest';
import { parseChartSpec } from '../../functions/charts/chart-spec.ts';
import { resolveChart } from '../../functions/charts/resolved-chart.ts';
import { chartScene } from '../../functions/charts/scene.ts';
import { writeSvg } from '../../functions/charts/svg-writer.ts';
import { expectDrawnInside } from './drawn-inside.ts';
import { histogramBody, profitWalk } from './sample-account.ts';

const body = (values: unknown, changes: Record<string, unknown> = {}) => ({
  ...{ kind: 'histogram', column: 'profit', source: { values } },
  ...changes,
});

const REFUSED: [string, unknown, string, RegExp][] = [
  ['not a number', body([1, Number.NaN]), '/source/values/1', /decimal/],
  ['no value at all', body([]), '/source/values', /./],
  ['20,001 values', body(profitWalk(20_001)), '/source/values', /20000/],
  ['an unknown column', body([1], { column: 'pips' }), '/column', /./],
  ['no column', { kind: 'histogram', source: { values: [1] } }, '/column', /./],
  ['one bin', body([1], { bins: 1 }), '/bins', /./],
  ['201 bins', body([1], { bins: 201 }), '/bins', /./],
  ['half a bin', body([1], { bins: 10.5 }), '/bins', /./],
  ['a negative duration', body([5, -1], { column: 'duration' }), '/source/values/1', /not negative/],
  ['more digits than a float holds', body([-9.1e13]), '/source/values/0', /15 significant/],
  ['indicators', body([1], { indicators: [] }), '/indicators', /unknown/],
  ['a height of nothing', body([1], { size: { width: 500, height: 0 } }), '/size/height', /./],
];

describe('values of a histogram', () => {
  it.each(REFUSED)('are refused with a pointer: %s', (_, sent, pointer, detail) => {
    const parsed = parseChartSpec(sent);
    const faults = parsed.outcome === 'invalid' ? parsed.faults : [];
    expect(faults.map((fault) => fault.pointer)).toContain(pointer);
    expect(faults.find((fault) => fault.pointer === pointer)?.detail).toMatch(detail);
  });

  it.each<[string, unknown]>([
    ['one', body([12.5])],
    ['two', body(['-1', '1'])],
    ['all equal', body([7, 7, 7, 7])],
    ['all zero', body([0, 0], { column: 'duration' })],
    ['20,000 in 200 bins', body(profitWalk(20_000), { bins: 200 })],
    ['two bins', body([-3, 4, 5], { bins: 2, column: 'r' })],
    ['a title with markup', histogramBody(9, { title: '<svg onload=alert(1)> & co' })],
  ])('are drawn: %s', (_, sent) => {
    const parsed = parseChartSpec(sent);
    if (parsed.outcome !== 'ok') throw new Error(JSON.stringify(parsed.faults));
    const scene = chartScene(resolveChart(parsed.spec));
    expectDrawnInside(scene);
    expect(writeSvg(scene)).not.toMatch(/<svg onload|NaN|Infinity|undefined/);
  });
});
