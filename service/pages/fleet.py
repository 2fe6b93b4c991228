"""/: the overview of the fleet and the table of servers, now or at a time in the past."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

import falcon
import orjson

from service import times
from service.http.filters import AT_MOMENT, KNOWN_AT, OF_SERVERS, OPEN, moment_of, server_filter
from service.http.parameters import CURSOR
from service.pages import as_sql
from service.pages.charts import columns, peak
from service.pages.site import Site
from service.store.read.fleet import FleetStore, Summary
from service.store.read.policies import PolicyStore
from service.store.read.progress import Progress
from service.store.read.retirements import Retirement, RetirementStore

_CHART_HEIGHT = 110  # pixels
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:]+\](:[0-9]+)?")


class OpenViolations(NamedTuple):
    """address: of the list that has as many."""

    number: int
    address: str
    progress: Progress


class FleetPage:
    def __init__(  # noqa: PLR0913, PLR0917 — its collaborators
        self,
        site: Site,
        fleet: FleetStore,
        policies: PolicyStore,
        retirements: RetirementStore,
        bind: str,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._fleet = fleet
        self._policies = policies
        self._retirements = retirements
        self._bind = bind
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        parameters = (*OF_SERVERS, *AT_MOMENT, CURSOR)
        query = self._site.query(req, resp, *parameters)
        now, moment = self._clock(), moment_of(query)
        if moment is not None and moment.at > now:
            # The future is unknown, and every server would count as silent by then.
            raise falcon.HTTPSeeOther(query.address("/", fecha_hora=None, cursor=None))
        criteria = server_filter(query)
        page = self._fleet.page(criteria, moment, query.after, query.limit)
        filtered = any(query.text(parameter) for parameter in OF_SERVERS)
        # A filtered page shows its results first, and skips the cost of the overview.
        has_overview = moment is None and not filtered and not query.after
        summary = self._fleet.summary() if has_overview else None
        self._site.show(
            req,
            resp,
            "fleet.html",
            page=page,
            as_sql=as_sql.servers(criteria, query),
            moment=moment,
            at_moment=query.at_moment,
            now=page.at,
            open_servers=sum(state.open for state in page.servers),
            summary=summary,
            chart=_reports_chart(summary) if summary else None,
            open_violations=self._open_violations() if summary else None,
            values={parameter.name: query.text(parameter) for parameter in parameters},
            filtered=filtered,
            retirements=self._retired() if criteria.retired and moment is None else {},
            address=query.address,
            next_page=query.address_after("/", page.after) if page.after else None,
            **self._first_report(req),
        )

    def _retired(self) -> dict[int, Retirement]:
        return {retired.server_id: retired for retired in self._retirements.now()}

    def _open_violations(self) -> OpenViolations:
        progress, moment = self._policies.settled()
        number = self._policies.open_violations(moment)
        at = {KNOWN_AT.name: times.to_text(moment.at)[:19]}
        address = f"/incumplimientos?{urlencode({OPEN.name: 'si', **at})}"
        return OpenViolations(number, address, progress)

    def _first_report(self, req: falcon.Request) -> dict[str, object]:
        """The values of the instructions for sending a first report to this service."""
        # The Host header is untrusted, and the page puts it into a command line.
        host = req.netloc if _HOST.fullmatch(req.netloc) else self._bind
        example = {
            "arquitectura_proc": "x86_64",
            "marca_proc": "Intel(R) Xeon(R)",
            "procesos": [{"username": "root", "pid": 1, "name": "systemd"}],
            "usuarios_activos": [],
            "nombre_so": "Debian GNU/Linux",
            "version_so": "12",
            "ipaddress": "192.168.1.205",
            "fecha_hora": times.to_text(self._clock())[:19],
        }
        return {
            "url": f"{req.scheme}://{host}",
            "token_required": req.context.token is not None,
            "is_loopback": host.startswith(("127.", "localhost", "[::1]")),
            "example": orjson.dumps(example, option=orjson.OPT_INDENT_2).decode(),
        }


def _reports_chart(summary: Summary) -> dict[str, object]:
    hours = summary.reports_an_hour
    peak_hour, peak_reports = peak(hours)
    return {
        "columns": columns(hours, _CHART_HEIGHT),
        "total": sum(count for _, count in hours),
        "peak_reports": peak_reports,
        "peak_hour": peak_hour,
    }
