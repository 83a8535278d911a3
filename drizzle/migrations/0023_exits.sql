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
ALTER TABLE "commands" DROP CONSTRAINT "ck_commands_kind";--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "withdraw_pending" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "volume_filled" numeric(20, 8);--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "target_id" uuid;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "withdraw_pending" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "exits" ADD CONSTRAINT "exits_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exits" ADD CONSTRAINT "exits_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_exits_open" ON "exits" USING btree ("account_id","created_at") WHERE "exits"."state" = 'open';--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_target_id_commands_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."commands"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_target" ON "commands" USING btree ("target_id") WHERE "commands"."state" in ('created', 'sent', 'unknown');--> statement-breakpoint
CREATE INDEX "ix_commands_target" ON "commands" USING btree ("target_id") WHERE "commands"."target_id" is not null;--> statement-breakpoint
CREATE INDEX "ix_commands_position" ON "commands" USING btree ("account_id","position_id") WHERE "commands"."position_id" is not null;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_withdraw" CHECK ("accounts"."halted" or not "accounts"."withdraw_pending");--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_target" CHECK (("commands"."kind" = 'cancel') = ("commands"."target_id" is not null));--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_kind" CHECK ("commands"."kind" in ('open', 'place', 'close', 'cancel'));--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "ck_deployment_withdraw" CHECK ("deployment"."halted" or not "deployment"."withdraw_pending");