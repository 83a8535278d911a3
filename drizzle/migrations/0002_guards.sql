CREATE TABLE "guard_trips" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"cause" text NOT NULL,
	"shadow" boolean NOT NULL,
	"scope" text NOT NULL,
	"evidence" jsonb NOT NULL,
	"warned_at" timestamp with time zone NOT NULL,
	"deadline_at" timestamp with time zone NOT NULL,
	"triggered_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"flat_at" timestamp with time zone,
	"stopped_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"ended_by" uuid,
	"end_reason" text,
	CONSTRAINT "ck_guard_trips_scope" CHECK ("guard_trips"."scope" in ('all', 'own')),
	CONSTRAINT "ck_guard_trips_revoked" CHECK ("guard_trips"."revoked_at" is null or ("guard_trips"."triggered_at" is null and "guard_trips"."ended_at" is not null)),
	CONSTRAINT "ck_guard_trips_flat" CHECK ("guard_trips"."flat_at" is null or "guard_trips"."triggered_at" is not null),
	CONSTRAINT "ck_guard_trips_stopped" CHECK ("guard_trips"."stopped_at" is null or "guard_trips"."triggered_at" is not null),
	CONSTRAINT "ck_guard_trips_ended" CHECK ("guard_trips"."shadow" or "guard_trips"."ended_at" is null or coalesce("guard_trips"."revoked_at", "guard_trips"."flat_at", "guard_trips"."stopped_at") is not null)
);
--> statement-breakpoint
CREATE TABLE "guards" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"state" jsonb,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ck_guards_settings" CHECK (jsonb_typeof("guards"."settings") = 'object'),
	CONSTRAINT "ck_guards_state" CHECK ("guards"."state" is null or jsonb_typeof("guards"."state") = 'object')
);
--> statement-breakpoint
ALTER TABLE "commands" DROP CONSTRAINT "ck_commands_target";--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "guard_phase" text DEFAULT 'armed' NOT NULL;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "trip_id" uuid;--> statement-breakpoint
ALTER TABLE "guard_trips" ADD CONSTRAINT "guard_trips_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "guard_trips" ADD CONSTRAINT "guard_trips_ended_by_users_id_fk" FOREIGN KEY ("ended_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "guards" ADD CONSTRAINT "guards_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_guard_trips_open" ON "guard_trips" USING btree ("account_id") WHERE "guard_trips"."ended_at" is null and not "guard_trips"."shadow";--> statement-breakpoint
CREATE INDEX "ix_guard_trips_account" ON "guard_trips" USING btree ("account_id","warned_at");--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_trip_id_guard_trips_id_fk" FOREIGN KEY ("trip_id") REFERENCES "public"."guard_trips"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_trip" ON "commands" USING btree ("trip_id",coalesce("instruction"->'pre'->>'position_id', "instruction"->'order'->>'order_ticket')) WHERE "commands"."trip_id" is not null and "commands"."state" in ('created', 'sent', 'unknown');--> statement-breakpoint
CREATE INDEX "ix_commands_trip" ON "commands" USING btree ("trip_id","created_at") WHERE "commands"."trip_id" is not null;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_guard_phase" CHECK ("accounts"."guard_phase" in ('armed', 'suspect', 'warned', 'tripped', 'flat_latched', 'empty'));--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_trip" CHECK ("commands"."trip_id" is null or "commands"."kind" in ('close', 'cancel'));--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_target" CHECK (case when "commands"."kind" = 'cancel' then "commands"."target_id" is not null or "commands"."trip_id" is not null else "commands"."target_id" is null end);