/** Reads a page in Prometheus' text format, as strictly as a scraper does. */
export type Page = {
  /** Samples by name and labels as printed, `name{a="b"}`. */
  samples: Map<string, number>;
  /** Every label value on the page. */
  labelValues: Set<string>;
  types: Map<string, string>;
};

const SAMPLE =
  /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;

/** Throws on a line that is none of the format's, on a sample twice, and on one whose family has no TYPE before it. */
export function parsePrometheus(text: string): Page {
  const page: Page = { samples: new Map(), labelValues: new Set(), types: new Map() };
  if (!text.endsWith('\n')) throw new Error('the page does not end with a line feed');
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE ([a-z_][a-z0-9_]*) (counter|gauge|histogram)$/.exec(line);
    if (type) {
      if (page.types.has(type[1] ?? '')) throw new Error(`a family twice: ${line}`);
      page.types.set(type[1] ?? '', type[2] ?? '');
    }
    if (line.startsWith('# ')) continue;
    const found = SAMPLE.exec(line);
    if (!found) throw new Error(`no line of the format: ${line}`);
    const [, name = '', labels = '', value = ''] = found;
    const family = name.replace(/_(bucket|sum|count)$/, '');
    if (!page.types.has(name) && page.types.get(family) !== 'histogram') throw new Error(`no TYPE: ${line}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (page.samples.has(key)) throw new Error(`a sample twice: ${line}`);
    page.samples.set(key, Number(value));
    for (const [, labelValue = ''] of labels.matchAll(/="((?:[^"\\]|\\.)*)"/g))
      page.labelValues.add(labelValue);
  }
  return page;
}
