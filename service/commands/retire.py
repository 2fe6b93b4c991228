"""Retires servers, and lists which are."""

from __future__ import annotations

import argparse
from contextlib import closing

from service import times
from service.auth.audit_log import AuditLog
from service.commands.operator import operator
from service.config import Config
from service.errors import InvalidParameterError
from service.maintenance.startup import prepare_data_folder
from service.plain_text import plain
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.read.retirements import RetirementStore
from service.store.read.servers_by_name import ServersByName
from service.store.read.silence import Silence
from service.store.write.retirement_changes import Retirements


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", nargs="?", help="by number, host name, address or identity")
    parser.add_argument("--reason", metavar="TEXT", help="why it is retired, for the audit log")
    parser.add_argument("--por", metavar="SERVER", help="the server that took its place")
    parser.add_argument(
        "--list",
        action="store_true",
        help="list the servers that are retired, and those that another machine seems to replace",
    )


def run(config: Config, options: argparse.Namespace) -> int:
    if options.list != (options.server is None):
        raise InvalidParameterError("server", "expected a server to retire, or --list")
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        if options.list:
            _list(config, database)
        else:
            _retire(config, database, options)
    return 0


def _retire(config: Config, database: Database, options: argparse.Namespace) -> None:
    if options.reason is None and options.por is None:
        raise InvalidParameterError("--reason", "expected why it is retired")
    servers = ServersByName.of(database, load_queries())
    server = servers.one(options.server)
    successor = None if options.por is None else servers.one(options.por)
    reason = options.reason or ("" if successor is None else f"replaced by server {successor.id}")
    retirements = Retirements(database, load_queries(), AuditLog(config.audit_log))
    retirements.retire(server.id, reason, operator(), None if successor is None else successor.id)
    print(f"server {server.id} ({plain(server.name)}) is retired until it reports again")


def _list(config: Config, database: Database) -> None:
    silence = Silence(config.silent_after * times.SECOND, config.silent_intervals)
    store = RetirementStore(database, load_queries(), silence)
    servers = ServersByName.of(database, load_queries())
    names = {server.id: plain(server.name) for server in servers.all}
    for retired in store.now():
        by = "" if retired.told_by is None else f" by {plain(retired.told_by)}"
        place = retired.successor_id
        replaced = "" if place is None else f"; server {place} ({names[place]}) took its place"
        print(
            f"{retired.server_id} {names[retired.server_id]}: retired"
            f" {times.to_text(retired.at)[:19]}{by}: {plain(retired.reason)}{replaced}"
        )
    for old, new in store.likely_successors().items():
        print(
            f"{old} {names[old]}: silent, and server {new} reports with its name since. Was it"
            f" installed anew? python -m service retire {old} --por {new}"
        )
