import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { dailyRule } from './daily-loss.ts';
import { FIRM_PRESETS } from './firm-presets.ts';

const preset = z.object({
  id: z.string(),
  published: z.string().openapi({ description: 'whose rule it is like, and where that was published' }),
  rule: dailyRule,
});
const route = createRoute({
  method: 'get',
  path: '/api/v1/daily-rule-presets',
  tags: ['trading'],
  summary:
    'Daily-loss rules as firms have published them, to begin with: what counts is the contract of the account',
  security: bearer,
  middleware: requireCaller('trading:read'),
  responses: { 200: json(z.object({ items: z.array(preset) }), 'All presets'), ...problems(403) },
});

/** `GET /api/v1/daily-rule-presets` */
export const listDailyRulePresets = endpoint(route, async (c) => c.json({ items: [...FIRM_PRESETS] }, 200));
