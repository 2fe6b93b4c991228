-- name: waivers_of_rule
-- Every waiver of a rule, in the order in which they were told.
SELECT
  -- include: waiver_columns
FROM waiver
WHERE waiver.rule = :rule
ORDER BY waiver.id;

-- name: addresses_of_server
-- The address of a server in each record in order, and when that arrived.
SELECT report.received_at, profile.ipaddress
FROM report
JOIN profile ON profile.id = report.profile_id
WHERE report.server_id = :server_id AND report.seq > 0
ORDER BY report.seq;
