// An equity chart in one sentence. Invariant: printable ASCII only, as for every alt text; so the account's name,
// which may be in any script, is not in it.
import { asciiText } from './ascii-text.ts';
import { underwater } from './equity-drawdown.ts';
import { equityFigures, isOneFall } from './equity-figures.ts';
import { equityRange } from './equity-period.ts';
import type { EquityChart } from './resolved-chart.ts';

/**
 * `Equity in USD, net of cash flows, 423 points, 23 Jan 11:33 - 8 Jul 2026 22:46 UTC, start 10,000.00, end 62,705.68,
 * cash flows -120,000.00, net +172,705.68; max drawdown 8,832.00 (5.15%), relative drawdown 21.03% (6,277.00)`.
 */
export function equityAlt(chart: EquityChart): string {
  const count = chart.points.length;
  const figures = equityFigures(chart, underwater(chart.points, chart.digits));
  const { start, end, net, flows, maximal, relative } = figures;
  const words = [
    `Equity${chart.currency === undefined ? '' : ` in ${chart.currency}`}`,
    ...(flows === undefined ? [] : ['net of cash flows']),
    `${count} ${count === 1 ? 'point' : 'points'}`,
    ...[equityRange(chart), `start ${start}`, `end ${end}`],
    ...(flows === undefined ? [] : [`cash flows ${flows}`]),
    `net ${net}`,
  ];
  const falls = [`max drawdown ${maximal.text}`];
  if (relative !== undefined && !isOneFall(figures)) falls.push(`relative drawdown ${relative.text}`);
  return asciiText(`${words.join(', ')}; ${falls.join(', ')}`);
}
