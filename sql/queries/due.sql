-- name: due_servers
-- Servers that may have to be judged anew before :until: since their silence begins, at the whole :hour
-- or :day, or by other texts than those of :epoch. The event that judged each last, whether it is the
-- last arrival too, and the last whole hour and day.
SELECT
  judged.server_id, judged.seq, judged.event_received_at, judged.event_mark,
  server.heard_at IS judged.event_received_at, server.usual_interval,
  judged.hour_at, judged.day_at, judged.epoch
FROM judged
JOIN server ON server.id = judged.server_id
WHERE judged.seq > 0
  AND (
    (
      judged.event_received_at < :until - CASE
        WHEN server.heard_at IS judged.event_received_at
        THEN max(:silent_after, :silent_intervals * coalesce(server.usual_interval, 0))
        ELSE :silent_after
      END
      AND coalesce(judged.event_mark, '') NOT LIKE 'silencio %'
      AND coalesce(judged.event_mark, '') NOT LIKE 'baja %'
    )
    OR (
      (coalesce(judged.hour_at, 0) < :hour OR coalesce(judged.day_at, 0) < :day)
      AND coalesce(judged.event_mark, '') NOT LIKE 'baja %'
    )
    OR (:epoch <> 0 AND judged.epoch <> :epoch)
  );

-- name: told_unjudged
-- When tags of servers were told, or servers were retired, before :until that no rule has judged. What
-- was restored from the audit log counts when it came back.
SELECT
  judged.server_id,
  max(
    tag_change.told_at,
    coalesce(judged.event_received_at, 0),
    coalesce(judged.tag_received_at, 0)
  )
FROM judged
CROSS JOIN tag_change
  ON tag_change.server_id = judged.server_id AND tag_change.id > judged.tag_id
WHERE judged.seq > 0 AND tag_change.told_at < :until
UNION ALL
SELECT
  judged.server_id,
  max(
    retirement.at,
    coalesce(judged.event_received_at, 0),
    coalesce(judged.tag_received_at, 0)
  )
FROM retirement
CROSS JOIN judged ON judged.server_id = retirement.server_id
WHERE judged.seq > 0
  AND retirement.at < :until
  AND coalesce(judged.event_mark, '') NOT LIKE 'baja %'
  AND retirement.after_report_id >= coalesce((
    SELECT judged_last.id FROM report AS judged_last
    WHERE judged_last.server_id = judged.server_id AND judged_last.seq = judged.seq
  ), 0);

-- name: clocks_in_force
-- Since when rules about one server are judged at whole hours, and at whole days; null if none is.
SELECT
  min(CASE WHEN policy_text.clock = 'hora' THEN policy.taken_up_at END),
  min(CASE WHEN policy_text.clock = 'dia' THEN policy.taken_up_at END)
FROM policy
JOIN policy_text ON policy_text.id = policy.text_id AND policy_text.is_fleet = 0
WHERE policy.retired_at IS NULL AND policy.missing_since IS NULL;
