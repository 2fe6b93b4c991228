"""The errors of the service. One place (service/http/problems.py) maps them to HTTP."""

from __future__ import annotations

from dataclasses import dataclass


class ComplianceError(Exception):
    """The root of our errors; its text is for people."""


class InvalidSettingError(ComplianceError):
    """A COMPLIANCE_* variable is invalid or unknown."""


class UnsupportedGunicornError(ComplianceError):
    """The installed gunicorn is not one that the worker fits."""


class InvalidQueryFileError(ComplianceError):
    """A file of sql/queries is malformed."""


class IncompatibleDatabaseError(ComplianceError):
    """The database was written by a newer version of this service."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a document: its place (a JSON Pointer), and the expected and received value."""

    pointer: str
    detail: str


class InvalidParameterError(ComplianceError):
    """A query parameter is invalid or unknown to the route."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"{parameter}: {detail}")
        self.parameter = parameter
        self.detail = detail


class InvalidReportError(ComplianceError):
    """The document is no valid report; each fault names a place and an expectation."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = faults


class InvalidTagFileError(ComplianceError):
    """A CSV file of tags is not as expected at a line."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(f"line {line}: {detail}")
        self.line = line
        self.detail = detail


class RecordNotFoundError(ComplianceError):
    """No record has this id_serv."""

    def __init__(self, id_serv: int) -> None:
        super().__init__(f"no record has id_serv {id_serv}")
        self.id_serv = id_serv


class ServerNotFoundError(ComplianceError):
    """No server has this number, or none had it at that moment."""

    def __init__(self, server_id: int) -> None:
        super().__init__(f"no server has number {server_id}")
        self.server_id = server_id


class NoControlError(ComplianceError):
    """No rule names a control, and OSCAL has no document without one."""

    def __init__(self) -> None:
        super().__init__("no rule names a control: expected one at least, for OSCAL's documents")


class FrameworkNotFoundError(ComplianceError):
    """There are controls of no such framework."""

    def __init__(self, framework: str) -> None:
        super().__init__(f"no framework is called {framework[:64]!r}")


class PolicyNotFoundError(ComplianceError):
    """No rule has this id, or ever had it."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"no rule has id {rule[:64]!r}")
        self.rule = rule


class BackTestNotFoundError(ComplianceError):
    """No back-test has this number; old ones are deleted."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"there is no back-test {job_id}; only the newest are kept")


class ViolationNotFoundError(ComplianceError):
    """No violation has this id."""

    def __init__(self, violation: str) -> None:
        super().__init__(f"no violation has id {violation[:64]!r}")


class MessageNotFoundError(ComplianceError):
    """No message to a receiver has this number, or no more."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no message {number}; sent ones are kept for 90 days")


class NotSentAgainError(ComplianceError):
    """The message cannot be sent again; the text says why."""


class TokenNotFoundError(ComplianceError):
    """No valid token has this number."""

    def __init__(self, token_id: int) -> None:
        super().__init__(f"no valid token has number {token_id}")


class TagNotFoundError(ComplianceError):
    """The server has no tag with this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the server has no tag {key}")
        self.key = key


class WaiverNotFoundError(ComplianceError):
    """No waiver has this number."""

    def __init__(self, waiver_id: int) -> None:
        super().__init__(f"no waiver has number {waiver_id}")


class WaiverEndedError(ComplianceError):
    """The waiver has ended, or was revoked."""

    def __init__(self, waiver_id: int) -> None:
        super().__init__(f"waiver {waiver_id} has ended already")


class ServerRetiredError(ComplianceError):
    """The server is retired already."""

    def __init__(self, server_id: int) -> None:
        super().__init__(f"server {server_id} is retired already; its next report brings it back")
        self.server_id = server_id


class UnauthorizedError(ComplianceError):
    """The request shows no valid token; the reason is not disclosed."""

    def __init__(self) -> None:
        super().__init__("expected a valid token as Authorization: Bearer")


class ForbiddenError(ComplianceError):
    """The token is valid, but its scope or its binding excludes this."""


class EnrolmentRefusedError(ForbiddenError):
    """The token may enrol, but not this machine, or no further ones."""


class TooManyAttemptsError(ComplianceError):
    """Too many invalid tokens came from this address."""


class InsecureBindError(ComplianceError):
    """The service would be open to everybody."""


class PortUnavailableError(ComplianceError):
    """The address to serve on is taken, or does not exist."""


class LargeServerError(ComplianceError):
    """So many processes run on the server that even a small report may change many rows."""


class OutdatedPlanError(ComplianceError):
    """A large report of the server was stored since the write of a small one was planned."""


class SourceBusyError(ComplianceError):
    """A source must wait with its report, which may be valid.

    Because of what it sent itself, or because of others (OthersBusyError).
    """

    _DETAIL = "too many or too large reports of this client; keep them and send them again later"

    def __init__(self, retry_after: int) -> None:
        super().__init__(self._DETAIL)
        self.retry_after = retry_after  # seconds


class OthersBusyError(SourceBusyError):
    """The service was busy with large reports of other sources, as long as this one could wait."""

    _DETAIL = "large reports of other clients come first; keep the report and send it again later"


class StorageUnavailableError(ComplianceError):
    """Storage cannot be written or read now; the caller should keep its report and try again."""


class StatementRefusedError(ComplianceError):
    """A rule's statement uses something that is not allowed."""


class StatementBrokenError(ComplianceError):
    """A statement of others is no SQL, names what does not exist, or fails as it runs."""


class StatementLimitError(ComplianceError):
    """A statement of others takes more time or memory, or gives more rows, than it may."""


class GuardEndedError(ComplianceError):
    """The process that runs rules ended, or was ended, before it answered."""


class QueriesOffError(ComplianceError):
    """Queries of administrators are off, as long as no setting turns them on."""

    def __init__(self) -> None:
        super().__init__("queries are off here; COMPLIANCE_QUERIES=1 turns them on")


class BusyError(ComplianceError):
    """As much of a kind runs as may run at a time."""

    KIND = "answers"

    def __init__(self, running: int, retry_after: int) -> None:
        super().__init__(f"{running} {self.KIND} run now, and no more may: ask again later")
        self.retry_after = retry_after  # seconds


class QueriesBusyError(BusyError):
    """Queries of administrators."""

    KIND = "queries"


class ExportsBusyError(BusyError):
    """Exports of evidence."""

    KIND = "exports"


class InvalidSqlError(ComplianceError):
    """A query of an administrator is no SELECT over the relations."""


class SqlLimitError(InvalidSqlError):
    """A query of an administrator takes more time or memory than it may."""


class DatabaseInUseError(StorageUnavailableError):
    """Another process uses the database, or replaces its file."""


class DatabaseLostError(StorageUnavailableError):
    """The database is gone or emptied, beside an archive or an audit log that are not."""


class DatabaseDamagedError(StorageUnavailableError):
    """The database file is damaged, and must be made anew."""


class QuestionStoppedError(ComplianceError):
    """The work on an answer was stopped."""


class AnswerTimeoutError(QuestionStoppedError):
    """An answer took longer than any may take."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the answer takes more than {seconds:g} s: ask for less")


class QuestionAbandonedError(QuestionStoppedError):
    """The client has closed its connection."""

    def __init__(self) -> None:
        super().__init__("the client has closed its connection")
