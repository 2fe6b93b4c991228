-- name: last_arrival_to_judge
-- When the last report of all arrived, and how many servers were ever judged.
SELECT max(server.heard_at), count(judged.server_id)
FROM server
LEFT JOIN judged ON judged.server_id = server.id;
