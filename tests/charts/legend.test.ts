import { expect, it } from 'vitest';
import { legend } from '../../functions/charts/legend.ts';

const group = (text: string): Parameters<typeof legend>[0][number][number] => ({
  role: text,
  parts: [{ text, weight: 400, fill: '#000000' }],
});
const style = { size: 10, margin: 8, plate: '#ffffff' };

it('breaks rows before a group that does not fit', () => {
  const { marks, height } = legend(
    [[group('aaaa'), group('bbbb')]],
    { x: 0, y: 0, width: 60, height: 400 },
    style,
  );
  const rows = marks.flatMap((mark) => (mark.kind === 'text' ? [mark.y] : []));
  expect(new Set(rows).size).toBe(2);
  expect(height).toBeGreaterThan(30);
});

it('leaves out rows that would take more than a third of the plot, and all of itself when there is no room', () => {
  const sections = ['one', 'two', 'three'].map((text) => [group(text)]);
  const some = legend(sections, { x: 0, y: 0, width: 300, height: 130 }, style);
  expect(some.marks.filter(({ kind }) => kind === 'text')).toHaveLength(2);
  expect(legend(sections, { x: 0, y: 0, width: 300, height: 40 }, style)).toEqual({ marks: [], height: 0 });
});

it('leaves out a group wider than the plot', () => {
  const { marks } = legend(
    [[group('x'.repeat(60)), group('y')]],
    { x: 0, y: 0, width: 100, height: 400 },
    style,
  );
  expect(marks.map(({ role }) => role)).toEqual(['legend-plate', 'y']);
});
