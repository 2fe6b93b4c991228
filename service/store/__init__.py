"""The DAO: one module a table group. Owns every SQL call; knows no HTTP."""
