"""Runs statements of rules in a process of their own, and gives verdicts."""
