-- name: recorded_tags
-- All changes of tags, as the audit log records them.
SELECT
  server.identity, server.sibling, tag_change.key, tag_change.value, tag_change.since_at,
  tag_change.told_at
FROM tag_change
JOIN server ON server.id = tag_change.server_id
ORDER BY tag_change.id;

-- name: restore_tag
-- Adds a change of a tag that the audit log names, after the reports that had arrived by then, if the
-- server is known and nothing newer is told of the tag.
INSERT INTO tag_change (server_id, key, value, since_at, told_at, told_by, after_report_id)
SELECT
  server.id, :key, :value, :since_at, :told_at, :told_by,
  coalesce((
    SELECT max(report.id) FROM report
    WHERE report.server_id = server.id AND report.received_at <= :told_at
  ), 0)
FROM server
WHERE server.identity = :identity
  AND server.sibling = :sibling
  AND NOT EXISTS (
    SELECT 1 FROM tag_change AS known
    WHERE known.server_id = server.id AND known.key = :key AND known.told_at >= :told_at
  )
RETURNING id;
