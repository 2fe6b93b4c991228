"""Makes, lists and revokes the tokens that say who may report and who may read."""

from __future__ import annotations

import argparse
import getpass
import re
from ipaddress import ip_network

from service import times
from service.auth.audit_log import AuditLog
from service.auth.token_format import LETTERS
from service.config import Config
from service.errors import InvalidParameterError
from service.maintenance.startup import prepare_data_folder
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import Token, TokenStore

_UNITS = {"m": 60, "h": 3600, "d": 86_400}  # seconds
_DURATION = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_ID = re.compile(r"[0-9A-Za-z._:-]{1,128}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    create = actions.add_parser("create", help="make a token; it is shown this once")
    create.add_argument("--scope", required=True, choices=LETTERS)
    create.add_argument("--nombre", help="what you call it")
    create.add_argument("--servidor", help="id_maquina, address or network that it may report for")
    create.add_argument("--vence", help="when it ends: 90d, 12h, 30m, or a time", metavar="WHEN")
    create.add_argument("--usos", type=int, help="how many servers it may enrol (inscripcion)")
    create.add_argument(
        "--validez", help="how long the tokens are good that it gives: 90d (inscripcion)"
    )
    actions.add_parser("list", help="tell what tokens there are")
    revoke = actions.add_parser("revoke", help="make a token worth nothing")
    revoke.add_argument("number", type=int)


def run(config: Config, options: argparse.Namespace) -> int:
    prepare_data_folder(config)
    store = TokenStore(open_database(config.database), load_queries())
    audit = AuditLog(config.audit_log)
    if options.action == "create":
        _create(store, audit, options)
    elif options.action == "revoke":
        store.revoke(options.number)
        audit.write("token revoked", token=options.number, by=getpass.getuser())
        print(f"token {options.number} is revoked")
    else:
        _list(store)
    return 0


def _create(store: TokenStore, audit: AuditLog, options: argparse.Namespace) -> None:
    if (options.usos is not None) != (options.scope == "inscripcion"):
        raise InvalidParameterError("--usos", "expected with --scope inscripcion, and only there")
    if options.usos is not None and not 1 <= options.usos <= 1_000_000:
        raise InvalidParameterError("--usos", "expected a number from 1 to 1000000")
    if options.servidor is not None and options.scope != "ingest":
        raise InvalidParameterError("--servidor", "expected with --scope ingest only")
    if options.validez is not None and options.scope != "inscripcion":
        raise InvalidParameterError("--validez", "expected with --scope inscripcion only")
    made = store.add(
        options.scope,
        name=options.nombre,
        server=None if options.servidor is None else _server(options.servidor),
        expires_at=None if options.vence is None else _moment(options.vence),
        uses=options.usos,
        lifetime=None if options.validez is None else _duration("--validez", options.validez),
    )
    audit.write(
        "token made",
        token=made.id,
        scope=options.scope,
        server=options.servidor,
        by=getpass.getuser(),
    )
    print(made.secret)


def _list(store: TokenStore) -> None:
    now = times.now()
    rows: list[tuple[str, ...]] = [
        ("number", "scope", "server", "made", "ends", "last used", "state", "name")
    ]
    rows += [_row(token, now) for token in store.all()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )


def _row(token: Token, now: int) -> tuple[str, ...]:
    state = "good" if token.is_good(now) else "revoked" if token.revoked_at else "ended"
    if token.uses_left is not None:
        state += f", {token.uses_left} left"
    return (
        str(token.id),
        token.scope,
        token.server or "any" if token.scope == "ingest" else "",
        _day(token.created_at),
        _day(token.expires_at),
        _day(token.used_at),
        state,
        (token.name or "").encode("unicode_escape").decode(),
    )


def _day(moment: int | None) -> str:
    return "-" if moment is None else times.to_text(moment)[:16]


def _server(text: str) -> str:
    """As the store names it: a network, or id: and the machine's."""
    try:
        return str(ip_network(text))
    except ValueError as error:
        if "/" in text or not _ID.fullmatch(text):
            raise InvalidParameterError(
                "--servidor", f"expected an id_maquina, an address or a network: {error}"
            ) from error
        return f"id:{text}"


def _moment(text: str) -> int:
    if _DURATION.fullmatch(text):
        return times.now() + _duration("--vence", text)
    try:
        moment = times.parse(text)
    except ValueError as error:
        raise InvalidParameterError(
            "--vence", f"expected 90d, 12h, 30m or a time, got {text[:60]!r}"
        ) from error
    if moment <= times.now():
        raise InvalidParameterError("--vence", f"expected a time to come, got {text[:60]!r}")
    return moment


def _duration(option: str, text: str) -> int:
    """In microseconds."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InvalidParameterError(option, f"expected 90d, 12h or 30m, got {text[:60]!r}")
    return int(match[1]) * _UNITS[match[2]] * 1_000_000
