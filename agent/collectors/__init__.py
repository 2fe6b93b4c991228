"""One subject a file: a thin read, which meets the system, and a pure parse of text."""
