// One queue in memory with SQS' rules: delay, visibility timeout, dead letters.
//
// Invariants:
// - A message is in the queue until it is deleted with the receipt of its latest delivery.
// - A message received `maxReceiveCount` times goes to the dead-letter queue instead of being received again.
// - Times are epoch milliseconds of the system clock.
// Source: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide.
import { createHash, randomUUID } from 'node:crypto';

/** `visibleAtMs` in the future: delayed (never received) or in flight. `attributes` are the sender's, untouched. */
export interface QueuedMessage {
  id: string;
  body: string;
  bodyMd5: string;
  attributes: Record<string, unknown>;
  sentAtMs: number;
  visibleAtMs: number;
  receiveCount: number;
  firstReceivedAtMs: number | undefined;
  receipt: string | undefined;
}

/** Seconds for both times; `deadLetters` receives what was received `maxReceiveCount` times in vain. */
export interface QueueSettings {
  visibilityTimeoutSeconds: number;
  delaySeconds: number;
  redrive: { deadLetters: MessageQueue; maxReceiveCount: number } | undefined;
}

/** What became of a receipt: `stale` is one of an earlier delivery, which changes nothing. */
export type ReceiptOutcome = 'done' | 'stale' | 'invalid' | 'not-in-flight';

export class MessageQueue {
  readonly settings: QueueSettings;
  readonly #messages = new Map<string, QueuedMessage>();
  readonly #waiting = new Set<() => void>();

  constructor(settings: QueueSettings) {
    this.settings = settings;
  }

  /** Adds a message; `delaySeconds` undefined means the queue's own delay. */
  send(body: string, attributes: Record<string, unknown>, delaySeconds: number | undefined): QueuedMessage {
    const now = Date.now();
    const message: QueuedMessage = {
      id: randomUUID(),
      body,
      bodyMd5: createHash('md5').update(body).digest('hex'),
      attributes,
      sentAtMs: now,
      visibleAtMs: now + (delaySeconds ?? this.settings.delaySeconds) * 1_000,
      receiveCount: 0,
      firstReceivedAtMs: undefined,
      receipt: undefined,
    };
    this.#messages.set(message.id, message);
    this.#wake();
    return message;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #takeVisible(limit: number, visibilitySeconds: number): QueuedMessage[] {
    const now = Date.now();
    const taken: QueuedMessage[] = [];
    for (const message of this.#messages.values()) {
      if (taken.length === limit) break;
      if (message.visibleAtMs > now) continue;
      const { redrive } = this.settings;
      if (redrive !== undefined && message.receiveCount >= redrive.maxReceiveCount) {
        this.#messages.delete(message.id);
        redrive.deadLetters.#adopt(message);
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAtMs ??= now;
      message.visibleAtMs = now + visibilitySeconds * 1_000;
      message.receipt = Buffer.from(`${message.id}/${randomUUID()}`).toString('base64url');
      taken.push(message);
    }
    return taken;
  }

  #adopt(message: QueuedMessage): void {
    this.#messages.set(message.id, {
      ...message,
      visibleAtMs: Date.now(),
      receiveCount: 0,
      receipt: undefined,
    });
    this.#wake();
  }

  /**
   * Takes up to `limit` visible messages and hides them; waits up to `waitSeconds` for the first one, or until
   * `signal` says that nobody listens any more (then nothing is taken).
   */
  async receive(
    limit: number,
    waitSeconds: number,
    visibilitySeconds: number | undefined,
    signal: AbortSignal,
  ): Promise<QueuedMessage[]> {
    const deadline = Date.now() + waitSeconds * 1_000;
    while (!signal.aborted) {
      const taken = this.#takeVisible(limit, visibilitySeconds ?? this.settings.visibilityTimeoutSeconds);
      if (taken.length > 0 || Date.now() >= deadline) return taken;
      await this.#changeUntil(deadline, signal);
    }
    return [];
  }

  #changeUntil(deadline: number, signal: AbortSignal): Promise<void> {
    const nextVisible = Math.min(
      deadline,
      ...[...this.#messages.values()].map(({ visibleAtMs }) => visibleAtMs),
    );
    return new Promise((done) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        signal.removeEventListener('abort', finish);
        done();
      };
      const timer = setTimeout(finish, Math.max(1, nextVisible - Date.now()));
      this.#waiting.add(finish);
      signal.addEventListener('abort', finish);
    });
  }

  /** Removes a received message; a message that is gone already counts as done. */
  delete(receipt: string): ReceiptOutcome {
    const found = this.#find(receipt);
    if (found === 'invalid' || found === 'stale') return found;
    if (found !== undefined) this.#messages.delete(found.id);
    return 'done';
  }

  /** Hides a message in flight for `seconds` from now; 0 makes it visible at once. */
  changeVisibility(receipt: string, seconds: number): ReceiptOutcome {
    const found = this.#find(receipt);
    if (typeof found === 'string') return found;
    if (found === undefined || found.visibleAtMs <= Date.now()) return 'not-in-flight';
    found.visibleAtMs = Date.now() + seconds * 1_000;
    this.#wake();
    return 'done';
  }

  #find(receipt: string): QueuedMessage | undefined | 'stale' | 'invalid' {
    const id = Buffer.from(receipt, 'base64url').toString().split('/')[0] ?? '';
    if (!/^[0-9a-f-]{36}$/.test(id)) return 'invalid';
    const message = this.#messages.get(id);
    return message === undefined || message.receipt === receipt ? message : 'stale';
  }

  purge(): void {
    this.#messages.clear();
  }

  /** Messages by state. */
  counts(): { visible: number; inFlight: number; delayed: number } {
    const counts = { visible: 0, inFlight: 0, delayed: 0 };
    for (const message of this.#messages.values()) {
      if (message.visibleAtMs <= Date.now()) counts.visible += 1;
      else if (message.receiveCount > 0) counts.inFlight += 1;
      else counts.delayed += 1;
    }
    return counts;
  }
}
