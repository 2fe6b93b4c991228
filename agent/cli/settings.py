"""What the agent is told: by options, by COMPLIANCE_AGENT_* variables, by an INI file, in this
order of strength.
"""

# ruff: noqa: PTH110, PTH112, PTH113, PTH123
from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from agent.state import spool
from agent.state.state_paths import credential, default_spool
from agent.transport.http_client import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PREFIX = "COMPLIANCE_AGENT_"
_SECRETS = (PREFIX + "TOKEN", PREFIX + "ENROLMENT_TOKEN")
CONFIG = "/etc/compliance-agent.ini"
SECTION = "agent"
REPORT_EVERY_SECONDS = 300.0
_LONGEST_INTERVAL_SECONDS = 366 * 24 * 3600
_LARGEST_SPOOL_MIB = 1 << 20
_MOST_SPOOL_DAYS = 10_000


class WrongSetting(Exception):  # noqa: N818 — as it reads
    """One clear line that names what is wrong."""


class Settings(NamedTuple):
    api: str | None
    every: float | None
    now: bool
    print: bool
    spool: str
    spool_bytes: int
    spool_seconds: float
    access: Access
    esquema: int
    linea_comando: bool
    procfs: str | None
    rootfs: str | None


class Setting(NamedTuple):
    """A setting that options, variables and the file share: spool_mib is --spool-mib,
    COMPLIANCE_AGENT_SPOOL_MIB and spool_mib = … in the file.
    """

    name: str
    parse: Callable[[str], Any]
    metavar: str | None  # None for a switch
    help: str

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


def _api(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f"{text!r}: expected http[s]://HOST[:PORT]")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("expected neither a user nor a query in the address")
    return text


def _number(least: float, most: float, unit: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"{text!r}: expected a number of {unit} from {least:g} to {most}")
        return number

    return parse


check_interval = _number(1, _LONGEST_INTERVAL_SECONDS, "seconds")


def _folder(text: str) -> str:
    if not os.path.isdir(text):
        raise ValueError(f"{text!r}: there is no such folder")
    return text


def _file(text: str) -> str:
    if not os.path.isfile(text):
        raise ValueError(f"{text!r}: there is no such file")
    return text


def _esquema(text: str) -> int:
    if text not in {"1", "2"}:
        raise ValueError(f"{text!r}: expected 1 or 2")
    return int(text)


def _switch(text: str) -> bool:
    words = {"yes": True, "true": True, "on": True, "1": True}
    words.update({"no": False, "false": False, "off": False, "0": False})
    if text.lower() not in words:
        raise ValueError(f"{text!r}: expected yes or no")
    return words[text.lower()]


SHARED = (
    Setting("api", _api, "URL", "the API to report to, such as https://api.example:8000"),
    Setting(
        "every",
        check_interval,
        "SECONDS",
        "go on reporting, every so many seconds; the first time after a random part of them",
    ),
    Setting("now", _switch, None, "with --every: report at once as well"),
    Setting("spool", str, "PATH", "where reports wait that could not be delivered"),
    Setting(
        "spool_mib",
        _number(1, _LARGEST_SPOOL_MIB, "MiB"),
        "MIB",
        "the most that may wait there (256); beyond it the oldest report goes",
    ),
    Setting(
        "spool_days",
        _number(0.01, _MOST_SPOOL_DAYS, "days"),
        "DAYS",
        "the longest that a report may wait there (7)",
    ),
    Setting("token_file", _file, "FILE", "a file that holds the token for the API"),
    Setting(
        "enrolment_token_file",
        str,
        "FILE",
        "a file that holds an enrolment token, for which the API gives a token of its own",
    ),
    Setting("ca_file", _file, "FILE", "trust these certificates (PEM) instead of the system's"),
    Setting("cert", _file, "FILE", "the agent's own certificate for the API (PEM)"),
    Setting("key", _file, "FILE", "its key, where it is not in the same file"),
    Setting("esquema", _esquema, "1|2", "the version of the reports (2)"),
    Setting(
        "linea_comando",
        _switch,
        None,
        "report the command lines of processes too, with passwords in well-known forms masked",
    ),
    Setting("procfs", _folder, "PATH", "read this /proc instead of this machine's"),
    Setting("rootfs", _folder, "PATH", "read this / instead of this machine's"),
)
_BY_NAME = {setting.name: setting for setting in SHARED}


def add_options(parser: argparse.ArgumentParser) -> None:
    """An option for every setting, left out of the result where it is not given."""
    for setting in SHARED:
        if setting.metavar is None:
            parser.add_argument(
                setting.option, action="store_true", default=None, help=setting.help
            )
        else:
            parser.add_argument(setting.option, metavar=setting.metavar, help=setting.help)
    parser.add_argument(
        "--config", metavar="FILE", help=f"an INI file with settings ({CONFIG}, where it exists)"
    )


def settle(options: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """The settings in force. Raises WrongSetting."""
    found: dict[str, Any] = {}
    given = vars(options)
    from_file = _read_file(options.config or environ.get(PREFIX + "CONFIG"))
    for setting in SHARED:
        option, variable = given.get(setting.name), environ.get(PREFIX + setting.name.upper())
        if option is not None:
            found[setting.name] = _parsed(setting, option, f"argument {setting.option}")
        elif variable:
            found[setting.name] = _parsed(setting, variable, PREFIX + setting.name.upper())
        elif setting.name in from_file:
            value, where = from_file[setting.name]
            found[setting.name] = _parsed(setting, value, where)
    if options.once:
        found.pop("every", None)
    _check(options, found)
    chosen = Settings(
        api=found.get("api"),
        every=found.get("every"),
        now=found.get("now", False),
        print=options.print,
        spool=found.get("spool") or default_spool(environ),
        spool_bytes=int(found.get("spool_mib", spool.LARGEST_BYTES >> 20) * (1 << 20)),
        spool_seconds=found.get("spool_days", spool.LONGEST_SECONDS / 86400) * 86400,
        access=Access(
            found.get("ca_file"),
            found.get("cert"),
            found.get("key"),
            found.get("token_file") or credential(environ, "token"),
            environ.get(PREFIX + "TOKEN") or None,
            found.get("enrolment_token_file") or credential(environ, "enrolment-token"),
            environ.get(PREFIX + "ENROLMENT_TOKEN") or None,
        ),
        esquema=found.get("esquema", 2),
        linea_comando=found.get("linea_comando", False),
        procfs=found.get("procfs"),
        rootfs=found.get("rootfs"),
    )
    enrols = chosen.access.may_enrol and not chosen.access.has_token
    if chosen.esquema == 1 and enrols and not chosen.print:
        raise WrongSetting(
            "--esquema 1 leaves out id_maquina, for which alone the token of an enrolment speaks"
        )
    return chosen


def _check(options: argparse.Namespace, found: dict[str, Any]) -> None:
    if options.once and options.every is not None:
        raise WrongSetting("argument --every: not allowed with argument --once")
    if found.get("api") is None and not options.print:
        raise WrongSetting("--api URL is needed, or --print to only show the report")
    if "key" in found and "cert" not in found:
        raise WrongSetting("--key is of no use without --cert")


def _parsed(setting: Setting, value: str | bool, where: str) -> object:
    if isinstance(value, bool):
        return value
    try:
        return setting.parse(value)
    except ValueError as error:
        raise WrongSetting(f"{where}: {error}") from None


def _read_file(path: str | None) -> dict[str, tuple[str, str]]:
    """Each setting of the file, and where it stands. Raises WrongSetting."""
    if path is None:
        if not os.path.exists(CONFIG):
            return {}
        path = CONFIG
    import configparser  # noqa: PLC0415 — costs 9 ms

    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file, path)
    except OSError as error:
        raise WrongSetting(f"{path}: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise WrongSetting(f"{path}: {' '.join(str(error).split())}") from None
    for section in [*parser.sections(), *(["DEFAULT"] if parser.defaults() else [])]:
        if section != SECTION:
            raise WrongSetting(f"{path}: expected no section but [{SECTION}], got [{section}]")
    found = {}
    for key in parser[SECTION] if parser.has_section(SECTION) else ():
        name = key.replace("-", "_")
        if name not in _BY_NAME:
            secret = name in {"token", "enrolment_token"}
            hint = f"; a token stands in a file of its own, see {name}_file" * secret
            raise WrongSetting(f"{path}: there is no setting {key!r}{hint}")
        found[name] = (parser[SECTION][key], f"{path}: {key}")
    return found


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> Settings:
    """Options, environment and file; a mistake ends the program with one line."""
    options = parser.parse_args(arguments)
    try:
        chosen = settle(options, os.environ)
    except WrongSetting as error:
        parser.error(str(error))
    for name in _SECRETS:  # the programs that the agent runs need not know them
        os.environ.pop(name, None)
    return chosen
