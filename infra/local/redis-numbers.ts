// Numbers as Redis reads and writes them in strings.
import { RedisError } from './redis-reply.ts';

const INTEGER = /^(?:0|-?[1-9]\d*)$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const NOT_INTEGER = 'ERR value is not an integer or out of range';

/** A signed 64-bit integer; throws ERR for anything else. */
export function parseInt64(text: string, message = NOT_INTEGER): bigint {
  if (!INTEGER.test(text)) throw new RedisError(message);
  const value = BigInt(text);
  if (value < MIN_INT64 || value > MAX_INT64) throw new RedisError(message);
  return value;
}

/** An integer as a JavaScript number, for counts, indexes and times; throws ERR for anything else. */
export function parseInteger(text: string): number {
  return Number(parseInt64(text));
}

/** Adds two 64-bit integers; throws ERR on overflow. */
export function addInt64(a: bigint, b: bigint): bigint {
  const sum = a + b;
  if (sum < MIN_INT64 || sum > MAX_INT64) throw new RedisError('ERR increment or decrement would overflow');
  return sum;
}

/** A score or increment, `inf` included; throws ERR with `message` for anything else. */
export function parseFloating(text: string, message = 'ERR value is not a valid float'): number {
  const special = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (special) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (!FLOAT.test(text)) throw new RedisError(message);
  return Number(text);
}

/** A score as Redis prints it. */
export function floatText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (value === Number.NEGATIVE_INFINITY) return '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * A Lua number as a command argument: integers in full, others with 17 significant digits
 * (Redis: `%.17g`, luaRedisGenericCommand).
 */
export function luaNumberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e17) return value.toFixed(0);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : floatText(value);
  return value.toPrecision(17).replace(/\.?0+(?=e|$)/, '');
}

interface Decimal {
  units: bigint;
  scale: number;
}

function parseDecimal(text: string): Decimal {
  if (!FLOAT.test(text)) throw new RedisError('ERR value is not a valid float');
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('+', '').split('.');
  const units = BigInt(`${whole}${fraction}`.replace(/^(-?)$/, '$10'));
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > 400) throw new RedisError('ERR value is not a valid float');
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
}

/**
 * The sum of two decimal numbers as text, for INCRBYFLOAT. Redis adds long doubles and prints their noise in the
 * 17th decimal for some sums of four and more digits; this sum is exact.
 */
export function addDecimals(a: string, b: string): string {
  const left = parseDecimal(a);
  const right = parseDecimal(b);
  const scale = Math.max(left.scale, right.scale);
  const sum =
    left.units * 10n ** BigInt(scale - left.scale) + right.units * 10n ** BigInt(scale - right.scale);
  const digits = (sum < 0n ? -sum : sum).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits
    .slice(digits.length - scale)
    .slice(0, 17)
    .replace(/0+$/, '');
  return `${sum < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
