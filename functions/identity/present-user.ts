import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import { ROLES } from './scope.ts';
import type { User } from './user-store.ts';

/** A user as the API shows one. */
export const userSchema = z
  .object({
    id: uuid,
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    created_at: timestamp,
    disabled: z.boolean(),
    max_bridges: z.number().int().nullable(),
  })
  .openapi('User');

/** The wire form of a user. */
export const presentUser = (u: User): z.output<typeof userSchema> => ({
  id: u.id,
  email: u.email,
  name: u.name,
  role: u.role,
  created_at: isoTime(u.createdMs),
  disabled: u.disabled,
  max_bridges: u.maxBridges,
});
