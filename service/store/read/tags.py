"""Tags of servers: those in force, as of now or as they were told until then, and their spans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service import times
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.moments import Moment
from service.store.tag_format import WantedTag
from service.store.verdict_rows import Bound, Cursor, event_bound

BEARERS = "bearers_of_tag_within"  # the query of servers with a tag, from :first to :last


class Told(NamedTuple):
    """Which changes of tags count: those with a number up to last_id, told until told_until."""

    last_id: int = MAX_INTEGER
    told_until: int = MAX_INTEGER

    @classmethod
    def at(cls, moment: Moment | None) -> Told:
        """Tags as they were known at a moment: one that was backdated later changes no answer."""
        if moment is None:
            return cls()
        known_at = MAX_INTEGER if moment.known_at is None else moment.known_at
        return cls(told_until=min(moment.at, known_at))


def parameters_of_tag(wanted: WantedTag | None, told_until: int) -> dict[str, str | int | None]:
    """The parameters of queries that keep servers with a tag; null keeps all."""
    return {
        "tag_key": None if wanted is None else wanted.key,
        "tag_value": None if wanted is None else wanted.value,
        "tag_told_until": told_until,
    }


def tagged_at(wanted: WantedTag | None, moment: Moment | None) -> dict[str, str | int | None]:
    """The same of servers that have it at a moment, as it was known then."""
    return parameters_of_tag(wanted, Told.at(moment).told_until)


class Before(NamedTuple):
    """Until where changes of tags are looked for: stored before a report, and told until then."""

    before_report_id: int = MAX_INTEGER
    told_until: int = MAX_INTEGER


class Tag(NamedTuple):
    """A tag of a server. since_at: since when it is said to hold. Times in microseconds."""

    server_id: int
    key: str
    value: str
    since_at: int
    told_at: int
    told_by: str | None


class TagSpan(NamedTuple):
    """A value that a tag had. until_at: when another one, or none, was told; null if never."""

    tag: Tag
    until_at: int | None


class TagCount(NamedTuple):
    """How many servers have a tag, without those that are retired."""

    key: str
    value: str
    servers: int


class TagEvent(NamedTuple):
    """Changes of a server's tags that were told together. last_id: the number of the last."""

    last_id: int
    bound: Bound


class TagReader:
    """Its methods take a snapshot."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def of_server(self, connection: Connection, server_id: int, told: Told) -> list[Tag]:
        """The tags of a server, by their keys."""
        parameters = {"server_id": server_id, **told._asdict()}
        rows = connection.execute(self._queries["tags_of_server"], parameters)
        return [Tag(*row) for row in rows]

    def values_of(self, connection: Connection, key: str, told: Told) -> dict[int, str]:
        """The value of a tag of each server that has it."""
        parameters = {"key": key, **told._asdict()}
        return dict(connection.execute(self._queries["values_of_tag"], parameters).fetchall())

    def spans(self, connection: Connection, server_id: int, told_until: int) -> list[TagSpan]:
        """Every value that its tags ever had, the newest first."""
        parameters = {"server_id": server_id, "told_until": told_until}
        rows = connection.execute(self._queries["tag_spans"], parameters)
        return [TagSpan(Tag(*row[:6]), row[6]) for row in rows]

    def last_id(self, connection: Connection, told_until: int = MAX_INTEGER) -> int:
        """The number of the last change of any tag; 0 for none."""
        parameters = {"told_until": told_until}
        (found,) = connection.execute(self._queries["last_tag_change"], parameters).fetchone()
        return int(found)

    def last_before(self, connection: Connection, server_id: int, before: Before) -> int:
        """The number of the last change of a server's tags; 0 for none."""
        parameters = {"server_id": server_id, **before._asdict()}
        query = self._queries["last_tag_change_before"]
        (found,) = connection.execute(query, parameters).fetchone()
        return int(found)

    def next_event(
        self,
        connection: Connection,
        cursor: Cursor,
        before: Before,
    ) -> TagEvent | None:
        """What was told of a server's tags after its cursor, if there is something."""
        own = {"server_id": cursor.server_id, "tag_id": cursor.tag_id}
        parameters = own | before._asdict()
        rows = connection.execute(self._queries["next_tag_changes"], parameters).fetchall()
        if not rows:
            return None
        # A change that was restored from the audit log is an event when it comes back.
        heard = [bound.received_at for bound in (cursor.event, cursor.tag) if bound is not None]
        at = max(rows[0][4], *heard) if heard else rows[0][4]
        return TagEvent(rows[-1][0], event_bound("etiqueta", at, at, [row[1:4] for row in rows]))

    def servers_with_new(self, connection: Connection, told_until: int) -> list[int]:
        """Servers whose tags were changed until then, and whose next event that is."""
        parameters = {"told_until": told_until}
        rows = connection.execute(self._queries["servers_with_new_tags"], parameters)
        return [server for (server,) in rows]

    def times(self, connection: Connection, told_until: int) -> list[int]:
        """When tags of any server were told until then, in their order."""
        parameters = {"told_until": told_until}
        return [at for (at,) in connection.execute(self._queries["times_of_tags"], parameters)]

    def values(self, connection: Connection) -> dict[str, frozenset[str]]:
        """The values that each tag has on some server now."""
        found: dict[str, set[str]] = defaultdict(set)
        query = self._queries["values_of_tags"]
        for key, value in connection.execute(query, Told()._asdict()):
            found[key].add(value)
        return {key: frozenset(values) for key, values in found.items()}


def rows_of_tags(tags: Iterable[Tag]) -> list[tuple[int, str, str, str]]:
    """Rows of the guard's table `etiqueta`."""
    return [(tag.server_id, tag.key, tag.value, times.to_text(tag.since_at)) for tag in tags]


class TagStore:
    """Answers what tags servers have. Its methods raise StorageUnavailableError."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database, self._queries = database, queries
        self._reader = TagReader(queries)

    def of_server(self, server_id: int, moment: Moment | None = None) -> list[Tag]:
        with self._database.snapshot() as connection:
            return self._reader.of_server(connection, server_id, Told.at(moment))

    def spans(self, server_id: int, moment: Moment | None = None) -> list[TagSpan]:
        with self._database.snapshot() as connection:
            return self._reader.spans(connection, server_id, Told.at(moment).told_until)

    def counts(self, moment: Moment | None = None) -> list[TagCount]:
        """Every tag that a server has, by key and value."""
        at, known_at = (MAX_INTEGER, None) if moment is None else (moment.at, moment.known_at)
        parameters = {"moment": at, "known_at": known_at, **Told.at(moment)._asdict()}
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["tag_counts"], parameters).fetchall()
        return [TagCount(*row) for row in rows]

    def all(self) -> list[Tag]:
        """Those of all servers, now."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["tags_of_all"], Told()._asdict()).fetchall()
        return [Tag(*row) for row in rows]
