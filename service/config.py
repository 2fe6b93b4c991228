"""The settings. Nothing else reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from service.errors import InvalidSettingError

_MEBIBYTE = 1024 * 1024
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of the service, with its default."""

    data: Path = Path("var")
    bind: str = "127.0.0.1:8000"
    workers: int = 3
    threads: int = 96
    max_body: int = 8 * _MEBIBYTE  # bytes, after inflation
    silent_after: int = 900  # seconds; a server is not silent before
    silent_intervals: int = 3  # nor before so many of its usual intervals
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()  # whose X-Forwarded-* is believed
    certificate: Path | None = None  # with them, the service speaks TLS itself
    key: Path | None = None

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
    def is_on_loopback(self) -> bool:
        """Whether nobody but this machine can reach the service."""
        host = self.bind.rpartition(":")[0].strip("[]")
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def from_env(environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration that the COMPLIANCE_* variables ask for.

    Raises InvalidSettingError, which names the variable, for a value that cannot be used and for
    a COMPLIANCE_* name that is no setting (a typing error would otherwise go unnoticed).
    """
    defaults = Config()
    known = {
        "COMPLIANCE_DATA",
        "COMPLIANCE_BIND",
        "COMPLIANCE_WORKERS",
        "COMPLIANCE_THREADS",
        "COMPLIANCE_MAX_BODY",
        "COMPLIANCE_SILENT_AFTER",
        "COMPLIANCE_SILENT_INTERVALS",
        "COMPLIANCE_PROXIES",
        "COMPLIANCE_CERTIFICATE",
        "COMPLIANCE_KEY",
    }
    for name in environ:
        agents_own = name.startswith("COMPLIANCE_AGENT_")
        if name.startswith("COMPLIANCE_") and name not in known and not agents_own:
            expected = ", ".join(sorted(known))
            raise InvalidSettingError(f"{name} is no setting; expected one of {expected}")
    return Config(
        data=Path(_text(environ, "COMPLIANCE_DATA", str(defaults.data))),
        bind=_address(environ, "COMPLIANCE_BIND", defaults.bind),
        workers=_integer(environ, "COMPLIANCE_WORKERS", defaults.workers, 1, 64),
        threads=_integer(environ, "COMPLIANCE_THREADS", defaults.threads, 1, 1000),
        max_body=_integer(
            environ, "COMPLIANCE_MAX_BODY", defaults.max_body, 1024, 1024 * _MEBIBYTE
        ),
        silent_after=_integer(
            environ, "COMPLIANCE_SILENT_AFTER", defaults.silent_after, 1, 366 * 86_400
        ),
        silent_intervals=_integer(
            environ, "COMPLIANCE_SILENT_INTERVALS", defaults.silent_intervals, 1, 1000
        ),
        proxies=_networks(environ, "COMPLIANCE_PROXIES"),
        certificate=_file(environ, "COMPLIANCE_CERTIFICATE", "COMPLIANCE_KEY"),
        key=_file(environ, "COMPLIANCE_KEY", "COMPLIANCE_CERTIFICATE"),
    )


def _text(environ: Mapping[str, str], name: str, default: str) -> str:
    value = environ.get(name, default)
    if not value.strip():
        raise InvalidSettingError(f"{name}: expected a value, got an empty one")
    return value


def _integer(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = _text(environ, name, str(default))
    if not _is_integer(value, low, high):
        raise InvalidSettingError(
            f"{name}: expected an integer from {low} to {high}, got {value[:80]!r}"
        )
    return int(value)


def _is_integer(text: str, low: int, high: int) -> bool:
    return re.fullmatch(r"[0-9]{1,18}", text) is not None and low <= int(text) <= high


def _address(environ: Mapping[str, str], name: str, default: str) -> str:
    value = _text(environ, name, default)
    host, _, port = value.rpartition(":")
    if not (_HOST.fullmatch(host) and _is_integer(port, 1, 65535)):
        raise InvalidSettingError(
            f"{name}: expected HOST:PORT such as 127.0.0.1:8000 or [::1]:8000, got {value[:80]!r}"
        )
    return value


def _networks(environ: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    texts = [text.strip() for text in environ.get(name, "").split(",")]
    try:
        return tuple(ip_network(text) for text in texts if text)
    except ValueError as error:
        raise InvalidSettingError(
            f"{name}: expected addresses or networks with commas between them, such as"
            f" 127.0.0.1,10.0.0.0/24: {error}"
        ) from error


def _file(environ: Mapping[str, str], name: str, other: str) -> Path | None:
    """A file that may be left out, together with the other one."""
    value = environ.get(name, "")
    if not value:
        if environ.get(other):
            raise InvalidSettingError(f"{name}: expected a file, since {other} names one")
        return None
    if not Path(value).is_file():
        raise InvalidSettingError(f"{name}: expected a file that can be read, got {value[:200]!r}")
    return Path(value)
