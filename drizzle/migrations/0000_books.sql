CREATE SEQUENCE "public"."command_number" INCREMENT BY 1 MINVALUE 1 MAXVALUE 68719476735 START WITH 1 CACHE 1;--> statement-breakpoint
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
CREATE TABLE "account_producers" (
	"account_id" uuid NOT NULL,
	"producer_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "account_producers_account_id_producer_id_pk" PRIMARY KEY("account_id","producer_id")
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"bridge_id" uuid NOT NULL,
	"name" text NOT NULL,
	"server" text,
	"login" text,
	"currency" text,
	"margin_mode" text,
	"trade_mode" text,
	"bound_at" timestamp with time zone,
	"halted" boolean NOT NULL,
	"order_volume" numeric(18, 8) NOT NULL,
	"version" integer NOT NULL,
	"boot_id" text,
	"bridge_seq" bigint,
	"snapshot_at" timestamp with time zone,
	"deals_cursor" timestamp with time zone,
	"state" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_accounts_volume" CHECK ("accounts"."order_volume" > 0),
	CONSTRAINT "ck_accounts_binding" CHECK (("accounts"."login" is null) = ("accounts"."bound_at" is null))
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
	"request_id" text NOT NULL
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
	"url" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "broker_deals" (
	"account_id" uuid NOT NULL,
	"ticket" text NOT NULL,
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
	CONSTRAINT "broker_deals_account_id_ticket_pk" PRIMARY KEY("account_id","ticket")
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
	"instrument" text NOT NULL,
	"timeframe" text NOT NULL,
	"time" timestamp with time zone NOT NULL,
	"open" numeric(18, 8) NOT NULL,
	"high" numeric(18, 8) NOT NULL,
	"low" numeric(18, 8) NOT NULL,
	"close" numeric(18, 8) NOT NULL,
	"volume" numeric(18, 8) NOT NULL,
	CONSTRAINT "candles_account_id_instrument_timeframe_time_pk" PRIMARY KEY("account_id","instrument","timeframe","time")
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
	"symbol" text NOT NULL,
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
	"retcode" integer,
	"reason" text,
	"order_ticket" text,
	"position_id" text,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_commands_state" CHECK ("commands"."state" in ('created', 'sent', 'done', 'partial', 'failed', 'expired', 'unknown', 'not_executed')),
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
	"magic_namespace" smallint NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_deployment_one" CHECK ("deployment"."id" = 1),
	CONSTRAINT "ck_deployment_namespace" CHECK ("deployment"."magic_namespace" between 1 and 8191)
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
	"status" text NOT NULL,
	"detected_at" timestamp with time zone NOT NULL,
	"resolved_at" timestamp with time zone,
	CONSTRAINT "ck_divergences_status" CHECK ("divergences"."status" in ('open', 'resolved'))
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
CREATE TABLE "signals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"producer_id" uuid NOT NULL,
	"dedup_scope" uuid NOT NULL,
	"dedup_window_ms" integer NOT NULL,
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
CREATE TABLE "trades" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"position_id" text NOT NULL,
	"command_id" uuid,
	"signal_id" uuid,
	"source" text NOT NULL,
	"symbol" text NOT NULL,
	"side" text NOT NULL,
	"status" text NOT NULL,
	"volume" numeric(20, 8) NOT NULL,
	"volume_open" numeric(20, 8) NOT NULL,
	"entry_price" numeric(20, 8) NOT NULL,
	"exit_price" numeric(20, 8),
	"stop_loss" numeric(20, 8),
	"take_profit" numeric(20, 8),
	"profit" numeric(20, 8) NOT NULL,
	"swap" numeric(20, 8) NOT NULL,
	"commission" numeric(20, 8) NOT NULL,
	"fee" numeric(20, 8) NOT NULL,
	"net" numeric(20, 8) NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"exit_reason" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_trades_status" CHECK ("trades"."status" in ('open', 'closed', 'closing_unconfirmed'))
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"disabled_at" timestamp with time zone,
	CONSTRAINT "ux_users_email" UNIQUE("email"),
	CONSTRAINT "ck_users_role" CHECK ("users"."role" in ('owner', 'admin', 'user')),
	CONSTRAINT "ck_users_email" CHECK ("users"."email" = lower("users"."email"))
);
--> statement-breakpoint
ALTER TABLE "access_tokens" ADD CONSTRAINT "access_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "access_tokens" ADD CONSTRAINT "access_tokens_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_producers" ADD CONSTRAINT "account_producers_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_producers" ADD CONSTRAINT "account_producers_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval_clients" ADD CONSTRAINT "approval_clients_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_consent_version_consents_version_fk" FOREIGN KEY ("consent_version") REFERENCES "public"."consents"("version") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridge_secrets" ADD CONSTRAINT "bridge_secrets_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridges" ADD CONSTRAINT "bridges_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "broker_deals" ADD CONSTRAINT "broker_deals_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "broker_orders" ADD CONSTRAINT "broker_orders_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "candles" ADD CONSTRAINT "candles_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charts" ADD CONSTRAINT "charts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "producer_secrets" ADD CONSTRAINT "producer_secrets_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "producers" ADD CONSTRAINT "producers_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliation_runs" ADD CONSTRAINT "reconciliation_runs_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signals" ADD CONSTRAINT "signals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signals" ADD CONSTRAINT "signals_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "positions" ADD CONSTRAINT "positions_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_command_id_commands_id_fk" FOREIGN KEY ("command_id") REFERENCES "public"."commands"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_access_tokens_user" ON "access_tokens" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_account_producers_producer" ON "account_producers" USING btree ("producer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_binding" ON "accounts" USING btree ("server","login") WHERE "accounts"."login" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_bridge" ON "accounts" USING btree ("bridge_id");--> statement-breakpoint
CREATE INDEX "ix_accounts_user" ON "accounts" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_approval_clients_created" ON "approval_clients" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ix_approvals_signal_user" ON "approvals" USING btree ("signal_id","user_id");--> statement-breakpoint
CREATE INDEX "ix_approvals_user_created" ON "approvals" USING btree ("user_id","created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "ix_audit_log_at" ON "audit_log" USING btree ("at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "ix_audit_log_subject" ON "audit_log" USING btree ("subject_kind","subject_id");--> statement-breakpoint
CREATE INDEX "ix_bridges_owner" ON "bridges" USING btree ("owner_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_broker_deals_position" ON "broker_deals" USING btree ("account_id","position_id");--> statement-breakpoint
CREATE INDEX "ix_broker_deals_time" ON "broker_deals" USING btree ("account_id","time");--> statement-breakpoint
CREATE INDEX "ix_broker_orders_magic" ON "broker_orders" USING btree ("account_id","magic");--> statement-breakpoint
CREATE INDEX "ix_charts_user" ON "charts" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_approval" ON "commands" USING btree ("approval_id") WHERE "commands"."approval_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_magic" ON "commands" USING btree ("magic");--> statement-breakpoint
CREATE INDEX "ix_commands_account_state" ON "commands" USING btree ("account_id","state","created_at");--> statement-breakpoint
CREATE INDEX "ix_commands_signal" ON "commands" USING btree ("signal_id");--> statement-breakpoint
CREATE INDEX "ix_deliveries_user_created" ON "deliveries" USING btree ("user_id","created_at" DESC NULLS LAST,"signal_id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "ix_outbox_pending" ON "outbox" USING btree ("available_at") WHERE "outbox"."done_at" is null and "outbox"."dead_at" is null;--> statement-breakpoint
CREATE INDEX "ix_outbox_dead" ON "outbox" USING btree ("dead_at") WHERE "outbox"."dead_at" is not null;--> statement-breakpoint
CREATE INDEX "ix_producers_owner" ON "producers" USING btree ("owner_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_divergences_key" ON "divergences" USING btree ("account_id","code","broker_key");--> statement-breakpoint
CREATE INDEX "ix_divergences_account" ON "divergences" USING btree ("account_id","detected_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "ix_reconciliation_runs_account" ON "reconciliation_runs" USING btree ("account_id","started_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE UNIQUE INDEX "ux_signals_mac" ON "signals" USING btree ("mac");--> statement-breakpoint
CREATE UNIQUE INDEX "ix_signals_external_id" ON "signals" USING btree ("dedup_scope","external_id") WHERE "signals"."external_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_signals_time" ON "signals" USING btree ("dedup_scope","instrument","side","version","time") WHERE "signals"."time_given";--> statement-breakpoint
CREATE INDEX "ix_signals_user_created" ON "signals" USING btree ("user_id","created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "ix_signals_instrument_status" ON "signals" USING btree ("instrument","status","created_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "ix_subscriptions_user" ON "subscriptions" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_trades_position" ON "trades" USING btree ("account_id","position_id");--> statement-breakpoint
CREATE INDEX "ix_trades_account_opened" ON "trades" USING btree ("account_id","opened_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "ix_trades_signal" ON "trades" USING btree ("signal_id");--> statement-breakpoint
CREATE INDEX "ix_users_created" ON "users" USING btree ("created_at","id");