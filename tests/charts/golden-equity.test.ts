import { describe, expect, it } from 'vitest';
import { chartDigest } from '../../functions/charts/chart-digest.ts';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import { equityScene } from '../../functions/charts/equity-scene.ts';
import { goldenEquity } from './golden-charts.ts';
import { goldenPixels } from './golden-picture.ts';

const KEY = new Uint8Array(32).fill(7);

const COLOURS = {
  light: { background: '#ffffff', curve: '#2962ff', drawdown: '#d6363b' },
  dark: { background: '#131722', curve: '#6ea8ff', drawdown: '#ef5350' },
  cvd: { background: '#ffffff', curve: '#0072b2', drawdown: '#d55e00' },
  cvd_dark: { background: '#131722', curve: '#56b4e9', drawdown: '#d55e00' },
};
const DIGESTS = {
  light: {
    chart: 'c06c369af0e771b9f6cb261bb4e73e45049c19f0ceefc699d5cea6ad7441d883',
    pixels: '407e519a2a11c3ff6275a2c12fdb03acb8fab65da5401bf24324a07f7306a688',
  },
  dark: {
    chart: 'b4780731e43480bdc53b80b1bf175108afafd73be1b1bcb2294a3bf2fb4e2e94',
    pixels: '879176c6384670193288d1ffc347503f16cba12cdafe57c711aa9ee08b724674',
  },
  cvd: {
    chart: '657c36684862804f7b8381b2b6a98739c680a4babc06147683489a362312d827',
    pixels: 'a091f4d5c0bc45eafe9e1195b00750a3863a10d3ee1ae3d52675007ab6a0047c',
  },
  cvd_dark: {
    chart: '1f2996a1df7579269fb33d07abfbca302679044db08b2cafb4945e41476f0829',
    pixels: '37e313384ed1bff424a39d0c7efa08734d2ca2cd6b8377965fe555238f3992ae',
  },
};

describe.each(THEME_NAMES)('the golden equity chart in %s', (theme) => {
  it('has the address and the pixels that were committed', async () => {
    const chart = goldenEquity(theme);
    const pixels = await goldenPixels(chart, `equity-${theme}`);
    const digest = await chartDigest(chart, { visibility: 'private', key: KEY });
    expect({ chart: digest, pixels }).toEqual(DIGESTS[theme]);
  });

  it('states points, labels, last value and colours', () => {
    const { facts } = equityScene(goldenEquity(theme));
    expect(facts).toMatchObject({ pointCount: 140, columnCount: 140, zone: 'UTC+5:30' });
    expect(facts.colours).toEqual(COLOURS[theme]);
    expect(facts.last.colour).toBe(COLOURS[theme].curve);
    expect({
      last: [facts.last.text, facts.last.y],
      times: facts.timeLabels.map(({ text, x }) => [text, Math.round(x)]),
      values: facts.valueTicks.map(({ text, y, hidden }) => [text, y, hidden]),
      drawdowns: facts.drawdownTicks.map(({ text, y }) => [text, y]),
      words: [facts.net, facts.flows, facts.maxDrawdown.text, facts.relativeDrawdown?.text],
    }).toEqual({
      last: ['19,135.82', 110],
      times: [
        ['4 Jan', 46],
        ['7 Jan', 111],
        ['15 Jan', 276],
        ['19 Jan', 353],
        ['24 Jan', 433],
        ['29 Jan', 510],
      ],
      values: [
        ['10,000', 225, false],
        ['15,000', 162, false],
        ['20,000', 99, true],
      ],
      drawdowns: [
        ['−5%', 311],
        ['0%', 276],
      ],
      words: ['+9,135.82', '−5,000.00', '1,305.26 (6.63%)', '6.63% (1,305.26)'],
    });
  });
});
