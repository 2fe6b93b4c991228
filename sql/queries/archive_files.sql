-- name: all_archive_files
-- How far each file of the archive is known to be stored.
SELECT name, size, modified_at, bytes, crc, tail_crc, report_id FROM archive_file;

-- name: put_archive_file
-- Notes how far a file of the archive is stored.
INSERT INTO archive_file (name, size, modified_at, bytes, crc, tail_crc, report_id)
VALUES (:name, :size, :modified_at, :bytes, :crc, :tail_crc, :report_id)
ON CONFLICT (name) DO UPDATE SET
  size = excluded.size,
  modified_at = excluded.modified_at,
  bytes = excluded.bytes,
  crc = excluded.crc,
  tail_crc = excluded.tail_crc,
  report_id = excluded.report_id;

-- name: forget_archive_file
-- Forgets a file of the archive, which is read anew then.
DELETE FROM archive_file WHERE name = :name;

-- name: arrivals
-- When the reports after report :after were received, in the order of their ids.
SELECT id, received_at FROM report WHERE id > :after ORDER BY id LIMIT :limit;
