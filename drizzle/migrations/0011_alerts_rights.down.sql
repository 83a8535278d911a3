REVOKE ALL ON alerts, alert_deliveries, alert_destinations, alert_destination_secrets, bridge_contacts
  FROM countersign_runtime;
