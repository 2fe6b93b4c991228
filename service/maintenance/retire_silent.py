"""Retires servers that have been silent for COMPLIANCE_RETIRE_AFTER days, or for their tag's days.

Only time in which the service could hear counts. One that cannot store reports retires nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from service import times
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import InvalidParameterError, ServerRetiredError
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.read.deafness import NOTICED, heard_at
from service.store.read.retirements import RetirementStore, SilentServer
from service.store.read.silence import Silence
from service.store.read.tags import TagStore
from service.store.tag_format import RETIRE_AFTER, days_of
from service.store.write.retirement_changes import Retirements
from service.store.write.verdicts import VerdictStore
from service.times import DAY

_LOG = logging.getLogger(__name__)
_BY = "COMPLIANCE_RETIRE_AFTER"

Spans = Sequence[tuple[int, int | None]]


def retire_silent(config: Config, database: Database) -> int:
    """Retires the servers that are due, each with an entry of the audit log. Returns their number.

    Raises StorageUnavailableError.
    """
    now, queries = times.now(), load_queries()
    told = {
        tag.server_id: tag.value
        for tag in TagStore(database, queries).all()
        if tag.key == RETIRE_AFTER
    }
    alive_at = heard_at(config.alive)
    if not (config.retire_after or told) or alive_at is None or now - alive_at > NOTICED:
        return 0
    silence = Silence(config.silent_after * times.SECOND, config.silent_intervals)
    silent = RetirementStore(database, queries, silence).silent()
    deaf = _deaf_spans(database, queries, silent)
    changes, retired = Retirements(database, queries, AuditLog(config.audit_log)), 0
    for server in silent:
        days = _days(told.get(server.id), config.retire_after)
        if (
            days is None
            or now - server.heard_at - _deaf_time(deaf, server.heard_at, now) < days * DAY
        ):
            continue
        reason = f"silent for {days} days"
        try:
            is_retired = changes.retire_unheard(server.id, reason, _BY, server.heard_at)
        except ServerRetiredError:  # somebody was faster
            continue
        if is_retired:
            _LOG.info("server %d is retired: %s", server.id, reason)
            retired += 1
    return retired


def _days(tag: str | None, setting: int | None) -> int | None:
    """After how many days it is retired; null for never.

    A tag of an earlier version may say anything: somebody meant something else than the setting.
    """
    if tag is None:
        return setting
    with suppress(InvalidParameterError):
        return days_of(tag)
    return None


def _deaf_spans(
    database: Database, queries: Mapping[str, str], silent: Sequence[SilentServer]
) -> Spans:
    since = min((server.heard_at for server in silent), default=0)
    with database.snapshot() as connection:
        return VerdictStore(queries).deaf_spans(connection, since)


def _deaf_time(deaf: Spans, since: int, until: int) -> int:
    """How long the service could not hear, between two moments. The spans may overlap."""
    total, reached = 0, since
    for from_at, until_at in deaf:
        end = until if until_at is None else min(until_at, until)
        begin = max(from_at, reached)
        total += max(end - begin, 0)
        reached = max(reached, end)
    return total
