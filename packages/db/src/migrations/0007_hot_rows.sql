ALTER TABLE "call_events" DROP CONSTRAINT "call_events_call_id_calls_id_fk";
--> statement-breakpoint
ALTER TABLE "calls" DROP CONSTRAINT "calls_organization_id_organizations_id_fk";
--> statement-breakpoint
ALTER TABLE "deliveries" DROP CONSTRAINT "deliveries_organization_id_organizations_id_fk";
--> statement-breakpoint
ALTER TABLE "deliveries" DROP CONSTRAINT "deliveries_call_id_calls_id_fk";
--> statement-breakpoint
ALTER TABLE "delivery_attempts" DROP CONSTRAINT "delivery_attempts_delivery_id_deliveries_id_fk";
--> statement-breakpoint
ALTER TABLE "idempotency_keys" DROP CONSTRAINT "idempotency_keys_organization_id_organizations_id_fk";
--> statement-breakpoint
ALTER TABLE "work_items" DROP CONSTRAINT "work_items_call_id_calls_id_fk";
--> statement-breakpoint
DROP INDEX "calls_unfinished";--> statement-breakpoint
DROP INDEX "calls_carrier_call";--> statement-breakpoint
DROP INDEX "deliveries_due";--> statement-breakpoint
DROP INDEX "work_items_due";--> statement-breakpoint
CREATE INDEX "deliveries_first" ON "deliveries" USING btree ("organization_id","call_id","target","sequence") WHERE "deliveries"."first_ended_at" is null and "deliveries"."call_id" is not null;--> statement-breakpoint
CREATE INDEX "calls_carrier_call" ON "calls" USING btree ("carrier_call_id") WHERE "calls"."carrier_call_id" is not null;--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "deliveries" USING btree ("organization_id",(case when "first_ended_at" is null and "call_id" is not null then 0 else 1 end),"next_at") WHERE "deliveries"."next_at" is not null;--> statement-breakpoint
CREATE INDEX "work_items_due" ON "work_items" USING btree ("next_at") WHERE "work_items"."next_at" is not null;--> statement-breakpoint
ALTER TABLE "calls" SET (fillfactor = 70);