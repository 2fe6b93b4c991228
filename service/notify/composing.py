"""Composes messages: what is told, in the language of a receiver, before it takes a shape.

Names of programs, users and servers come from reports, and are hostile data: here they are plain
text on one line, and each shape escapes them for its receiver.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from service import times
from service.notify.receivers import SEVERITIES, Receiver
from service.notify.words import WORDS
from service.store.read.standing import Standing
from service.store.server_event import SEVERITIES as EVENT_SEVERITIES
from service.store.server_event import ServerEvent
from service.store.write.notices import NamedServer
from service.store.write.outbox_rows import Document, OpenViolation
from service.store.write.server_events import event_document

MOST_ENTRIES = 100  # of a digest; the rest is a number
VERSION = 1

_MAX_TEXT = 300  # characters of a value
# Controls, marks of direction, halves of pairs, private and unassigned ones; ends of lines.
_ACTS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Letter(NamedTuple):
    """A message, as people read it, and its members for programs.

    left: how many lines are left out. document: of kind webhook. words: of its language.
    """

    title: str
    lines: Sequence[str]
    left: int
    link: str | None
    document: Mapping[str, Any]
    words: Mapping[str, str]

    def shortened(self, count: int) -> Letter:
        """With so many of its lines, the worst first."""
        left = self.left + max(len(self.lines) - count, 0)
        return self._replace(lines=self.lines[:count], left=left)

    @property
    def texts(self) -> list[str]:
        """Its lines, and how many are left out."""
        more = [self.words["more"].format(n=self.left)] if self.left else []
        return [*self.lines, *more]


class Again(NamedTuple):
    """A message that is sent again.

    of: the id of the first of its repetitions. title: what that said, if it was ever tried, and
    made_at, when it was made. until: what is so now is judged until then; null before any report.
    """

    of: str
    title: str | None
    made_at: int
    until: int | None


class Composer:
    """Of one receiver. base: COMPLIANCE_URL, or null."""

    def __init__(self, receiver: Receiver, base: str | None) -> None:
        self._receiver, self._base = receiver, base
        self._words = WORDS[receiver.language]

    def entry(self, kind: str, document: Document) -> dict[str, Any]:
        """What is told of one transition. kind: that of the message."""
        facts = dict(document.facts)
        page = facts.pop("pagina")
        facts["titulo"] = self._in_language(facts["titulo"])
        facts["motivo"] = self._in_language(facts["motivo"])
        return {
            "tipo": kind,
            "caso": document.case,
            "severidad": document.severity,
            "ocurrida": times.to_text(document.at),
            **facts,
            "enlace": self._link(page),
        }

    def open_event(self, event: ServerEvent, server: NamedServer) -> dict[str, Any]:
        """What is told of something that goes on of a server itself, or of the evaluator."""
        document = Document(
            event.number or 0,
            event.kind,
            violation="",
            case=event.digest.hex(),
            rule="",
            severity=EVENT_SEVERITIES[event.kind],
            at=event.since.received_at,
            facts=event_document(event, server),
        )
        return self.entry(event.kind, document)

    def now_of(self, standing: Standing) -> dict[str, Any]:
        """What an entry says beside what was so, where it is told again."""
        return {
            "estado": standing.state,
            "fin": standing.ended_as,
            "en": None if standing.at is None else times.to_text(standing.at),
        }

    def again(self, letter: Letter, again: Again) -> Letter:
        """The same letter, marked as sent again."""
        words = self._words
        until = words["nothing_judged"]
        if again.until is not None:
            until = words["judged_until"].format(at=times.to_text(again.until)[:19])
        made = times.to_text(again.made_at)
        was = words["was"].format(at=made[:19], title=again.title or words["untried"])
        title = f"{words['again']}: {letter.title}"
        document = {
            **letter.document,
            "texto": title,
            "repite": again.of,
            "antes": {"hecha": made, "titulo": again.title},
            "evaluado_hasta": None if again.until is None else times.to_text(again.until),
        }
        return letter._replace(title=title, lines=[was, until, *letter.lines], document=document)

    def open_entry(self, row: OpenViolation) -> dict[str, Any]:
        """What is told of a violation that is open."""
        motives = {"es": row.motive_es, "en": row.motive_en}
        page = f"/incumplimientos?politica={row.rule}&servidor={row.server_id}"
        return {
            "tipo": "abierta",
            "caso": row.case_digest.hex(),
            "severidad": row.severity,
            "violacion": row.digest.hex(),
            "politica": row.rule,
            "titulo": None,
            "servidor": row.server_id,
            "ip_server": row.ipaddress,
            "nombre_host": row.nombre_host,
            "clave": None if row.is_reserved else json.loads(row.key),
            "motivo": None if row.is_reserved else self._in_language(motives),
            "abierta_en": times.to_text(row.opened_in_at),
            "enlace": self._link(page),
        }

    def one(self, message_id: str, entry: Mapping[str, Any], *, is_calm: bool = False) -> Letter:
        """A message about one transition."""
        line = self._line(entry, is_calm=is_calm)
        kind = self._kind(entry)
        severity = self._words[entry["severidad"]]
        title = f"[{severity}] {kind}: {self._about(entry)}"
        document = {**self._head(message_id), "texto": f"{title}: {line}", **entry}
        if is_calm:
            document["tras_inestable"] = True
        return Letter(title, [line], 0, entry["enlace"], document, self._words)

    def digest(self, message_id: str, reason: str, entries: Iterable[Mapping[str, Any]]) -> Letter:
        """A message about many. reason: nuevo, acumulado or perdido."""
        worst = sorted(entries, key=lambda entry: SEVERITIES.index(entry["severidad"]))
        shown = worst[:MOST_ENTRIES]
        counts = Counter(entry["severidad"] for entry in worst)
        title = f"{self._words['resumen']}: {self._words[reason]}: {self.numbers(counts)}"
        left = len(worst) - len(shown)
        link = self._link("/incumplimientos?abiertas=si")
        document = {
            **self._head(message_id),
            "texto": title,
            "tipo": "resumen",
            "razon": reason,
            "total": len(worst),
            "por_severidad": {each: counts[each] for each in SEVERITIES},
            "mensajes": shown,
            "mas": left,
            "enlace": link,
        }
        lines = [self._line(entry, with_title=True) for entry in shown]
        return Letter(title, lines, left, link, document, self._words)

    def numbers(self, counts: Mapping[str, int]) -> str:
        """How many are open, by severity, in words."""
        shown = [f"{counts[each]} {self._words[each]}" for each in SEVERITIES if counts[each]]
        return ", ".join(shown) or self._words["nada"]

    def sample(self, message_id: str) -> Letter:
        """What `notify test` sends."""
        title = f"{self._words['prueba']}: {self._words['muestra']}"
        return self.plain(message_id, title, [], {"tipo": "prueba", "muestra": True}, "/")

    def plain(
        self, message_id: str, title: str, lines: Sequence[str], facts: Mapping[str, Any], page: str
    ) -> Letter:
        """A message with these members, which links to a page."""
        link = self._link(page)
        document = {**self._head(message_id), "texto": title, **facts, "enlace": link}
        return Letter(title, lines, 0, link, document, self._words)

    def _head(self, message_id: str) -> dict[str, Any]:
        return {
            "version": VERSION,
            "id": message_id,
            "receptor": self._receiver.name,
            "idioma": self._receiver.language,
            "muestra": False,
        }

    def _link(self, page: str) -> str | None:
        return None if self._base is None else self._base + page

    def _in_language(self, texts: Mapping[str, str | None]) -> str | None:
        """A rule may have its texts in the other language only, which is said then."""
        if texts.get(self._receiver.language):
            return texts[self._receiver.language]
        others = (f"[{language}] {text}" for language, text in texts.items() if text)
        return next(others, None)

    def _kind(self, entry: Mapping[str, Any]) -> str:
        """What it is a message of, in words."""
        words, kind = self._words, entry["tipo"]
        if entry["politica"] is None and kind in {"inestable", "cerrada"}:
            return words[f"{kind}_de"].format(kind=words[entry["clase"]])
        return words[kind]

    def _about(self, entry: Mapping[str, Any]) -> str:
        return plain(entry["titulo"] or entry["politica"] or self._server(entry))

    def _server(self, entry: Mapping[str, Any]) -> str:
        if entry["ip_server"] is None:
            return self._words["service"]
        if entry["nombre_host"]:
            return plain(f"{entry['nombre_host']} ({entry['ip_server']})")
        return plain(entry["ip_server"])

    def _line(
        self, entry: Mapping[str, Any], *, with_title: bool = False, is_calm: bool = False
    ) -> str:
        words = self._words
        parts = [entry.get("etiqueta") or entry.get("red") or self._server(entry)]
        if entry["politica"] is not None:
            parts = [words["on"].format(rule=entry["politica"], server=parts[0])]
        if entry["motivo"]:
            parts.append(plain(entry["motivo"]))
        if "exencion" in entry:
            ended = words["revoked" if entry["revocada"] else "waived"]
            parts.append(ended.format(at=entry["hasta"][:16]))
        else:
            parts.append(self._when(entry))
        if entry.get("terminada"):
            ended = entry["terminada"]["fecha_hora"][:19]
            if entry.get("vista"):
                after = entry["vista"]["fecha_hora"][:19]
                parts.append(words["ended"].format(after=after, at=ended))
            else:
                parts.append(words["until"].format(at=ended))
        if entry["tipo"] == "cerrada":
            parts.append(words["reason"].format(fin=words[entry["fin"]]))
        if is_calm:
            parts.append(words["was_unstable"])
        if entry.get("ahora"):
            parts.append(self._now(entry["ahora"]))
        text = "; ".join(parts)
        if with_title:
            text = f"[{words[entry['severidad']]}] {self._kind(entry)}: {text}"
        return text

    def _now(self, now: Mapping[str, Any]) -> str:
        words = self._words
        fin = "" if now["fin"] is None else words[now["fin"]].lower()
        return words[f"now_{now['estado']}"].format(at=(now["en"] or "")[:19], fin=fin)

    def _when(self, entry: Mapping[str, Any]) -> str:
        """Between two reports: nothing is known of the time between."""
        if "abierta_entre" not in entry:
            return self._words["before"].format(at=entry["abierta_en"][:19])
        after, opened = entry["abierta_entre"]
        at = opened["fecha_hora"][:19]
        if after is None:
            return self._words["before"].format(at=at)
        return self._words["between"].format(after=after["fecha_hora"][:19], at=at)


def plain(text: str) -> str:
    """One line of at most 300 characters, none of which acts on a terminal or on its neighbours."""
    return inert(text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…")


def inert(text: str) -> str:
    """One line without characters that act on a terminal or on their neighbours."""
    return "".join("\ufffd" if unicodedata.category(c) in _ACTS else c for c in text)
