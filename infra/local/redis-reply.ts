// What a Redis command answers, apart from the wire format.

/** A simple string such as OK; kept apart from a stored string because Lua and the REST encoding differ on it. */
export class StatusReply {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An integer, a string, nil, a status or a list of these. */
export type Reply = number | string | null | StatusReply | Reply[];

/** An error reply; the message begins with its code (`ERR`, `WRONGTYPE`, `NOSCRIPT`). */
export class RedisError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RedisError';
  }
}

export const OK = new StatusReply('OK');
