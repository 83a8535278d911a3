import { runtimeUrl } from './stack-database.ts';
import type { StackSecrets } from './stack-secrets.ts';

/** Environment of the functions over the parts of an embedded stack; `baseUrl` is where callers reach them. */
export const functionsEnvironment = (secrets: StackSecrets, baseUrl: string): Record<string, string> => ({
  DATABASE_URL: runtimeUrl(secrets),
  DATABASE_HTTP_URL: `http://127.0.0.1:${secrets.ports.sql}/sql`,
  UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${secrets.ports.redis}`,
  UPSTASH_REDIS_REST_TOKEN: secrets.redisToken,
  PRODUCER_KEYS: secrets.producerKeys,
  BRIDGE_KEYS: secrets.bridgeKeys,
  ALERT_KEYS: secrets.alertKeys,
  TELEGRAM_BOT_TOKEN: secrets.telegramBotToken,
  TELEGRAM_API_URL: `http://127.0.0.1:${secrets.ports.telegram}`,
  AUDIT_KEY: secrets.auditKey,
  MEDIA_SIGNING_KEY: secrets.mediaKey,
  JWT_KEYS: secrets.jwtKeys,
  PUBLIC_BASE_URL: baseUrl,
  MEDIA_PUBLIC_BASE_URL: baseUrl,
});
