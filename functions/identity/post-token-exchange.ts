import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { need } from '../platform/config.ts';
import { bearer, body, json, problems, timestamp } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { signJwt } from '../platform/jwt.ts';
import { problem } from '../platform/problem.ts';
import { requireAccessToken, requireCaller } from './caller.ts';
import { JWT_AUDIENCE, JWT_LIFETIME_SECONDS } from './jwt-claims.ts';
import { SCOPES } from './scope.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/tokens/exchange',
  tags: ['identity'],
  summary: 'A JWT for five minutes in exchange for an access token; it ends with that token and its user',
  security: bearer,
  middleware: requireCaller(null),
  request: {
    body: body(z.strictObject({ scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).optional() })),
  },
  responses: {
    201: json(
      z.object({
        token: z.string(),
        token_type: z.literal('Bearer'),
        expires_in: z.number().int(),
        expires_at: timestamp,
        scopes: z.array(z.string()),
      }),
      'The JWT; its keys are at /.well-known/jwks.json',
    ),
    ...problems(400, 403, 415, 422),
  },
});

/** `POST /api/v1/tokens/exchange` */
export const postTokenExchange = endpoint(route, async (c) => {
  const { config, clock, ids } = c.var.deps;
  const { caller } = c.var;
  requireAccessToken(caller);
  const asked = c.req.valid('json').scopes ?? caller.scopes;
  const excess = asked.filter((s) => !caller.scopes.includes(s));
  if (excess.length > 0) throw problem('forbidden', { detail: `more than you may do: ${excess.join(', ')}` });
  const scopes = SCOPES.filter((s) => asked.includes(s));
  const nowMs = clock.nowMs();
  const token = await signJwt(
    need(config, 'JWT_KEYS'),
    { issuer: config.PUBLIC_BASE_URL, audience: JWT_AUDIENCE },
    { subject: caller.userId, id: ids.next(), claims: { tid: caller.tokenId, scope: scopes.join(' ') } },
    nowMs,
    JWT_LIFETIME_SECONDS,
  );
  const expiresMs = (Math.floor(nowMs / 1000) + JWT_LIFETIME_SECONDS) * 1000;
  c.header('Cache-Control', 'no-store');
  return c.json(
    {
      token,
      token_type: 'Bearer' as const,
      expires_in: JWT_LIFETIME_SECONDS,
      expires_at: isoTime(expiresMs),
      scopes,
    },
    201,
  );
});
