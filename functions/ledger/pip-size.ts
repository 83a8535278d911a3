/**
 * What one pip of an instrument is (domain 6): 0.0001 of a currency pair, 0.01 where the yen is quoted, 0.1 of gold, 0.01 of
 * silver, 1 of an index, a coin and whatever else. By the name alone, a broker's prefix and suffix aside. Pure.
 */
const CURRENCIES = new Set(
  (
    'AUD BRL CAD CHF CLP CNH CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD PHP PLN RON RUB SEK SGD ' +
    'THB TRY TWD USD ZAR'
  ).split(' '),
);
const METALS: Record<string, string> = { XAU: '0.1', XAG: '0.01' };
const PAIR = /(?=([A-Z]{3})[./_-]?([A-Z]{3}))/g;

/** The price of one pip, a plain decimal. */
export function pipSize(instrument: string): string {
  const name = instrument.toUpperCase();
  if (name.startsWith('GOLD')) return '0.1';
  if (name.startsWith('SILVER')) return '0.01';
  for (const [, base = '', quote = ''] of name.matchAll(PAIR)) {
    if (!CURRENCIES.has(quote)) continue;
    const metal = METALS[base];
    if (metal !== undefined) return metal;
    if (CURRENCIES.has(base)) return quote === 'JPY' ? '0.01' : '0.0001';
  }
  return '1';
}
