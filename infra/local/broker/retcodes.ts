// Trade server return codes of MT5 by name (domain.md 1.4; MQL5 ENUM_TRADE_RETCODE), with the terminal's wording.

const TABLE = {
  requote: [10004, 'Requote'],
  reject: [10006, 'Request rejected'],
  cancel: [10007, 'Request canceled'],
  placed: [10008, 'Order placed'],
  done: [10009, 'Request executed'],
  donePartial: [10010, 'Request executed partially'],
  error: [10011, 'Request processing error'],
  timeout: [10012, 'Request timed out'],
  invalid: [10013, 'Invalid request'],
  invalidVolume: [10014, 'Invalid volume'],
  invalidPrice: [10015, 'Invalid price'],
  invalidStops: [10016, 'Invalid stops'],
  tradeDisabled: [10017, 'Trade disabled'],
  marketClosed: [10018, 'Market closed'],
  noMoney: [10019, 'No money'],
  priceChanged: [10020, 'Price changed'],
  priceOff: [10021, 'No prices'],
  invalidExpiration: [10022, 'Invalid expiration'],
  orderChanged: [10023, 'Order state changed'],
  tooManyRequests: [10024, 'Too many requests'],
  noChanges: [10025, 'No changes'],
  serverDisablesAutoTrading: [10026, 'AutoTrading disabled by server'],
  clientDisablesAutoTrading: [10027, 'AutoTrading disabled by client'],
  locked: [10028, 'Request locked for processing'],
  frozen: [10029, 'Order or position frozen'],
  invalidFill: [10030, 'Unsupported filling mode'],
  connection: [10031, 'No connection with the trade server'],
  onlyReal: [10032, 'Only real accounts are allowed'],
  limitOrders: [10033, 'Orders limit reached'],
  limitVolume: [10034, 'Volume limit reached'],
  invalidOrder: [10035, 'Invalid order'],
  positionClosed: [10036, "Position doesn't exist"],
  invalidCloseVolume: [10038, 'Invalid close volume'],
  closeOrderExists: [10039, 'Close order already exists'],
  limitPositions: [10040, 'Positions limit reached'],
  rejectCancel: [10041, 'Pending order activation rejected, order canceled'],
  longOnly: [10042, 'Only long positions are allowed'],
  shortOnly: [10043, 'Only short positions are allowed'],
  closeOnly: [10044, 'Only position closing is allowed'],
  fifoClose: [10045, 'Only FIFO closing is allowed'],
  hedgeProhibited: [10046, 'Opposite positions are prohibited'],
} as const satisfies Record<string, readonly [number, string]>;

type Name = keyof typeof TABLE;

export const RETCODE = Object.fromEntries(Object.entries(TABLE).map(([name, [code]]) => [name, code])) as {
  [K in Name]: (typeof TABLE)[K][0];
};

const COMMENTS = new Map<number, string>(Object.values(TABLE));
const BY_NAME = new Map<string, number>(
  Object.entries(RETCODE).map(([name, code]) => [
    name.replace(/[A-Z]/g, (big) => `_${big.toLowerCase()}`),
    code,
  ]),
);

/** The code that `no_money` or `10019` names; null where it names none. */
export function retcodeNamed(text: string): number | null {
  return /^1\d{4}$/.test(text) ? Number(text) : (BY_NAME.get(text) ?? null);
}

/** The broker's comment for a return code, as the terminal words it; a plain fallback for codes without one. */
export function retcodeComment(retcode: number): string {
  return COMMENTS.get(retcode) ?? `Return code ${retcode}`;
}

/** Whether the server acted: placed, done, done in part, or nothing to change. */
export function isAccepted(retcode: number): boolean {
  return (
    retcode === RETCODE.placed ||
    retcode === RETCODE.done ||
    retcode === RETCODE.donePartial ||
    retcode === RETCODE.noChanges
  );
}
