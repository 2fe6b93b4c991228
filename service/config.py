"""The settings. Nothing else reads the environment."""

from __future__ import annotations

import os
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

from service.errors import InvalidSettingError

PREFIX = "COMPLIANCE_"
_AGENT_PREFIX = "COMPLIANCE_AGENT_"  # the agent's own, which the same environment may hold
_MEBIBYTE = 1024 * 1024
_DAY = 86_400  # seconds
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_URL = re.compile(r"https?://[A-Za-z0-9._~:/\[\]@%-]+")
_INTEGER = re.compile(r"[0-9]{1,18}")
_MAX_SHOWN = 80  # characters of a wrong value


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of the service, with its default."""

    data: Path = Path("var")
    bind: str = "127.0.0.1:8000"
    workers: int = 3
    threads: int = 96
    max_body: int = 8 * _MEBIBYTE  # bytes, after inflation
    silent_after: int = 900  # seconds; no server is silent before
    silent_intervals: int = 3  # nor before so many of its usual intervals
    source_changes: int = 1500  # a second, that a source may report
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()  # whose X-Forwarded-* is believed
    certificate: Path | None = None  # with it and its key, the service speaks TLS itself
    key: Path | None = None
    policies: Path | None = None  # a folder of rules beside the shipped ones
    evaluator: str = "auto"  # started by gunicorn; "off": it is a unit of its own
    fleet_every: int = 10  # seconds between two judgements by rules about the fleet

    queries: bool = False  # whether administrators may ask with SQL
    notify: Path | None = None  # a file of receivers; without it nobody is told of anything
    sender: str = "auto"  # started by gunicorn; "off": it is a unit of its own
    url: str | None = None  # of the pages, as readers of messages reach them
    retire_after: int | None = None  # days of silence after which a server is retired

    @property
    def database(self) -> Path:
        return self.data / "compliance.db"

    @property
    def archive(self) -> Path:
        return self.data / "archive"

    @property
    def audit_log(self) -> Path:
        return self.data / "audit.jsonl"

    @property
    def alive(self) -> Path:
        """Touched once a minute by a service that runs."""
        return self.data / "service.alive"

    @property
    def evaluator_lock(self) -> Path:
        """Locked by the one evaluator of this data folder."""
        return self.data / "evaluator.lock"

    @property
    def backtest_lock(self) -> Path:
        """Locked by the one process that runs back-tests that pages asked for."""
        return self.data / "backtest.lock"

    @property
    def sent(self) -> Path:
        """When each receiver of notifications took a message last."""
        return self.data / "sender.sent"

    @property
    def sender_lock(self) -> Path:
        """Locked by the one sender of notifications of this data folder."""
        return self.data / "sender.lock"

    @property
    def large_turn(self) -> Path:
        return self.data / "large-reports.json"

    @property
    def query_places(self) -> tuple[Path, ...]:
        """Each locked by a query of an administrator, so that no more run at a time."""
        return tuple(self.data / f"query-{number}.lock" for number in (1, 2))

    @property
    def export_places(self) -> tuple[Path, ...]:
        """Each locked by an export of evidence, so that no more run at a time."""
        return tuple(self.data / f"export-{number}.lock" for number in (1, 2))

    @property
    def host(self) -> str:
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.bind.rpartition(":")[2])

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Setting(NamedTuple):
    """A setting: `max_body` of Config is COMPLIANCE_MAX_BODY.

    parse: raises ValueError, whose text says what was expected.
    """

    name: str
    parse: Callable[[str], Any]
    may_be_empty: bool = False  # an empty value then stands for the default

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _is_integer(text, low, high):
            raise ValueError(f"an integer from {low} to {high}")
        return int(text)

    return parse


def _is_integer(text: str, low: int, high: int) -> bool:
    return _INTEGER.fullmatch(text) is not None and low <= int(text) <= high


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not (_HOST.fullmatch(host) and _is_integer(port, 1, 65535)):
        raise ValueError("HOST:PORT such as 127.0.0.1:8000 or [::1]:8000")
    return text


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(
            "addresses or networks with commas between them, such as 127.0.0.1,10.0.0.0/24"
            f" ({error})"
        ) from error


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return parse


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError("an address such as https://compliance.example.org")
    return text.rstrip("/")


def _switch(text: str) -> bool:
    return _one_of("0", "1")(text) == "1"


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError("a file that can be read")
    return Path(text)


SETTINGS = (
    Setting("data", Path),
    Setting("bind", _address),
    Setting("workers", _integer(1, 64)),
    Setting("threads", _integer(1, 1000)),
    Setting("max_body", _integer(1024, 1024 * _MEBIBYTE)),
    Setting("silent_after", _integer(1, 366 * _DAY)),
    Setting("silent_intervals", _integer(1, 1000)),
    Setting("source_changes", _integer(1, 1_000_000)),
    Setting("proxies", _networks, may_be_empty=True),
    Setting("certificate", _file, may_be_empty=True),
    Setting("key", _file, may_be_empty=True),
    Setting("policies", Path, may_be_empty=True),
    Setting("evaluator", _one_of("auto", "off")),
    Setting("fleet_every", _integer(1, _DAY)),
    Setting("queries", _switch),
    Setting("notify", _file, may_be_empty=True),
    Setting("sender", _one_of("auto", "off")),
    Setting("url", _url, may_be_empty=True),
    Setting("retire_after", _integer(1, 9999), may_be_empty=True),
)


def from_env(environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of the COMPLIANCE_* variables.

    Raises InvalidSettingError, which names the variable, for an invalid value, and for a
    COMPLIANCE_* name that is no setting, which is most likely a typing error.
    """
    known = {setting.variable for setting in SETTINGS}
    for name in environ:
        ours = name.startswith(PREFIX) and not name.startswith(_AGENT_PREFIX)
        if ours and name not in known:
            expected = ", ".join(sorted(known))
            raise InvalidSettingError(f"{name} is no setting; expected one of {expected}")
    values = {
        setting.name: _value(setting, environ[setting.variable])
        for setting in SETTINGS
        if environ.get(setting.variable) or _is_wrongly_empty(setting, environ)
    }
    for name, other in (("certificate", "key"), ("key", "certificate")):
        if other in values and name not in values:
            raise InvalidSettingError(
                f"{PREFIX}{name.upper()}: expected a file, since {PREFIX}{other.upper()} names one"
            )
    return Config(**values)


def _is_wrongly_empty(setting: Setting, environ: Mapping[str, str]) -> bool:
    return setting.variable in environ and not setting.may_be_empty


def _value(setting: Setting, text: str) -> Any:  # noqa: ANN401 — of the setting's own type
    if not text.strip() and not setting.may_be_empty:
        raise InvalidSettingError(f"{setting.variable}: expected a value, got an empty one")
    try:
        return setting.parse(text)
    except ValueError as error:
        raise InvalidSettingError(
            f"{setting.variable}: expected {error}, got {text[:_MAX_SHOWN]!r}"
        ) from error


def argument_type(name: str) -> Callable[[str], Any]:
    """The argparse type of a command's option that stands for a setting."""
    (setting,) = (setting for setting in SETTINGS if setting.name == name)

    def parse(text: str) -> Any:  # noqa: ANN401 — of the setting's own type
        try:
            return _value(setting, text)
        except InvalidSettingError as error:
            raise ArgumentTypeError(str(error).removeprefix(f"{setting.variable}: ")) from error

    return parse


def child_environ(values: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process, with these settings in place of their variables."""
    return {**os.environ, **{PREFIX + name.upper(): value for name, value in values.items()}}


def secret_of(variable: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The secret that a variable holds, which a file of receivers names."""
    return environ.get(variable)
