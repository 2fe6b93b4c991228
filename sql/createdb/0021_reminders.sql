-- When each receiver was reminded last of what is open, or asked for it first, in microseconds.

ALTER TABLE receiver ADD COLUMN reminded_at INTEGER;  -- null before
