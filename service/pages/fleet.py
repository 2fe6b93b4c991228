"""/: what the fleet is made of, who is silent, what changed lately, and the table of servers."""

from __future__ import annotations

import re
from collections.abc import Callable

import falcon
import orjson

from service import times
from service.http.filters import MOMENT, OF_SERVERS, server_filter
from service.http.parameters import CURSOR
from service.pages.charts import busiest, columns
from service.pages.site import Site
from service.store.read.fleet import FleetStore, Summary

_CHART_HEIGHT = 110  # pixels
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:]+\](:[0-9]+)?")


class FleetPage:
    def __init__(self, site: Site, fleet: FleetStore, bind: str, clock: Callable[[], int]) -> None:
        self._site = site
        self._fleet = fleet
        self._bind = bind
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        taken = (*OF_SERVERS, MOMENT, CURSOR)
        query = self._site.query(req, resp, *taken)
        now, moment = self._clock(), query[MOMENT]
        if moment is not None and moment > now:
            # Nobody knows that yet, and by then every server would have been silent for long.
            raise falcon.HTTPSeeOther(query.address("/", fecha_hora=None, cursor=None))
        page = self._fleet.page(server_filter(query), moment, query.after, query.limit)
        filtered = any(query.text(parameter) for parameter in OF_SERVERS)
        # Who looks for some servers sees those first, and sooner.
        whole = moment is None and not filtered and not query.after
        summary = self._fleet.summary() if whole else None
        self._site.show(
            req,
            resp,
            "fleet.html",
            page=page,
            moment=moment,
            now=now if moment is None else moment,
            summary=summary,
            chart=_chart(summary) if summary else None,
            given={parameter.name: query.text(parameter) for parameter in taken},
            filtered=filtered,
            address=query.address,
            following=query.address_after("/", page.after) if page.after else None,
            **self._first_report(req),
        )

    def _first_report(self, req: falcon.Request) -> dict[str, object]:
        """What a reader needs to send one to this very service."""
        # The reader's own browser says what the host is called; it is put into a command line.
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
            "closed": req.context.token is not None,
            "local": host.startswith(("127.", "localhost", "[::1]")),
            "example": orjson.dumps(example, option=orjson.OPT_INDENT_2).decode(),
        }


def _chart(summary: Summary) -> dict[str, object]:
    hours = summary.reports_an_hour
    hour, most = busiest(hours)
    return {
        "columns": columns(hours, _CHART_HEIGHT),
        "total": sum(count for _, count in hours),
        "most": most,
        "busiest": hour,
    }
