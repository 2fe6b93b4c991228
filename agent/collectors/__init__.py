"""The collectors, one subject per file: a thin read of the system and a pure parse of text."""
