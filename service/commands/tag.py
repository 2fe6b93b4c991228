"""Sets, removes, lists and imports tags of servers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from service import times
from service.auth.audit_log import AuditLog
from service.commands.operator import operator
from service.config import Config
from service.errors import (
    ComplianceError,
    InvalidParameterError,
    InvalidTagFileError,
    StorageUnavailableError,
)
from service.maintenance.startup import prepare_data_folder
from service.plain_text import plain
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.read.servers_by_name import ServersByName
from service.store.read.tags import TagStore
from service.store.tag_file import Imported, TagImport, moment_of
from service.store.tag_format import key_of, value_of
from service.store.write.tag_changes import TagChanges, TagEdit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    set_ = actions.add_parser("set", help="give a server tags")
    set_.add_argument("server", help="by number, host name, address or identity")
    set_.add_argument("tags", nargs="+", metavar="key=value", help="as entorno=produccion")
    set_.add_argument("--since", metavar="WHEN", help="since when it holds; decides nothing")
    remove = actions.add_parser("remove", help="remove tags of a server")
    remove.add_argument("server")
    remove.add_argument("keys", nargs="+", metavar="key")
    listed = actions.add_parser("list", help="list the tags of all servers, or the past of one")
    listed.add_argument("server", nargs="?")
    imported = actions.add_parser("import", help="set tags from a CSV file, all or none")
    imported.add_argument(
        "file", type=Path, help="with the columns servidor,clave,valor and maybe desde"
    )


def run(config: Config, options: argparse.Namespace) -> int:
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        if options.action == "list":
            _list(database, options.server)
            return 0
        changed, same = _tell(database, options, AuditLog(config.audit_log))
        print(
            f"{changed} tag{'' if changed == 1 else 's'} changed"
            + (f"; {same} were so already" if same else "")
        )
    return 0


def _tell(database: Database, options: argparse.Namespace, audit_log: AuditLog) -> Imported:
    queries, by = load_queries(), operator()
    changes = TagChanges(database, queries, audit_log)
    if options.action == "import":
        return _import(TagImport(database, queries, changes), options.file, by)
    edits = list(_edits(ServersByName.of(database, queries), options))
    changed = changes.tell(edits, by)
    return Imported(changed, len(edits) - changed)


def _import(importer: TagImport, path: Path, by: str) -> Imported:
    """Raises ComplianceError, with the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return importer.run(file, by)
    except InvalidTagFileError as error:
        raise ComplianceError(f"{path}:{error.line}: {error.detail}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StorageUnavailableError(f"{path} cannot be read: {error}") from error


def _edits(servers: ServersByName, options: argparse.Namespace) -> Iterator[TagEdit]:
    server_id = servers.one(options.server).id
    if options.action == "remove":
        yield from (TagEdit(server_id, key, None) for key in options.keys)
        return
    since_at = None if options.since is None else moment_of(options.since)
    for tag in options.tags:
        key, equals, value = tag.partition("=")
        if not equals:
            raise InvalidParameterError("key=value", f"expected as entorno=produccion, got {tag!r}")
        yield TagEdit(server_id, key_of(key), value_of(value), since_at)


def _list(database: Database, name: str | None) -> None:
    store, servers = TagStore(database, load_queries()), ServersByName.of(database, load_queries())
    if name is None:
        names = {server.id: plain(server.name) for server in servers.all}
        for tag in store.all():
            print(f"{tag.server_id} {names[tag.server_id]}: {tag.key}={tag.value}")
        return
    for tag, until_at in store.spans(servers.one(name).id):
        until = "now" if until_at is None else times.to_text(until_at)
        print(
            f"{tag.key}={tag.value}: since {times.to_text(tag.since_at)}, told"
            f" {times.to_text(tag.told_at)} by {tag.told_by}, until {until}"
        )
