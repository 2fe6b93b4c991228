-- name: emptied_tables
-- Tables whose rows are never removed, that had some and have none.
SELECT name FROM sqlite_sequence
WHERE seq > 0
  AND (
    (name = 'report' AND NOT EXISTS (SELECT 1 FROM report))
    OR (name = 'token' AND NOT EXISTS (SELECT 1 FROM token))
  );

-- name: last_number
-- The greatest id_serv that was ever given, 0 where none was.
SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'report';

-- name: keep_numbers
-- Gives no id_serv up to :last any more.
UPDATE sqlite_sequence SET seq = max(seq, :last) WHERE name = 'report';

-- name: missing_numbers
-- Ranges of id_serv that no record has, though later ones were given.
SELECT former + 1, id - 1
FROM (
  SELECT id, lag(id, 1, 0) OVER (ORDER BY id) AS former FROM report
) AS numbered
WHERE id > former + 1
ORDER BY id;

-- name: greatest_number
-- The greatest id_serv of a record, 0 where there is none.
SELECT coalesce(max(id), 0) FROM report;

-- name: noted_gaps
-- Ranges of id_serv whose records an operator knows to be removed.
SELECT first_id, last_id FROM number_gap;

-- name: note_gap
-- Notes that the records of a range were removed.
INSERT INTO number_gap (first_id, last_id, noted_at) VALUES (:first_id, :last_id, :now)
ON CONFLICT (first_id) DO UPDATE SET last_id = excluded.last_id;
