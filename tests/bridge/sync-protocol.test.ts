import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { syncReply, syncRequest } from '../../functions/bridge/sync-protocol.ts';
import { guardOrder, iso, wireCandles, wireExecution, wireLookup, wireSnapshot } from './bridge-reply.ts';

const HELLO = {
  ...{ v: 1, kind: 'sync', request_id: 'r', sent_at: '2026-03-02T10:00:00Z', deals_from: null },
  ...{ snapshot: null, replies: [] },
};

describe('a request of the poll lane', () => {
  it('carries the very objects that a bridge which is called would answer with', () => {
    const replies = [wireExecution(), wireLookup(), wireCandles()];
    const read = syncRequest.parse({ ...HELLO, deals_from: iso(1_000), snapshot: wireSnapshot(), replies });
    expect(read).toMatchObject({ deals_from: 1_000, snapshot: { kind: 'snapshot', seq: 7 } });
    expect(read.replies.map((r) => r.kind)).toEqual(['execute', 'lookup', 'candles']);
  });

  it.each([
    ['another version', { v: 2 }],
    ['another kind', { kind: 'snapshot' }],
    ['no snapshot member', { snapshot: undefined }],
    ['a snapshot that is another answer', { snapshot: wireLookup() }],
    ['a snapshot among the replies', { replies: [wireSnapshot()] }],
    ['a snapshot that lacks a section', { snapshot: wireSnapshot({ sections: { account: true } }) }],
    ['no time from which deals are told', { deals_from: undefined }],
    ['a time that is none', { deals_from: 'yesterday' }],
    [
      'more replies than can have been asked for',
      { replies: Array.from({ length: 201 }, () => wireLookup()) },
    ],
    ['a member that is not of the protocol', { lease_epoch: 1 }],
  ])('with %s is none', (_what, over) => {
    expect(syncRequest.safeParse({ ...HELLO, ...over }).success).toBe(false);
  });
});

describe('a reply of the poll lane', () => {
  it('may say what the bridge’s guard judges by', () => {
    const reply = {
      ...{ v: 1, kind: 'sync', request_id: 'r', server_time: iso(0), next_sync_ms: 5_000, deals_from: null },
      ...{ outcome: 'applied', requests: [] },
    };
    expect(syncReply.parse(reply)).toEqual(reply);
    expect(syncReply.parse({ ...reply, guard: guardOrder })).toEqual({ ...reply, guard: guardOrder });
  });
});

describe('the README’s exchange', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const section = /\n\*\*Bridges\.\*\*[\s\S]*?\n\*\*Candles\.\*\*/.exec(readme)?.[0] ?? '';
  const [request, reply] = [...section.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) =>
    JSON.parse(text ?? ''),
  );

  it('is one of the protocol, but for what it leaves out of the snapshot', () => {
    const { '...': left, ...snapshot } = request.snapshot;
    expect(left).toBe('...');
    const whole = { ...request, snapshot: { ...wireSnapshot(), ...snapshot } };
    expect(syncRequest.parse(whole).replies).toHaveLength(1);
    expect(syncReply.parse(reply)).toEqual(reply);
    expect(reply.request_id).toBe(request.request_id);
  });
});
