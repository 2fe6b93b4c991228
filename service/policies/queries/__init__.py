"""Queries that administrators write: they run like rules, in a process of their own."""
