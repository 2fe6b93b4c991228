"""Waives rules for a time, lists waivers and revokes them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing

from service import times
from service.auth.audit_log import AuditLog
from service.commands.operator import operator
from service.config import Config
from service.errors import InvalidParameterError
from service.maintenance.startup import prepare_data_folder
from service.plain_text import plain
from service.policies.rules.kept_text import key_columns
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.read.servers_by_name import ServersByName
from service.store.read.waivers import ShownWaiver, WaiverStore
from service.store.waiver_format import end_of, target_of
from service.store.write.waiver_changes import NewWaiver, Waivers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="RULE|list|revoke", help="a rule to waive, or what to do")
    parser.add_argument("id", nargs="?", type=int, help="of the waiver to revoke")
    covered = parser.add_mutually_exclusive_group()
    covered.add_argument("--server", help="by number, host name, address or identity")
    covered.add_argument("--tag", metavar="KEY=VALUE", help="servers with this tag")
    covered.add_argument("--network", metavar="CIDR", help="servers with an address in it")
    parser.add_argument(
        "--key",
        action="append",
        metavar="COLUMN=VALUE",
        help="only what has this value in a column of the rule's clave; may be repeated",
    )
    parser.add_argument(
        "--until",
        metavar="WHEN",
        help="a date, which it includes, or a minute such as 2026-12-31T18:00, in UTC; at most 400"
        " days from now",
    )
    parser.add_argument("--reason", metavar="TEXT", help="why it is waived")


def run(config: Config, options: argparse.Namespace) -> int:
    action = _ACTIONS.get(options.what, _waive)
    given = [options.server, options.tag, options.network, options.key, options.until]
    if action is not _waive and any(part is not None for part in (*given, options.reason)):
        raise InvalidParameterError(options.what, "expected no options: they belong to a new one")
    if (options.id is not None) != (action is _revoke):
        raise InvalidParameterError("id", "expected the number of a waiver after revoke alone")
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        action(config, database, options)
    return 0


def _changes(config: Config, database: Database) -> Waivers:
    return Waivers(database, load_queries(), AuditLog(config.audit_log), key_columns)


def _waive(config: Config, database: Database, options: argparse.Namespace) -> None:
    for name in ("until", "reason"):
        if getattr(options, name) is None:
            raise InvalidParameterError(f"--{name}", "expected one: each waiver has it")
    server_id = None
    if options.server is not None:
        server_id = ServersByName.of(database, load_queries()).one(options.server).id
    new = NewWaiver(
        options.what,
        target_of(server_id, options.tag, options.network),
        end_of(options.until),
        options.reason,
        None if options.key is None else dict(map(_of_key, options.key)),
    )
    number = _changes(config, database).waive(new, operator())
    found = WaiverStore(database, load_queries()).one(number)
    print(_described(found))


def _of_key(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not equals:
        raise InvalidParameterError("--key", f"expected as name=vsftpd, got {text[:60]!r}")
    return column, value


def _list(_config: Config, database: Database, _options: argparse.Namespace) -> None:
    for shown in WaiverStore(database, load_queries()).all():
        print(_described(shown))


def _revoke(config: Config, database: Database, options: argparse.Namespace) -> None:
    _changes(config, database).revoke(options.id, operator())
    print(f"waiver {options.id} is revoked")


_ACTIONS: dict[str, Callable[[Config, Database, argparse.Namespace], None]] = {
    "list": _list,
    "revoke": _revoke,
}


def _described(shown: ShownWaiver) -> str:
    waiver = shown.waiver
    covered = waiver.tag or waiver.network or f"server {waiver.server_id}"
    key = "" if waiver.key is None else f" {waiver.key}"
    by = "" if waiver.told_by is None else f" by {waiver.told_by}"
    until, revoked = times.to_text(waiver.until_at)[:16], ""
    if waiver.revoked_at is not None:
        revoked = f", revoked {times.to_text(waiver.revoked_at)[:16]}"
    return plain(
        f"{waiver.id} {shown.state}: {waiver.rule} on {covered}{key}, from"
        f" {times.to_text(waiver.at)[:16]}{by} until {until}{revoked};"
        f" open violations: {shown.violations}, servers: {shown.servers}; {waiver.reason}"
    )
