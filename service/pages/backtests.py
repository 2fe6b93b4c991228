"""/ensayos: back-tests, and a field to try a text. /ensayo/{id}: one, its progress, its picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import falcon

from service.errors import InvalidParameterError
from service.http.asker import facts_of
from service.http.filters import POLICY, SINCE, UNTIL
from service.http.parameters import text
from service.pages.backtest_picture import picture_of, shares_of
from service.pages.formats import datetime_local
from service.pages.forms import form_of, text_of
from service.pages.language import request_language
from service.pages.rule_words import words_of_text
from service.pages.site import PageQuery, Site
from service.policies.backtest.job_requests import BackTestRequests
from service.policies.backtest.job_result import read_result
from service.policies.rules.faults import InvalidRuleError, RuleFault
from service.policies.rules.rule import Scope
from service.policies.rules.rule_file import MAX_BYTES
from service.store.backtest_jobs import KEPT, MAX_DUE, BackTestJobStore, Job, NewJob
from service.store.read.policies import PolicyStore
from service.times import DAY

DAYS = 30
_REFRESH_SECONDS = 5
_RETRY_SECONDS = 60
_TEXT = text("texto", 2 * MAX_BYTES)  # a longer one than may run is shown again with its fault
_SERVER = text("servidor", 512)
_MAX_FORM_BYTES = 256 * 1024  # the longest text in any script, percent-encoded, and the rest
_STARTS = (POLICY, _TEXT, SINCE, UNTIL, _SERVER)


class BackTestsPage:
    def __init__(
        self,
        site: Site,
        jobs: BackTestJobStore,
        requests: BackTestRequests,
        policies: PolicyStore,
        clock: Callable[[], int],
    ) -> None:
        self._site, self._jobs, self._requests = site, jobs, requests
        self._policies, self._clock = policies, clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, POLICY)
        self._show(req, resp, query)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Starts a back-test: of a text, or of a rule that the service knows."""
        resp.cache_control = ["no-store"]
        query = PageQuery(form_of(req, _TEXT, _MAX_FORM_BYTES), *_STARTS)
        try:
            job_id = self._requests.add(self._asked(req, query), facts_of(req))
        except InvalidRuleError as error:
            resp.status = falcon.HTTP_400
            self._show(req, resp, query, faults=error.faults)
            return
        if job_id is None:
            resp.status = falcon.HTTP_503
            resp.set_header("Retry-After", str(_RETRY_SECONDS))
            self._show(req, resp, query, is_full=True)
            return
        resp.status, resp.location = falcon.HTTP_303, f"/ensayo/{job_id}"

    def _asked(self, req: falcon.Request, query: PageQuery) -> NewJob:
        """Raises InvalidParameterError, PolicyNotFoundError."""
        now, source = self._clock(), text_of(query[_TEXT])
        asked_since, asked_until = query[SINCE], query[UNTIL]
        until = now if asked_until is None else min(asked_until, now)
        since = until - DAYS * DAY if asked_since is None else asked_since
        if since >= until:
            raise InvalidParameterError(SINCE.name, "expected a time before hasta, and before now")
        rule = query[POLICY] or ""
        if not source and not rule:
            raise InvalidParameterError(_TEXT.name, "expected a text, or politica")
        return NewJob(
            rule="" if source else rule,
            source=source or self._policies.policy(rule, None)[0].source,
            is_unsaved=bool(source),
            since_at=since,
            until_at=until,
            server=query[_SERVER],
            asked_at=now,
            asked_by=None if req.context.token is None else req.context.token.name,
        )

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        query: PageQuery,
        *,
        faults: Iterable[RuleFault] = (),
        is_full: bool = False,
    ) -> None:
        is_start = req.method == "POST"
        rule = None if is_start else query[POLICY]
        self._site.show(
            req,
            resp,
            "backtests.html",
            jobs=self._jobs.newest(rule),
            rule=rule,
            can_start=req.context.is_admin,
            text=text_of(query[_TEXT]) if is_start else "",
            given={each.name: query.text(each) for each in _STARTS} if is_start else {},
            faults=[(fault.shown_path, fault.line, fault.reason) for fault in faults],
            is_full=is_full,
            max_due=MAX_DUE,
            kept=KEPT,
            days=DAYS,
        )


class BackTestPage:
    def __init__(self, site: Site, jobs: BackTestJobStore, clock: Callable[[], int]) -> None:
        self._site, self._jobs, self._clock = site, jobs, clock

    def on_get(self, req: falcon.Request, resp: falcon.Response, job_id: int) -> None:
        self._site.query(req, resp)
        job = self._jobs.get(job_id)
        result = read_result(job.result)
        words = words_of_text(job.rule, job.source or "", request_language(req))
        self._site.show(
            req,
            resp,
            "backtest.html",
            job=job,
            words=words,
            is_fleet=words.rule is not None and words.rule.scope is Scope.FLOTA,
            result=result,
            is_of_another_version=job.result is not None and result is None,
            picture=picture_of(result),
            shares=shares_of(result),
            faults=[tuple(fault.values()) for fault in (result or {}).get("faltas", ())],
            given=_given(job),
            can_start=req.context.is_admin,
            days=DAYS,
            refresh_seconds=_REFRESH_SECONDS,
        )
        if not job.has_ended:
            resp.set_header("Refresh", str(_REFRESH_SECONDS))

    def on_post(self, _req: falcon.Request, resp: falcon.Response, job_id: int) -> None:
        """Cancels it."""
        self._jobs.cancel(self._jobs.get(job_id).id, self._clock())
        resp.cache_control = ["no-store"]
        resp.status, resp.location = falcon.HTTP_303, f"/ensayo/{job_id}"


def _given(job: Job) -> dict[str, str]:
    """The fields of the form that asked for a job."""
    return {
        SINCE.name: datetime_local(job.since_at),
        UNTIL.name: datetime_local(job.until_at),
        _SERVER.name: job.server or "",
    }
