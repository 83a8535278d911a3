CREATE SEQUENCE "public"."command_number" INCREMENT BY 1 MINVALUE 1 MAXVALUE 134217727 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "access_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text NOT NULL,
	"token_sha256" text NOT NULL,
	"scopes" text[] NOT NULL,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "ux_access_tokens_sha256" UNIQUE("token_sha256")
);
--> statement-breakpoint
CREATE TABLE "account_leases" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reconcile_leases" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "account_producers" (
	"account_id" uuid NOT NULL,
	"producer_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "account_producers_account_id_producer_id_pk" PRIMARY KEY("account_id","producer_id")
);
--> statement-breakpoint
CREATE TABLE "account_symbols" (
	"account_id" uuid NOT NULL,
	"symbol" text NOT NULL,
	"spec" jsonb NOT NULL,
	"pending_buy" numeric(20, 8) NOT NULL,
	"pending_sell" numeric(20, 8) NOT NULL,
	"snapshot_at" timestamp with time zone NOT NULL,
	CONSTRAINT "account_symbols_account_id_symbol_pk" PRIMARY KEY("account_id","symbol"),
	CONSTRAINT "ck_account_symbols_pending" CHECK ("account_symbols"."pending_buy" >= 0 and "account_symbols"."pending_sell" >= 0)
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"bridge_id" uuid,
	"name" text NOT NULL,
	"server" text,
	"login" text,
	"currency" text,
	"margin_mode" text,
	"trade_mode" text,
	"bound_at" timestamp with time zone,
	"halted" boolean NOT NULL,
	"withdraw_pending" boolean DEFAULT false NOT NULL,
	"order_volume" numeric(18, 8) NOT NULL,
	"risk_bps" smallint,
	"risk_base" text DEFAULT 'lesser' NOT NULL,
	"max_volume" numeric(18, 8),
	"max_positions" smallint,
	"min_stop_points" integer DEFAULT 0 NOT NULL,
	"reward_ratio" numeric(8, 4),
	"max_spread_points" integer,
	"commission_per_lot" numeric(18, 8) DEFAULT '0' NOT NULL,
	"margin_share_bps" smallint,
	"instruments" text[],
	"symbols" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"orders_made" bigint DEFAULT 0 NOT NULL,
	"trusted_at" timestamp with time zone,
	"epoch_behind_at" timestamp with time zone,
	"epoch_behind_magic" bigint,
	"epoch_witness" boolean DEFAULT false NOT NULL,
	"epoch_dismissed" bigint[] DEFAULT '{}' NOT NULL,
	"epoch_doubts" integer DEFAULT 0 NOT NULL,
	"next_bridge_id" uuid,
	"bridge_since" timestamp with time zone,
	"released_at" timestamp with time zone,
	"version" integer NOT NULL,
	"boot_id" text,
	"bridge_seq" bigint,
	"snapshot_at" timestamp with time zone,
	"deals_cursor" timestamp with time zone,
	"history_until" timestamp with time zone,
	"state" jsonb,
	"unverified_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_accounts_imported" CHECK ("accounts"."bridge_id" is not null or ("accounts"."halted" and "accounts"."login" is null)),
	CONSTRAINT "ck_accounts_withdraw" CHECK ("accounts"."halted" or not "accounts"."withdraw_pending"),
	CONSTRAINT "ck_accounts_volume" CHECK ("accounts"."order_volume" > 0),
	CONSTRAINT "ck_accounts_risk" CHECK ("accounts"."risk_bps" between 1 and 1000),
	CONSTRAINT "ck_accounts_risk_base" CHECK ("accounts"."risk_base" in ('lesser', 'equity')),
	CONSTRAINT "ck_accounts_max_volume" CHECK ("accounts"."max_volume" > 0),
	CONSTRAINT "ck_accounts_max_positions" CHECK ("accounts"."max_positions" > 0),
	CONSTRAINT "ck_accounts_min_stop" CHECK ("accounts"."min_stop_points" >= 0),
	CONSTRAINT "ck_accounts_reward_ratio" CHECK ("accounts"."reward_ratio" > 0),
	CONSTRAINT "ck_accounts_max_spread" CHECK ("accounts"."max_spread_points" > 0),
	CONSTRAINT "ck_accounts_commission" CHECK ("accounts"."commission_per_lot" >= 0),
	CONSTRAINT "ck_accounts_margin_share" CHECK ("accounts"."margin_share_bps" between 1 and 10000),
	CONSTRAINT "ck_accounts_symbols" CHECK (jsonb_typeof("accounts"."symbols") = 'object'),
	CONSTRAINT "ck_accounts_binding" CHECK (("accounts"."login" is null) = ("accounts"."bound_at" is null)),
	CONSTRAINT "ck_accounts_released" CHECK ("accounts"."released_at" is null or "accounts"."halted"),
	CONSTRAINT "ck_accounts_behind" CHECK (("accounts"."epoch_behind_at" is null) = ("accounts"."epoch_behind_magic" is null)),
	CONSTRAINT "ck_accounts_witness" CHECK (not "accounts"."epoch_witness" or "accounts"."epoch_behind_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "alert_deliveries" (
	"alert_id" uuid NOT NULL,
	"destination_id" uuid NOT NULL,
	"attempts" smallint NOT NULL,
	"doubtful" boolean NOT NULL,
	"word" text,
	"not_before" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "alert_deliveries_alert_id_destination_id_pk" PRIMARY KEY("alert_id","destination_id")
);
--> statement-breakpoint
CREATE TABLE "alert_destination_secrets" (
	"destination_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"key_id" text NOT NULL,
	"iv" text NOT NULL,
	"ciphertext" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	CONSTRAINT "alert_destination_secrets_destination_id_version_pk" PRIMARY KEY("destination_id","version")
);
--> statement-breakpoint
CREATE TABLE "alert_destinations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_id" uuid NOT NULL,
	"user_id" uuid,
	"channel" text NOT NULL,
	"name" text NOT NULL,
	"address" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "ck_alert_destinations_channel" CHECK ("alert_destinations"."channel" in ('telegram', 'webhook'))
);
--> statement-breakpoint
CREATE TABLE "alerts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" text NOT NULL,
	"period" text NOT NULL,
	"user_id" uuid,
	"detail" jsonb NOT NULL,
	"event_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "approval_clients" (
	"approval_id" uuid PRIMARY KEY NOT NULL,
	"address" text,
	"user_agent" text,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"signal_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"decision" smallint NOT NULL,
	"account_id" uuid,
	"channel" text NOT NULL,
	"consent_version" integer NOT NULL,
	"consent_sha256" text NOT NULL,
	"terms" jsonb NOT NULL,
	"terms_sha256" text NOT NULL,
	"terms_shown" smallint NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_approvals_decision" CHECK ("approvals"."decision" in (0, 1)),
	CONSTRAINT "ck_approvals_account" CHECK ("approvals"."decision" = 0 or "approvals"."account_id" is not null)
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" uuid,
	"action" text NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" text NOT NULL,
	"detail" jsonb NOT NULL,
	"request_id" text NOT NULL,
	"xact" bigint DEFAULT (pg_current_xact_id()::text::bigint) NOT NULL,
	"sha256" text GENERATED ALWAYS AS (encode(sha256(decode(replace(octet_length(id::text)::text || ':' || id::text || ',' || octet_length((extract(epoch FROM at AT TIME ZONE 'UTC') * 1000000)::bigint::text)::text || ':' || (extract(epoch FROM at AT TIME ZONE 'UTC') * 1000000)::bigint::text || ',' || octet_length(actor_kind)::text || ':' || actor_kind || ',' || octet_length(coalesce(actor_id::text, ''))::text || ':' || coalesce(actor_id::text, '') || ',' || octet_length(action)::text || ':' || action || ',' || octet_length(subject_kind)::text || ':' || subject_kind || ',' || octet_length(subject_id)::text || ':' || subject_id || ',' || octet_length(detail::text)::text || ':' || detail::text || ',' || octet_length(request_id)::text || ':' || request_id || ',', '\', '\\'), 'escape')), 'hex')) STORED NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_seals" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"upto_xact" bigint NOT NULL,
	"upto_id" uuid NOT NULL,
	"rows" integer NOT NULL,
	"entries" text NOT NULL,
	"sha256" text NOT NULL,
	"sealed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_audit_seals_seq" CHECK ("audit_seals"."seq" >= 1),
	CONSTRAINT "ck_audit_seals_rows" CHECK ("audit_seals"."rows" >= 1)
);
--> statement-breakpoint
CREATE TABLE "bridge_contacts" (
	"bridge_id" uuid PRIMARY KEY NOT NULL,
	"heard_at" timestamp with time zone,
	"outcome" text NOT NULL,
	"failures" smallint NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"slow_for" smallint DEFAULT 0 NOT NULL,
	CONSTRAINT "ck_bridge_contacts_slow" CHECK ("bridge_contacts"."slow_for" between 0 and 3)
);
--> statement-breakpoint
CREATE TABLE "bridge_candle_wishes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"bridge_id" uuid NOT NULL,
	"symbol" text NOT NULL,
	"timeframe" text NOT NULL,
	"bars" integer NOT NULL,
	"from_at" timestamp with time zone,
	"to_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bridge_nonces" (
	"bridge_id" uuid NOT NULL,
	"nonce" text NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "bridge_nonces_bridge_id_nonce_pk" PRIMARY KEY("bridge_id","nonce")
);
--> statement-breakpoint
CREATE TABLE "bridge_secrets" (
	"bridge_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"key_id" text NOT NULL,
	"iv" text NOT NULL,
	"ciphertext" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	CONSTRAINT "bridge_secrets_bridge_id_version_pk" PRIMARY KEY("bridge_id","version")
);
--> statement-breakpoint
CREATE TABLE "bridges" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_id" uuid NOT NULL,
	"name" text NOT NULL,
	"url" text,
	"created_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "broker_deals" (
	"account_id" uuid NOT NULL,
	"ticket" text NOT NULL,
	"revision" smallint DEFAULT 0 NOT NULL,
	"order_ticket" text NOT NULL,
	"position_id" text NOT NULL,
	"time" timestamp with time zone NOT NULL,
	"type" text NOT NULL,
	"entry" text,
	"magic" bigint NOT NULL,
	"reason" text NOT NULL,
	"symbol" text NOT NULL,
	"volume" numeric(20, 8) NOT NULL,
	"price" numeric(20, 8) NOT NULL,
	"commission" numeric(20, 8) NOT NULL,
	"swap" numeric(20, 8) NOT NULL,
	"profit" numeric(20, 8) NOT NULL,
	"fee" numeric(20, 8) NOT NULL,
	"comment" text NOT NULL,
	"external_id" text NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "broker_deals_account_id_ticket_revision_pk" PRIMARY KEY("account_id","ticket","revision"),
	CONSTRAINT "ck_broker_deals_revision" CHECK ("broker_deals"."revision" >= 0)
);
--> statement-breakpoint
CREATE TABLE "broker_orders" (
	"account_id" uuid NOT NULL,
	"ticket" text NOT NULL,
	"state" text NOT NULL,
	"type" text NOT NULL,
	"symbol" text NOT NULL,
	"magic" bigint NOT NULL,
	"position_id" text NOT NULL,
	"volume_initial" numeric(20, 8) NOT NULL,
	"volume_current" numeric(20, 8) NOT NULL,
	"price_open" numeric(20, 8) NOT NULL,
	"time_setup" timestamp with time zone NOT NULL,
	"time_done" timestamp with time zone,
	"comment" text NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "broker_orders_account_id_ticket_state_pk" PRIMARY KEY("account_id","ticket","state")
);
--> statement-breakpoint
CREATE TABLE "candles" (
	"account_id" uuid NOT NULL,
	"symbol" text NOT NULL,
	"timeframe" text NOT NULL,
	"time" timestamp with time zone NOT NULL,
	"open" numeric(18, 8) NOT NULL,
	"high" numeric(18, 8) NOT NULL,
	"low" numeric(18, 8) NOT NULL,
	"close" numeric(18, 8) NOT NULL,
	"volume" numeric(18, 8) NOT NULL,
	CONSTRAINT "candles_account_id_symbol_timeframe_time_pk" PRIMARY KEY("account_id","symbol","timeframe","time")
);
--> statement-breakpoint
CREATE TABLE "charts" (
	"digest" text PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"private" boolean NOT NULL,
	"spec" jsonb NOT NULL,
	"alt" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"approval_id" uuid,
	"signal_id" uuid,
	"kind" text NOT NULL,
	"leg" smallint DEFAULT 0 NOT NULL,
	"symbol" text NOT NULL,
	"instrument" text,
	"instruction" jsonb NOT NULL,
	"magic" bigint NOT NULL,
	"comment" text NOT NULL,
	"attempt" smallint NOT NULL,
	"state" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"resolved_at" timestamp with time zone,
	"negative_lookups" smallint NOT NULL,
	"looked_up_at" timestamp with time zone,
	"not_before" timestamp with time zone,
	"lease_epoch" bigint,
	"retcode" integer,
	"broker_comment" text,
	"reason" text,
	"order_ticket" text,
	"position_id" text,
	"volume_filled" numeric(20, 8),
	"target_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_commands_state" CHECK ("commands"."state" in ('created', 'sent', 'placed', 'done', 'partial', 'failed', 'expired', 'unknown', 'not_executed', 'ended')),
	CONSTRAINT "ck_commands_kind" CHECK ("commands"."kind" in ('open', 'place', 'close', 'cancel', 'modify_sltp')),
	CONSTRAINT "ck_commands_target" CHECK (("commands"."kind" = 'cancel') = ("commands"."target_id" is not null)),
	CONSTRAINT "ck_commands_leg" CHECK ("commands"."leg" >= 0 and ("commands"."leg" = 0 or "commands"."kind" = 'close')),
	CONSTRAINT "ck_commands_comment" CHECK (length("commands"."comment") <= 26)
);
--> statement-breakpoint
CREATE TABLE "consents" (
	"version" integer PRIMARY KEY NOT NULL,
	"text" text NOT NULL,
	"sha256" text NOT NULL,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_consents_version" CHECK ("consents"."version" >= 1)
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"signal_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"status" smallint NOT NULL,
	"refusal" text,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "deliveries_signal_id_user_id_pk" PRIMARY KEY("signal_id","user_id"),
	CONSTRAINT "ck_deliveries_status" CHECK ("deliveries"."status" between 0 and 7)
);
--> statement-breakpoint
CREATE TABLE "deployment" (
	"id" smallint PRIMARY KEY NOT NULL,
	"halted" boolean NOT NULL,
	"halted_at" timestamp with time zone,
	"halted_by" uuid,
	"halt_reason" text,
	"withdraw_pending" boolean DEFAULT false NOT NULL,
	"magic_namespace" smallint NOT NULL,
	"magic_epoch" smallint DEFAULT 0 NOT NULL,
	"epoch_behind_at" timestamp with time zone,
	"epoch_behind_magic" bigint,
	"epoch_doubts" integer DEFAULT 0 NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_deployment_one" CHECK ("deployment"."id" = 1),
	CONSTRAINT "ck_deployment_namespace" CHECK ("deployment"."magic_namespace" between 1 and 8191),
	CONSTRAINT "ck_deployment_epoch" CHECK ("deployment"."magic_epoch" between 0 and 255),
	CONSTRAINT "ck_deployment_halt" CHECK (num_nulls("deployment"."halted_at", "deployment"."halted_by", "deployment"."halt_reason") = 3 or ("deployment"."halted" and
        num_nulls("deployment"."halted_at", "deployment"."halted_by", "deployment"."halt_reason") = 0)),
	CONSTRAINT "ck_deployment_withdraw" CHECK ("deployment"."halted" or not "deployment"."withdraw_pending"),
	CONSTRAINT "ck_deployment_behind" CHECK (("deployment"."epoch_behind_at" is null) = ("deployment"."epoch_behind_magic" is null))
);
--> statement-breakpoint
CREATE TABLE "exits" (
	"approval_id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"acted" boolean DEFAULT false NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_exits_state" CHECK ("exits"."state" in ('open', 'done', 'failed')),
	CONSTRAINT "ck_exits_end" CHECK (("exits"."state" = 'open') = ("exits"."ended_at" is null)),
	CONSTRAINT "ck_exits_reason" CHECK ("exits"."state" <> 'failed' or "exits"."reason" is not null)
);
--> statement-breakpoint
CREATE TABLE "instruments" (
	"symbol" text PRIMARY KEY NOT NULL,
	"digits" smallint NOT NULL,
	"enabled" boolean NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_instruments_symbol" CHECK ("instruments"."symbol" ~ '^[A-Z0-9_.]{2,20}$'),
	CONSTRAINT "ck_instruments_digits" CHECK ("instruments"."digits" between 0 and 8)
);
--> statement-breakpoint
CREATE TABLE "metric_cursors" (
	"metric" text PRIMARY KEY NOT NULL,
	"counted_to" timestamp with time zone NOT NULL,
	"candidate" timestamp with time zone NOT NULL,
	"candidate_xid" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "metric_totals" (
	"metric" text NOT NULL,
	"label" text NOT NULL,
	"value" numeric(30, 3) NOT NULL,
	CONSTRAINT "metric_totals_metric_label_pk" PRIMARY KEY("metric","label")
);
--> statement-breakpoint
CREATE TABLE "order_refusals" (
	"signal_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "order_refusals_signal_id_user_id_pk" PRIMARY KEY("signal_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" uuid PRIMARY KEY NOT NULL,
	"topic" text NOT NULL,
	"payload" jsonb NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"available_at" timestamp with time zone NOT NULL,
	"attempts" smallint NOT NULL,
	"done_at" timestamp with time zone,
	"dead_at" timestamp with time zone,
	"last_error" text
);
--> statement-breakpoint
CREATE TABLE "producer_hooks" (
	"producer_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"token_sha256" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	CONSTRAINT "producer_hooks_producer_id_version_pk" PRIMARY KEY("producer_id","version")
);
--> statement-breakpoint
CREATE TABLE "producer_secrets" (
	"producer_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"key_id" text NOT NULL,
	"iv" text NOT NULL,
	"ciphertext" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	CONSTRAINT "producer_secrets_producer_id_version_pk" PRIMARY KEY("producer_id","version")
);
--> statement-breakpoint
CREATE TABLE "producers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_id" uuid NOT NULL,
	"name" text NOT NULL,
	"instruments" text[] NOT NULL,
	"dedup_scope" uuid NOT NULL,
	"dedup_window_seconds" integer NOT NULL,
	"max_age_seconds" integer NOT NULL,
	"rate_per_minute" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "ck_producers_window" CHECK ("producers"."dedup_window_seconds" between 10 and 3600),
	CONSTRAINT "ck_producers_max_age" CHECK ("producers"."max_age_seconds" between 1 and 604800),
	CONSTRAINT "ck_producers_rate" CHECK ("producers"."rate_per_minute" between 1 and 100000)
);
--> statement-breakpoint
CREATE TABLE "divergences" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"code" text NOT NULL,
	"broker_key" text NOT NULL,
	"evidence" jsonb NOT NULL,
	"policy" text DEFAULT 'person' NOT NULL,
	"status" text NOT NULL,
	"detected_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone,
	"resolved_at" timestamp with time zone,
	"resolution" text,
	"resolved_by" uuid,
	"resolution_reason" text,
	"signal_id" uuid,
	CONSTRAINT "ck_divergences_status" CHECK ("divergences"."status" in ('open', 'resolved')),
	CONSTRAINT "ck_divergences_policy" CHECK ("divergences"."policy" in ('notice', 'automatic', 'person')),
	CONSTRAINT "ck_divergences_resolution" CHECK ("divergences"."resolution" in ('noted', 'settled', 'adopted', 'ignored', 'closed')),
	CONSTRAINT "ck_divergences_resolved" CHECK (("divergences"."status" = 'resolved') = ("divergences"."resolved_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "reconciliation_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"outcome" text NOT NULL,
	"new_deals" integer NOT NULL,
	"events" jsonb NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedule_ticks" (
	"minute" timestamp with time zone PRIMARY KEY NOT NULL,
	"claimed_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "refusals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"producer_id" uuid NOT NULL,
	"lane" text NOT NULL,
	"reason" text NOT NULL,
	"errors" jsonb NOT NULL,
	"excerpt" text NOT NULL,
	"request_id" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "signal_batches" (
	"id" uuid PRIMARY KEY NOT NULL,
	"producer_id" uuid NOT NULL,
	"mac" text NOT NULL,
	"request_id" text NOT NULL,
	"refused" jsonb NOT NULL,
	"outcome" jsonb,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "signals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"producer_id" uuid NOT NULL,
	"dedup_scope" uuid NOT NULL,
	"dedup_window_ms" integer NOT NULL,
	"dedup_key" text DEFAULT '' NOT NULL,
	"instrument" text NOT NULL,
	"side" smallint NOT NULL,
	"intent" text NOT NULL,
	"order_type" text NOT NULL,
	"price" numeric(18, 8) NOT NULL,
	"stop_loss" numeric(18, 8),
	"take_profit" numeric(18, 8),
	"order_expires_at" timestamp with time zone,
	"max_slippage_points" integer,
	"time" timestamp with time zone NOT NULL,
	"time_given" boolean NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"version" text NOT NULL,
	"external_id" text,
	"strategy" text,
	"timeframe" text,
	"schema" smallint NOT NULL,
	"payload" jsonb,
	"content_sha256" text NOT NULL,
	"mac" text NOT NULL,
	"trust" text NOT NULL,
	"stale" boolean NOT NULL,
	"status" smallint NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_signals_side" CHECK ("signals"."side" in (0, 1)),
	CONSTRAINT "ck_signals_status" CHECK ("signals"."status" between 0 and 7),
	CONSTRAINT "ck_signals_price" CHECK ("signals"."price" > 0 and "signals"."price" < 1000000)
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"producer_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "subscriptions_producer_id_user_id_pk" PRIMARY KEY("producer_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "equity_points" (
	"account_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"balance" numeric(20, 8) NOT NULL,
	"credit" numeric(20, 8) NOT NULL,
	"equity" numeric(20, 8) NOT NULL,
	CONSTRAINT "equity_points_account_id_at_pk" PRIMARY KEY("account_id","at")
);
--> statement-breakpoint
CREATE TABLE "position_terms" (
	"account_id" uuid NOT NULL,
	"deal_ticket" text NOT NULL,
	"initial_stop" numeric(20, 8),
	"tick_size" numeric(20, 8),
	"tick_value_loss" numeric(20, 8),
	"stop_loss" numeric(20, 8),
	"take_profit" numeric(20, 8),
	CONSTRAINT "position_terms_account_id_deal_ticket_pk" PRIMARY KEY("account_id","deal_ticket")
);
--> statement-breakpoint
CREATE TABLE "positions" (
	"account_id" uuid NOT NULL,
	"identifier" text NOT NULL,
	"ticket" text NOT NULL,
	"symbol" text NOT NULL,
	"side" text NOT NULL,
	"volume" numeric(20, 8) NOT NULL,
	"price_open" numeric(20, 8) NOT NULL,
	"price_current" numeric(20, 8) NOT NULL,
	"stop_loss" numeric(20, 8),
	"take_profit" numeric(20, 8),
	"swap" numeric(20, 8) NOT NULL,
	"profit" numeric(20, 8) NOT NULL,
	"magic" text NOT NULL,
	"comment" text NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"snapshot_at" timestamp with time zone NOT NULL,
	CONSTRAINT "positions_account_id_identifier_pk" PRIMARY KEY("account_id","identifier")
);
--> statement-breakpoint
CREATE TABLE "trade_legs" (
	"trade_id" uuid NOT NULL,
	"leg" smallint NOT NULL,
	"account_id" uuid NOT NULL,
	"deal_ticket" text NOT NULL,
	"source" text NOT NULL,
	"instrument" text NOT NULL,
	"side" text NOT NULL,
	"volume" numeric(20, 8) NOT NULL,
	"exit_price" numeric(20, 8) NOT NULL,
	"profit" numeric(20, 8) NOT NULL,
	"swap" numeric(20, 8) NOT NULL,
	"commission" numeric(20, 8) NOT NULL,
	"fee" numeric(20, 8) NOT NULL,
	"net" numeric(20, 8) NOT NULL,
	"r_multiple" numeric(20, 8),
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "trade_legs_account_id_deal_ticket_pk" PRIMARY KEY("account_id","deal_ticket"),
	CONSTRAINT "ck_trade_legs_source" CHECK ("trade_legs"."source" in ('bot', 'manual'))
);
--> statement-breakpoint
CREATE TABLE "trades" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"position_id" text NOT NULL,
	"episode" smallint DEFAULT 0 NOT NULL,
	"command_id" uuid,
	"signal_id" uuid,
	"approval_id" uuid,
	"source" text NOT NULL,
	"strategy" text,
	"timeframe" text,
	"instrument" text NOT NULL,
	"symbol" text NOT NULL,
	"side" text NOT NULL,
	"status" text NOT NULL,
	"volume" numeric(20, 8) NOT NULL,
	"volume_open" numeric(20, 8) NOT NULL,
	"entry_price" numeric(20, 8) NOT NULL,
	"exit_price" numeric(20, 8),
	"stop_loss" numeric(20, 8),
	"take_profit" numeric(20, 8),
	"initial_stop" numeric(20, 8),
	"closed_by" text,
	"pips" numeric(20, 8),
	"r_multiple" numeric(20, 8),
	"entry_balance" numeric(20, 8),
	"equity_percent" numeric(20, 8),
	"profit" numeric(20, 8) NOT NULL,
	"swap" numeric(20, 8) NOT NULL,
	"commission" numeric(20, 8) NOT NULL,
	"fee" numeric(20, 8) NOT NULL,
	"net" numeric(20, 8) NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"exit_reason" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_trades_status" CHECK ("trades"."status" in ('open', 'closed', 'closing_unconfirmed')),
	CONSTRAINT "ck_trades_source" CHECK ("trades"."source" in ('bot', 'manual')),
	CONSTRAINT "ck_trades_episode" CHECK ("trades"."episode" >= 0)
);
--> statement-breakpoint
CREATE TABLE "symbol_calendars" (
	"broker_server" text NOT NULL,
	"symbol" text NOT NULL,
	"source" text NOT NULL,
	"calendar_id" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "symbol_calendars_broker_server_symbol_source_pk" PRIMARY KEY("broker_server","symbol","source"),
	CONSTRAINT "ck_symbol_calendars_source" CHECK ("symbol_calendars"."source" in ('broker', 'override')),
	CONSTRAINT "ck_symbol_calendars_server" CHECK ("symbol_calendars"."source" = 'override' or "symbol_calendars"."broker_server" <> '*')
);
--> statement-breakpoint
CREATE TABLE "trading_calendars" (
	"id" text NOT NULL,
	"version" integer NOT NULL,
	"definition" jsonb NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "trading_calendars_id_version_pk" PRIMARY KEY("id","version"),
	CONSTRAINT "ck_trading_calendars_version" CHECK ("trading_calendars"."version" >= 1)
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"max_bridges" integer,
	"disabled_at" timestamp with time zone,
	CONSTRAINT "ux_users_email" UNIQUE("email"),
	CONSTRAINT "ck_users_role" CHECK ("users"."role" in ('owner', 'admin', 'user')),
	CONSTRAINT "ck_users_bridges" CHECK ("users"."max_bridges" >= 0),
	CONSTRAINT "ck_users_email" CHECK ("users"."email" = lower("users"."email"))
);
--> statement-breakpoint
ALTER TABLE "access_tokens" ADD CONSTRAINT "access_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "access_tokens" ADD CONSTRAINT "access_tokens_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_leases" ADD CONSTRAINT "account_leases_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconcile_leases" ADD CONSTRAINT "reconcile_leases_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_producers" ADD CONSTRAINT "account_producers_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_producers" ADD CONSTRAINT "account_producers_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_symbols" ADD CONSTRAINT "account_symbols_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_next_bridge_id_bridges_id_fk" FOREIGN KEY ("next_bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_deliveries" ADD CONSTRAINT "alert_deliveries_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "public"."alerts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_deliveries" ADD CONSTRAINT "alert_deliveries_destination_id_alert_destinations_id_fk" FOREIGN KEY ("destination_id") REFERENCES "public"."alert_destinations"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_destination_secrets" ADD CONSTRAINT "alert_destination_secrets_destination_id_alert_destinations_id_fk" FOREIGN KEY ("destination_id") REFERENCES "public"."alert_destinations"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_destinations" ADD CONSTRAINT "alert_destinations_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_destinations" ADD CONSTRAINT "alert_destinations_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alerts" ADD CONSTRAINT "alerts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval_clients" ADD CONSTRAINT "approval_clients_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_consent_version_consents_version_fk" FOREIGN KEY ("consent_version") REFERENCES "public"."consents"("version") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridge_contacts" ADD CONSTRAINT "bridge_contacts_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridge_candle_wishes" ADD CONSTRAINT "bridge_candle_wishes_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridge_nonces" ADD CONSTRAINT "bridge_nonces_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridge_secrets" ADD CONSTRAINT "bridge_secrets_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridges" ADD CONSTRAINT "bridges_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "broker_deals" ADD CONSTRAINT "broker_deals_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "broker_orders" ADD CONSTRAINT "broker_orders_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "candles" ADD CONSTRAINT "candles_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charts" ADD CONSTRAINT "charts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_target_id_commands_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."commands"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_halted_by_users_id_fk" FOREIGN KEY ("halted_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exits" ADD CONSTRAINT "exits_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exits" ADD CONSTRAINT "exits_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_refusals" ADD CONSTRAINT "order_refusals_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_refusals" ADD CONSTRAINT "order_refusals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "producer_hooks" ADD CONSTRAINT "producer_hooks_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "producer_secrets" ADD CONSTRAINT "producer_secrets_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "producers" ADD CONSTRAINT "producers_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_resolved_by_users_id_fk" FOREIGN KEY ("resolved_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliation_runs" ADD CONSTRAINT "reconciliation_runs_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refusals" ADD CONSTRAINT "refusals_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signal_batches" ADD CONSTRAINT "signal_batches_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signals" ADD CONSTRAINT "signals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signals" ADD CONSTRAINT "signals_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "equity_points" ADD CONSTRAINT "equity_points_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "position_terms" ADD CONSTRAINT "position_terms_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "positions" ADD CONSTRAINT "positions_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trade_legs" ADD CONSTRAINT "trade_legs_trade_id_trades_id_fk" FOREIGN KEY ("trade_id") REFERENCES "public"."trades"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trade_legs" ADD CONSTRAINT "trade_legs_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_command_id_commands_id_fk" FOREIGN KEY ("command_id") REFERENCES "public"."commands"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "symbol_calendars" ADD CONSTRAINT "symbol_calendars_symbol_instruments_symbol_fk" FOREIGN KEY ("symbol") REFERENCES "public"."instruments"("symbol") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_access_tokens_user" ON "access_tokens" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_account_producers_producer" ON "account_producers" USING btree ("producer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_binding" ON "accounts" USING btree ("server","login") WHERE "accounts"."login" is not null and "accounts"."released_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_bridge" ON "accounts" USING btree ("bridge_id");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_imported" ON "accounts" USING btree ("user_id","name") WHERE "accounts"."bridge_id" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_next_bridge" ON "accounts" USING btree ("next_bridge_id");--> statement-breakpoint
CREATE INDEX "ix_accounts_epoch" ON "accounts" USING btree ("id") WHERE "accounts"."epoch_behind_at" is not null or cardinality("accounts"."epoch_dismissed") > 0;--> statement-breakpoint
CREATE INDEX "ix_accounts_user" ON "accounts" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_alert_destinations_created" ON "alert_destinations" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "ux_alerts_once" ON "alerts" USING btree ("kind","subject_id","period");--> statement-breakpoint
CREATE INDEX "ix_alerts_user" ON "alerts" USING btree ("user_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_alerts_created" ON "alerts" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_approval_clients_created" ON "approval_clients" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ix_approvals_signal_user" ON "approvals" USING btree ("signal_id","user_id");--> statement-breakpoint
CREATE INDEX "ix_approvals_user_created" ON "approvals" USING btree ("user_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_audit_log_at" ON "audit_log" USING btree ("at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_audit_log_subject" ON "audit_log" USING btree ("subject_kind","subject_id");--> statement-breakpoint
CREATE INDEX "ix_audit_log_xact" ON "audit_log" USING btree ("xact","id");--> statement-breakpoint
CREATE INDEX "ix_bridge_candle_wishes_bridge" ON "bridge_candle_wishes" USING btree ("bridge_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_bridge_candle_wishes_created" ON "bridge_candle_wishes" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "ix_bridge_nonces_seen" ON "bridge_nonces" USING btree ("seen_at");--> statement-breakpoint
CREATE INDEX "ix_bridges_owner" ON "bridges" USING btree ("owner_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_broker_deals_account" ON "broker_deals" USING btree ("account_id","time") WHERE "broker_deals"."position_id" = '0';--> statement-breakpoint
CREATE INDEX "ix_broker_deals_close_by" ON "broker_deals" USING btree ("account_id","order_ticket") WHERE "broker_deals"."entry" = 'out_by';--> statement-breakpoint
CREATE INDEX "ix_broker_deals_position" ON "broker_deals" USING btree ("account_id","position_id");--> statement-breakpoint
CREATE INDEX "ix_broker_deals_time" ON "broker_deals" USING btree ("account_id","time");--> statement-breakpoint
CREATE INDEX "ix_broker_orders_magic" ON "broker_orders" USING btree ("account_id","magic");--> statement-breakpoint
CREATE INDEX "ix_charts_user" ON "charts" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_approval" ON "commands" USING btree ("approval_id","leg") WHERE "commands"."approval_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_magic" ON "commands" USING btree ("magic");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_target" ON "commands" USING btree ("target_id") WHERE "commands"."state" in ('created', 'sent', 'unknown');--> statement-breakpoint
CREATE INDEX "ix_commands_target" ON "commands" USING btree ("target_id") WHERE "commands"."target_id" is not null;--> statement-breakpoint
CREATE INDEX "ix_commands_position" ON "commands" USING btree ("account_id","position_id") WHERE "commands"."position_id" is not null;--> statement-breakpoint
CREATE INDEX "ix_commands_number" ON "commands" USING btree (("magic" >> 4));--> statement-breakpoint
CREATE INDEX "ix_commands_account_state" ON "commands" USING btree ("account_id","state","created_at");--> statement-breakpoint
CREATE INDEX "ix_commands_signal" ON "commands" USING btree ("signal_id");--> statement-breakpoint
CREATE INDEX "ix_commands_created" ON "commands" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "ix_deliveries_user_created" ON "deliveries" USING btree ("user_id","created_at" DESC NULLS FIRST,"signal_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_exits_open" ON "exits" USING btree ("account_id","created_at") WHERE "exits"."state" = 'open';--> statement-breakpoint
CREATE INDEX "ix_order_refusals_at" ON "order_refusals" USING btree ("at");--> statement-breakpoint
CREATE INDEX "ix_outbox_pending" ON "outbox" USING btree ("available_at") WHERE "outbox"."done_at" is null and "outbox"."dead_at" is null;--> statement-breakpoint
CREATE INDEX "ix_outbox_dead" ON "outbox" USING btree ("dead_at") WHERE "outbox"."dead_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_producer_hooks_token" ON "producer_hooks" USING btree ("token_sha256");--> statement-breakpoint
CREATE INDEX "ix_producers_owner" ON "producers" USING btree ("owner_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_divergences_key" ON "divergences" USING btree ("account_id","code","broker_key");--> statement-breakpoint
CREATE INDEX "ix_divergences_account" ON "divergences" USING btree ("account_id","detected_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_divergences_detected" ON "divergences" USING btree ("detected_at");--> statement-breakpoint
CREATE INDEX "ix_reconciliation_runs_account" ON "reconciliation_runs" USING btree ("account_id","started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_refusals_producer" ON "refusals" USING btree ("producer_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_refusals_created" ON "refusals" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "ux_signal_batches_mac" ON "signal_batches" USING btree ("mac");--> statement-breakpoint
CREATE INDEX "ix_signal_batches_created" ON "signal_batches" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_signals_mac" ON "signals" USING btree ("mac");--> statement-breakpoint
CREATE UNIQUE INDEX "ix_signals_external_id" ON "signals" USING btree ("dedup_scope","external_id") WHERE "signals"."external_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_signals_time" ON "signals" USING btree ("dedup_scope","instrument","side","version","dedup_key","time") WHERE "signals"."time_given";--> statement-breakpoint
CREATE INDEX "ix_signals_user_created" ON "signals" USING btree ("user_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_signals_instrument_status" ON "signals" USING btree ("instrument","status","created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_subscriptions_user" ON "subscriptions" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_trade_legs_trade" ON "trade_legs" USING btree ("trade_id","leg");--> statement-breakpoint
CREATE INDEX "ix_trade_legs_closed" ON "trade_legs" USING btree ("account_id","closed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_trades_position" ON "trades" USING btree ("account_id","position_id","episode");--> statement-breakpoint
CREATE INDEX "ix_trades_account_opened" ON "trades" USING btree ("account_id","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_account_closed" ON "trades" USING btree ("account_id",coalesce("closed_at", 'infinity'::timestamptz) DESC,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_account_net" ON "trades" USING btree ("account_id","net" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_opened" ON "trades" USING btree ("user_id","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_closed" ON "trades" USING btree ("user_id",coalesce("closed_at", 'infinity'::timestamptz) DESC,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_net" ON "trades" USING btree ("user_id","net" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_instrument" ON "trades" USING btree ("user_id","instrument","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"status");--> statement-breakpoint
CREATE INDEX "ix_trades_user_status" ON "trades" USING btree ("user_id","status","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_source" ON "trades" USING btree ("user_id","source","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_opened" ON "trades" USING btree ("opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_closed" ON "trades" USING btree (coalesce("closed_at", 'infinity'::timestamptz) DESC,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_net" ON "trades" USING btree ("net" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_unsettled" ON "trades" USING btree ("account_id","position_id") WHERE "trades"."status" <> 'closed';--> statement-breakpoint
CREATE INDEX "ix_trades_signal" ON "trades" USING btree ("signal_id");--> statement-breakpoint
CREATE INDEX "ix_users_created" ON "users" USING btree ("created_at","id");