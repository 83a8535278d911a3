import { Buffer } from 'node:buffer';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { writePdf } from '../../functions/charts/pdf-writer.ts';
import { chartScene } from '../../functions/charts/scene.ts';
import { sampleChart } from './sample-chart.ts';

describe('PDF', () => {
  const bytes = writePdf(chartScene(sampleChart(150)));
  const text = Buffer.from(bytes).toString('latin1');

  it('begins and ends as a PDF, and its table points at its objects', () => {
    expect(text.startsWith('%PDF-1.7\n')).toBe(true);
    expect(text.endsWith('%%EOF\n')).toBe(true);
    const table = Number(/startxref\n(\d+)\n/.exec(text)?.[1]);
    expect(text.slice(table, table + 5)).toBe('xref\n');
    const offsets = [...text.slice(table).matchAll(/(\d{10}) 00000 n/g)].map(([, offset]) => Number(offset));
    expect(offsets).toHaveLength(5);
    for (const [index, offset] of offsets.entries()) {
      expect(text.slice(offset, offset + 7)).toBe(`${index + 1} 0 obj`);
    }
  });

  it('has a stream of the stated length that balances its graphics states', () => {
    const length = Number(/\/Length (\d+)/.exec(text)?.[1]);
    const start = text.indexOf('stream\n') + 7;
    const content = inflateSync(bytes.slice(start, start + length)).toString('latin1');
    expect(text.slice(start + length, start + length + 10)).toBe('\nendstream');
    expect(content.match(/\bq\b/g)?.length).toBe(content.match(/\bQ\b/g)?.length);
    expect(content).not.toMatch(/NaN|undefined|Infinity/);
    expect(content).toMatch(/\/A0 gs/);
  });

  it('is the size of the page at 96 px to the inch, whatever the scale', () => {
    expect(text).toContain('/MediaBox[0 0 900 472.5]');
    const mobile = Buffer.from(writePdf(chartScene(sampleChart(20, { size: 'mobile' })))).toString('latin1');
    expect(mobile).toContain('/MediaBox[0 0 405 506.25]');
  });

  it('is the same twice, and carries no date', () => {
    expect(writePdf(chartScene(sampleChart(150)))).toEqual(bytes);
    expect(text).not.toMatch(/CreationDate|ModDate/);
  });
});
