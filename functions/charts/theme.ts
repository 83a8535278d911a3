// Colours. Invariants (tested): text has a contrast of 4.5 or more on its background, marks 3 or more; in the cvd
// theme up and down also differ in form (hollow and filled), so colour is never the only cue.
// The cvd pair is Okabe and Ito's blue and vermillion (2008), far apart for every kind of colour vision.

export type Theme = {
  background: string;
  grid: string;
  border: string;
  text: string;
  muted: string;
  up: string;
  down: string;
  upText: string;
  downText: string;
  hollowUp: boolean;
  volumeUp: string;
  volumeDown: string;
  /** Indicator lines in the order in which they were asked for. */
  indicators: readonly string[];
  entry: string;
  stopLoss: string;
  takeProfit: string;
};

export const THEMES = {
  light: {
    background: '#ffffff',
    grid: '#edf0f4',
    border: '#cfd4dc',
    text: '#131722',
    muted: '#5d6473',
    up: '#0b8074',
    down: '#d6363b',
    upText: '#0b8074',
    downText: '#c62f34',
    hollowUp: false,
    volumeUp: '#c3e6e2',
    volumeDown: '#f8cfd0',
    indicators: ['#2962ff', '#b85c00', '#7b1fa2', '#00707e', '#6b6300'],
    entry: '#39424e',
    stopLoss: '#c62f34',
    takeProfit: '#0b7a6f',
  },
  dark: {
    background: '#131722',
    grid: '#1f2533',
    border: '#363d4d',
    text: '#dfe3eb',
    muted: '#98a1b3',
    up: '#26a69a',
    down: '#ef5350',
    upText: '#3fbdb0',
    downText: '#f47b78',
    hollowUp: false,
    volumeUp: '#1b4446',
    volumeDown: '#56292f',
    indicators: ['#6ea8ff', '#ffb74d', '#d19be0', '#4dd0e1', '#dce775'],
    entry: '#dfe3eb',
    stopLoss: '#f47b78',
    takeProfit: '#3fbdb0',
  },
  cvd: {
    background: '#ffffff',
    grid: '#edf0f4',
    border: '#c6ccd6',
    text: '#131722',
    muted: '#565d6b',
    up: '#0072b2',
    down: '#d55e00',
    upText: '#0072b2',
    downText: '#b24f00',
    hollowUp: true,
    volumeUp: '#bcdcef',
    volumeDown: '#f6d3bb',
    indicators: ['#3d3d3d', '#a13f77', '#00765a', '#6b6300', '#5b4db3'],
    entry: '#39424e',
    stopLoss: '#b24f00',
    takeProfit: '#0072b2',
  },
} as const satisfies Record<string, Theme>;

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast of two `#rrggbb` colours, 1 to 21 (WCAG 2.2, relative luminance). */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Near-black or white, whichever reads better on a filled label. */
export function textOn(fill: string): string {
  return contrast(fill, '#ffffff') >= contrast(fill, '#131722') ? '#ffffff' : '#131722';
}
