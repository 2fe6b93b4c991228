"""What happens to servers themselves, and to the evaluator, whatever rules say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from service.store.verdict_rows import Bound, Columns, event_digest, flat
from service.store.write.notices import digest_of

SILENCE = "silencio"
CLOCK = "reloj"
CLONE = "clon"
RETURN = "reactivado"  # a server that was retired reports again
LAG = "evaluador_atrasado"

# The message that says that one is over; null where none ever is.
ENDS = {
    SILENCE: "vuelve",
    CLOCK: "reloj_correcto",
    LAG: "evaluador_al_dia",
    CLONE: None,
    RETURN: None,
}
# The rules about the same: where one applies, it speaks for the event.
RULES = {SILENCE: "silencioso", CLOCK: "reloj-incorrecto", CLONE: "clonado"}
# What a lag hides may be critical.
SEVERITIES = {SILENCE: "media", CLOCK: "media", CLONE: "media", RETURN: "baja", LAG: "critica"}


@dataclass(slots=True)
class ServerEvent:
    """An event. server_id: null of the evaluator. after: the last report, or event, before."""

    digest: bytes
    kind: str
    subject: bytes
    server_id: int | None
    after: Bound | None
    since: Bound
    ended: Bound | None = None
    ended_as: str | None = None  # resuelta; retirado
    number: int | None = None  # of its row; null until it is stored

    @classmethod
    def of_server(  # noqa: PLR0913, PLR0917 — the columns
        cls,
        kind: str,
        server_id: int,
        identity: str,
        sibling: int,
        after: Bound | None,
        since: Bound,
        document: str,
    ) -> Self:
        """document: the digest of the report, or event, that shows it."""
        who = (identity, sibling)
        # Of all clones of a machine together: there may be many.
        subject = digest_of(kind, identity) if kind == CLONE else digest_of(kind, *who)
        digest = digest_of(kind, *who, "" if kind == CLONE else document)
        return cls(digest, kind, subject, server_id, after, since)

    @classmethod
    def of_evaluator(cls, after: Bound | None, since: Bound) -> Self:
        """Reports that wait since then are not judged."""
        return cls(digest_of(LAG, event_digest(since)), LAG, digest_of(LAG), None, after, since)

    @classmethod
    def of_row(cls, row: tuple[object, ...]) -> Self:
        columns = Columns(row)
        (number,) = columns.some(1)
        own = columns.some(4)
        after, since, ended = columns.bound(), columns.first(), columns.bound()
        (ended_as,) = columns.some(1)
        return cls(*own, after, since, ended, ended_as, number)  # type: ignore[arg-type,call-arg]

    def values(self) -> dict[str, object]:
        names = ("report_id", "at", "received_at", "mark")
        return {
            "digest": self.digest,
            "kind": self.kind,
            "subject": self.subject,
            "server_id": self.server_id,
            **_named("after", names, self.after),
            **_named("since", names, self.since),
        }

    def end_values(self) -> dict[str, object]:
        names = ("report_id", "at", "received_at", "mark")
        ended = _named("ended", names, self.ended)
        return {"id": self.number, "ended_as": self.ended_as, **ended}


def _named(prefix: str, names: tuple[str, ...], bound: Bound | None) -> dict[str, object]:
    return {f"{prefix}_{name}": value for name, value in zip(names, flat(bound), strict=True)}
