import { expect, it } from 'vitest';
import { headerWords, MIN_HEADED_HEIGHT } from '../../functions/charts/header-words.ts';
import type { CandleChart } from '../../functions/charts/resolved-chart.ts';
import { resolveChart } from '../../functions/charts/resolved-chart.ts';
import { sampleChart, specOf } from './sample-chart.ts';

const cardsOf = (...given: Parameters<typeof headerWords>): string[] =>
  (headerWords(...given)?.cards ?? []).map(({ label, value, tone }) =>
    `${label} ${value} ${tone ?? ''}`.trim(),
  );

it('has none for a chart that nobody titled and that is not made for sharing', () => {
  expect(headerWords(sampleChart(9))).toBeUndefined();
  expect(
    headerWords(sampleChart(9, { title: 'A', size: { width: 600, height: MIN_HEADED_HEIGHT - 1 } })),
  ).toBe(undefined);
});

it('says under a title what the chart is of, and has no cards but on the size that is shared', () => {
  expect(headerWords(sampleChart(9, { title: 'Gold' }))).toEqual({
    title: 'Gold',
    subtitle: 'XAUUSD H1  ·  2 Mar 00:00 – 2 Mar 2026 08:00 UTC',
    cards: [],
  });
  const social = headerWords(sampleChart(9, { size: 'social' }));
  expect([social?.title, social?.subtitle]).toEqual(['XAUUSD H1', '2 Mar 00:00 – 2 Mar 2026 08:00 UTC']);
  expect(social?.cards.map(({ label }) => label)).toEqual(['Last', 'Change, 9 bars', 'High', 'Low']);
});

it('has the figures of an order, its result signed for its side', () => {
  const chart: CandleChart = sampleChart(9, { size: 'social' });
  const timeMs = chart.candles[2]?.timeMs ?? 0;
  const order = (side: 'buy' | 'sell', exit: number) => ({
    ...chart,
    annotations: {
      ...{ entry: 2000, stop_loss: side === 'buy' ? 1990 : 2010, take_profit: side === 'buy' ? 2025 : 1975 },
      markers: [
        { timeMs, side, kind: 'entry' as const },
        { timeMs: timeMs + 1, side, kind: 'exit' as const, price: exit },
      ],
    },
  });
  expect(cardsOf(order('sell', 2004.5))).toEqual([
    'Entry 2,000.00',
    'Stop 2,010.00',
    'Target 1,975.00',
    'Risk : reward 1 : 2.50',
    'Result −0.45R (−4.50) down',
  ]);
  expect(cardsOf(order('buy', 2004.5)).at(-1)).toBe('Result +0.45R (+4.50) up');
  const trailed = order('buy', 2004.5);
  const trailedCards = cardsOf({
    ...trailed,
    annotations: { ...trailed.annotations, stop_loss: 2001 },
  });
  expect(trailedCards.at(-1)).toBe('Result in price +4.50 up');
  const bare = { ...chart, annotations: { entry: 2000, stop_loss: 2000, take_profit: 2010 } };
  expect(cardsOf(bare)).toEqual(['Entry 2,000.00', 'Stop 2,000.00', 'Target 2,010.00']);
});

it('has the figures of an equity curve and of a histogram', () => {
  const points = [100, 120, 90, 130].map((equity, i) => ({ time: 1_772_409_600 + i * 3600, equity }));
  const equity = resolveChart(specOf({ kind: 'equity', source: { points }, size: 'social' }));
  expect(cardsOf(equity)).toEqual([
    'Net +30.00 (+30.00%) up',
    'Max drawdown 30.00 (25.00%) down',
    'End 130.00',
  ]);
  const twice = [100, 50, 1000, 900].map((value, i) => ({ time: 1_772_409_600 + i * 3600, equity: value }));
  const both = resolveChart(specOf({ kind: 'equity', source: { points: twice }, size: 'social' }));
  expect(cardsOf(both).slice(1, 3)).toEqual([
    'Max drawdown 100.00 (10.00%) down',
    'Relative drawdown 50.00% (50.00) down',
  ]);
  const asked = { kind: 'histogram', column: 'profit', source: { values: [-5, 10, 20, -1] }, size: 'social' };
  expect(cardsOf(resolveChart(specOf(asked)))).toEqual([
    'Trades 4',
    'Mean 6.00 up',
    'Median 4.50 up',
    'Win rate 50.0%',
  ]);
  const lasting = resolveChart(specOf({ ...asked, column: 'duration', source: { values: [60, 120] } }));
  expect(cardsOf(lasting)).toEqual(['Trades 2', 'Mean 1m 30s', 'Median 1m 30s']);
});

it('leaves out a name that cannot be drawn', () => {
  const points = [{ time: 1_772_409_600, equity: 1 }];
  const equity = resolveChart(specOf({ kind: 'equity', source: { points }, title: 'Mine' }));
  const named = (name: string) => headerWords({ ...equity, name } as never)?.subtitle;
  expect(named('Gold desk')).toContain('Equity  ·  Gold desk  ·  ');
  expect(named('黄金')).not.toContain('黄');
});
