DROP TABLE alert_deliveries;
--> statement-breakpoint
DROP TABLE alert_destination_secrets;
--> statement-breakpoint
DROP TABLE alert_destinations;
--> statement-breakpoint
DROP TABLE alerts;
--> statement-breakpoint
DROP TABLE bridge_contacts;
