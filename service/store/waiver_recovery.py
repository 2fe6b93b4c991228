"""Restores waivers from the audit log, and describes the stored ones in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.auth.audit_log import AuditLog
from service.auth.overlay_entries import Entry
from service.auth.waiver_entries import (
    Change,
    WaiverRevoked,
    WaiverTold,
    read_waiver_entries,
)
from service.errors import StorageUnavailableError
from service.store.engines import Connection, Database


class ReconciledWaivers(NamedTuple):
    """How many waivers and revocations were restored, and how many described in the audit log."""

    restored: int
    recorded: int


def reconcile_waivers(
    database: Database, queries: Mapping[str, str], audit: AuditLog
) -> ReconciledWaivers:
    """Restores what only the audit log tells of waivers, and records the rest.

    The database must have its reports, since servers come with them. May be repeated, and may run
    beside the service. Raises StorageUnavailableError.
    """
    # The database is read first: an entry precedes its row, so each row has its entry then.
    stored: list[Change] = []
    with database.snapshot() as connection:
        for *of_waiver, revoked_at in connection.execute(queries["recorded_waivers"]):
            told = WaiverTold(*of_waiver)
            stored.append(told)
            if revoked_at is not None:
                stored.append(WaiverRevoked(told.number, told.at, revoked_at))
    try:
        entries = read_waiver_entries(audit.path)
    except OSError as error:
        raise StorageUnavailableError(f"{audit.path} cannot be read: {error}") from error
    known = {_place(change) for change in stored}
    missing = [entry for entry in entries if _place(entry.told) not in known]
    restored = 0
    if missing:
        with database.transaction() as connection:
            restored = sum(_restore(connection, queries, entry) for entry in missing)
    described = {_place(entry.told) for entry in entries}
    unrecorded = [change for change in stored if _place(change) not in described]
    if unrecorded:
        audit.record(unrecorded, by="reconciliation")
    return ReconciledWaivers(restored, len(unrecorded))


def _place(change: Change) -> tuple[int, bool]:
    """No two waivers were told at the same time, and each is revoked once."""
    return change.at, isinstance(change, WaiverRevoked)


def _restore(connection: Connection, queries: Mapping[str, str], entry: Entry[Change]) -> bool:
    change = entry.told
    if isinstance(change, WaiverRevoked):
        row = {"at": change.at, "revoked_at": change.revoked_at, "revoked_by": entry.by}
        return connection.execute(queries["restore_waiver_revocation"], row).fetchone() is not None
    row = {
        "id": change.number,
        "rule": change.rule,
        "identity": change.identity,
        "sibling": change.sibling,
        "tag_key": change.tag_key,
        "tag_value": change.tag_value,
        "network": change.network,
        "key": change.key,
        "reason": change.reason,
        "told_by": entry.by,
        "at": change.at,
        "until_at": change.until_at,
    }
    return connection.execute(queries["restore_waiver"], row).fetchone() is not None
