-- Quiet hours spare what is critical. A digest of what is open, or a reminder, tells of no notice
-- that would say so when it is tried again.

ALTER TABLE message ADD COLUMN critical INTEGER;  -- null where its notices say so
