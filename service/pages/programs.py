"""/programa: where a program runs, now or at a time in the past, and where it has ever run."""

from __future__ import annotations

from collections.abc import Callable

import falcon

from service.http.filters import AT_MOMENT, NAME, TAG, USERNAME, moment_of
from service.http.parameters import CURSOR
from service.pages import as_sql
from service.pages.presence_chart import HISTORY_CURSOR, page_links, presence_chart
from service.pages.site import PageQuery, Site
from service.store.read.name_filters import ProcessFilter
from service.store.read.occurrences import ProcessOccurrenceStore
from service.store.read.usage_stats import UsageStore

_PATH = "/programa"
_MAX_COMMANDS = 30
_MAX_RUNS = 12  # drawn per name and server


class ProgramPage:
    def __init__(
        self,
        site: Site,
        processes: ProcessOccurrenceStore,
        usage: UsageStore,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._processes = processes
        self._usage = usage
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, NAME, USERNAME, TAG, *AT_MOMENT, CURSOR, HISTORY_CURSOR)
        criteria = ProcessFilter(name=query[NAME], username=query[USERNAME])
        has_criteria = criteria != ProcessFilter()
        self._site.show(
            req,
            resp,
            "program.html",
            name=query[NAME],
            username=query[USERNAME],
            moment=moment_of(query),
            at_moment=query.at_moment,
            now=self._clock(),
            values={each.name: query.text(each) for each in (NAME, USERNAME, TAG, *AT_MOMENT)},
            history_cursor=query.text(HISTORY_CURSOR) or None,
            address=query.address,
            has_criteria=has_criteria,
            **(self._results(query, criteria) if has_criteria else self._busiest()),
        )

    def _results(self, query: PageQuery, criteria: ProcessFilter) -> dict[str, object]:
        moment, history_after = moment_of(query), query[HISTORY_CURSOR] or 0
        running = self._processes.page(criteria, moment, query.after, query.limit, tag=query[TAG])
        history = self._processes.history(criteria, history_after, query.limit, tag=query[TAG])
        runs = self._usage.runs(history, _MAX_RUNS)
        presence = self._usage.processes(criteria)
        users = None if moment is not None else self._usage.users_of(criteria)
        return {
            "seen": presence.value.seen,
            "count": presence.value.now,
            "users": users and users.value,
            "counted_at": presence.at if users is None else min(presence.at, users.at),
            "as_sql": as_sql.processes(criteria, query),
            "users_as_sql": as_sql.users_of(criteria, query),
            "servers": self._usage.servers(),
            "running": [row for row in running.rows if not row.silent],
            "of_silent": [row for row in running.rows if row.silent],
            "judged_at": running.at,
            "open_servers": len({row.server_id for row in running.rows if row.open}),
            "late": running.late,
            "pages": page_links(query, _PATH, CURSOR, running),
            "chart": presence_chart(
                history.rows, runs, self._clock(), lambda row: (row.name, row.username)
            ),
            "history_pages": page_links(query, _PATH, HISTORY_CURSOR, history),
            "commands": self._usage.commands(criteria, _MAX_COMMANDS),
        }

    def _busiest(self) -> dict[str, object]:
        busiest = self._usage.busiest()
        return {"busiest": busiest.value and busiest.value.programs, "counted_at": busiest.at}
