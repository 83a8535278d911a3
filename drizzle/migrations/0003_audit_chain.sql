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
ALTER TABLE "audit_log" ADD COLUMN "xact" bigint DEFAULT (pg_current_xact_id()::text::bigint) NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "sha256" text GENERATED ALWAYS AS (encode(sha256(decode(replace(octet_length(id::text)::text || ':' || id::text || ',' || octet_length((extract(epoch FROM at AT TIME ZONE 'UTC') * 1000000)::bigint::text)::text || ':' || (extract(epoch FROM at AT TIME ZONE 'UTC') * 1000000)::bigint::text || ',' || octet_length(actor_kind)::text || ':' || actor_kind || ',' || octet_length(coalesce(actor_id::text, ''))::text || ':' || coalesce(actor_id::text, '') || ',' || octet_length(action)::text || ':' || action || ',' || octet_length(subject_kind)::text || ':' || subject_kind || ',' || octet_length(subject_id)::text || ':' || subject_id || ',' || octet_length(detail::text)::text || ':' || detail::text || ',' || octet_length(request_id)::text || ':' || request_id || ',', '\', '\\'), 'escape')), 'hex')) STORED NOT NULL;--> statement-breakpoint
CREATE INDEX "ix_audit_log_xact" ON "audit_log" USING btree ("xact","id");