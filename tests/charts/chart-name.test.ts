import { expect, it } from 'vitest';
import { chartName } from '../../functions/charts/chart-name.ts';
import { sampleChart } from './sample-chart.ts';

const master = Uint8Array.from({ length: 32 }, (_, i) => i);
const market = sampleChart(10);
const own = { ...market, reference: { trade_id: '018f0000-0000-7000-8000-000000000001' } };

it('is the same for everybody of a market chart, and each user’s own of a private one', async () => {
  const of = (userId: string, chart = market) => chartName(chart, { master, userId });
  expect(await of('a')).toEqual(await of('b'));
  expect(await of('a')).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), private: false });
  expect(await of('a', own)).toEqual({ digest: expect.stringMatching(/^p-[0-9a-f]{64}$/), private: true });
  expect(await of('a', own)).toEqual(await of('a', own));
  expect(await of('a', own)).not.toEqual(await of('b', own));
});
