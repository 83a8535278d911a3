import { createRoute, z } from '@hono/zod-openapi';
import { jwtPublicRing } from '../platform/config.ts';
import { json } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';

const jwkSchema = z
  .object({
    kty: z.string(),
    kid: z.string(),
    alg: z.enum(['EdDSA', 'RS256']),
    use: z.literal('sig'),
    crv: z.string().optional(),
    x: z.string().optional(),
    n: z.string().optional(),
    e: z.string().optional(),
  })
  .openapi('Jwk');

const route = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  tags: ['identity'],
  summary: 'The public keys of our JWTs (RFC 7517); a new key is here before anything is signed with it',
  responses: { 200: json(z.object({ keys: z.array(jwkSchema) }), 'The keys, the signing one first') },
});

/** `GET /.well-known/jwks.json` */
export const getJwks = endpoint(route, async (c) => {
  c.header('Cache-Control', 'public, max-age=300');
  return c.json({ keys: jwtPublicRing(c.var.deps.config).map((k) => k.publicJwk) }, 200);
});
