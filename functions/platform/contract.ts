/** Pieces of the OpenAPI contract that every route shares. */
import { z } from '@hono/zod-openapi';

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    instance: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .openapi('Problem');

const TITLES: Record<number, string> = {
  400: 'The body is not JSON',
  401: 'The caller could not be identified',
  403: 'Not allowed for this caller',
  404: 'No such resource, or none that the caller may know of',
  409: 'Conflicts with what is stored; the problem says how',
  410: 'No longer available',
  413: 'The body is too large',
  415: 'The body must be application/json',
  422: 'The body or query does not fit; `errors` lists every fault',
  429: 'Too many requests',
  503: 'Temporarily unavailable; try again after Retry-After',
};

/** A JSON answer. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** A JSON request body that must be there: without `required` a request with no body at all skips validation. */
export const body = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { 'application/json': { schema } },
});

/** A JSON request body that may be left out: what is read then is `{}`, with no defaults filled in. */
export const optionalBody = <T extends z.ZodType>(schema: T) => ({
  required: false,
  content: { 'application/json': { schema } },
});

/** The refusals of a route, by status. 401, 429 and 503 stand on every route with a caller. */
export const problems = (...statuses: number[]) => openProblems(401, 429, 503, ...statuses);

/** The refusals of a route that asks nobody for a proof: these and no others. */
export const openProblems = (...statuses: number[]) =>
  Object.fromEntries(
    [...new Set(statuses)].map((status) => [
      status,
      {
        description: TITLES[status] ?? 'Refused',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  );

/** `bearer` authentication, for routes of people and scripts. */
export const bearer = [{ bearer: [] }];

export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be a UUID in lower case');
/** A moment that a query names, ISO 8601 with its offset; in milliseconds UTC once it is read. */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((s) => Date.parse(s))
  .refine(
    (ms) => ms >= Date.UTC(1970, 0) && ms <= Date.UTC(9999, 11, 31),
    'must be a time from 1970 to 9999',
  );
export const timestamp = z.string().openapi({ format: 'date-time' });
export const decimal = z.string().openapi({ description: 'plain decimal', example: '2035.1' });
export const idParam = z.object({ id: z.string().max(100) });
