/**
 * Which IP addresses are somebody's on the public internet. Everything else, and whatever cannot be read, is refused: a
 * call to it would reach a network that its giver has no business in. The ranges are those that IANA's special-purpose
 * registries (RFC 6890 and successors) do not call globally reachable, and the addresses where clouds keep their
 * instances' credentials. Pure.
 */

/** IPv4 ranges as `address/bits`. 168.63.129.16 is Azure's own; 100.100.100.200 and 169.254.169.254 lie in others. */
const REFUSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
].map((range) => {
  const [address = '', bits = '32'] = range.split('/');
  return { base: numberOf(address) ?? 0, size: 2 ** (32 - Number(bits)) };
});

/**
 * Of IPv6 only 2000::/3 is unicast of the whole internet, so loopback, link-local, ULA, IPv4-mapped and NAT64 addresses
 * lie outside. Inside it these first groups do not count: protocol assignments with Teredo, documentation, 6to4.
 */
const refusedV6 = (a: number, b: number): boolean =>
  (a === 0x2001 && (b < 0x200 || b === 0xdb8)) || a === 0x2002 || (a === 0x3fff && b < 0x1000);

/** Whether an address in text, as a resolver or a socket prints it, may be called. */
export function isPublicAddress(text: string): boolean {
  const v4 = numberOf(text);
  if (v4 !== null) return !REFUSED_V4.some(({ base, size }) => v4 >= base && v4 < base + size);
  const groups = firstGroups(text);
  return groups !== null && groups[0] >= 0x2000 && groups[0] <= 0x3fff && !refusedV6(...groups);
}

function numberOf(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) <= 255)) return null;
  return parts.reduce((sum, p) => sum * 256 + Number(p), 0);
}

/** The first two groups of an IPv6 address; null where it is none, or names a zone. */
function firstGroups(text: string): [number, number] | null {
  if (!text.includes(':') || /[^0-9a-fA-F:.]/.test(text) || !URL.canParse(`http://[${text}]/`)) return null;
  const [a = '', b = ''] = new URL(`http://[${text}]/`).hostname.slice(1).split(':');
  return [Number.parseInt(a || '0', 16), Number.parseInt(b || '0', 16)];
}
