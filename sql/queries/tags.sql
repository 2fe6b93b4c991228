-- fragment: tag_in_force
-- Condition on told, a change of a tag: it was the last of its key, up to :last_id and :told_until,
-- and gave it a value.
told.value IS NOT NULL
AND told.id <= :last_id
AND told.told_at <= :told_until
AND NOT EXISTS (
  SELECT 1 FROM tag_change AS later
  WHERE later.server_id = told.server_id
    AND later.key = told.key
    AND later.id > told.id
    AND later.id <= :last_id
    AND later.told_at <= :told_until
)

-- fragment: bearers_of_tag
-- The servers that had the tag :tag_key as it was told until :tag_told_until: with the value :tag_value, or
-- with any where that is null.
SELECT borne.server_id
FROM tag_change AS borne
WHERE borne.key = :tag_key
  AND borne.value IS NOT NULL
  AND (:tag_value IS NULL OR borne.value = :tag_value)
  AND borne.told_at <= :tag_told_until
  AND NOT EXISTS (
    SELECT 1 FROM tag_change AS later
    WHERE later.server_id = borne.server_id
      AND later.key = borne.key
      AND later.id > borne.id
      AND later.told_at <= :tag_told_until
  )

-- name: bearers_of_tag_within
-- The servers :first to :last that had a tag.
SELECT server.id FROM server
WHERE server.id BETWEEN :first AND :last
  AND server.id IN (
    -- include: bearers_of_tag
  )
ORDER BY server.id;

-- name: tags_of_server
-- The tags of a server, of the changes up to :last_id and :told_until.
SELECT told.server_id, told.key, told.value, told.since_at, told.told_at, told.told_by
FROM tag_change AS told
WHERE told.server_id = :server_id
  AND
  -- include: tag_in_force
ORDER BY told.key;

-- name: tags_of_all
-- The tags of all servers, likewise.
SELECT told.server_id, told.key, told.value, told.since_at, told.told_at, told.told_by
FROM tag_change AS told
WHERE
  -- include: tag_in_force
ORDER BY told.server_id, told.key;

-- name: values_of_tag
-- The value that each server has of a tag, likewise.
SELECT told.server_id, told.value
FROM tag_change AS told
WHERE told.key = :key
  AND
  -- include: tag_in_force
ORDER BY told.server_id;

-- name: tag_counts
-- How many servers have each tag, without those that were retired at :moment.
SELECT told.key, told.value, count(*)
FROM tag_change AS told
WHERE told.server_id NOT IN (
    -- include: retired_servers
  )
  AND
  -- include: tag_in_force
GROUP BY told.key, told.value
ORDER BY told.key, told.value;

-- name: tag_spans
-- Every value that a tag of a server ever had, when it was told, and when it was told otherwise.
SELECT
  told.server_id, told.key, told.value, told.since_at, told.told_at, told.told_by,
  (
    SELECT later.told_at FROM tag_change AS later
    WHERE later.server_id = told.server_id AND later.key = told.key AND later.id > told.id
    ORDER BY later.id
    LIMIT 1
  )
FROM tag_change AS told
WHERE told.server_id = :server_id AND told.value IS NOT NULL AND told.told_at <= :told_until
ORDER BY told.id DESC;

-- name: last_tag_change
-- The number of the last change of any tag that was told until then.
SELECT coalesce(max(id), 0) FROM tag_change WHERE told_at <= :told_until;

-- name: last_tag_change_before
-- The number of the last change of a server's tags before this report, told until then.
SELECT coalesce(max(id), 0) FROM tag_change
WHERE server_id = :server_id AND after_report_id < :before_report_id AND told_at <= :told_until;

-- name: next_tag_changes
-- The changes of a server's tags after this one that were told first, and together.
SELECT batch.id, batch.key, batch.value, batch.since_at, batch.told_at
FROM tag_change AS batch
WHERE batch.server_id = :server_id
  AND batch.id > :tag_id
  AND batch.told_at = (
    SELECT next_one.told_at FROM tag_change AS next_one
    WHERE next_one.server_id = :server_id
      AND next_one.id > :tag_id
      AND next_one.after_report_id < :before_report_id
      AND next_one.told_at <= :told_until
    ORDER BY next_one.id
    LIMIT 1
  )
ORDER BY batch.id;

-- name: servers_with_new_tags
-- Servers whose tags were changed until then and not judged yet, but for those with reports to judge
-- before.
SELECT DISTINCT judged.server_id
FROM judged
JOIN tag_change ON tag_change.server_id = judged.server_id AND tag_change.id > judged.tag_id
WHERE judged.seq > 0
  AND tag_change.told_at <= :told_until
  AND NOT EXISTS (
    SELECT 1 FROM report
    WHERE report.server_id = judged.server_id
      AND (report.seq > judged.seq OR report.seq < judged.late_seq)
      AND report.seq <> 0
      AND report.id <= tag_change.after_report_id
  )
ORDER BY judged.server_id;

-- name: times_of_tags
-- When tags were told until then.
SELECT DISTINCT told_at FROM tag_change WHERE told_at <= :told_until ORDER BY told_at;

-- name: values_of_tags
-- Every tag that a server has now, each once.
SELECT DISTINCT told.key, told.value
FROM tag_change AS told
WHERE
  -- include: tag_in_force
ORDER BY told.key, told.value;
