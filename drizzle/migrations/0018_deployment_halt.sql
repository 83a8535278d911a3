ALTER TABLE "deployment" ADD COLUMN "halted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "halted_by" uuid;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "halt_reason" text;--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_halted_by_users_id_fk" FOREIGN KEY ("halted_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "ck_deployment_halt" CHECK (num_nulls("deployment"."halted_at", "deployment"."halted_by", "deployment"."halt_reason") = 3 or ("deployment"."halted" and
        num_nulls("deployment"."halted_at", "deployment"."halted_by", "deployment"."halt_reason") = 0));