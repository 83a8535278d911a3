/**
 * The Prometheus text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Pure. Keys that do
 * not belong to their family are left out, so that whatever stands in a store, no line is made of it.
 */
import {
  bucketOf,
  type CounterFamily,
  firstKeys,
  type HistogramFamily,
  INFINITE,
  isHistogramKey,
  labelsOf,
  type Measured,
  SUM,
} from './metric-family.ts';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The page of these metrics, in their order. */
export const prometheusText = (measured: readonly Measured[]): string =>
  `${measured
    .flatMap(({ family, values }) => [
      `# HELP ${family.name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${family.name} ${family.kind}`,
      ...(family.kind === 'histogram' ? histogramLines(family, values) : sampleLines(family, values)),
    ])
    .join('\n')}\n`;

function sampleLines(family: CounterFamily, values: ReadonlyMap<string, number>): string[] {
  const names = Object.keys(family.labels);
  const keys = new Set([...(family.kind === 'counter' ? firstKeys(family) : []), ...values.keys()]);
  return [...keys].sort().flatMap((key) => {
    const labels = labelsOf(family, key);
    const value = values.get(key) ?? 0;
    if (labels === null || !Number.isFinite(value)) return [];
    const pairs = names.map((name, i) => `${name}="${escaped(labels[i] ?? '')}"`).join(',');
    return [`${family.name}${pairs === '' ? '' : `{${pairs}}`} ${value}`];
  });
}

/** Buckets of an earlier configuration count in the next wider one of today's: an upper bound stays true. */
function histogramLines(family: HistogramFamily, values: ReadonlyMap<string, number>): string[] {
  const buckets = new Map<string, number>();
  for (const [key, count] of values) {
    if (key === SUM || !isHistogramKey(key) || !Number.isFinite(count)) continue;
    const bucket = key === INFINITE ? INFINITE : bucketOf(family.bounds, Number(key));
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  }
  let total = 0;
  const lines = [...family.bounds.map(String), INFINITE].map((bound) => {
    total += buckets.get(bound) ?? 0;
    return `${family.name}_bucket{le="${bound}"} ${total}`;
  });
  const sum = Number((values.get(SUM) ?? 0).toFixed(6));
  return [...lines, `${family.name}_sum ${Number.isFinite(sum) ? sum : 0}`, `${family.name}_count ${total}`];
}

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
