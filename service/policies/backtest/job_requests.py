"""Takes back-tests that administrators ask for. Each is an entry of the audit log first."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from service import times
from service.auth.audit_entries import RULE_TRIED
from service.auth.audit_log import AuditLog
from service.auth.token_format import masked
from service.policies.backtest.candidate import file_name_of
from service.policies.rules.faults import InvalidRuleError, RuleFault
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule_file import MAX_BYTES, parse_rule
from service.store.backtest_jobs import BackTestJobStore, NewJob

_MAX_AUDITED = 16_000  # characters: most rules whole

Facts = Mapping[str, str | int | None]


class BackTestRequests:
    """Its methods raise StorageUnavailableError."""

    def __init__(self, jobs: BackTestJobStore, audit_log: AuditLog) -> None:
        self._jobs, self._audit_log = jobs, audit_log

    def add(self, job: NewJob, asker: Facts) -> int | None:
        """The number of the job; null while as many wait as may wait.

        asker: who asks, for the audit log. Of a text that is tried the rule is that which it names.
        Raises InvalidRuleError for one that is no rule; what SQLite says of it is found as it runs.
        """
        self._audit_log.write(
            RULE_TRIED,
            **asker,
            regla=job.rule or None,
            texto=masked(job.source[:_MAX_AUDITED]) if job.is_unsaved else None,
            sha256=sha256(job.source.encode()).hexdigest(),
            desde=times.to_text(job.since_at),
            hasta=times.to_text(job.until_at),
            servidor=job.server,
        )
        return self._jobs.add(job._replace(rule=_id_of(job.source)) if job.is_unsaved else job)


def _id_of(source: str) -> str:
    path = Path(file_name_of(source))
    if len(source.encode()) > MAX_BYTES:
        raise InvalidRuleError(RuleFault(path, None, f"is longer than {MAX_BYTES} bytes"))
    return parse_rule(path, source, RELATIONS | HIDDEN).id
