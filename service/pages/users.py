"""/usuario: where a user is logged in, now or at a moment, and ever was; what runs as that user."""

from __future__ import annotations

from collections.abc import Callable

import falcon

from service.http.filters import MOMENT, USERNAME
from service.http.parameters import CURSOR
from service.pages.presence_chart import HISTORY_CURSOR, spread, turned
from service.pages.site import Site
from service.store.read.occurrences import LoginFilter, LoginOccurrenceStore, ProcessFilter
from service.store.read.usage_stats import UsageStore

_PATH = "/usuario"
_MOST_BUSIEST = 40
_MOST_PROGRAMS = 40
_MOST_ORIGINS = 30


class UserPage:
    def __init__(
        self,
        site: Site,
        logins: LoginOccurrenceStore,
        activity: UsageStore,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._logins = logins
        self._activity = activity
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, USERNAME, MOMENT, CURSOR, HISTORY_CURSOR)
        criteria = LoginFilter(username=query[USERNAME])
        moment, history_after = query[MOMENT], query[HISTORY_CURSOR] or 0
        shown: dict[str, object] = {"asked": criteria != LoginFilter()}
        if shown["asked"]:
            logins = (
                self._logins.now(criteria, query.after, query.limit)
                if moment is None
                else self._logins.at(criteria, moment, query.after, query.limit)
            )
            ever = self._logins.history(criteria, history_after, query.limit)
            programs = self._activity.programs_of(criteria)
            shown |= {
                "count": self._logins.count(criteria),
                "extent": self._activity.logins(criteria),
                "logins": logins.rows,
                "pages": turned(query, _PATH, CURSOR, logins.after),
                "spread": spread(ever.rows, (), self._clock(), lambda row: (row.username,)),
                "origins": self._activity.origins(criteria, _MOST_ORIGINS),
                "history_pages": turned(query, _PATH, HISTORY_CURSOR, ever.after),
                "programs": programs[:_MOST_PROGRAMS],
                "more_programs": max(0, len(programs) - _MOST_PROGRAMS),
                "processes": sum(count for _, count in programs),
            }
        else:
            shown["busiest"] = self._activity.users_of(ProcessFilter())[:_MOST_BUSIEST]
        self._site.show(
            req,
            resp,
            "user.html",
            username=query[USERNAME],
            moment=moment,
            given={each.name: query.text(each) for each in (USERNAME, MOMENT)},
            history_cursor=query.text(HISTORY_CURSOR) or None,
            address=query.address,
            **shown,
        )
