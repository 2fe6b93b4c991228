"""A check of Atom documents, by the text of RFC 4287."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

ATOM = "{http://www.w3.org/2005/Atom}"

# RFC 4287, 3.3: a date-time of RFC 3339, with T and Z in capitals.
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_IRI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

# 4.1.1 and 4.1.2: how often each child may stand there, those that we write among them.
_FEED = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "author": (1, 1), "link": (0, 9)}
_ENTRY = {
    "id": (1, 1),
    "title": (1, 1),
    "updated": (1, 1),
    "content": (1, 1),
    "link": (0, 1),
    "category": (1, 9),
}


def checked(body: bytes) -> ET.Element:
    """The root of a valid feed. Raises AssertionError, ET.ParseError."""
    root = ET.fromstring(body)
    assert root.tag == f"{ATOM}feed"
    assert set(root.attrib) <= {_LANGUAGE}
    _check_children(root, _FEED | {"entry": (0, 10_000)})
    assert [each.tag for each in root.findall(f"{ATOM}author/*")] == [f"{ATOM}name"]
    relations = [link.get("rel") for link in root.findall(f"{ATOM}link")]
    assert relations in ([], ["self", "alternate"])  # 4.2.7: one alternate of a type
    entries = root.findall(f"{ATOM}entry")
    assert entries == list(root)[len(root) - len(entries) :]
    for entry in entries:
        _check_children(entry, _ENTRY)
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)  # 4.1.1: else they would be versions of one
    return root


def texts(root: ET.Element, name: str) -> list[str]:
    """The texts of a child of all entries."""
    return [entry.findtext(f"{ATOM}{name}") or "" for entry in root.findall(f"{ATOM}entry")]


def _check_children(parent: ET.Element, allowed: dict[str, tuple[int, int]]) -> None:
    counts = Counter(child.tag.removeprefix(ATOM) for child in parent)
    assert counts.keys() <= allowed.keys(), counts
    for name, (least, most) in allowed.items():
        assert least <= counts[name] <= most, (name, counts[name])
    for child in parent:
        name, text = child.tag.removeprefix(ATOM), child.text or ""
        if name == "id":  # 4.2.6: an absolute IRI
            assert _IRI.fullmatch(text), text
        elif name == "updated":
            assert _DATE.fullmatch(text), text
        elif name in {"title", "content"}:  # 3.1.1.1: of type text, without children
            assert child.get("type", "text") == "text"
            assert len(child) == 0
            assert name == "content" or text.strip()
        elif name == "link":
            assert _IRI.fullmatch(child.attrib["href"])
        elif name == "category":
            assert child.attrib["term"]
