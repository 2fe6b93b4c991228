"""Masks secrets of command lines a second time, before they stand in evidence.

The agent masks what it sends; another client may not, nor an agent of long ago. This mask is
coarser: it hides a value where the agent would look closer.
"""

from __future__ import annotations

import re

MASK = "***"

_SENSITIVE = (
    r"[\w.-]{0,40}(?:pass(?:w(?:or)?d|phrase)?|pwd|secret|token|clave|contrase[nñ]a|api-?_?key"
    r"|access-?_?key|private-?_?key|credential|bearer|auth)[\w.-]{0,40}"
)
_VALUE = r"(?:\"[^\"]*\"?|'[^']*'?|[^\s,;&\"'}]+)"
# Each has what stays in its first group, and what is hidden behind it.
_FORMS = (
    # Authorization: Bearer x
    re.compile(r"(?i)(\b(?:bearer|basic|digest)\s+)[\w.~+/=-]{8,}"),
    # --password=x, PASSWORD=x, "token": x
    re.compile(
        rf"(?i)((?:^|[\s\"'{{,;&?])-{{0,2}}{_SENSITIVE}[\"']?\s?[=:]\s?)"
        rf"(?!(?:bearer|basic|digest)\s){_VALUE}"
    ),
    # --password x
    re.compile(rf"(?i)((?:^|\s)--?{_SENSITIVE}\s+)(?!-){_VALUE}"),
    # scheme://user:x@host
    re.compile(r"(\b[A-Za-z][\w+.-]{0,30}://[^\s/:@]*:)[^\s/@]+(?=@)"),
    # tokens that say so themselves
    re.compile(
        r"()\b(?:gh[pousr]_\w{20,}|xox[abp]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w.-]+"
        r"|ccs[ilaen]_[0-9A-Za-z]{36}|sk-[\w-]{20,})\b"
    ),
)
# What hides passwords behind options of its own, and the options. All of them behind such a name
# are hidden: to look for each with the program before it takes the square of the length.
_PROGRAMS = (
    # mysql -px, sshpass -p x
    (
        re.compile(r"(?:^|[/\s\"'=;&|(])(?:mysql\w*|mariadb[\w-]*|mongo\w*|sshpass)\s"),
        re.compile(r"((?:^|(?<=\s))-p ?)\S+"),
    ),
    # curl -u user:x
    (
        re.compile(r"(?:^|[/\s\"'=;&|(])(?:curl|wget)\s"),
        re.compile(r"((?:^|(?<=\s))(?:-u|--user) ?[^\s:]+:)\S+"),
    ),
)
_MAX_LENGTH = 4096  # what is longer is cut: some forms look back and forth


def mask(text: str) -> str:
    """The text with *** for what looks like a secret. What is masked stays as it is."""
    text = text[:_MAX_LENGTH]
    for form in _FORMS:
        text = form.sub(rf"\g<1>{MASK}", text)
    for program, option in _PROGRAMS:
        found = program.search(text)
        if found is not None:
            behind = option.sub(rf"\g<1>{MASK}", text[found.end() :])
            text = text[: found.end()] + behind
    return text
