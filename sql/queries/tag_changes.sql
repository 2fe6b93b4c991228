-- name: add_tag_change
-- Notes what was told of a tag.
INSERT INTO tag_change (server_id, key, value, since_at, told_at, told_by, after_report_id)
VALUES (:server_id, :key, :value, :since_at, :told_at, :told_by, :after_report_id);

-- name: last_told_at
-- When a tag was told last, or the place of the newest record, if that is later.
SELECT max(
  coalesce((SELECT told_at FROM tag_change ORDER BY id DESC LIMIT 1), 0),
  -- include: newest_place
);

-- name: named_server
-- How the audit log names a server.
SELECT identity, sibling FROM server WHERE id = :server_id;

-- name: report_before_tags
-- The report that was stored last.
SELECT coalesce(max(id), 0) FROM report;
