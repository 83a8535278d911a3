import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  type CounterFamily,
  type HistogramFamily,
  labelKey,
  labelsOf,
} from '../../functions/platform/metric-family.ts';
import { prometheusText } from '../../functions/platform/prometheus-text.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { runs } from '../support/property.ts';

const requests: CounterFamily = {
  kind: 'counter',
  name: 'requests_total',
  help: 'Requests.',
  labels: { route: /^\/[a-z/]{0,20}$/, code: /^[1-5]\d\d$/ },
};
const choices: CounterFamily = {
  kind: 'counter',
  name: 'choices_total',
  help: 'A \\ and a\nline.',
  labels: { choice: ['yes', 'no'], side: ['left', 'right'] },
};
const waits: HistogramFamily = {
  kind: 'histogram',
  name: 'wait_seconds',
  help: 'Waits.',
  bounds: [0.1, 1, 5],
};
const page = (family: CounterFamily | HistogramFamily, values: Record<string, number>) =>
  prometheusText([{ family, values: new Map(Object.entries(values)) }]);

describe('the text', () => {
  it('is HELP, TYPE and the samples in the order of their keys, every combination of closed lists from the beginning', () => {
    expect(page(choices, { 'no|left': 3 })).toBe(
      [
        '# HELP choices_total A \\\\ and a\\nline.',
        '# TYPE choices_total counter',
        'choices_total{choice="no",side="left"} 3',
        'choices_total{choice="no",side="right"} 0',
        'choices_total{choice="yes",side="left"} 0',
        'choices_total{choice="yes",side="right"} 0',
        '',
      ].join('\n'),
    );
  });

  it('begins a counter without labels at 0, and shows no gauge that nobody has set', () => {
    const plain: CounterFamily = { kind: 'counter', name: 'beats_total', help: 'Beats.', labels: {} };
    expect(page(plain, {})).toContain('\nbeats_total 0\n');
    expect(page(plain, { '': 7 })).toContain('\nbeats_total 7\n');
    expect(page({ ...plain, kind: 'gauge', name: 'level' }, {})).toBe(
      '# HELP level Beats.\n# TYPE level gauge\n',
    );
  });

  it('makes no line of a key that is none of the family’s', () => {
    const foreign = {
      '/x|200': 1,
      '/x|600': 1,
      '/x': 1,
      '/x|200|200': 1,
      '/X|200': 1,
      '/x"} 1\n|200': 1,
      '': 1,
    };
    expect([...parsePrometheus(page(requests, foreign)).samples]).toEqual([
      ['requests_total{route="/x",code="200"}', 1],
    ]);
  });

  it('adds up buckets, with their sum and count', () => {
    expect(page(waits, { '0.1': 2, '5': 1, '+Inf': 1, sum: 12.3456789 })).toBe(
      [
        '# HELP wait_seconds Waits.',
        '# TYPE wait_seconds histogram',
        'wait_seconds_bucket{le="0.1"} 2',
        'wait_seconds_bucket{le="1"} 2',
        'wait_seconds_bucket{le="5"} 3',
        'wait_seconds_bucket{le="+Inf"} 4',
        'wait_seconds_sum 12.345679',
        'wait_seconds_count 4',
        '',
      ].join('\n'),
    );
  });

  it('counts a bucket of other bounds in the next wider one: nothing is lost when the bounds change', () => {
    const { samples } = parsePrometheus(page(waits, { '0.05': 1, '0.5': 1, '7': 1, '+Inf': 1, nonsense: 9 }));
    expect([...samples.values()]).toEqual([1, 2, 2, 4, 0, 4]);
  });

  it('is of the format whatever is counted, and holds only what the labels allow', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string(), fc.nat())), (counted) => {
        const values = new Map(counted.map(([route, code, n]) => [labelKey(requests, [route, code]), n]));
        const { samples, labelValues } = parsePrometheus(prometheusText([{ family: requests, values }]));
        expect(samples.size).toBe(values.size);
        for (const value of labelValues) expect(value).toMatch(/^(other|\/[a-z/]{0,20}|[1-5]\d\d)$/);
      }),
      runs(),
    );
  });
});

describe('labels', () => {
  it('that fit come back from their key, and others are counted as other', () => {
    expect(labelsOf(requests, labelKey(requests, ['/a/b', '204']))).toEqual(['/a/b', '204']);
    expect(labelKey(requests, ['/a|b', '204'])).toBe('other|204');
    expect(labelKey(requests, [])).toBe('other|other');
    expect(labelsOf(requests, 'other|other')).toEqual(['other', 'other']);
  });
});

describe('a bucket', () => {
  it('is the least bound that is not below the value', () => {
    expect([0, 0.1, 0.1001, 5, 5.1].map((s) => bucketOf(waits.bounds, s))).toEqual([
      '0.1',
      '0.1',
      '1',
      '5',
      '+Inf',
    ]);
  });
});
