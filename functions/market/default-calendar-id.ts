/** Currencies whose pairs trade around the clock on weekdays; those with hours of their own are not among them. */
const CURRENCIES = 'AUD CAD CHF CNH CZK DKK EUR GBP HKD HUF JPY MXN NOK NZD PLN SEK SGD TRY USD ZAR'.split(
  ' ',
);
const COINS =
  'ADA AVAX BCH BNB BTC DOGE DOT EOS ETC ETH LINK LTC MATIC NEO SHIB SOL TRX UNI XLM XMR XRP XTZ'.split(' ');
const AMERICAN_INDICES =
  /^(US30|DJ30|WS30|US500|SPX500|SP500|US100|NAS100|USTEC|USTECH|NDX100|US2000|RUSS2000|US30USD|NAS100USD|SPX500USD)$/;
const METALS = /^(XAU|XAG|XPT|XPD)[A-Z]{3}$|^(GOLD|SILVER)$/;
const ENERGY = /^(XTI|XBR|XNG)USD$|^(USOIL|UKOIL|WTI|BRENT|NATGAS|NGAS)$/;

/**
 * The id of the calendar that an instrument's class has by default, read from its name; a broker's ending (`.M`, `_ECN`)
 * does not count. Null for what is not known, which therefore takes no entries until a calendar is named for it: indices
 * outside America among it, whose hours are each broker's own.
 */
export function defaultCalendarId(symbol: string): string | null {
  const name = symbol.replace(/(?<=.)[._].*$/, '');
  if (METALS.test(name) || ENERGY.test(name)) return 'metals-energy';
  if (AMERICAN_INDICES.test(name)) return 'us-index';
  const [base, quote] = [name.slice(0, 3), name.slice(3)];
  if (CURRENCIES.includes(base) && CURRENCIES.includes(quote)) return 'fx';
  const coin = COINS.find((c) => name.startsWith(c) && name.length > c.length);
  const against = coin === undefined ? '' : name.slice(coin.length);
  return [...CURRENCIES, ...COINS, 'USDT', 'USDC'].includes(against) ? 'crypto' : null;
}
