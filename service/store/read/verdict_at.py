"""The verdict of a rule on a server at a moment, from the spans and violations around it.

A pass is not stored: a server passes where neither a span of verdicts nor a violation covers the
moment, from the first verdict of the rule's text on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from service.store.read.bounds import NOWHERE, bounds_of
from service.store.read.moments import Moment, moment_parameters
from service.store.read.waivers import Waiver
from service.store.tag_format import WantedTag
from service.store.verdict_rows import Bound


class VerdictFilter(NamedTuple):
    """Selects servers by what a rule says of them; a null criterion selects all."""

    rule: str
    state: str | None = None
    moment: Moment | None = None
    tag: WantedTag | None = None


class VerdictRow(NamedTuple):
    """What a rule said of a server at a moment.

    state: cumple, falla, desconocido, no_aplica. since: the first report or event with this
    verdict; after: the last one before it, null if there was none. failing_since: of a failure,
    when the first of a chain of violations opened that were not repaired. judged: the last report
    or event that judged the server, now. is_closed: a later report of the server was judged, so
    this never changes. waiver: that which ends first, of a failure that is waived as a whole.
    """

    server_id: int
    rule: str
    text_hash: str
    version: int
    ip_server: str
    nombre_host: str | None
    state: str
    reason: str | None
    detail: str | None
    confirmed: bool
    in_grace: bool
    failing_since: int | None
    after: Bound | None
    since: Bound
    judged: Bound | None
    is_closed: bool
    waiver: Waiver | None = None


def first_of_each(rows: Any, moment: Moment | None) -> Iterator[VerdictRow]:  # noqa: ANN401
    """One verdict of each rule and server: that of the text which judged it last."""
    before = None
    for row in rows:
        verdict = _verdict(row, *moment_parameters(moment))
        if (verdict.server_id, verdict.rule) != before:
            before = verdict.server_id, verdict.rule
            yield verdict


def _verdict(row: Sequence[Any], at: int, known_at: int | None) -> VerdictRow:
    *of_text, state, reason, detail, case_since_at, grace_until_at, is_closed = row[:12]
    began, after, first, last, until, *found, judged = bounds_of(row[12:], known_at)
    opened_after, opened, confirmed, seen, cleared, ended, *gap = found
    if gap[1] is not None:  # it was not seen then, and came back
        seen, cleared = gap
    passing = VerdictRow._make(
        (
            *(*of_text, "cumple", None, None, False, False, None),
            *(None, began or NOWHERE, judged, bool(is_closed), None),
        )
    )
    if first is not None and not _is_over(until, at):
        return passing._replace(state=state, reason=reason, detail=detail, after=after, since=first)
    if opened is not None and not (_is_over(cleared, at) or _is_over(ended, at)):
        now = at if judged is None else min(at, judged.at)
        return passing._replace(
            state="falla",
            confirmed=_is_over(confirmed, at),
            in_grace=grace_until_at is not None and now < grace_until_at,
            failing_since=case_since_at,
            after=opened_after,
            since=opened,
        )
    # It passes from the end of what went on last.
    for end, before in ((until, last), (cleared or ended, seen)):
        if end is not None and passing.since.at <= end.at <= at:
            passing = passing._replace(after=before, since=end)
    return passing


def _is_over(bound: Bound | None, at: int) -> bool:
    return bound is not None and bound.at <= at
