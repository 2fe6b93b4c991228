"""An Atom feed (RFC 4287) of what happened to violations and to servers, in one language.

Its entries say what messages say. Names from reports are plain text in it: they are escaped, and
characters that act on their neighbours, or that XML cannot hold, are replaced.
"""

from __future__ import annotations

import json
import uuid
from typing import Any
from xml.etree import ElementTree as ET

from service import times
from service.notify.composing import Composer, inert, plain
from service.notify.receivers import WEBHOOK, Receiver
from service.notify.words import WORDS
from service.policies.rules.kept_text import titles
from service.store.read.feed import Feed, FeedItem, FeedViolation
from service.store.read.fleet import News
from service.store.server_event import ENDS, SEVERITIES, ServerEvent
from service.store.write.notices import NamedServer, bound_of, digest_of
from service.store.write.outbox_rows import Document
from service.store.write.server_events import RETIRED, event_document

ADDRESS = "/novedades.atom"
CONTENT_TYPE = "application/atom+xml; charset=utf-8"

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class FeedWriter:
    """Of one language. base: COMPLIANCE_URL, or null; without it there are no links."""

    def __init__(self, language: str, base: str | None) -> None:
        self._language, self._base, self._words = language, base, WORDS[language]
        receiver = Receiver("feed", WEBHOOK, place="", url="", language=language)
        self._composer = Composer(receiver, base)

    def write(self, feed: Feed) -> bytes:
        root = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom"})
        root.set(_LANGUAGE, self._language)
        _add(root, "id", _urn("feed", self._language, feed.fleet))
        _add(root, "title", self._words["feed"])
        _add(root, "updated", _moment(max((item.at for item in feed.items), default=0)))
        _add(_add(root, "author"), "name", "compliance")
        if self._base is not None:
            own = f"{self._base}{ADDRESS}?idioma={self._language}"
            _add(root, "link", rel="self", type="application/atom+xml", href=own)
            _add(root, "link", rel="alternate", href=f"{self._base}/")
        for item in feed.items:
            self._add_entry(root, item)
        ET.indent(root)
        body: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
        return body

    def _add_entry(self, root: ET.Element, item: FeedItem) -> None:
        if isinstance(item.what, News):
            kind, number, title, text, link = self._news(item.what)
        else:
            document = _document(item.at, item.what, is_end=item.is_end)
            entry = self._composer.entry(document.kind, document)
            letter = self._composer.one("", entry)
            what = "fin" if item.is_end else "abierta"
            named = document.violation or document.case
            kind, number = document.kind, uuid_of(digest_of(named, what, 1))
            title, text, link = letter.title, "; ".join(letter.texts), letter.link
            if isinstance(item.what, FeedViolation) and item.what.waiver is not None:
                title = f"{title} ({self._words['now_exenta']})"
                until = times.to_text(item.what.waiver.until_at)[:16]
                text = f"{text}; {self._words['now_exenta_hasta'].format(at=until)}"
        made = _add(root, "entry")
        _add(made, "id", number)
        _add(made, "title", title)
        _add(made, "updated", _moment(item.at))
        _add(made, "category", term=kind)
        if link is not None:
            _add(made, "link", rel="alternate", type="text/html", href=link)
        _add(made, "content", text)

    def _news(self, item: News) -> tuple[str, str, str, str, str | None]:
        server = item.ip_server
        if item.nombre_host:
            server = f"{item.nombre_host} ({item.ip_server})"
        about = server if item.kind == "servidor_retirado" else item.subject or server
        title = f"{self._words[item.kind]}: {plain(about)}"
        changes = [
            f"{each.attribute}: {each.before or '—'} → {each.after or '—'}" for each in item.changed
        ]
        text = "; ".join(map(plain, [server, *filter(None, [item.subject]), *changes]))
        number = _urn("novedad", item.kind, item.at, item.id_serv, item.subject)
        link = None if self._base is None else f"{self._base}/servidor/{item.server_id}"
        return item.kind, number, title, text, link


def uuid_of(digest: bytes) -> str:
    """An id that messages and feeds can be compared by: of the first half of a message's id."""
    return f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=5)}"


def _urn(*what: object) -> str:
    return uuid_of(digest_of(*what))


def _document(
    at: int, what: FeedViolation | tuple[ServerEvent, NamedServer], *, is_end: bool
) -> Document:
    if isinstance(what, FeedViolation):
        return _of_violation(at, what, is_end=is_end)
    return _of_event(at, *what, is_end=is_end)


def _of_violation(at: int, found: FeedViolation, *, is_end: bool) -> Document:
    """What was so at that moment. Rows of rules that read command lines are for administrators."""
    violation = found.violation
    kind = "abierta"
    if is_end:
        kind = "resuelta" if violation.ended_as == "resuelta" else "cerrada"
    elif violation.is_late:
        kind = "tardia"
    elif violation.kind == "inestable":
        kind = "inestable"
    motives = {"es": violation.motive_es, "en": violation.motive_en}
    is_shown, is_over = not found.command_lines, is_end or violation.is_late
    facts: dict[str, Any] = {
        "politica": found.rule,
        "titulo": dict(zip(("es", "en"), titles(found.rule, found.source), strict=True)),
        "servidor": violation.server_id,
        "ip_server": found.server.ipaddress,
        "nombre_host": found.server.nombre_host,
        "clase": violation.kind,
        "clave": json.loads(violation.key) if is_shown else None,
        "motivo": motives if is_shown else {},
        "abierta_entre": [bound_of(violation.opened_after), bound_of(violation.opened_in)],
        "vista": bound_of(violation.seen) if is_over else None,
        "terminada": bound_of(violation.ended) if is_over else None,
        "fin": violation.ended_as if is_over else None,
        "pagina": f"/incumplimientos?politica={found.rule}&servidor={violation.server_id}",
    }
    case = violation.case or violation.digest
    severity = found.severity
    return Document(0, kind, violation.digest.hex(), case.hex(), found.rule, severity, at, facts)


def _of_event(at: int, event: ServerEvent, server: NamedServer, *, is_end: bool) -> Document:
    kind, end = event.kind, ENDS[event.kind]
    if is_end:
        kind = "cerrada" if event.ended_as == RETIRED or end is None else end
    facts = event_document(event, server)
    if not is_end:
        facts |= {"terminada": None, "fin": None}
    return Document(0, kind, "", event.digest.hex(), "", SEVERITIES[event.kind], at, facts)


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, name, attributes)
    if text is not None:
        made.text = inert(text)
    return made


def _moment(at: int) -> str:
    """RFC 3339, as RFC 4287 asks for."""
    return times.to_text(at).replace(" ", "T") + "Z"
