-- A receiver that took messages which this database does not know of: an older copy was put into
-- place, or one that was made anew. Null once the receiver was told what is open.

ALTER TABLE receiver ADD COLUMN restored_at INTEGER;
