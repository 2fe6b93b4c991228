"""/usuario: where a user is or was logged in, and the processes that run as that user."""

from __future__ import annotations

from collections.abc import Callable

import falcon

from service.http.filters import AT_MOMENT, TAG, USERNAME, moment_of
from service.http.parameters import CURSOR
from service.pages import as_sql
from service.pages.presence_chart import HISTORY_CURSOR, page_links, presence_chart
from service.pages.site import PageQuery, Site
from service.store.read.name_filters import LoginFilter
from service.store.read.occurrences import LoginOccurrenceStore
from service.store.read.usage_stats import UsageStore

_PATH = "/usuario"
_MAX_PROGRAMS = 40
_MAX_ORIGINS = 30


class UserPage:
    def __init__(
        self,
        site: Site,
        logins: LoginOccurrenceStore,
        usage: UsageStore,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._logins = logins
        self._usage = usage
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, USERNAME, TAG, *AT_MOMENT, CURSOR, HISTORY_CURSOR)
        criteria = LoginFilter(username=query[USERNAME])
        has_criteria = criteria != LoginFilter()
        self._site.show(
            req,
            resp,
            "user.html",
            username=query[USERNAME],
            moment=moment_of(query),
            at_moment=query.at_moment,
            now=self._clock(),
            values={each.name: query.text(each) for each in (USERNAME, TAG, *AT_MOMENT)},
            history_cursor=query.text(HISTORY_CURSOR) or None,
            address=query.address,
            has_criteria=has_criteria,
            **(self._results(query, criteria) if has_criteria else self._busiest()),
        )

    def _results(self, query: PageQuery, criteria: LoginFilter) -> dict[str, object]:
        moment, history_after = moment_of(query), query[HISTORY_CURSOR] or 0
        logins = self._logins.page(criteria, moment, query.after, query.limit, tag=query[TAG])
        history = self._logins.history(criteria, history_after, query.limit, tag=query[TAG])
        presence = self._usage.logins(criteria)
        counted = self._usage.programs_of(criteria)
        programs = counted.value
        return {
            "as_sql": as_sql.logins(criteria, query),
            "programs_as_sql": as_sql.programs_of(criteria, query),
            "count": presence.value.now,
            "seen": presence.value.seen,
            "counted_at": min(presence.at, counted.at),
            "logins": [row for row in logins.rows if not row.silent],
            "of_silent": [row for row in logins.rows if row.silent],
            "judged_at": logins.at,
            "open_servers": len({row.server_id for row in logins.rows if row.open}),
            "late": logins.late,
            "pages": page_links(query, _PATH, CURSOR, logins),
            "chart": presence_chart(history.rows, (), self._clock(), lambda row: (row.username,)),
            "origins": self._usage.origins(criteria, _MAX_ORIGINS),
            "history_pages": page_links(query, _PATH, HISTORY_CURSOR, history),
            "programs": programs and programs[:_MAX_PROGRAMS],
            "more_programs": max(0, len(programs or ()) - _MAX_PROGRAMS),
            "processes": None if programs is None else sum(count for _, count in programs),
        }

    def _busiest(self) -> dict[str, object]:
        busiest = self._usage.busiest()
        return {"busiest": busiest.value and busiest.value.users, "counted_at": busiest.at}
