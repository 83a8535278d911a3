// What a Worker asks its database, word for word: a way to Neon's endpoint that keeps the statements which pass.
import { createServer, type IncomingMessage } from 'node:http';
import { listenLoopback } from '../../infra/local/listen-loopback.ts';

export type Statement = { query: string; params: readonly unknown[] };

/** Passes requests on to `target`; `take` gives what has passed since it was last asked. */
export async function recordStatements(
  target: string,
): Promise<{ url: string; take(): Statement[]; stop(): Promise<void> }> {
  let passed: Statement[] = [];
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const said = JSON.parse(body) as Statement | { queries: Statement[] };
    passed.push(...('queries' in said ? said.queries : [said]));
    const headers = Object.entries(request.headers).filter(
      ([name]) => name.startsWith('neon-') || name === 'content-type' || name === 'authorization',
    );
    const answer = await fetch(target, {
      method: 'POST',
      headers: Object.fromEntries(headers) as Record<string, string>,
      body,
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(await answer.text());
  });
  const { url, stop } = await listenLoopback(server, 0);
  return {
    url: `${url}${new URL(target).pathname}`,
    take: () => {
      const taken = passed;
      passed = [];
      return taken;
    },
    stop,
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
