"""Secrets in a text that is not one word: assignments, JSON, XML, SQL and program code.

Every pattern takes linear time; a test checks it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.collectors.masking.named import value_spans
from agent.collectors.masking.spans import moved
from agent.collectors.masking.values import is_code, is_harmless, is_mixed, is_tag
from agent.collectors.masking.words import STRONG, strength

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.collectors.masking.spans import Span

# NAME=, NAME: , "NAME": , ['NAME'] => , NAME%3D
_NAME = re.compile(
    r"(?<![\w.-])([\w.-]+)(\\?[\"'\]]{0,2})\s*(:?=>?|==|:(?!//|:)|%3[Dd]|%22%3[Aa]%22)\s*"
)
# Three groups: \"x\" as in a text within a text, "x", 'x'.
_QUOTED = (
    r"(?:\\[\"']((?:[^\"'\\]|\\[^\"'])*)\\[\"']"
    r"|\"((?:[^\"\\]|\\[\s\S])*)\"|'((?:[^'\\]|\\[\s\S])*)')"
)
_VALUE = re.compile(
    rf"[bBuUrRNE]?{_QUOTED}|((?:[^\s\"'&;}})\]\\|<>%,]|,(?![\s\w.-]{{0,40}}[=:]|\s|$)|%(?!2[26]))+)"
)
_KEY_FOLLOWS = re.compile(r"[A-Za-z][\w.-]{0,40}=")
_UNTIL_SEMICOLON = re.compile(r"[^;\"']+")
_CONNECTION = re.compile(
    r"(?i)(?:^|[;\"'\s=])(?:server|data source|host|hostname|endpoint|user id|uid|database|driver"
    r"|initial catalog|dsn|url|accountname|defaultendpointsprotocol|username|user)\s*=[^;]*;"
)
_ELEMENT = re.compile(r"<([\w:.-]{2,60})(?:\s[^<>]{0,200})?>([^<>]+)</")
_PAIR = re.compile(
    rf"\\?[\"']([\w.-]{{3,60}})\\?[\"']\s*,\s*(?:\\?[\"']value\\?[\"']\s*[:=]>?\s*)?{_QUOTED}"
)
_CALL = re.compile(r"(?<!\w)(\w{2,60})\s*\((?=([^()]{0,600}))")
_STRING = re.compile(_QUOTED)
_SQL = re.compile(
    r"(?i)\b(?:alter|create|grant|set|change|drop|open|backup|restore|pragma|connect|add|shell)\b"
)
_SQL_SECRETS = re.compile(
    r"(?i)\b(?:IDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS)(?:\s+PASSWORD|\s+VALUES)?"
    r"|PASSWORD(?:\s+FOR\s+\S+)?(?:\s*=|\s+BY)?(?:\s*PASSWORD\s*\()?|SECRET|USING|PRAGMA\s+(?:re)?key\s*=)"
    r"\s*\(?\s*[NEx]?(?:'([^']+)'|\"([^\"]+)\")"
)
_IDENTIFIED = re.compile(r"(?i)\bIDENTIFIED\s+BY\s+([^\s;'\"]+)")
_HASHING = re.compile(
    r"^(?:crypt|hashpw|hash|bcrypt|mkpasswd|\w*ha(?:sh|512)_crypt|ConvertTo_SecureString)$",
    re.ASCII,
)
# Which of the texts in a call is the secret: login(user, SECRET), connect(host, user, SECRET).
_SECOND = re.compile(r"(?i)^(?:\w*login|\w*auth(?:entication)?|userpass|oci_p?connect)$")
_LAST = re.compile(
    r"(?i)^(?:auth|authenticate|\w*credentials?|\w*basic_?auth|createhmac|hash_hmac|\w*_?bind(?:_s)?)$"
)
_THIRD = re.compile(
    r"(?i)^(?:\w*connect|mysqli|imap_open|newinstance|connection|pdo|ftp(?:_tls)?|getconnection|\w*pconnect|create_(?:super)?user)$"
)
_AUTH_TUPLE = re.compile(rf"\bauth\s*[=:]>?\s*[(\[]\s*\\?[\"'][^\"']*[\"']\s*,\s*{_QUOTED}")
_SENDLINE = re.compile(rf"\bsend(?:line)?\(\s*[bru]?{_QUOTED}")
_SEND = re.compile(
    r"\bsend\s+(?:-\w+\s+)*(?:--\s+)?(?:\"((?:[^\"\\]|\\[^rn])+)|\{((?:[^}\\]|\\[^rn])+))"
)


def code_spans(text: str) -> Iterator[Span]:
    yield from _assigned(text)
    if "</" in text:
        for element in _ELEMENT.finditer(text):
            if strength(element[1]) == STRONG and not is_harmless(element[2]):
                yield element.span(2)
    if '"' in text or "'" in text:
        yield from _quoted(text)
        yield from sendline_spans(text)
    if _SQL.search(text):
        yield from _groups(_SQL_SECRETS, text)
        yield from _groups(_IDENTIFIED, text)


def expect_spans(text: str) -> Iterator[Span]:
    """What a script of expect(1) sends, if it waits for a password."""
    if re.search(r"(?i)assw|phrase|secret|clave|contrase", text):
        for match in _SEND.finditer(text):
            sent = match[1] or match[2]
            if sent.strip() and not re.fullmatch(r"(?i)y|yes|exit|quit|enable|\$\w+|\\.", sent):
                yield match.span(1) if match[1] else match.span(2)


def sendline_spans(text: str) -> Iterator[Span]:
    """What a program with pexpect answers to a password prompt."""
    if "sendline" in text and re.search(r"(?i)assw|phrase|clave|contrase", text):
        yield from _groups(_SENDLINE, text)


def _assigned(text: str) -> Iterator[Span]:
    start = 0
    while True:
        name = _NAME.search(text, start)
        if name is None:
            return
        start = name.end()
        if not strength(name[1]) or _is_prompt(text, name) or _is_user(text, name):
            continue
        value = _VALUE.match(text, start)
        span = _first(value) if value else None
        if value is None or span is None:
            continue
        if value[4] is not None:
            span = _unquoted(text, name, span)
        content = text[span[0] : span[1]]
        if value[4] is not None and (is_code(content) or (name[3] == ":" and is_tag(content))):
            continue
        spans = moved(_secret_in(name, content), span[0])
        yield from spans
        if spans:
            start = max(start, span[1])


def _secret_in(name: re.Match[str], content: str) -> list[Span]:
    queried = name.string[max(0, name.start() - 1) : name.start()] in {"?", "&"}
    if queried and len(content) >= 8 and is_mixed(content):
        return [(0, len(content))]
    return value_spans(name[1], content, expands=True)


def _unquoted(text: str, name: re.Match[str], span: Span) -> Span:
    """The value in a connection string may hold blanks: it ends at the next semicolon."""
    if (
        name[3] == "="
        and ";" in text
        and _CONNECTION.search(text[max(0, name.start() - 400) : name.start() + 1] + ";")
    ):
        longer = _UNTIL_SEMICOLON.match(text, span[0])
        if longer:
            return longer.start(), longer.start() + len(longer[0].rstrip())
    return span


def _is_user(text: str, name: re.Match[str]) -> bool:
    """`https://oauth-token:x@host` (a shape of its own), `--Jwt:Key=x` (the key follows)."""
    if name[3] != ":" or name[1].lower().endswith("cookie"):
        return False
    return text[: name.start()].endswith("://") or bool(_KEY_FOLLOWS.match(text, name.end()))


def _is_prompt(text: str, name: re.Match[str]) -> bool:
    """`"Password: " x`: the quote behind the name closes the text that the name stands in."""
    quote = text[name.end() : name.end() + 1]
    if name[2] or quote not in {'"', "'"}:
        return False
    line = text[max(0, name.start() - 200) : name.start()]
    return line.count(quote) % 2 == 1


def _quoted(text: str) -> Iterator[Span]:
    for pair in _PAIR.finditer(text):
        if strength(pair[1]) == STRONG:
            yield from _unless_harmless(text, _span_of(pair, 2))
    for call in _CALL.finditer(text):
        yield from _argument(call)
    yield from _groups(_AUTH_TUPLE, text)


def _argument(call: re.Match[str]) -> Iterator[Span]:
    strings = list(_STRING.finditer(call[2]))
    name = call[1]
    index = None
    if _HASHING.match(name) or re.search(r"(?i)passw(?:or)?d|passphrase|secret|requirepass", name):
        index = -1 if re.search(r"(?i)^set|^add|update|change|auth", name) else 0
    elif _LAST.match(name):
        index = -1
        if len(strings) < 2 and not name.lower().startswith("auth"):
            return
    elif _SECOND.match(name) or call.string[: call.start()].endswith("Credential]::"):
        index = 1
    elif _THIRD.match(name):
        index = 2
    if index is None or len(strings) <= index or not strings or re.match(r"\s*\w+\s*=", call[2]):
        return
    start, end = _span_of(strings[index], 1)
    content = call[2][start:end]
    if not is_harmless(content, expands=True) and not re.fullmatch(
        r"[A-Z][A-Z0-9_]+_[A-Z0-9_]+", content
    ):
        yield call.start(2) + start, call.start(2) + end


def _unless_harmless(text: str, span: Span) -> Iterator[Span]:
    if not is_harmless(text[span[0] : span[1]], expands=True):
        yield span


def _groups(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        for group in range(1, pattern.groups + 1):
            if match[group]:
                yield from _unless_harmless(text, match.span(group))


def _span_of(match: re.Match[str], group: int) -> Span:
    """The span of what is quoted: _QUOTED has three groups, the first of them is `group`."""
    return next(match.span(n) for n in range(group, group + 3) if match[n] is not None)


def _first(value: re.Match[str]) -> Span | None:
    for group in (1, 2, 3, 4):
        if value[group]:
            return value.span(group)
    return None
