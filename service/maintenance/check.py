"""The consistency check: what the database, the archive and the audit log say of each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from service import times
from service.archive import files
from service.auth.audit_entries import REVOKED, TokenMade, read_token_entries
from service.config import Config
from service.errors import StorageUnavailableError
from service.ingest.validation import ReportValidator
from service.maintenance.chain_check import ChainFindings, verify_chain
from service.maintenance.consistency import Comparison, against_archive, archived_lines
from service.store.engines import Database
from service.store.numbers import gaps
from service.store.queries import load_queries
from service.store.read.consistency import open_content
from service.store.token_recovery import TokenRecovery
from service.times import MINUTE

# A line that was received just now may be on its way to the database.
_UNDER_WAY = MINUTE // 2
_WAIT_SECONDS = 15
_SHOWN_RANGES = 5


@dataclass(slots=True)
class Findings:
    """What a check found."""

    damage: list[str] = field(default_factory=list)  # pages, indexes, references, derived tables
    numbers: list[str] = field(default_factory=list)  # of records that were removed
    tokens: list[str] = field(default_factory=list)
    chain: ChainFindings = field(default_factory=ChainFindings)
    comparison: Comparison = field(default_factory=Comparison)
    unreadable: str = ""  # why the comparison could not be finished

    @property
    def failed(self) -> bool:
        return bool(
            self.damage
            or self.numbers
            or self.tokens
            or self.chain.faults
            or self.comparison.differences
            or self.comparison.archived_only
            or self.unreadable
        )


def check(config: Config, database: Database, step: Callable[[], None]) -> Findings:
    """Compares everything. The service may run. Raises StorageUnavailableError.

    step: called for each line of the archive.
    """
    files.require_folder(config.archive)
    found, queries = Findings(), load_queries()
    lines = archived_lines(config.archive, ReportValidator())
    began = times.now()
    try:
        with open_content(database, queries) as state:
            found.damage = state.damage()
            found.numbers = [_range(*gap) for gap in gaps(state.connection, queries)[0]]
            if len(found.numbers) > _SHOWN_RANGES:
                more = len(found.numbers) - _SHOWN_RANGES
                found.numbers[_SHOWN_RANGES:] = [f"… and {more} more ranges"]
            found.comparison = against_archive(state, lines, step)
        _wait_for_those_under_way(database, found.comparison, began)
        found.tokens = _lost_tokens(config, database)
        found.chain = verify_chain(config, database)
    except StorageUnavailableError as error:
        found.unreadable = str(error)
    return found


def _range(first: int, last: int) -> str:
    if first == last:
        return f"record {first} was removed"
    return f"records {first} to {last} were removed"


def _wait_for_those_under_way(database: Database, comparison: Comparison, began: int) -> None:
    """Leaves out the archived reports that are stored by now: some were being stored."""
    ends = time.monotonic() + _WAIT_SECONDS
    while comparison.archived_only:
        with open_content(database, load_queries()) as later:
            comparison.archived_only = [
                (key, received_at)
                for key, received_at in comparison.archived_only
                if later.find([key]) is None
            ]
        newest = max((received_at for _, received_at in comparison.archived_only), default=0)
        if newest < began - _UNDER_WAY or time.monotonic() > ends:
            return
        time.sleep(0.5)


def _lost_tokens(config: Config, database: Database) -> list[str]:
    """Tokens and revocations that the audit log has and the database lacks."""
    lost = _compare_tokens(config, database)
    if lost:
        time.sleep(1)  # the entry of a change is written before its row
        lost = _compare_tokens(config, database)
    return lost


def _compare_tokens(config: Config, database: Database) -> list[str]:
    try:
        entries = list(read_token_entries(config.audit_log))
    except OSError as error:
        raise StorageUnavailableError(f"{config.audit_log} cannot be read: {error}") from error
    stored = {
        made.digest: {change.event for change in changes}
        for made, changes in TokenRecovery(database, load_queries()).entries()
    }
    lost = {}
    for entry in entries:
        if isinstance(entry, TokenMade):
            if entry.digest not in stored:
                lost[entry.digest] = f"token {entry.number} is in the audit log alone"
        elif entry.event == REVOKED and entry.digest is not None:
            known = stored.get(entry.digest)
            if known is not None and REVOKED not in known:
                lost[entry.digest] = f"token {entry.number} was revoked, and is valid"
    return list(lost.values())
