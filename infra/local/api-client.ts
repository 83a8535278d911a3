/** Calls the public API as any script would. Knows nothing of the code behind it. */
export type ApiClient = {
  get(path: string): Promise<Json>;
  post(path: string, body: unknown): Promise<Json>;
};
// biome-ignore lint/suspicious/noExplicitAny: what an API answers is looked at member by member, as a script does
export type Json = any;

/** A client with a bearer token. Any answer of 400 or above throws with what was asked and what was answered. */
export function apiClient(baseUrl: string, token: string): ApiClient {
  const call = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  return { get: (path) => call('GET', path), post: (path, body) => call('POST', path, body) };
}
