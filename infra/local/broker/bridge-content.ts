// What a bridge says to each envelope, whichever lane brought it: the webhook and the poller share all of it.
import type { Envelope } from './bridge-envelope.ts';
import { executeCommand } from './bridge-execute.ts';
import { takeGuardOrder, toldGuard } from './bridge-guard.ts';
import { candlesBody, lookupBody, snapshotBody } from './bridge-snapshot.ts';
import type { BridgeContext } from './bridge-webhook.ts';
import type { AccountRecord, FaultRecord } from './broker-records.ts';
import { SNAPSHOT_FAULTS, takeFault } from './fault-book.ts';

export interface Content {
  status: number;
  body: Buffer;
}

/** What the bridge beside `own`'s terminal says to an envelope; null is one that it does not understand. */
export function bridgeContent(
  context: BridgeContext,
  own: AccountRecord,
  envelope: Envelope | null,
): Content {
  const { bootId, nextSeq, guards } = context;
  // An older bridge knows no such request.
  if (envelope?.kind === 'guard' && !guards.isEnabled(own.login)) return bridgeContent(context, own, null);
  const account = shownAccount(context, own, envelope?.kind);
  const seq = nextSeq(own.login);
  const [status, content] = envelope
    ? answerTo(context, { own, account }, envelope)
    : [422, { error: { code: 'invalid_envelope', message: 'the body is no envelope of version 1' } }];
  const head = { v: 1, kind: envelope?.kind ?? null, request_id: envelope?.request_id ?? null };
  return { status, body: Buffer.from(JSON.stringify({ ...head, boot_id: bootId, seq, ...content })) };
}

/** The account the terminal is logged in to: another one while a `switch:<login>` fault is armed. */
function shownAccount(context: BridgeContext, account: AccountRecord, on: string | undefined): AccountRecord {
  const { engine } = context;
  const wanted = { kinds: ['switch:*'], login: account.login, on };
  const fault = engine.transact(() => takeFault(engine.state, wanted));
  return fault ? engine.account(fault.kind.slice('switch:'.length)) : account;
}

/** `own` is whose bridge it is, `account` what its terminal shows. */
type Accounts = { own: AccountRecord; account: AccountRecord };

function answerTo(context: BridgeContext, { own, account }: Accounts, envelope: Envelope): [number, object] {
  const { engine, journal, realNowMs, page } = context;
  engine.catchUp();
  switch (envelope.kind) {
    case 'snapshot': {
      const faults = takeSnapshotFaults(context, account.login);
      const fresh = engine.account(account.login);
      const of = { realNowMs: realNowMs(), faults, journal, page };
      takeGuardOrder(context, own.login, envelope.guard, account);
      return [200, { ...snapshotBody(engine.state, fresh, envelope, of), ...toldGuard(context, own.login) }];
    }
    case 'guard':
      takeGuardOrder(context, own.login, envelope.guard, account);
      return [200, toldGuard(context, own.login)];
    case 'execute':
      return [200, { result: executeCommand({ ...context, account }, envelope.command) }];
    case 'lookup':
      return [200, lookupBody(engine.state, account, envelope, journal)];
    case 'candles': {
      const found = candlesBody(engine.state, envelope);
      return [200, found ?? { error: { code: 'unknown_symbol', message: `no symbol ${envelope.symbol}` } }];
    }
  }
}

function takeSnapshotFaults(context: BridgeContext, login: string): FaultRecord[] {
  const { engine } = context;
  return engine.transact(() =>
    [...SNAPSHOT_FAULTS, 'disconnected']
      .map((kind) => takeFault(engine.state, { kinds: [kind], login, on: 'snapshot' }))
      .filter((fault) => fault !== null),
  );
}
