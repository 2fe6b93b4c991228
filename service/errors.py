"""What can go wrong, in our words. One place (service/http/problems.py) maps these to HTTP."""

from __future__ import annotations

from dataclasses import dataclass


class ComplianceError(Exception):
    """The root of our errors; its text is written for the person who reads it."""


class InvalidSettingError(ComplianceError):
    """A COMPLIANCE_* variable has a value that it cannot have."""


class InvalidQueryFileError(ComplianceError):
    """A file of sql/queries does not hold what its loader expects."""


class IncompatibleDatabaseError(ComplianceError):
    """The database was written by a newer version of this service."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent: where (a JSON Pointer), what was expected, what came."""

    pointer: str
    detail: str


class InvalidParameterError(ComplianceError):
    """A query parameter is not what the route takes."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"{parameter}: {detail}")
        self.parameter = parameter
        self.detail = detail


class InvalidReportError(ComplianceError):
    """What was sent is no report; the faults say where and what was expected."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = faults


class RecordNotFoundError(ComplianceError):
    """No record has this id_serv."""

    def __init__(self, id_serv: int) -> None:
        super().__init__(f"no record has id_serv {id_serv}")
        self.id_serv = id_serv


class ServerNotFoundError(ComplianceError):
    """No server has this number, or none had it yet at that moment."""

    def __init__(self, server_id: int) -> None:
        super().__init__(f"no server has number {server_id}")
        self.server_id = server_id


class TokenNotFoundError(ComplianceError):
    """No good token has this number."""

    def __init__(self, token_id: int) -> None:
        super().__init__(f"no token that is not revoked has number {token_id}")


class UnauthorizedError(ComplianceError):
    """Who asks has shown no token that is good; why is not told."""

    def __init__(self) -> None:
        super().__init__("expected a token that is good, as Authorization: Bearer")


class ForbiddenError(ComplianceError):
    """The token is good, but not for this."""


class EnrolmentRefusedError(ForbiddenError):
    """The token may enrol, but not this machine, or no more of them."""


class TooManyAttemptsError(ComplianceError):
    """Too many wrong tokens came from there."""


class InsecureBindError(ComplianceError):
    """The service would be open to everybody."""


class PortUnavailableError(ComplianceError):
    """The address to serve on is taken, or does not exist."""


class StorageUnavailableError(ComplianceError):
    """The report was fine, but it cannot be stored now; the caller should keep it and try again."""
