/**
 * How a route is declared: its OpenAPI contract and its handler together, in one file per route. `endpoint` lets the
 * contract validate; `rawEndpoint` hands over the bytes, for the lanes whose signature covers them.
 */
import type { createRoute, OpenAPIHono, RouteConfigToEnv, RouteHandler } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { openProblems } from './contract.ts';
import type { Deps } from './deps.ts';
import { problem } from './problem.ts';

/** More than any body of a person's route needs: a consent text of 20,000 characters, escaped. */
const MAX_BODY_BYTES = 256 * 1024;
const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw problem('payload-too-large', { detail: `at most ${MAX_BODY_BYTES} bytes` });
  },
});

export type AppEnv = {
  Variables: { deps: Deps; requestId: string; address: string; actor: string };
};
export type AppContext = Context<AppEnv>;
export type App = OpenAPIHono<AppEnv>;
type Route = ReturnType<typeof createRoute>;
export type Endpoint = { method: string; path: string; mount: (app: App) => void };

/** Whatever takes a body refuses one that is too large: the contract says so here, for every operation alike. */
const documented = <R extends Route>(route: R): R =>
  route.request?.body === undefined
    ? route
    : { ...route, responses: { ...openProblems(413), ...route.responses } };

/** A route whose request is validated against its contract before the handler runs. */
export const endpoint = <R extends Route>(
  route: R,
  handler: RouteHandler<R, RouteConfigToEnv<R> & AppEnv>,
): Endpoint => ({
  method: route.method,
  path: route.path,
  mount: (app) => {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    if (route.request?.body !== undefined) app.on(route.method.toUpperCase(), path, limitBody);
    // The route's own middleware has filled the variables that its handler's environment names.
    app.openapi(documented(route), handler as Parameters<typeof app.openapi<R>>[1]);
  },
});

/** A route that reads its own bytes; the contract is published, not enforced. `guards` run before the handler. */
export const rawEndpoint = <R extends Route>(
  route: R,
  handler: (c: AppContext) => Promise<Response>,
  guards: readonly MiddlewareHandler[] = [],
): Endpoint => ({
  method: route.method,
  path: route.path,
  mount: (app) => {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.openAPIRegistry.registerPath(documented(route));
    for (const guard of guards) app.on(route.method.toUpperCase(), path, guard);
    app.on(route.method.toUpperCase(), path, handler);
  },
});
