-- Constraints of a dropped column go with it; a deployment that is halted stays so.
ALTER TABLE deployment DROP COLUMN halted_at, DROP COLUMN halted_by, DROP COLUMN halt_reason;
