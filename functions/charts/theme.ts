// Colours. Invariants (tested): text has a contrast of 4.5 or more on its background, marks 3 or more; in the cvd
// theme up and down also differ in form (hollow and filled), so colour is never the only cue.
// The cvd pair is Okabe and Ito's blue and vermillion (2008), far apart for every kind of colour vision.
import type { ThemeName } from './chart-look.ts';

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
  /** Indicator lines in the order in which they were asked for; what looks like the entry comes last. */
  indicators: readonly string[];
  entry: string;
  stopLoss: string;
  takeProfit: string;
  /** The price at which most was traded. */
  pointOfControl: string;
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
    pointOfControl: '#ad1457',
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
    pointOfControl: '#ff8ac4',
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
    indicators: ['#00765a', '#a13f77', '#6b6300', '#5b4db3', '#3d3d3d'],
    entry: '#39424e',
    stopLoss: '#b24f00',
    takeProfit: '#0072b2',
    pointOfControl: '#882255',
  },
  cvd_dark: {
    background: '#131722',
    grid: '#1f2533',
    border: '#363d4d',
    text: '#dfe3eb',
    muted: '#98a1b3',
    up: '#56b4e9',
    down: '#d55e00',
    upText: '#56b4e9',
    downText: '#f0883e',
    hollowUp: true,
    volumeUp: '#22455c',
    volumeDown: '#55311d',
    indicators: ['#dce775', '#e79cc2', '#4fd1a5', '#b3a7ff', '#d0d0d0'],
    entry: '#dfe3eb',
    stopLoss: '#f0883e',
    takeProfit: '#56b4e9',
    pointOfControl: '#e6a0d8',
  },
} as const satisfies Record<ThemeName, Theme>;

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

/** Near-black, white or, between them, black: whichever can be read on a filled label (4.5 or more on any colour). */
export function textOn(fill: string): string {
  const [white, ink] = [contrast(fill, '#ffffff'), contrast(fill, '#131722')];
  if (white >= ink) return white >= 4.5 ? '#ffffff' : '#000000';
  return ink >= 4.5 ? '#131722' : '#000000';
}
