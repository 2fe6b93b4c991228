"""Who is told, of what, and how: the file that COMPLIANCE_NOTIFY names, checked as a whole."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from service.config import secret_of
from service.errors import InvalidParameterError, InvalidSettingError
from service.notify.quiet_hours import QuietHours
from service.notify.table import Table
from service.store.server_event import ENDS
from service.store.tag_format import WantedTag, wanted_tag
from service.store.write.waiver_notices import WAIVER_MESSAGES
from service.times import DAY, HOUR, MINUTE

WEBHOOK, SLACK, TEAMS, MATTERMOST = "webhook", "slack", "teams", "mattermost"
MAIL = "mail"
KINDS = (WEBHOOK, SLACK, TEAMS, MATTERMOST, MAIL)
TLS = ("starttls", "tls", "none")
SEVERITIES = ("critica", "alta", "media", "baja")  # the worst first
MESSAGES = (
    *("abierta", "resuelta", "abierta_y_resuelta", "cerrada", "tardia", "inestable"),
    *(name for pair in ENDS.items() for name in pair if name is not None),
    *WAIVER_MESSAGES,
    "resumen",
)
LANGUAGES = ("es", "en")

_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_MAX_BYTES = 1024 * 1024
_MAX_RECEIVERS = 50


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes, and from whom to whom. tls: one of TLS."""

    host: str
    port: int
    tls: str
    sender: str
    recipients: tuple[str, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver. Its address and its secrets are shown nowhere: `place` is.

    url: empty, and mail is not null, of kind mail.
    rules: patterns with `*`. tags: servers must have all of them. deadline: seconds for one try.
    most_a_minute: messages, before they are told together. heartbeat,
    reminder: microseconds between two.
    """

    name: str
    kind: str
    place: str  # its host
    url: str = field(repr=False)
    language: str = "es"
    severities: frozenset[str] = frozenset(SEVERITIES)
    rules: tuple[str, ...] = ("*",)
    tags: tuple[WantedTag, ...] = ()
    messages: frozenset[str] = frozenset(MESSAGES)
    quiet: QuietHours | None = None
    secret: bytes | None = field(default=None, repr=False)
    ca_file: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    deadline: int = 10
    most_a_minute: int = 20
    mail: MailServer | None = None
    heartbeat: int | None = None
    reminder: int | None = None

    def listens_to(self, rule: str, severity: str) -> bool:
        return severity in self.severities and any(fnmatchcase(rule, each) for each in self.rules)

    def hears(self, message: str) -> bool:
        return message in self.messages

    def quiet_until(self, at: int, severity: str) -> int:
        """When a message of that moment may leave. Microseconds."""
        if self.quiet is None or (severity == "critica" and self.quiet.spares_critical):
            return at
        return self.quiet.end(at)

    @property
    def wants(self) -> dict[str, list[str]]:
        """What it listens to, as far as more of it is news."""
        return {
            "severities": sorted(self.severities),
            "rules": sorted(self.rules),
            "tags": sorted(str(tag) for tag in self.tags),
        }


def read_receivers(path: Path) -> dict[str, Receiver]:
    """The receivers by name, in the order of the file.

    Raises InvalidSettingError, which names the file and the receiver and no secret.
    """
    try:
        with path.open("rb") as file:
            tables = tomllib.loads(file.read(_MAX_BYTES).decode())
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidSettingError(f"COMPLIANCE_NOTIFY: {path}: {reason}") from error
    found = tables.pop("receivers", None)
    if tables or not isinstance(found, dict) or not 0 < len(found) <= _MAX_RECEIVERS:
        raise InvalidSettingError(
            f"COMPLIANCE_NOTIFY: {path}: expected 1 to {_MAX_RECEIVERS} tables such as"
            " [receivers.guard], and nothing else"
        )
    receivers = {}
    for name, values in found.items():
        try:
            receivers[name] = _receiver(name, values, path.parent)
        except ValueError as error:
            raise InvalidSettingError(
                f"COMPLIANCE_NOTIFY: {path}: receiver {name[:80]!r}: {error}"
            ) from error
    return receivers


def _receiver(name: str, values: Any, folder: Path) -> Receiver:  # noqa: ANN401 — of TOML
    """Raises ValueError, whose text says what was expected."""
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or name[64:]:
        raise ValueError("expected a name of letters, digits, - and _")
    if not isinstance(values, dict):
        raise ValueError("expected a table")  # noqa: TRY004 — a fault of the file
    table = Table(values, folder, secret_of)
    kind = table.one_of("kind", KINDS)
    mail, url, secret, proxy = None, "", None, None
    if kind == MAIL:
        mail = _mail_server(table)
        place = mail.host
    else:
        url, place = _address(table)
        secret, proxy = table.secret("secret"), table.secret("proxy")
    if proxy is not None and not proxy.startswith(("http://", "https://")):
        raise ValueError("proxy: expected an address that begins with http:// or https://")
    made = Receiver(
        name,
        kind,
        place=place,
        url=url,
        language=table.one_of("language", LANGUAGES, "es"),
        severities=frozenset(table.some_of("severities", SEVERITIES)),
        rules=table.texts("rules", ("*",)),
        tags=tuple(_tag(text) for text in table.texts("tags", none=True)),
        messages=frozenset(table.some_of("messages", MESSAGES)),
        quiet=_quiet(table.table("quiet")),
        secret=None if secret is None else secret.encode(),
        ca_file=table.file("ca_file"),
        proxy=proxy,
        deadline=table.integer("deadline", 1, 60, 10),
        most_a_minute=table.integer("most_a_minute", 1, 1000, 20),
        mail=mail,
        heartbeat=table.duration("latido", MINUTE, DAY),
        reminder=table.duration("recordatorio", HOUR, 30 * DAY),
    )
    table.end()
    return made


def _tag(text: str) -> WantedTag:
    try:
        return wanted_tag(text)
    except InvalidParameterError as error:
        raise ValueError(f"tags: {error.detail}") from error


def _address(table: Table) -> tuple[str, str]:
    """The address of a webhook, and its host."""
    url = table.secret("url")
    if url is None:
        raise ValueError("url: expected an address; url_file or url_env may say where it stands")
    host = urlsplit(url).hostname
    if not url.startswith(("https://", "http://")) or host is None or not url.isprintable():
        raise ValueError("url: expected an address that begins with https:// or http://")
    return url, host


def _mail_server(table: Table) -> MailServer:
    tls = table.one_of("tls", TLS, "starttls")
    host, sender = table.text("host"), table.text("from")
    if host is None or sender is None:
        raise ValueError("expected host, from and to")
    recipients = table.texts("to")
    if not all(_MAILBOX.fullmatch(each) for each in (sender, *recipients)):
        raise ValueError("from, to: expected addresses such as guard@example.org")
    user, password = table.text("user"), table.secret("password")
    if (user is None) is not (password is None):
        raise ValueError("user: expected both a user and a password, or none")
    if not f"{user}{password}".isascii():  # smtplib says no other
        raise ValueError("user, password: expected ASCII characters")
    if user is not None and tls == "none":
        raise ValueError("user: a password is sent under TLS only")
    port = table.integer("port", 1, 65535, 465 if tls == "tls" else 587 if user else 25)
    return MailServer(host, port, tls, sender, recipients, user, password)


def _quiet(values: Mapping[str, Any] | None) -> QuietHours | None:
    if values is None:
        return None
    if values.keys() - {"from", "to", "zone", "critical"} or len(values) < 3:
        raise ValueError(
            'quiet: expected { from = "22:00", to = "07:00", zone = "Europe/Madrid" },'
            " and critical = true where critical messages wait too"
        )
    try:
        since, until = (time.fromisoformat(str(values[name])) for name in ("from", "to"))
        zone = ZoneInfo(str(values["zone"]))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            "quiet: expected times such as 22:00, and a zone such as Europe/Madrid"
        ) from error
    if since == until or since.tzinfo or until.tzinfo:
        raise ValueError("quiet: expected two different times of the day, without zones")
    if not isinstance(values.get("critical", False), bool):
        raise ValueError("quiet: critical: expected true or false")  # noqa: TRY004 — the same
    return QuietHours(since, until, zone, spares_critical=not values.get("critical", False))
