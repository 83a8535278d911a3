// Thousands of accounts, each behind a bridge of its own, and one light server that is all of these bridges: it signs what it
// replies, as a bridge does, and has no broker behind it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type pg from 'pg';
import { systemClock } from '../../functions/platform/clock.ts';
import { type Config, need } from '../../functions/platform/config.ts';
import { sha256Hex } from '../../functions/platform/digest.ts';
import { createIds } from '../../functions/platform/ids.ts';
import { directionKey, replyLines, signLines } from '../../functions/platform/native-signature.ts';
import { seal } from '../../functions/platform/secret-box.ts';
import { wireDeal, wirePosition, wireSnapshot } from '../support/scripted-bridge.ts';

/** One for all: each bridge has it sealed for itself. */
const SECRET = new Uint8Array(32).fill(7);
const HUGE_BYTES = 10 * 1024 * 1024;
const OPEN_POSITIONS = 20;
const ROUND_TRIPS = 90;
const OVERLAP_MS = 48 * 3_600_000;

/** `prompt`: at once; `hangs`: never; `huge`: with more than anybody takes. */
export type Manner = 'prompt' | 'hangs' | 'huge';
/** `flat`: nothing open, no deals. `busy`: 20 open positions and 200 deals. */
export type Books = 'flat' | 'busy';
export type BridgeFleet = {
  /** Makes accounts; their ids, in order. */
  make(count: number, books: Books): Promise<string[]>;
  /** From now on the bridge of this account is so. */
  behave(accountId: string, manner: Manner): void;
  /** Bridges of all accounts made so far are revoked, so that the schedule passes them over. */
  retire(): Promise<void>;
  calls(): number;
  stop(): Promise<void>;
};

type Bridge = { login: string; books: Books; manner: Manner; seq: number };

/** Starts the server, whose bridges are written by `db` as its owner, with secrets that `config` opens. */
export async function startBridgeFleet(db: pg.Pool, config: Config, userId: string): Promise<BridgeFleet> {
  const ids = createIds(systemClock);
  const bridges = new Map<string, Bridge>();
  const bridgeOf = new Map<string, string>();
  const held = new Set<ServerResponse>();
  const key = await directionKey(SECRET, 'from-bridge');
  let calls = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    calls += 1;
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const asked = Buffer.concat(parts);
    const bridge = bridges.get(String(request.headers['x-bridge-id']));
    if (bridge === undefined) throw new Error('a call to a bridge of nobody');
    if (bridge.manner === 'hangs') return void held.add(response);
    const body =
      bridge.manner === 'huge' ? Buffer.alloc(HUGE_BYTES, 32) : Buffer.from(replyOf(bridge, asked));
    const timestamp = String(Math.floor(Date.now() / 1000));
    const lines = replyLines({
      ...{ status: 200, nonce: String(request.headers['x-nonce']), timestamp },
      requestSha256: await sha256Hex(new Uint8Array(asked)),
      replySha256: await sha256Hex(new Uint8Array(body)),
    });
    response.writeHead(200, { 'x-timestamp': timestamp, 'x-signature': await signLines(key, lines) });
    response.end(body);
  };
  const server = createServer((q, a) => void answer(q, a).catch(() => a.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bridge`;

  return {
    make: async (count, books) => {
      const rows = [];
      for (let i = 0; i < count; i += 1) {
        const [bridge, account] = [ids.next(), ids.next()];
        const place = { table: 'bridge_secrets', row: bridge, version: 1 };
        const sealed = await seal(need(config, 'BRIDGE_KEYS'), place, SECRET, ids.randomBytes(12));
        const login = String(5_000_000 + bridges.size);
        bridges.set(bridge, { login, books, manner: 'prompt', seq: 0 });
        bridgeOf.set(account, bridge);
        rows.push({ bridge, account, ...sealed });
      }
      await db.query(INSERT, [JSON.stringify(rows), userId, url]);
      await db.query('ANALYZE accounts, bridges, bridge_secrets');
      return rows.map((r) => r.account);
    },
    behave: (accountId, manner) => {
      const bridge = bridges.get(bridgeOf.get(accountId) ?? '');
      if (bridge !== undefined) bridge.manner = manner;
    },
    retire: async () => {
      await db.query('UPDATE bridges SET revoked_at = now() WHERE url = $1 AND revoked_at IS NULL', [url]);
    },
    calls: () => calls,
    stop: async () => {
      for (const response of held) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Each bridge's books as it would state them now; its deals are of today, and so are asked for again each time. */
function replyOf(bridge: Bridge, asked: Buffer): string {
  const request: { request_id: string; kind: string } = JSON.parse(asked.toString());
  const nowMs = Date.now();
  bridge.seq += 1;
  const { login, books, seq } = bridge;
  const state = books === 'flat' ? {} : busyBooks(nowMs - (nowMs % OVERLAP_MS));
  return JSON.stringify({
    ...{ v: 1, kind: request.kind, request_id: request.request_id, boot_id: 'bench', seq },
    ...wireSnapshot(nowMs, { ...state, account: { login } }),
  });
}

let known: { atMs: number; state: Record<string, unknown> } | undefined;
function busyBooks(atMs: number): Record<string, unknown> {
  if (known?.atMs === atMs) return known.state;
  const deal = (n: number, order: number, more: Record<string, unknown>) =>
    wireDeal({
      ticket: String(1_000 + n),
      order: String(order),
      magic: '0',
      atMs: atMs + n * 1_000,
      ...more,
    });
  const closed = Array.from({ length: ROUND_TRIPS }, (_, i) => [
    deal(2 * i, 10_000 + i, {}),
    deal(2 * i + 1, 20_000 + i, {
      ...{ position_id: String(10_000 + i), type: 'sell', entry: 'out', price: '2036.10', profit: '10' },
    }),
  ]).flat();
  const identifiers = Array.from({ length: OPEN_POSITIONS }, (_, i) => String(30_000 + i));
  const open = identifiers.map((id, i) => deal(2 * ROUND_TRIPS + i, Number(id), {}));
  const positions = identifiers.map((identifier, i) =>
    wirePosition({ identifier, magic: '0', atMs: atMs + (2 * ROUND_TRIPS + i) * 1_000 }),
  );
  known = { atMs, state: { deals: [...closed, ...open], positions } };
  return known.state;
}

const INSERT = `WITH x AS (SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS x(bridge uuid, account uuid, "keyId" text, iv text, ciphertext text)
  ), b AS (
    INSERT INTO bridges (id, owner_id, name, url, created_at) SELECT bridge, $2, 'bench', $3, now() FROM x
  ), s AS (
    INSERT INTO bridge_secrets (bridge_id, version, key_id, iv, ciphertext, created_at)
    SELECT bridge, 1, "keyId", iv, ciphertext, now() FROM x
  ) INSERT INTO accounts (id, user_id, bridge_id, name, halted, order_volume, version, created_at, updated_at)
  SELECT account, $2, bridge, 'bench', true, 0.01, 0, now(), now() FROM x`;
