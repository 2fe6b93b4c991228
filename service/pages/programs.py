"""/programa: where a program runs, now or at a moment, and where it ever ran."""

from __future__ import annotations

from collections.abc import Callable

import falcon

from service.http.filters import MOMENT, NAME, USERNAME
from service.http.parameters import CURSOR
from service.pages.presence_chart import HISTORY_CURSOR, spread, turned
from service.pages.site import Site
from service.store.read.occurrences import LoginFilter, ProcessFilter, ProcessOccurrenceStore
from service.store.read.usage_stats import UsageStore

_PATH = "/programa"
_MOST_BUSIEST = 40
_MOST_COMMANDS = 30
_MOST_RUNS = 12  # of each name on each server are drawn


class ProgramPage:
    def __init__(
        self,
        site: Site,
        processes: ProcessOccurrenceStore,
        activity: UsageStore,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._processes = processes
        self._activity = activity
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, NAME, USERNAME, MOMENT, CURSOR, HISTORY_CURSOR)
        criteria = ProcessFilter(name=query[NAME], username=query[USERNAME])
        moment, history_after = query[MOMENT], query[HISTORY_CURSOR] or 0
        shown: dict[str, object] = {"asked": criteria != ProcessFilter()}
        if shown["asked"]:
            running = (
                self._processes.now(criteria, query.after, query.limit)
                if moment is None
                else self._processes.at(criteria, moment, query.after, query.limit)
            )
            ever = self._processes.history(criteria, history_after, query.limit)
            shown |= {
                "count": self._processes.count(criteria),
                "users": self._activity.users_of(criteria),
                "extent": self._activity.processes(criteria),
                "servers": self._activity.servers(),
                "running": running.rows,
                "pages": turned(query, _PATH, CURSOR, running.after),
                "spread": spread(
                    ever.rows,
                    self._activity.runs(criteria, history_after, query.limit, _MOST_RUNS),
                    self._clock(),
                    lambda row: (row.name, row.username),
                ),
                "history_pages": turned(query, _PATH, HISTORY_CURSOR, ever.after),
                "commands": self._activity.commands(criteria, _MOST_COMMANDS),
            }
        else:
            shown["busiest"] = self._activity.programs_of(LoginFilter())[:_MOST_BUSIEST]
        self._site.show(
            req,
            resp,
            "program.html",
            name=query[NAME],
            username=query[USERNAME],
            moment=moment,
            given={each.name: query.text(each) for each in (NAME, USERNAME, MOMENT)},
            history_cursor=query.text(HISTORY_CURSOR) or None,
            address=query.address,
            **shown,
        )
