-- name: last_arrival_to_judge
-- When the last report of all arrived, and how many servers were ever judged.
SELECT max(server.heard_at), count(judged.server_id)
FROM server
LEFT JOIN judged ON judged.server_id = server.id;

-- name: fleet_settled_at
-- Until when rules about the fleet are judged, where something was to be judged since: the last tick, or
-- when the first of them was taken up. A verdict of the first tick counts from reports before it.
SELECT coalesce((SELECT fleet_tick.at FROM fleet_tick), min(policy.taken_up_at))
FROM policy
JOIN policy_text ON policy_text.id = policy.text_id AND policy_text.is_fleet = 1
WHERE policy.retired_at IS NULL AND policy.missing_since IS NULL;
