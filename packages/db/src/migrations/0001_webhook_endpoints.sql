CREATE TABLE "breakers" (
	"organization_id" text NOT NULL,
	"target" text NOT NULL,
	"consecutive_failures" integer NOT NULL,
	"failing_since" timestamp (3) with time zone NOT NULL,
	"last_failure_at" timestamp (3) with time zone NOT NULL,
	"open_until" timestamp (3) with time zone,
	"opened" integer NOT NULL,
	"probe_delivery_id" text,
	CONSTRAINT "breakers_organization_id_target_pk" PRIMARY KEY("organization_id","target")
);
--> statement-breakpoint
CREATE TABLE "endpoint_events" (
	"id" text PRIMARY KEY NOT NULL,
	"organization_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"type" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"data" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"organization_id" text NOT NULL,
	"mode" text NOT NULL,
	"slot" integer NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"events" text[] NOT NULL,
	"secret_sealed" text NOT NULL,
	"next_secret_sealed" text,
	"is_enabled" boolean NOT NULL,
	"disabled_reason" text,
	"disabled_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "webhook_endpoints_slots" CHECK ("webhook_endpoints"."slot" between 1 and 20)
);
--> statement-breakpoint
ALTER TABLE "deliveries" DROP CONSTRAINT "deliveries_event_id_call_events_id_fk";
--> statement-breakpoint
DROP INDEX "deliveries_once";--> statement-breakpoint
ALTER TABLE "deliveries" ALTER COLUMN "call_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "mode" text;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "endpoint_id" text;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "target" text;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "failed_reason" text;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "replays" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "replayed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "attempts_before" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE "deliveries" d SET "mode" = c."mode", "target" = split_part(d."url", '?', 1),
	"failed_reason" = CASE WHEN d."status" = 'failed' THEN 'retries_exhausted' END
	FROM "calls" c WHERE c."id" = d."call_id";--> statement-breakpoint
ALTER TABLE "deliveries" ALTER COLUMN "mode" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "deliveries" ALTER COLUMN "target" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoint_events" ADD CONSTRAINT "endpoint_events_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "endpoint_events" ADD CONSTRAINT "endpoint_events_endpoint_id_webhook_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "breakers_age" ON "breakers" USING btree ("last_failure_at");--> statement-breakpoint
CREATE INDEX "endpoint_events_endpoint" ON "endpoint_events" USING btree ("endpoint_id");--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_endpoints_slot" ON "webhook_endpoints" USING btree ("organization_id","mode","slot") WHERE "webhook_endpoints"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "deliveries_organization" ON "deliveries" USING btree ("organization_id","mode","created_at","id");--> statement-breakpoint
CREATE INDEX "deliveries_open" ON "deliveries" USING btree ("organization_id","mode","created_at","id") WHERE "deliveries"."status" <> 'delivered';--> statement-breakpoint
CREATE INDEX "deliveries_endpoint" ON "deliveries" USING btree ("endpoint_id","created_at") WHERE "deliveries"."endpoint_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_once" ON "deliveries" USING btree ("event_id","target");