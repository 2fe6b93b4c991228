-- What tells one boot of a machine from the next, and a process from another with its number,
-- whatever the clock of the machine says.

ALTER TABLE profile ADD COLUMN boot_id TEXT;

DROP INDEX profile_by_server;
CREATE INDEX profile_by_server ON profile (server_id, boot_id);
CREATE INDEX profile_change_by_profile ON profile_change (profile_id);

-- The start of a running process as the newest report gives it: in clock ticks since the boot.
-- Null where that report does not have it. started_at is that of the first report of the span.
ALTER TABLE process_span ADD COLUMN started_ticks INTEGER;
