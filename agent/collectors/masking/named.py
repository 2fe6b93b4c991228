"""The values that follow a name: NAME=value, --name=value, /name:value, Header: value."""

from __future__ import annotations

import re

from agent.collectors.masking.spans import Span, moved
from agent.collectors.masking.values import (
    is_harmless,
    is_mixed,
    is_path,
    is_random,
    is_reference,
    is_tag,
)
from agent.collectors.masking.words import STRONG, WEAK, is_name_of_secret, strength, word_set

_VARIABLE = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_NAME = re.compile(r"[\w.@:/?&%+\[\]!-]+")
# The way of Percona's tools: h=host,u=user,p=password.
_DSN = re.compile(r"[A-Za-z]=[^,]*(?:,[A-Za-z]=[^,]*)+")
_HEADER = re.compile(r"([A-Za-z][\w-]{1,60}):\s*(?=\S)")
_COLON = re.compile(r"[-/]{1,2}([\w.-]+):(?!//)(?=.)")
_KEY = re.compile(r"(?://[\w./:-]+:)?[A-Za-z_][\w.@:-]*")
_SCHEME = re.compile(
    r"(?i)(?:Bearer|Basic|Token|Digest|Negotiate|NTLM|ApiKey|Key|SSWS|GenieKey|AWS4-HMAC-SHA256)\s+"
)
# Where the value in NAME=value,NAME=value ends.
_NEXT = re.compile(r"[,;&]\s*[A-Za-z][\w .-]{0,40}=")
_PAIR = re.compile(r"([^\s:%/\\]*)[:%](?!//)(?=.)")
_PAIRED = re.compile(
    r"(?i)(?:auth|login|creds?|credentials?|userpass|userpwd|basicauth|proxyauth|proxyuser"
    r"|authentication)$"
)
_LOGIN = re.compile(r"(?i)(?:login|id|uuid|keys?|seed)$")
_PIN = re.compile(r"\d{4,12}|\w{6,}")
_NO_KEYS = word_set("secret secrets token tokens credentials passwd wpa-psk")


def assignment_spans(word: str, *, expands: bool = False) -> list[Span]:
    """The secret in a word that is a whole assignment; blanks and separators belong to it."""
    name, sign, value = word.partition("=")
    if len(name) == 1 and _DSN.fullmatch(word):
        password = re.search(r"(?<=,p=)[^,]+|(?<=^p=)[^,]+", word)
        return [password.span()] if password else []
    if sign and _NAME.fullmatch(name) and strength(name):
        return _valued(name, word, len(name) + 1, expands=expands)
    if sign and _HEADER.match(value):
        return moved(assignment_spans(value, expands=expands), len(name) + 1)
    colon = _COLON.match(word)
    if colon and strength(colon[1]):
        return _valued(colon[1], word, colon.end(), expands=expands)
    header = _HEADER.match(word)
    if header and strength(header[1]) and not is_tag(word[header.end() :]):
        return _header(word, header, expands=expands)
    return []


def value_spans(name: str, value: str, *, expands: bool = False) -> list[Span]:
    """The secret in the value of an option or a key with this name."""
    found = strength(name)
    if found == STRONG:
        if is_harmless(value, expands=expands) or is_name_of_secret(name, value):
            return []
        return [(0, len(value))]
    if found == WEAK:
        return _weak(name, value, expands=expands)
    return []


def is_variable(word: str) -> bool:
    """Whether a word is an assignment as in front of a command: NAME=value."""
    return bool(_VARIABLE.match(word))


def is_empty_assignment(word: str) -> bool:
    """`password=`, whose value is the next word, as in sc.exe."""
    return word.endswith("=") and bool(_KEY.fullmatch(word[:-1])) and strength(word[:-1]) == STRONG


def is_key(word: str) -> bool:
    """Whether a word alone may be the key of KEY VALUE: requirepass, aws_secret_access_key."""
    if not _KEY.fullmatch(word) or word in _NO_KEYS:
        return False
    return strength(word) == STRONG


def _valued(name: str, word: str, start: int, *, expands: bool) -> list[Span]:
    value = word[start:]
    following = _NEXT.search(value)
    if following:
        value = value[: following.start()]
    return [
        (start + first, start + last) for first, last in value_spans(name, value, expands=expands)
    ]


def _header(word: str, header: re.Match[str], *, expands: bool) -> list[Span]:
    start = header.end()
    scheme = _SCHEME.match(word, start)
    if scheme:
        start = scheme.end()
    value = word[start:]
    if strength(header[1]) == WEAK and not scheme:
        if re.search(r"(?i)auth|cookie|session|signature|csrf|xsrf", header[1]) and " " in word:
            return [] if is_harmless(value, expands=expands) else [(start, len(word))]
        return [(start + a, start + b) for a, b in _weak(header[1], value, expands=expands)]
    return [] if is_harmless(value, expands=expands) else [(start, len(word))]


def _weak(name: str, value: str, *, expands: bool) -> list[Span]:
    scheme = _SCHEME.match(value)
    start = scheme.end() if scheme else 0
    rest = value[start:]
    if is_reference(rest, expands=expands) or is_path(rest):
        return []
    if scheme or is_random(rest) or (is_mixed(rest) and not _LOGIN.search(name)):
        return [(start, len(value))]
    if re.search(r"(?i)(?:^|[\W_]|so|user)pin$", name):
        return [(0, len(value))] if _PIN.fullmatch(value) else []
    pair = _PAIR.match(value)
    if pair and _PAIRED.search(name) and not is_harmless(value[pair.end() :], expands=expands):
        return [(pair.end(), len(value))]
    return []
