"""Decides which server a report speaks of."""

from __future__ import annotations

from service.report import Report


def identity_of(report: Report) -> str:
    """A text that is the same for all reports of one server: its address in version 1."""
    return f"ip:{report.profile.ipaddress}"
