"""Makes, lists, closes and revokes tokens."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from contextlib import closing
from ipaddress import ip_network
from typing import Any

from service import times
from service.auth.audit_log import AuditLog
from service.auth.token_format import LETTERS
from service.commands.operator import operator
from service.config import Config
from service.errors import InvalidParameterError
from service.maintenance.startup import prepare_data_folder
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import Token, TokenStore

_MOST_LISTED = 20  # numbers of tokens in a message
_UNITS = {"m": 60, "h": 3600, "d": 86_400}  # seconds
_DURATION = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_ID = re.compile(r"[0-9A-Za-z._:-]{1,128}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    create = actions.add_parser("create", help="make a token; its secret is printed this once")
    create.add_argument("--scope", required=True, choices=LETTERS)
    _add(create, "--name", "--nombre", help="a name for it, for people")
    _add(create, "--server", "--servidor", help="the id_maquina, address or network it reports for")
    _add(create, "--expires", "--vence", metavar="WHEN", help="90d, 12h, 30m, or a time")
    _add(create, "--uses", "--usos", type=int, help="how many servers it may enrol (inscripcion)")
    _add(create, "--lifetime", "--validez", help="of the tokens that it enrols: 90d (inscripcion)")
    actions.add_parser("list", help="list all tokens")
    revoke = actions.add_parser(
        "revoke", help="make a token invalid from now on, and all that were given for it"
    )
    revoke.add_argument("number", type=int)
    close = actions.add_parser(
        "close", help="end the enrolments of an enrolment token; enrolled servers stay valid"
    )
    close.add_argument("number", type=int)


def _add(parser: argparse.ArgumentParser, option: str, spanish: str, **facts: Any) -> None:  # noqa: ANN401 — argparse's own
    """An option, and its Spanish name, which stays valid and is not shown."""
    parser.add_argument(option, **facts)
    hidden = {**facts, "help": argparse.SUPPRESS}
    parser.add_argument(spanish, dest=option.removeprefix("--"), **hidden)


def run(config: Config, options: argparse.Namespace) -> int:
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        store = TokenStore(database, load_queries(), AuditLog(config.audit_log))
        if options.action == "create":
            _create(store, options)
        elif options.action == "revoke":
            _revoke(store, options.number)
        elif options.action == "close":
            store.close(options.number, by=operator())
            print(f"token {options.number} enrols no further server; those enrolled stay valid")
        else:
            _list(store)
    return 0


def _create(store: TokenStore, options: argparse.Namespace) -> None:
    if (options.uses is not None) != (options.scope == "inscripcion"):
        raise InvalidParameterError("--uses", "expected with --scope inscripcion, and only there")
    if options.uses is not None and not 1 <= options.uses <= 1_000_000:
        raise InvalidParameterError("--uses", "expected a number from 1 to 1000000")
    if options.server is not None and options.scope != "ingest":
        raise InvalidParameterError("--server", "expected with --scope ingest only")
    if options.lifetime is not None and options.scope != "inscripcion":
        raise InvalidParameterError("--lifetime", "expected with --scope inscripcion only")
    made = store.add(
        options.scope,
        name=options.name,
        server=None if options.server is None else _server(options.server),
        expires_at=None if options.expires is None else _moment(options.expires),
        uses=options.uses,
        lifetime=None if options.lifetime is None else _duration("--lifetime", options.lifetime),
        by=operator(),
    )
    if options.uses is not None and options.expires is not None and options.lifetime is None:
        print(
            "The tokens of the enrolled servers will end with this one:"
            " --lifetime 90d gives them a life of their own.",
            file=sys.stderr,
        )
    print(made.secret)


def _revoke(store: TokenStore, number: int) -> None:
    reached = store.revoke(number, by=operator())
    derived = [str(each) for each in reached if each != number]
    print(f"token {number} is revoked")
    if derived:
        print(f"revoked with it, as they derive from it: {_listed(derived)}")
    tokens = {token.id: token for token in store.all()}
    server, now = tokens[number].server, times.now()
    others = [
        str(token.id)
        for token in tokens.values()
        if server is not None and token.server == server and token.is_valid(now)
    ]
    if others:
        print(f"still valid for the same server: {_listed(others)}")


def _listed(numbers: list[str]) -> str:
    shown = ", ".join(numbers[:_MOST_LISTED])
    left = len(numbers) - _MOST_LISTED
    return f"{shown} and {left} more" if left > 0 else shown


def _list(store: TokenStore) -> None:
    now = times.now()
    rows: list[tuple[str, ...]] = [
        ("number", "scope", "server", "derived from", "made", "ends", "last used", "state", "name")
    ]
    tokens = {token.id: token for token in store.all()}
    rows += [_row(token, tokens, now) for token in tokens.values()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )


def _row(token: Token, tokens: Mapping[int, Token], now: int) -> tuple[str, ...]:
    state = "good" if token.is_valid(now) else "revoked" if token.revoked_at else "ended"
    if token.uses_left is not None:
        state += f", {token.uses_left} left"
    return (
        str(token.id),
        token.scope,
        token.server or "any" if token.scope == "ingest" else "",
        _descent(token, tokens),
        _day(token.created_at),
        _day(token.expires_at),
        _day(token.used_at),
        state,
        (token.name or "").encode("unicode_escape").decode(),
    )


def _descent(token: Token, tokens: Mapping[int, Token]) -> str:
    if token.enrolled_by is None:
        return "-"
    enrolled = tokens[token.enrolled_by].scope == "inscripcion"
    return f"{'enrolment' if enrolled else 'renewal'} with {token.enrolled_by}"


def _day(moment: int | None) -> str:
    return "-" if moment is None else times.to_text(moment)[:16]


def _server(text: str) -> str:
    """As the store names it: a network, or id: and the machine's."""
    try:
        return str(ip_network(text))
    except ValueError as error:
        if "/" in text or not _ID.fullmatch(text):
            raise InvalidParameterError(
                "--server", f"expected an id_maquina, an address or a network: {error}"
            ) from error
        return f"id:{text}"


def _moment(text: str) -> int:
    if _DURATION.fullmatch(text):
        return times.now() + _duration("--expires", text)
    try:
        moment = times.parse(text)
    except ValueError as error:
        raise InvalidParameterError(
            "--expires", f"expected 90d, 12h, 30m or a time, got {text[:60]!r}"
        ) from error
    if moment <= times.now():
        raise InvalidParameterError("--expires", f"expected a time to come, got {text[:60]!r}")
    return moment


def _duration(option: str, text: str) -> int:
    """In microseconds."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InvalidParameterError(option, f"expected 90d, 12h or 30m, got {text[:60]!r}")
    return int(match[1]) * _UNITS[match[2]] * 1_000_000
