"""Keeps the tokens of the database and the entries of the audit log in agreement.

A database that was lost, rebuilt or restored from an older copy lacks tokens and revocations. The
audit log has them. A database of 0.1.0 has tokens that the audit log does not describe.
"""

from __future__ import annotations

from typing import NamedTuple

from service.auth.audit_entries import REVOKED, TokenEntry, TokenMade, read_token_entries
from service.auth.audit_log import AuditLog
from service.errors import StorageUnavailableError
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.token_recovery import TokenRecovery


class ReconciledTokens(NamedTuple):
    """How many tokens were restored, revoked again, and described in the audit log."""

    restored: int
    revoked: int
    recorded: int


def reconcile_tokens(database: Database, audit: AuditLog) -> ReconciledTokens:
    """Restores the tokens and revocations that only the audit log has, and records the others.

    The database must have been migrated. May be repeated, and may run beside the service. Torn and
    foreign lines of the audit log are skipped. Raises StorageUnavailableError.
    """
    recovery = TokenRecovery(database, load_queries())
    # The database is read first: an entry precedes its row, so each row has its entry then.
    stored = recovery.entries()
    try:
        entries = list(read_token_entries(audit.path))
    except OSError as error:
        raise StorageUnavailableError(f"{audit.path} cannot be read: {error}") from error
    recovered = recovery.apply(entries)

    described = {entry.digest for entry in entries if isinstance(entry, TokenMade)}
    revoked = {
        entry.digest
        for entry in entries
        if not isinstance(entry, TokenMade) and entry.event == REVOKED
    }
    missing: list[TokenEntry] = []
    recorded = 0
    for made, changes in stored:
        if made.digest not in described:
            recorded += 1
            missing += [made, *changes]
        elif made.digest not in revoked:
            missing += [change for change in changes if change.event == REVOKED]
    if missing:
        audit.record(missing, by="reconciliation")
    return ReconciledTokens(recovered.made, recovered.revoked, recorded)
