import { describe, expect, it } from 'vitest';
import { chartScene } from '../../functions/charts/scene.ts';
import { escapeXml, writeSvg } from '../../functions/charts/svg-writer.ts';
import { sampleChart } from './sample-chart.ts';

/** Every tag opened and closed in order, every attribute quoted, no bare `&` or `<`; throws otherwise. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const token = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let at = 0;
  while (at < xml.length) {
    token.lastIndex = at;
    const match = token.exec(xml);
    if (match === null) throw new Error(`not well formed at ${xml.slice(at, at + 60)}`);
    const [whole, closing, name = '', attributes = '', empty, text = ''] = match;
    if (/&(?!(amp|lt|gt|quot|#39);)/.test(text + attributes)) throw new Error(`bare ampersand: ${whole}`);
    if (closing === '/' && open.pop() !== name) throw new Error(`unexpected </${name}>`);
    if (name !== '' && closing === '' && empty === '') open.push(name);
    at += whole.length;
  }
  if (open.length > 0) throw new Error(`unclosed ${open.join()}`);
}

describe('SVG', () => {
  const svg = writeSvg(chartScene(sampleChart(150)));

  it('is well formed, named and described', () => {
    assertWellFormed(svg);
    expect(svg).toContain('role="img"');
    expect(svg).toContain('<title id="chart-title">XAUUSD H1</title>');
    expect(svg).toMatch(/<desc id="chart-desc">XAUUSD H1, 150 bars, /);
  });

  it('shows a hostile title as text only', () => {
    const title = `</title><script>alert(1)</script>"'&amp; onload=x <image href="http://x/">`;
    const hostile = writeSvg(chartScene(sampleChart(20, { title })));
    assertWellFormed(hostile);
    expect(hostile).not.toMatch(/<script|<image|<foreignObject|<style/i);
    expect(hostile).toContain('&lt;script&gt;');
  });

  it('refers to nothing outside itself and has no element but the few it needs', () => {
    const references = [...svg.matchAll(/href="([^"]*)"/g)].map(([, target = '']) => target);
    expect(references.every((target) => /^#g\d+$/.test(target))).toBe(true);
    expect(new Set([...svg.matchAll(/<([a-z]+)/g)].map(([, name]) => name))).toEqual(
      new Set(['svg', 'title', 'desc', 'defs', 'path', 'g', 'use']),
    );
    const ids = new Set([...svg.matchAll(/id="(g\d+)"/g)].map(([, id]) => `#${id}`));
    expect(references.every((target) => ids.has(target))).toBe(true);
  });

  it('has numbers of at most two decimals and none that is not finite', () => {
    const drawing = svg.slice(svg.indexOf('<defs>'));
    expect(drawing).not.toMatch(/\d\.\d{3}/);
    expect(drawing).not.toMatch(/NaN|Infinity|undefined|e[+-]\d/);
  });

  it('is the same twice', () => {
    expect(writeSvg(chartScene(sampleChart(150)))).toBe(svg);
  });

  it('leaves out what XML cannot carry', () => {
    expect(escapeXml('a\u0000b\u0008c\ud800d\uffff<&>"\'')).toBe('abcd&lt;&amp;&gt;&quot;&#39;');
  });
});
