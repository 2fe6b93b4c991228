"""The settings: from options, COMPLIANCE_AGENT_* variables and an INI file, in this order."""

# ruff: noqa: PTH110, PTH123
from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.cli import setting_values
from agent.state import spool
from agent.state.state_paths import credential, default_spool
from agent.state.text_file import decode
from agent.transport.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PREFIX = "COMPLIANCE_AGENT_"
_SECRETS = (PREFIX + "TOKEN", PREFIX + "ENROLMENT_TOKEN")
CONFIG = "/etc/compliance-agent.ini"
SECTION = "agent"
REPORT_EVERY_SECONDS = 300.0
_MAX_INTERVAL_SECONDS = 366 * 24 * 3600
_MAX_SPOOL_MIB = 1 << 20
_MAX_SPOOL_DAYS = 10_000


class SettingError(Exception):
    """One line that names the invalid setting."""


class Settings(NamedTuple):
    api: str | None
    every: float | None
    now: bool
    print: bool
    spool: str
    spool_bytes: int
    spool_seconds: float
    credentials: Credentials
    proxy: str | None
    esquema: int
    linea_comando: bool
    procfs: str | None
    rootfs: str | None


class Setting(NamedTuple):
    """A setting of all three sources.

    spool_mib is the option --spool-mib, the variable COMPLIANCE_AGENT_SPOOL_MIB, and
    spool_mib = … in the file.

    parse: raises ValueError
    metavar: None for a switch
    """

    name: str
    parse: Callable[[str], Any]
    metavar: str | None
    help: str

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


parse_interval = setting_values.number(1, _MAX_INTERVAL_SECONDS, "seconds")

SHARED = (
    Setting(
        "api",
        setting_values.api_address,
        "URL",
        "the address of the API, such as https://api.example:8000",
    ),
    Setting(
        "every",
        parse_interval,
        "SECONDS",
        "report at this interval; the first report follows after a random part of it",
    ),
    Setting("now", setting_values.switch, None, "with --every: report at once"),
    Setting("spool", setting_values.state_folder, "PATH", "the folder of undelivered reports"),
    Setting(
        "spool_mib",
        setting_values.number(1, _MAX_SPOOL_MIB, "MiB"),
        "MIB",
        "the largest size of that folder (256); the oldest report is dropped beyond it",
    ),
    Setting(
        "spool_days",
        setting_values.number(0.01, _MAX_SPOOL_DAYS, "days"),
        "DAYS",
        "the longest time that a report waits there (7)",
    ),
    Setting(
        "proxy",
        setting_values.proxy_address,
        "URL",
        "reach the API through this HTTP proxy, such as http://proxy.example:3128",
    ),
    Setting(
        "proxy_credentials_file",
        setting_values.file,
        "FILE",
        "a file with USER:PASSWORD for the proxy",
    ),
    Setting("token_file", setting_values.file, "FILE", "a file with the token for the API"),
    Setting(
        "enrolment_token_file",
        setting_values.path,
        "FILE",
        "a file with an enrolment token, to get this server its own token from the API",
    ),
    Setting(
        "ca_file",
        setting_values.file,
        "FILE",
        "trust these certificates (PEM) instead of the system's",
    ),
    Setting("cert", setting_values.file, "FILE", "the agent's own certificate for the API (PEM)"),
    Setting("key", setting_values.file, "FILE", "the key of --cert, if it is in a separate file"),
    Setting("esquema", setting_values.version, "1|2", "the version of the reports (2)"),
    Setting(
        "linea_comando",
        setting_values.switch,
        None,
        "report command lines of processes, with passwords in well-known forms masked",
    ),
    Setting("procfs", setting_values.folder, "PATH", "read this /proc instead of this machine's"),
    Setting("rootfs", setting_values.folder, "PATH", "read this / instead of this machine's"),
)
_BY_NAME = {setting.name: setting for setting in SHARED}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for every setting; an option that is not given is None."""
    for setting in SHARED:
        if setting.metavar is None:
            parser.add_argument(
                setting.option, action="store_true", default=None, help=setting.help
            )
        else:
            parser.add_argument(setting.option, metavar=setting.metavar, help=setting.help)
    parser.add_argument(
        "--config", metavar="FILE", help=f"an INI file with settings ({CONFIG}, if it exists)"
    )


def resolve(options: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """The effective settings. Raises SettingError."""
    found: dict[str, Any] = {}
    given = vars(options)
    config = options.config
    from_file = _read_file(environ.get(PREFIX + "CONFIG") or None if config is None else config)
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
    settings = Settings(
        api=found.get("api"),
        every=found.get("every"),
        now=found.get("now", False),
        print=options.print,
        spool=found.get("spool") or _default_spool(options, environ),
        spool_bytes=int(found.get("spool_mib", spool.MAX_BYTES >> 20) * (1 << 20)),
        spool_seconds=found.get("spool_days", spool.MAX_AGE_SECONDS / 86400) * 86400,
        credentials=Credentials(
            found.get("ca_file"),
            found.get("cert"),
            found.get("key"),
            found.get("token_file") or credential(environ, "token"),
            environ.get(PREFIX + "TOKEN") or None,
            found.get("enrolment_token_file") or credential(environ, "enrolment-token"),
            environ.get(PREFIX + "ENROLMENT_TOKEN") or None,
            found.get("proxy_credentials_file") or credential(environ, "proxy-credentials"),
        ),
        proxy=found.get("proxy"),
        esquema=found.get("esquema", 2),
        linea_comando=found.get("linea_comando", False),
        procfs=found.get("procfs"),
        rootfs=found.get("rootfs"),
    )
    enrols = settings.credentials.has_enrolment_token and not settings.credentials.has_token
    if settings.esquema == 1 and enrols and not settings.print:
        raise SettingError(
            "--esquema 1 omits id_maquina, which the token of an enrolled server requires"
        )
    return settings


def _default_spool(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    if options.print:  # which uses none
        return ""
    try:
        return default_spool(environ)
    except ValueError as error:
        raise SettingError(str(error)) from None


def _check(options: argparse.Namespace, found: dict[str, Any]) -> None:
    if options.once and options.every is not None:
        raise SettingError("argument --every: not allowed with argument --once")
    if found.get("api") is None and not options.print:
        raise SettingError("--api URL is required, or --print to show the report only")
    if "key" in found and "cert" not in found:
        raise SettingError("--key requires --cert")
    if "proxy_credentials_file" in found and "proxy" not in found:
        raise SettingError("--proxy-credentials-file requires --proxy")


def _parsed(setting: Setting, value: str | bool, where: str) -> object:
    if isinstance(value, bool):
        return value
    try:
        return setting.parse(value)
    except ValueError as error:
        raise SettingError(f"{where}: {error}") from None


def _read_file(path: str | None) -> dict[str, tuple[str, str]]:
    """Each setting of the file with its location, for messages. Raises SettingError."""
    if path is None:
        # On Windows any user can create C:\etc, and the file can name certificates to trust.
        if os.name == "nt" or not os.path.exists(CONFIG):
            return {}
        path = CONFIG
    try:
        import configparser  # noqa: PLC0415 — costs 9 ms
    except ImportError as error:
        raise SettingError(f"{path}: this Python cannot read it: {error}") from None

    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    try:
        with open(path, "rb") as file:
            parser.read_string(decode(file.read()), path)
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}") from None
    except (configparser.Error, ValueError) as error:
        raise SettingError(f"{path}: {' '.join(str(error).split())}") from None
    for section in [*parser.sections(), *(["DEFAULT"] if parser.defaults() else [])]:
        if section != SECTION:
            raise SettingError(f"{path}: expected the section [{SECTION}] only, got [{section}]")
    found = {}
    for key in parser[SECTION] if parser.has_section(SECTION) else ():
        name = key.replace("-", "_")
        if name not in _BY_NAME:
            secret = name in {"token", "enrolment_token"}
            hint = f"; put the token into a separate file, see {name}_file" * secret
            raise SettingError(f"{path}: unknown setting {key!r}{hint}")
        found[name] = (parser[SECTION][key], f"{path}: {key}")
    return found


def load(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> Settings:
    """The effective settings; an invalid one ends the program with one line."""
    options = parser.parse_args(arguments)
    try:
        settings = resolve(options, os.environ)
    except SettingError as error:
        parser.error(str(error))
    for name in _SECRETS:  # child processes do not need them
        os.environ.pop(name, None)
    return settings
