"""JSON endpoints, one noun a file: parse, validate, store, respond. No SQL here."""
