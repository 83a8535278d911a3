/**
 * Outbound calls by `fetch`, for Workers, where nothing tells which address a name is connected to. So in the cloud the
 * name is looked up first, by DNS over HTTPS, and the call is made only where every address of it is public. The
 * remaining gap stands in the head of `outbound.ts`. There is no time limit of its own for connecting: the total counts.
 */
import { NotSent, type Transport } from './outbound.ts';
import { isPublicAddress } from './public-address.ts';

/** All addresses of a name. Throws where they cannot be learnt. */
export type Lookup = (name: string, signal: AbortSignal) => Promise<string[]>;

export const DNS_OVER_HTTPS_URL = 'https://cloudflare-dns.com/dns-query';
const LOOKUP_MS = 5_000;
/** Record types of addresses, by their numbers in DNS. */
const ADDRESS_TYPES: Readonly<Record<string, number>> = { A: 1, AAAA: 28 };

type DnsAnswer = { Status?: unknown; Answer?: { type?: unknown; data?: unknown }[] };

/** Looks names up at a resolver that speaks DNS over HTTPS with JSON answers. */
export const dnsOverHttps =
  (resolverUrl: string): Lookup =>
  async (name, signal) => {
    const ask = async ([type, number]: [string, number]): Promise<string[]> => {
      const reply = await fetch(`${resolverUrl}?name=${encodeURIComponent(name)}&type=${type}`, {
        headers: { accept: 'application/dns-json' },
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)]),
      });
      if (reply.status !== 200) throw new Error('the resolver refused');
      const { Status, Answer = [] }: DnsAnswer = await reply.json();
      if (Status !== 0) throw new Error('the name does not resolve');
      return Answer.filter((a) => a.type === number).map((a) => String(a.data));
    };
    return (await Promise.all(Object.entries(ADDRESS_TYPES).map(ask))).flat();
  };

/** The transport; without `lookup`, in the embedded stack, no name is looked up. */
export const fetchTransport =
  (lookup: Lookup | null): Transport =>
  async ({ url, headers, body, signal }) => {
    if (lookup !== null) {
      const addresses = await lookup(new URL(url).hostname, signal).catch(() => []);
      if (addresses.length === 0) throw new NotSent(signal.aborted ? 'timeout' : 'unreachable');
      if (!addresses.every(isPublicAddress)) throw new NotSent('blocked');
    }
    return fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  };
