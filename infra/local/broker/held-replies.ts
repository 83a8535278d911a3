// Replies that arrive late or twice: the faults `reorder` and `stale`. Lives as long as one run of the broker.

interface Content {
  status: number;
  body: Buffer;
}

export class HeldReplies {
  readonly #waiting = new Map<string, () => void>();
  readonly #old = new Map<string, Content>();

  /** Resolves once a later reply of this login has gone out, or when `wait`, which is told of that, gives up. */
  async hold(login: string, wait: (released: Promise<void>) => Promise<void>): Promise<void> {
    this.#waiting.get(login)?.();
    await wait(new Promise<void>((resolve) => this.#waiting.set(login, resolve)));
  }

  /** Lets go what is held for a login, once the reply in hand is on its way. */
  release(login: string): void {
    const resolve = this.#waiting.get(login);
    if (!resolve) return;
    this.#waiting.delete(login);
    setImmediate(resolve);
  }

  /** With `keep` remembers this content for the next one under `key`, which is then answered with it once more. */
  staleFor(key: string, content: Content, keep: boolean): Content {
    const old = this.#old.get(key);
    this.#old.delete(key);
    if (keep) this.#old.set(key, content);
    return old ?? content;
  }
}
