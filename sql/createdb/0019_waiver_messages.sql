-- Until when the ends of waivers were looked at, for those who are told of them: the sender's.

CREATE TABLE waiver_look (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  until_at INTEGER NOT NULL
) STRICT;
