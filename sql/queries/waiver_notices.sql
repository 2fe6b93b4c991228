-- name: waivers_looked_at
-- Until when the ends of waivers were looked at.
SELECT until_at FROM waiver_look;

-- name: put_waivers_looked_at
-- Notes that they were.
INSERT INTO waiver_look (id, until_at) VALUES (1, :until_at)
ON CONFLICT (id) DO UPDATE SET until_at = excluded.until_at;

-- name: waivers_to_tell
-- Waivers that did not end before, with the severity of the rule, the names of the server, and whether
-- another one takes the place of each.
SELECT
  -- include: waiver_columns
  , coalesce(policy.severity, 'media'),
  profile.ipaddress, profile.nombre_host,
  EXISTS (
    SELECT 1 FROM waiver AS renewed
    WHERE renewed.rule = waiver.rule
      AND renewed.server_id IS waiver.server_id
      AND renewed.tag_key IS waiver.tag_key
      AND renewed.tag_value IS waiver.tag_value
      AND renewed.network IS waiver.network
      AND (renewed.key IS NULL OR renewed.key IS waiver.key)
      AND renewed.revoked_at IS NULL
      AND renewed.until_at > waiver.until_at
  )
FROM waiver
LEFT JOIN policy ON policy.rule = waiver.rule
LEFT JOIN report
  ON report.server_id = waiver.server_id
  AND report.seq = (SELECT max(seq) FROM report WHERE report.server_id = waiver.server_id)
LEFT JOIN profile ON profile.id = report.profile_id
WHERE waiver.until_at > :since
  AND (waiver.revoked_at IS NULL OR waiver.revoked_at > :since)
ORDER BY waiver.id;
