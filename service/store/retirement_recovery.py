"""Restores retirements of servers from the audit log, and describes the stored ones in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.auth.audit_log import AuditLog
from service.auth.overlay_entries import Entry, Named
from service.auth.retirement_entries import RetirementTold, read_retirement_entries
from service.errors import StorageUnavailableError
from service.store.engines import Connection, Database


class ReconciledRetirements(NamedTuple):
    """How many retirements were restored, and how many described in the audit log."""

    restored: int
    recorded: int


def reconcile_retirements(
    database: Database, queries: Mapping[str, str], audit: AuditLog
) -> ReconciledRetirements:
    """Restores what only the audit log tells of retirements, and records the rest.

    The database must have its reports, since servers come with them. May be repeated, and may run
    beside the service. Raises StorageUnavailableError.
    """
    # The database is read first: an entry precedes its row, so each row has its entry then.
    with database.snapshot() as connection:
        stored = [_told(*row) for row in connection.execute(queries["recorded_retirements"])]
    try:
        entries = read_retirement_entries(audit.path)
    except OSError as error:
        raise StorageUnavailableError(f"{audit.path} cannot be read: {error}") from error
    known = {(told.server, told.at) for told in stored}
    missing = [entry for entry in entries if (entry.told.server, entry.told.at) not in known]
    restored = 0
    if missing:
        with database.transaction() as connection:
            restored = sum(_restore(connection, queries, entry) for entry in missing)
    described = {(entry.told.server, entry.told.at) for entry in entries}
    unrecorded = [told for told in stored if (told.server, told.at) not in described]
    if unrecorded:
        audit.record(unrecorded, by="reconciliation")
    return ReconciledRetirements(restored, len(unrecorded))


def _told(  # noqa: PLR0913, PLR0917 — the columns of a row
    identity: str,
    sibling: int,
    at: int,
    reason: str,
    successor_identity: str | None,
    successor_sibling: int | None,
) -> RetirementTold:
    successor = None
    if successor_identity is not None and successor_sibling is not None:
        successor = Named(successor_identity, successor_sibling)
    return RetirementTold(Named(identity, sibling), at, reason, successor)


def _restore(
    connection: Connection, queries: Mapping[str, str], entry: Entry[RetirementTold]
) -> bool:
    told = entry.told
    identity, sibling = told.successor or (None, None)
    row = {
        "identity": told.server.identity,
        "sibling": told.server.sibling,
        "at": told.at,
        "reason": told.reason,
        "told_by": entry.by,
        "successor_identity": identity,
        "successor_sibling": sibling,
    }
    return connection.execute(queries["restore_retirement"], row).fetchone() is not None
