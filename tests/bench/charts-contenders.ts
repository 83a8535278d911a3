// What the chart bench holds ours against: ECharts' server-side rendering, resvg as a native module, and matplotlib.
import { spawnSync } from 'node:child_process';
import { Resvg } from '@resvg/resvg-js';
import { BarChart, CandlestickChart, LineChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { CandleChart } from '../../functions/charts/resolved-chart.ts';

use([BarChart, CandlestickChart, LineChart, GridComponent, TitleComponent, SVGRenderer]);

function average(closes: readonly number[], period: number): (number | null)[] {
  let sum = 0;
  return closes.map((close, i) => {
    sum += close - (i >= period ? (closes[i - period] ?? 0) : 0);
    return i < period - 1 ? null : sum / period;
  });
}

/** ECharts draws the same bars, averages and volume to SVG, without animation, and is disposed of. */
export function echartsSvg({ candles, size }: CandleChart, averages: readonly number[]): string {
  const { width, height } = size;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const times = candles.map((c) => new Date(c.timeMs).toISOString().slice(0, 16));
  const closes = candles.map((c) => c.close);
  chart.setOption({
    animation: false,
    title: { text: 'XAUUSD H1' },
    grid: [
      { left: 10, right: 70, top: 40, bottom: 150 },
      { left: 10, right: 70, height: 90, bottom: 30 },
    ],
    xAxis: [0, 1].map((gridIndex) => ({ type: 'category', data: times, gridIndex })),
    yAxis: [
      { scale: true, position: 'right' },
      { gridIndex: 1, position: 'right' },
    ],
    series: [
      { type: 'candlestick', data: candles.map((c) => [c.open, c.close, c.low, c.high]) },
      ...averages.map((period) => ({ type: 'line', showSymbol: false, data: average(closes, period) })),
      { type: 'bar', xAxisIndex: 1, yAxisIndex: 1, data: candles.map((c) => c.volume ?? 0) },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Parse, raster and encode by the native module. */
export function nativePng(svg: string): Uint8Array {
  return new Resvg(svg, { font: { loadSystemFonts: false } }).render().asPng();
}

const MATPLOTLIB = `
import io, json, sys, time
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt
asked = json.load(sys.stdin)
bars, averages = asked['bars'], asked['averages']
def draw():
    figure, (top, low) = plt.subplots(2, 1, figsize=(12, 6.3), dpi=100, height_ratios=(4, 1), sharex=True)
    x = range(len(bars))
    colours = ['#0b8074' if b[3] >= b[0] else '#d6363b' for b in bars]
    top.vlines(x, [b[2] for b in bars], [b[1] for b in bars], color=colours, linewidth=1)
    top.bar(x, [abs(b[3] - b[0]) for b in bars], bottom=[min(b[0], b[3]) for b in bars], color=colours)
    for period in averages:
        closes = [b[3] for b in bars]
        top.plot(range(period - 1, len(bars)), [sum(closes[i - period + 1:i + 1]) / period for i in range(period - 1, len(bars))])
    low.bar(x, [b[4] for b in bars], color=colours)
    out = io.BytesIO()
    figure.savefig(out, format='png')
    plt.close(figure)
    return len(out.getvalue())
times = []
for _ in range(asked['rounds'] + 1):
    begun = time.process_time()
    size = draw()
    times.append((time.process_time() - begun) * 1000)
print(json.dumps({'version': matplotlib.__version__, 'first': times[0], 'warm': sorted(times[1:]), 'bytes': size}))
`;

export type MatplotlibRun = { version: string; first: number; warm: number[]; bytes: number };

/** Matplotlib's PNG of the same in CPU ms by its own clock; null where no python3 of this machine has it. */
export function matplotlibPng(
  { candles }: CandleChart,
  averages: readonly number[],
  rounds: number,
): MatplotlibRun | null {
  const bars = candles.map((c) => [c.open, c.high, c.low, c.close, c.volume ?? 0]);
  for (const python of ['python3', '/usr/bin/python3']) {
    const input = JSON.stringify({ bars, averages, rounds });
    const { status, stdout } = spawnSync(python, ['-c', MATPLOTLIB], { input, encoding: 'utf8' });
    if (status === 0) return JSON.parse(stdout) as MatplotlibRun;
  }
  return null;
}
