import { describe, expect, it } from 'vitest';
import { chartDigest } from '../../functions/charts/chart-digest.ts';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import { histogramScene } from '../../functions/charts/histogram-scene.ts';
import { goldenHistogram } from './golden-charts.ts';
import { goldenPixels } from './golden-picture.ts';

const KEY = new Uint8Array(32).fill(7);

const COLOURS = {
  light: { background: '#ffffff', above: '#0b8074', below: '#d6363b' },
  dark: { background: '#131722', above: '#26a69a', below: '#ef5350' },
  cvd: { background: '#ffffff', above: '#0072b2', below: '#d55e00' },
  cvd_dark: { background: '#131722', above: '#56b4e9', below: '#d55e00' },
};
const DIGESTS = {
  light: {
    chart: 'e676730481c6604dee9e736bbe92de488007edb6d9180895cd3e9a2a7aedd903',
    pixels: '6d0371775124f503b6bb081d1640bd2f54cc81f9bc42f73a9622d8803ec7fdca',
  },
  dark: {
    chart: 'b285823cfaa43c9e7b6c40bbdcd786ce429ecec844531b9dace186484d289acd',
    pixels: 'f3cb0601132486fcc9b486a191f27c5c5e9372be2683bedf316f3695b4248542',
  },
  cvd: {
    chart: '67e49588e2d424e3d7a9691f5a25fa006de0dbca014c225c839ca36c765bde0c',
    pixels: '54ae829b080d054ed36e164ecd189bd36df700d449e3399516595f8e6a455084',
  },
  cvd_dark: {
    chart: '55aacac587057dffa6f937a6f997e1a209679365b2c58becbf5f756bccbca887',
    pixels: '4256e28d2cf07c4e99445b1a1905ef92e4a65700e620584dd67245b7604c9fe6',
  },
};

describe.each(THEME_NAMES)('the golden histogram in %s', (theme) => {
  it('has the address and the pixels that were committed', async () => {
    const chart = goldenHistogram(theme);
    const pixels = await goldenPixels(chart, `histogram-${theme}`);
    const digest = await chartDigest(chart, { visibility: 'private', key: KEY });
    expect({ chart: digest, pixels }).toEqual(DIGESTS[theme]);
  });

  it('states counts, labels, mean and median and colours', () => {
    const { facts } = histogramScene(goldenHistogram(theme));
    expect(facts).toMatchObject({ valueCount: 260, below: 0, above: 0 });
    expect(facts.colours).toEqual(COLOURS[theme]);
    expect({
      counts: facts.bins.map(({ count }) => count),
      mean: [facts.mean.text, facts.mean.x],
      median: [facts.median.text, facts.median.x],
      values: facts.valueLabels.map(({ text, x }) => [text, Math.round(x)]),
      ticks: facts.countTicks.map(({ text, y }) => [text, y]),
      winShare: facts.winShare?.toFixed(4),
    }).toEqual({
      counts: [1, 4, 19, 19, 23, 8, 30, 80, 65, 11],
      mean: ['Mean 96.66', 390],
      median: ['Median 234.50', 440],
      values: [
        ['−750', 85],
        ['−500', 175],
        ['−250', 265],
        ['0', 355],
        ['250', 445],
        ['500', 535],
      ],
      ticks: [
        ['20', 292],
        ['40', 245],
        ['60', 197],
        ['80', 150],
        ['100', 102],
        ['120', 54],
      ],
      winShare: '71.5385',
    });
  });
});
