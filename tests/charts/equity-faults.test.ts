import { describe, expect, it } from 'vitest';
import { parseChartSpec } from '../../functions/charts/chart-spec.ts';
import { resolveChart } from '../../functions/charts/resolved-chart.ts';
import { chartScene } from '../../functions/charts/scene.ts';
import { writeSvg } from '../../functions/charts/svg-writer.ts';
import { expectDrawnInside } from './drawn-inside.ts';
import { equityBody, equityWalk } from './sample-account.ts';

const T = 1_767_340_800;
const at = (offset: number, equity: unknown, flow?: unknown) => ({
  ...{ time: T + offset, equity },
  ...(flow === undefined ? {} : { flow }),
});
const body = (points: unknown, changes: Record<string, unknown> = {}) => ({
  ...{ kind: 'equity', source: { points } },
  ...changes,
});

const REFUSED: [string, unknown, string, RegExp][] = [
  ['not a number', body([at(0, Number.NaN)]), '/source/points/0/equity', /decimal/],
  ['infinite', body([at(0, 1), at(1, Number.POSITIVE_INFINITY)]), '/source/points/1/equity', /decimal/],
  ['words for money', body([at(0, 'much')]), '/source/points/0/equity', /plain decimal/],
  ['a flow that is no number', body([at(0, 1), at(1, 1, 'x')]), '/source/points/1/flow', /plain decimal/],
  ['no point at all', body([]), '/source/points', /./],
  ['20,001 points', body(equityWalk(20_001)), '/source/points', /20000/],
  ['a time before the one before', body([at(9, 1), at(5, 1), at(9, 1)]), '/source/points/1/time', /earlier/],
  [
    'a time without a zone',
    body([{ time: '2026-01-02T08:00:00', equity: 1 }]),
    '/source/points/0/time',
    /zone/,
  ],
  ['more digits than a float holds', body([at(0, '99999999999999')]), '/source/points/0/equity', /15 signif/],
  ['a flow of more digits', body([at(0, 1), at(1, 1, -9e14)]), '/source/points/1/flow', /15 significant/],
  ['an unknown field', body([{ ...at(0, 1), balance: 1 }]), '/source/points/0/balance', /unknown/],
  ['a column', body([at(0, 1)], { column: 'profit' }), '/column', /unknown/],
  [
    'a currency of four letters',
    { ...body([]), source: { points: [at(0, 1)], currency: 'EURO' } },
    '/source/currency',
    /three/,
  ],
  ['a title of 10,000 characters', body([at(0, 1)], { title: 'x'.repeat(10_000) }), '/title', /./],
  ['a side of 100,000', body([at(0, 1)], { size: { width: 100_000, height: 500 } }), '/size/width', /./],
];

describe('points of an equity curve', () => {
  it.each(REFUSED)('are refused with a pointer: %s', (_, sent, pointer, detail) => {
    const parsed = parseChartSpec(sent);
    const faults = parsed.outcome === 'invalid' ? parsed.faults : [];
    expect(faults.map((fault) => fault.pointer)).toContain(pointer);
    expect(faults.find((fault) => fault.pointer === pointer)?.detail).toMatch(detail);
  });

  it.each<[string, unknown]>([
    ['one', body([at(0, 1000)])],
    ['two', body([at(0, 1000), at(60, 900)])],
    ['equal times', body([at(0, 1000), at(0, 1100), at(0, 900)])],
    ['negative equity', body([at(0, -5), at(1, '-1000.5'), at(2, 7)])],
    ['all flat', body([at(0, 10), at(1, 10), at(2, 10)])],
    ['20,000 of them', body(equityWalk(20_000))],
    ['a title with markup', equityBody(9, { title: '<script>alert("1")</script> & co' })],
  ])('are drawn: %s', (_, sent) => {
    const parsed = parseChartSpec(sent);
    if (parsed.outcome !== 'ok') throw new Error(JSON.stringify(parsed.faults));
    const scene = chartScene(resolveChart(parsed.spec));
    expectDrawnInside(scene);
    expect(writeSvg(scene)).not.toMatch(/<script|NaN|Infinity|undefined/);
  });
});
