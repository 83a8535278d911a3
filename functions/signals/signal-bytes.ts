import { type ProblemError, problem } from '../platform/problem.ts';
import { parseStrictJson } from '../platform/strict-json.ts';
import { readSignalBody, type SignalBody } from './signal-body.ts';

/** The payload may have 32 levels, and stands in the body. */
const MAX_DEPTH = 33;

/** A signal from its JSON, or what a sender is told of it. `webhookId` takes the place of an absent `external_id`. */
export function readSignalBytes(
  bytes: Uint8Array<ArrayBuffer>,
  nowMs: number,
  webhookId?: string,
): { ok: true; signal: SignalBody } | { ok: false; problem: ProblemError } {
  const parsed = parseStrictJson(bytes, MAX_DEPTH);
  if (parsed.kind === 'not-json') return { ok: false, problem: problem('invalid-json') };
  if (parsed.kind === 'faults')
    return { ok: false, problem: problem('invalid-body', { errors: parsed.faults }) };
  const read = readSignalBody(parsed.value, parsed.topLevelNumbers, nowMs, webhookId);
  if (read.ok) return read;
  const extra = { errors: read.faults, ...(read.schema ? { supported: [1] } : {}) };
  return { ok: false, problem: problem('invalid-body', extra) };
}
