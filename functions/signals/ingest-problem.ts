import { type ProblemError, problem } from '../platform/problem.ts';
import type { IngestOutcome } from './ingest-store.ts';

/** What a sender is told of a signal that was not stored; null where it was, or where the sender's proof is over. */
export function ingestProblem(outcome: IngestOutcome): ProblemError | null {
  switch (outcome.kind) {
    case 'created':
    case 'revoked':
      return null;
    case 'duplicate':
      return problem('duplicate-signal', { existing_id: outcome.existingId, duplicate_of: outcome.of });
    case 'mismatch':
      return problem('idempotency-mismatch', { existing_id: outcome.existingId });
    case 'instrument':
      return problem('invalid-body', {
        errors: [{ pointer: '/instrument', detail: 'is not enabled for this producer' }],
      });
  }
}
