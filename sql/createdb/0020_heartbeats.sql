-- When each receiver took its last heartbeat, in microseconds.

ALTER TABLE receiver ADD COLUMN beat_at INTEGER;  -- null before the first
