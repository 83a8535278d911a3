REVOKE UPDATE (booked, flowed, credited) ON accounts FROM countersign_runtime;
