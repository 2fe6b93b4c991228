-- Notifications as administrators see them: where each receiver is, and what each message says.

ALTER TABLE receiver ADD COLUMN kind TEXT;   -- as the file says; null until a sender read it
ALTER TABLE receiver ADD COLUMN place TEXT;  -- its host; null while no file names it

ALTER TABLE message ADD COLUMN title TEXT;   -- null before the first try

CREATE INDEX message_failed ON message (receiver, id) WHERE state = 'fallido';
