"""Gets this machine its own token, POST <api>/inscripcion, and renews it in time.

The enrolment token, shared by many machines, serves for enrolment only. The issued token is valid
for reports of this machine alone: those with its id_maquina.
"""

from __future__ import annotations

import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any

from agent import wire
from agent.state.token_file import IssuedToken, TokenFile, TokenFileError
from agent.transport.credentials import read_enrolment_token
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import answer_error
from agent.transport.log_throttle import LogThrottle

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.report import Identity
    from agent.transport.credentials import Credentials
    from agent.transport.http_client import Answer, ApiClient

PATH = "/inscripcion"
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}", re.ASCII)
_log = logging.getLogger("agent")


class Enrolment:
    def __init__(
        self, file: TokenFile, credentials: Credentials, identify: Callable[[], Identity]
    ) -> None:
        self._file = file
        self._credentials = credentials
        self._identify = identify
        self._token: IssuedToken | None = None
        self._enrolled_now = False
        self._throttle = LogThrottle()

    def authenticate(self, api: ApiClient) -> None:
        """Use the token of this machine; enrol or renew it first where necessary.

        Does nothing without a token and without an enrolment token. Raises DeliveryError.
        """
        self._enrolled_now = False
        self._token = self._read()
        if self._token is None or self._is_foreign(self._token):
            secret = read_enrolment_token(self._credentials)
            if secret is not None:
                self._enrol(api, secret)
            elif self._token is not None:
                raise _denied(
                    f"{self._file.path}: this token belongs to another machine, as in a copied"
                    " image; remove it, and give the agent an enrolment token"
                )
        elif self._token.is_due_for_renewal(time.time()):
            self._renew(api, self._token)
        if self._token is not None:
            api.use_token(self._token.token)

    def enrol_again(self, api: ApiClient) -> bool:
        """After a 401: enrol once more; returns whether there is a new token.

        At most one enrolment after each authenticate(). Raises DeliveryError.
        """
        if self._token is None or self._enrolled_now:
            return False
        try:
            secret = read_enrolment_token(self._credentials)
        except DeliveryError:  # removed after the enrolment, as it should be
            secret = None
        if secret is None:
            return False
        _log.warning("%s no longer accepts the token of this machine; enrolling again", api.url)
        self._enrol(api, secret)
        api.use_token(self._token.token)
        return True

    def covers(self, body: bytes) -> bool:
        """Whether the token in use is valid for this report."""
        return self._token is None or wire.id_maquina(body) == self._token.id_maquina

    def _read(self) -> IssuedToken | None:
        try:
            return self._file.read()
        except TokenFileError as error:
            raise _denied(f"the token of this machine cannot be used: {error}") from error

    def _is_foreign(self, token: IssuedToken) -> bool:
        id_maquina = self._identify().id_maquina
        return id_maquina is not None and id_maquina != token.id_maquina

    def _enrol(self, api: ApiClient, secret: str) -> None:
        self._enrolled_now = True
        identity = self._identify()
        if identity.id_maquina is None:
            raise _denied(
                "this machine cannot be enrolled without an id_maquina: /etc/machine-id is"
                " missing or empty, see systemd-machine-id-setup(1)"
            )
        self._token = self._request(
            api, secret, identity, "this machine cannot be enrolled", first=True
        )
        _log.info("this machine has a token of its own, stored in %s", self._file.path)

    def _renew(self, api: ApiClient, token: IssuedToken) -> None:
        """The old token stays in use until the new one is on disk."""
        identity = self._identify()._replace(id_maquina=token.id_maquina)
        try:
            self._token = self._request(
                api, token.token, identity, "the token of this machine cannot be renewed"
            )
        except DeliveryError as error:
            self._throttle.warning("renewal", f"{error}; continuing with the present one")
        else:
            _log.info("the token of this machine was renewed")

    def _request(
        self,
        api: ApiClient,
        secret: str,
        identity: Identity,
        problem: str,
        *,
        first: bool = False,
    ) -> IssuedToken:
        """Request a token and store it, or use the one that another agent stored meanwhile.

        problem: how an error message begins
        first: at an enrolment. If the answer is lost, the key tells the API that the next request
            comes from the same machine, and not from another holder of the enrolment token.
        """
        try:
            with self._file.exclusive_write() as write:
                stored = self._read()
                if stored is not None and stored != self._token:
                    return stored
                key = self._file.enrolment_key() if first else None
                since = time.time()
                answer = api.post(json.dumps(identity._asdict()).encode(), PATH, secret, key)
                token = issued_token(answer, f"{problem}: {api.url}{PATH}", identity, since)
                write(token)
                return token
        except OSError as error:
            raise DeliveryError(f"{problem}: {error.filename}: {error.strerror}") from error


def issued_token(answer: Answer, subject: str, identity: Identity, since: float) -> IssuedToken:
    """The token in an answer; subject: how an error message begins. Raises DeliveryError."""
    if answer.status != 201:
        raise answer_error(answer, f"{subject} answered {answer.status} {answer.reason}".rstrip())
    try:
        found: Any = json.loads(answer.body)
        token, ends = found["token"], found["vence"]
        until = None if ends is None else since + _seconds_until(ends, answer.date, since)
        is_token = _TOKEN.fullmatch(token) is not None
    except (ValueError, KeyError, TypeError, RecursionError):
        is_token = False
    if not is_token:
        raise DeliveryError(f"{subject} answered without a token; is this the API?")
    return IssuedToken(token, str(identity.id_maquina), since, until)


def _seconds_until(moment: str, date: str | None, now: float) -> float:
    """Seconds from an answer to a moment (`2027-02-21 07:30:00.000000`) by the clock of the API.

    The clock of this machine may be wrong, but it measures intervals. Raises ValueError.
    """
    from datetime import datetime, timezone  # noqa: PLC0415 — rarely needed
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    end = datetime.fromisoformat(moment)
    if end.tzinfo is None:
        end = end.replace(tzinfo=timezone.utc)
    try:
        return end.timestamp() - parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError):  # no valid Date header
        return end.timestamp() - now


def _denied(reason: str) -> DeliveryError:
    return DeliveryError(reason, access_denied=True)
