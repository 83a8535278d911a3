import { type CounterFamily, FLUSHED } from '../platform/metric-family.ts';

const type = ['png', 'svg', 'pdf'] as const;

export const MEDIA_RENDER: CounterFamily = {
  kind: 'counter',
  name: 'media_render_total',
  help: `Pictures drawn and stored, by type. ${FLUSHED}`,
  labels: { type },
};
export const MEDIA_CACHE_HITS: CounterFamily = {
  kind: 'counter',
  name: 'media_cache_hits_total',
  help: `Pictures served from storage without drawing, by type; what a CDN answers itself is not seen here. ${FLUSHED}`,
  labels: { type },
};
