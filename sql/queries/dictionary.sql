-- name: find_program
-- Which program has this name and user?
SELECT id FROM program
WHERE name IS NOT DISTINCT FROM :name AND username IS NOT DISTINCT FROM :username;

-- name: add_program
-- A program that was never seen before.
INSERT INTO program (name, username) VALUES (:name, :username) RETURNING id;

-- name: find_account
-- Which account has this user name?
SELECT id FROM account WHERE username IS NOT DISTINCT FROM :username;

-- name: add_account
-- An account that was never seen before.
INSERT INTO account (username) VALUES (:username) RETURNING id;
