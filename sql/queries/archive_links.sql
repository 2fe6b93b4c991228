-- name: archive_links
-- The links of the archive's chain, in their order.
SELECT number, text FROM archive_link ORDER BY number;

-- name: put_archive_link
-- Keeps a link; one that is known stays as it is.
INSERT INTO archive_link (number, text) VALUES (:number, :text) ON CONFLICT (number) DO NOTHING;
