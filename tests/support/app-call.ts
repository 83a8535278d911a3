/** The whole application in this process, over the `Deps` of a test: every route, no door and no network. */
import { createApp, type DoorBindings } from '../../functions/app.ts';
import type { TestDeps } from './test-deps.ts';

const app = createApp();

/** One request from an address; waits for what was deferred until after the answer. */
export async function callApp(deps: TestDeps, path: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(`http://127.0.0.1:8787${path}`, init);
  const door: DoorBindings['Bindings']['door'] = {
    deps,
    requestId: deps.ids.next(),
    address: '192.0.2.7',
  };
  const answer = await app.fetch(request, { door });
  await deps.settle();
  return answer;
}
