-- The links of the archive's chain, of which the audit log has the first copy: one of the two may be
-- lost or rotated. service/archive/chain.py says what a link is.
CREATE TABLE archive_link (
  number INTEGER PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;
