"""Judges every report, silence and whole hour as it comes, by the texts in force."""
