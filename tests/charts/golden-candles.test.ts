// The pictures of charts of bars that were looked at and committed, and what they must say. A change of these values is
// a change of pixels: look at the new pictures, and raise RENDERER_VERSION with it.
import { describe, expect, it } from 'vitest';
import { chartDigest } from '../../functions/charts/chart-digest.ts';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import { CANDLE_KINDS, goldenChart } from './golden-charts.ts';
import { goldenPixels } from './golden-picture.ts';
import { candleScene } from './sample-chart.ts';

const KEY = new Uint8Array(32).fill(7);

/** Labels with the pixel they stand at: times by x, prices (those not covered) by y. */
const FACTS = {
  candlestick: {
    barCount: 80,
    columnCount: 80,
    zone: 'UTC+5:30',
    lastPrice: ['1,987.68', 148],
    indicators: ['SMA 10 1,986.59', 'EMA 30 1,983.86', 'RSI 14 56.60'],
    times: [
      ['12:30', 47],
      ['3 Mar', 115],
      ['12:30', 184],
      ['4 Mar', 252],
      ['12:30', 320],
      ['5 Mar', 389],
      ['12:30', 457],
    ],
    prices: [
      ['1,940.00', 255],
      ['2,000.00', 121],
      ['2,020.00', 76],
      ['2,040.00', 31],
    ],
  },
  heikin_ashi: {
    barCount: 80,
    columnCount: 80,
    zone: 'UTC−5',
    lastPrice: ['1,987.68', 164],
    indicators: ['SMA 10 1,986.59', 'EMA 30 1,983.86'],
    times: [
      ['2 Mar', 41],
      ['12:00', 123],
      ['3 Mar', 204],
      ['12:00', 285],
      ['4 Mar', 366],
      ['12:00', 448],
      ['5 Mar', 529],
    ],
    prices: [
      ['1,960.00', 301],
      ['1,970.00', 252],
      ['2,000.00', 103],
      ['2,010.00', 54],
    ],
  },
  renko: {
    barCount: 200,
    columnCount: 14,
    zone: 'UTC',
    lastPrice: ['1,984.22', 151],
    indicators: ['SMA 10 1,980.31'],
    times: [
      ['2 Mar', 60],
      ['3 Mar', 168],
      ['4 Mar', 240],
      ['5 Mar', 384],
      ['6 Mar', 456],
      ['11 Mar', 528],
    ],
    prices: [
      ['1,960.00', 301],
      ['1,970.00', 239],
      ['1,990.00', 116],
      ['2,000.00', 54],
    ],
  },
  volume_profile: {
    barCount: 120,
    columnCount: 120,
    zone: 'UTC',
    lastPrice: ['1,975.83', 200],
    indicators: [],
    times: [
      ['3 Mar', 83],
      ['4 Mar', 160],
      ['5 Mar', 237],
      ['6 Mar', 314],
    ],
    prices: [
      ['1,950.00', 307],
      ['1,960.00', 265],
      ['1,990.00', 142],
      ['2,000.00', 101],
      ['2,010.00', 60],
      ['2,020.00', 20],
    ],
  },
};

const COLOURS = {
  light: { background: '#ffffff', up: '#0b8074', down: '#d6363b' },
  dark: { background: '#131722', up: '#26a69a', down: '#ef5350' },
  cvd: { background: '#ffffff', up: '#0072b2', down: '#d55e00' },
  cvd_dark: { background: '#131722', up: '#56b4e9', down: '#d55e00' },
};
const LAST_MOVE = { candlestick: 'down', heikin_ashi: 'up', renko: 'up', volume_profile: 'down' } as const;

/** SHA-256 of the canonical chart (its address) and of the decoded pixels. */
const PICTURES = {
  candlestick: {
    light: {
      digest: 'd292fbe5b3918b7a1b709f0457c5beeeb3b435b26735da4e8a7020174479270c',
      pixels: 'fc27db4152a26254aec830d47f78c195ab4587c6343db0b0d59fedca96f8a6ab',
    },
    dark: {
      digest: '2f22a22b559a3b33bb13db5909772d227283edf528bcc1c5c48a7c620c6b908a',
      pixels: 'ea3ca8439d82854fb9ac8be52110a550e6d00ea65bcc9e99eb56013a1f00236f',
    },
    cvd: {
      digest: '86fef3c9d7c10720cd2d2e667a297901c5e239345648477d818f7ad9130fc4d6',
      pixels: '08551f7db6e6b819622b225265b5e30e018886c5e024db6aa79d5495cf2c70eb',
    },
    cvd_dark: {
      digest: '96a70831f4585a5e5e563f4e6b62e461385538dafde82cd14444f9124a75693e',
      pixels: '990d7754f0c325b5e6410b989f41078095657f15b8d888e0579ff329557c4df1',
    },
  },
  heikin_ashi: {
    light: {
      digest: '16d34514dfcfe269647fbfcf344c80809521fc1a3d04e6ee4ef9b72015c0f7f3',
      pixels: 'a1a98ba9f91e05c6516161c3e45850dadb283a9caf642f25b20a7dcaa7883ea3',
    },
    dark: {
      digest: '1ce29e972d5bdfcd10afebfe59b27aea573fa1b7c7bfb376a163338fd40f2594',
      pixels: 'b121643e2f4444adcdb02a127108471fca7f33da2c7204a5162e9401db24a1e9',
    },
    cvd: {
      digest: 'd5247b0ff4c9f12a3802f4ba4e6b2c5a612246494c958375db1703fe385ceaeb',
      pixels: '24447c138ffd06ba19e8bafc9a48a002ac5d919975acece33267c33b095887c4',
    },
    cvd_dark: {
      digest: 'ace979418b7be9cbaf7e7647d03eb627dc61e5c710f5d4b5002dd9f42de966c9',
      pixels: '0c317e5353e54abc6a3391ae16a5d98cbd1c264d60087dbae83d5b1eca001d60',
    },
  },
  renko: {
    light: {
      digest: '11eda1dc911bb74bd4b7bd45fb8c53f437c5988192f0acb6e37d3085b6344e17',
      pixels: 'fc082e52e64d17b1f50520875ffd79003997798bdc3a1581182313f6ac25a894',
    },
    dark: {
      digest: 'c75861ea6054ee05e2457601df0638e19558472e44e7abe935dbba2e79d9ccba',
      pixels: '8c4fea5197b895fa343b9ce05d1f133987018e1e8edc7736425e22410ffc9e79',
    },
    cvd: {
      digest: '7251fcac03581cc48142e5979372ce025bb0dacde77da574fc4ea8f061b5799d',
      pixels: '46482f5262b5bae0a9bf503df68c3cddfafb64028ebc1cfc9f0fe6fd13e8b168',
    },
    cvd_dark: {
      digest: 'c5dbc5a3017e630ffbcfdc07526c8fe82549a798ec22c3a68f922f6fdfc59285',
      pixels: 'e2443af40ea332a19704e4bc4a0be0b6c8011b07fabbd20f461e3c0001b7b72e',
    },
  },
  volume_profile: {
    light: {
      digest: 'b9adb21397a0374f60663a5660a66ee775ef3fba1e2d9268af4c3b9e86162baf',
      pixels: '425cd6f5570f628a24ad6b843de6fc61b551344f96b5d6c72f453b0bbef4a26e',
    },
    dark: {
      digest: '863b3d8ba487b7fbab4e77f8ab67bdb441b2c5178859a69a73816ce2dad5ed59',
      pixels: '5840dbeee9f5bdf708ecc04ad4f2f65d4aa16a5a51c7b29e92d736a8882283b9',
    },
    cvd: {
      digest: 'eea4490c1e84329037e3cb44ea1af77e532997ff4aac8de81d1dcec841794591',
      pixels: '8a4a57370112f47f7eed36220a1145fb4e1fbbff45b7541441593a0cf26a9691',
    },
    cvd_dark: {
      digest: '621aa293475dc302d348489609d9b0d5ab26cbe717380692bd2d7fdb1b43e4a4',
      pixels: 'a401efccb5858ef29c9e97120261f5d1c16bd8b4abc2c1df5ef7fe8f590f2805',
    },
  },
};

describe.each(CANDLE_KINDS)('the golden chart of %s', (kind) => {
  it.each(THEME_NAMES)('in %s has the address and the pixels that were committed', async (theme) => {
    const chart = goldenChart(kind, theme);
    const pixels = await goldenPixels(chart, `${kind}-${theme}`);
    const privacy =
      chart.annotations === undefined
        ? ({ visibility: 'public' } as const)
        : ({ visibility: 'private', key: KEY } as const);
    expect({ digest: await chartDigest(chart, privacy), pixels }).toEqual(PICTURES[kind][theme]);
  });

  it.each(THEME_NAMES)('in %s states its bars, labels, last price and colours', (theme) => {
    const { facts } = candleScene(goldenChart(kind, theme));
    expect({
      ...{ barCount: facts.barCount, columnCount: facts.columnCount, zone: facts.zone },
      lastPrice: [facts.lastPrice.text, facts.lastPrice.y],
      indicators: facts.indicators.map(({ name, value }) => `${name} ${value}`),
      times: facts.timeLabels.map(({ text, x }) => [text, Math.round(x)]),
      prices: facts.priceTicks.filter(({ hidden }) => !hidden).map(({ text, y }) => [text, y]),
    }).toEqual(FACTS[kind]);
    expect(facts.kind).toBe(kind);
    expect(facts.colours).toEqual(COLOURS[theme]);
    expect(facts.lastPrice.colour).toBe(COLOURS[theme][LAST_MOVE[kind]]);
  });
});
