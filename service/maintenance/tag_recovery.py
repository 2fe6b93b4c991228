"""Keeps the tags of the database and the entries of the audit log in agreement."""

from __future__ import annotations

from typing import NamedTuple

from service.auth.audit_log import AuditLog
from service.auth.tag_entries import read_tag_entries
from service.errors import StorageUnavailableError
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.tag_recovery import TagRecovery


class ReconciledTags(NamedTuple):
    """How many changes of tags were restored, and how many described in the audit log."""

    restored: int
    recorded: int


def reconcile_tags(database: Database, audit: AuditLog) -> ReconciledTags:
    """Restores what only the audit log tells of tags, and records the rest.

    The database must have its reports, since servers come with them. May be repeated, and may run
    beside the service. Raises StorageUnavailableError.
    """
    recovery = TagRecovery(database, load_queries())
    # The database is read first: an entry precedes its row, so each row has its entry then.
    stored = recovery.stored()
    try:
        entries = read_tag_entries(audit.path)
    except OSError as error:
        raise StorageUnavailableError(f"{audit.path} cannot be read: {error}") from error
    known = set(stored)
    missing = [entry for entry in entries if entry.told not in known]
    restored = recovery.apply(missing) if missing else 0
    described = {entry.told for entry in entries}
    unrecorded = [told for told in stored if told not in described]
    if unrecorded:
        audit.record(unrecorded, by="reconciliation")
    return ReconciledTags(restored, len(unrecorded))
