"""Gets the agent a token of its own from the API, POST <api>/inscripcion, and a new one in time.

An enrolment token, which many machines share, is good for that and for nothing else. What it
gives speaks for this machine alone: for reports with its id_maquina.
"""

from __future__ import annotations

import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any

from agent import wire
from agent.state.token_file import IssuedToken, TokenFile, Unusable
from agent.transport.delivery_error import Stopped, Trouble, trouble_of
from agent.transport.http_client import Undelivered, read_enrolment_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.report import Identity
    from agent.transport.http_client import Access, Answer, Api

PATH = "/inscripcion"
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}", re.ASCII)
_TELL_AGAIN_SECONDS = 3600.0
_log = logging.getLogger("agent")


class Enrolment:
    def __init__(self, file: TokenFile, access: Access, identify: Callable[[], Identity]) -> None:
        self._file = file
        self._access = access
        self._identify = identify
        self._own: IssuedToken | None = None
        self._tried = False
        self._told_at = -_TELL_AGAIN_SECONDS

    def open(self, api: Api) -> None:
        """Have the API know this machine by its token, before reports are sent.

        Without a token and without an enrolment token nothing happens. Raises Stopped, Undelivered.
        """
        self._tried = False
        self._own = self._read()
        secret = None
        if self._own is None or self._is_foreign(self._own):
            secret = read_enrolment_token(self._access)
            if secret is not None:
                self._enrol(api, secret)
            elif self._own is not None:
                raise _not_let_in(
                    f"{self._file.path}: this token is another machine's, as in a copied image;"
                    " remove it, and give the agent an enrolment token"
                )
        elif self._own.is_to_be_renewed(time.time()):
            self._renew(api, self._own)
        if self._own is not None:
            api.use(self._own.token)

    def again(self, api: Api) -> bool:
        """After a 401: whether there is another token now. Once for each time that it was opened.

        Raises Stopped, Undelivered.
        """
        if self._own is None or self._tried:
            return False
        try:
            secret = read_enrolment_token(self._access)
        except Undelivered:  # taken away after it had served, as it should be
            secret = None
        if secret is None:
            return False
        _log.warning("%s takes the token of this machine no more; enrolling it again", api.url)
        self._enrol(api, secret)
        api.use(self._own.token)
        return True

    def speaks_for(self, body: bytes) -> bool:
        """Whether a report is one that the API takes with the token in use."""
        return self._own is None or wire.id_maquina(body) == self._own.id_maquina

    def _read(self) -> IssuedToken | None:
        try:
            return self._file.read()
        except Unusable as error:
            raise _not_let_in(f"the token of this machine cannot be used: {error}") from error

    def _is_foreign(self, own: IssuedToken) -> bool:
        id_maquina = self._identify().id_maquina
        return id_maquina is not None and id_maquina != own.id_maquina

    def _enrol(self, api: Api, secret: str) -> None:
        self._tried = True
        identity = self._identify()
        if identity.id_maquina is None:
            raise _not_let_in(
                "this machine cannot be enrolled, since it has no id_maquina: /etc/machine-id is"
                " missing or empty, see systemd-machine-id-setup(1)"
            )
        self._own = self._exchange(api, secret, identity, "this machine cannot be enrolled")
        _log.info("this machine has a token of its own, kept in %s", self._file.path)

    def _renew(self, api: Api, own: IssuedToken) -> None:
        """The old one is used until the new one is on the disk, and if it never gets there."""
        identity = self._identify()._replace(id_maquina=own.id_maquina)
        try:
            self._own = self._exchange(
                api, own.token, identity, "the token of this machine cannot be renewed"
            )
        except (Stopped, Undelivered) as error:
            now = time.monotonic()
            if now - self._told_at >= _TELL_AGAIN_SECONDS:
                self._told_at = now
                _log.warning("%s; going on with the one that there is", error)
        else:
            _log.info("the token of this machine is renewed")

    def _exchange(self, api: Api, secret: str, identity: Identity, trouble: str) -> IssuedToken:
        """Ask for a token and keep it; or take the one that another agent has kept meanwhile."""
        try:
            with self._file.changing() as keep:
                kept = self._read()
                if kept is not None and kept != self._own:
                    return kept
                since = time.time()
                answer = api.post(json.dumps(identity._asdict()).encode(), PATH, secret)
                own = _own_token(answer, f"{trouble}: {api.url}{PATH}", identity, since)
                keep(own)
                return own
        except OSError as error:
            raise Stopped(Trouble(f"{trouble}: {error.filename}: {error.strerror}")) from error


def _own_token(answer: Answer, asked: str, identity: Identity, since: float) -> IssuedToken:
    """The token in an answer. Raises Stopped where there is none."""
    if answer.status != 201:
        said = f"{asked} answered {answer.status} {answer.reason}".rstrip()
        raise Stopped(trouble_of(answer, said))
    try:
        found: Any = json.loads(answer.body)
        token, ends = found["token"], found["vence"]
        until = None if ends is None else since + _seconds_until(ends, answer.date, since)
        is_token = _TOKEN.fullmatch(token) is not None
    except (ValueError, KeyError, TypeError, RecursionError):
        is_token = False
    if not is_token:
        raise Stopped(Trouble(f"{asked} answered without a token; is this the API?"))
    return IssuedToken(token, str(identity.id_maquina), since, until)


def _seconds_until(moment: str, date: str | None, now: float) -> float:
    """From an answer to a moment (`2027-02-21 07:30:00.000000`), both by the clock of the API.

    This machine's clock may be wrong; it counts the seconds all the same. Raises ValueError.
    """
    from datetime import datetime, timezone  # noqa: PLC0415 — rarely needed
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    end = datetime.fromisoformat(moment)
    if end.tzinfo is None:
        end = end.replace(tzinfo=timezone.utc)
    try:
        return end.timestamp() - parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError):  # no date, or none that can be read
        return end.timestamp() - now


def _not_let_in(reason: str) -> Stopped:
    return Stopped(Trouble(reason, not_let_in=True))
