// Numbers as a trader reads them. Invariant: the minus is U+2212 (as wide as a plus), and zero has no sign.

/** A price with thousands separators at the instrument's decimals: `4,073.67`, `−37.63`. */
export function priceText(value: number, digits: number): string {
  const [whole = '', fraction] = Math.abs(value).toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** A difference, always signed unless it rounds to zero: `+12.30`, `−4.01`, `0.00`. */
export function changeText(value: number, digits: number): string {
  const text = priceText(value, digits);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A relative change in percent with two decimals, `+1.53%`; undefined from a base of zero, where none exists. */
export function percentText(from: number, to: number): string | undefined {
  return from === 0 ? undefined : `${changeText(((to - from) / Math.abs(from)) * 100, 2)}%`;
}

/** A volume with at most three significant digits and K, M, B or T: `950`, `4.42K`, `143M`. */
export function volumeText(volume: number): string {
  const units = ['', 'K', 'M', 'B', 'T'] as const;
  let scaled = volume;
  let unit = 0;
  while (unit < units.length - 1 && Number(scaled.toPrecision(3)) >= 1000) {
    scaled /= 1000;
    unit += 1;
  }
  return scaled >= 1000
    ? `${Math.round(scaled)}${units[unit]}`
    : `${Number(scaled.toPrecision(3))}${units[unit]}`;
}
