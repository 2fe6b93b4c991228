"""Secrets that are known by their looks, wherever they stand in a text.

Every pattern takes linear time; a test checks it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.collectors.masking.values import is_harmless, is_random

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.collectors.masking.spans import Span

_USERINFO = re.compile(r"://([^\s/?#@:'\"<>|,;]{0,256})(?::([^\s'\"<>|]{0,1024}))?")
_AUTHORITY_END = re.compile(r"[/?#,;]")
_PORT = re.compile(r"\d{1,5}(?:[/?#,;]|$)")
# user:password@host without a scheme, as a whole word or the value of an assignment.
_BARE_USERINFO = re.compile(
    r"(?:^|(?<=[=,\s'\"]))(?:[\w.$-]+[/\\;])?[\w.+$-]{1,64}:(?!//)([^\s/:'\"@,]{1,128}|[^\s:'\"@,/]{0,64}@[^\s:'\"@,/]{1,64})"
    r"@(?!sha\d)(?:\[[\da-fA-F:]+\]|[A-Za-z][\w.-]*|\d{1,3}(?:\.\d{1,3}){3})?(?=$|[:/,(\s'\"?])"
)
# The way of Samba: user=name%password.
_PERCENT = re.compile(r"(?i)\buser(?:name)?=[^,%\s]{1,64}%([^,\s]+)")
# The key of a live stream is the last part of its URL.
_STREAM = re.compile(r"rtmps?://[^\s?]{1,300}/([\w?=&-]{16,})(?=$|[\s'\"])")
# Oracle's user/password@host.
_THIN = re.compile(r"(?i)oracle:(?:thin|oci8?):[\w$#]+/([^\s'\"]{1,128}?)@")
_SCHEME = re.compile(
    r"(?i)\b(?:Bearer|Basic|Negotiate|NTLM|ApiKey|SSWS|GenieKey|AWS4-HMAC-SHA256)\s+([\w.~+/=:-]{6,})"
)
_AUTHORIZATION = re.compile(
    r"(?i)\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?"
    r"(?:(?:Bearer|Basic|Token|Digest|Negotiate|NTLM|ApiKey|Key|AWS4-HMAC-SHA256)\s+)?"
    r"([^\s\"'\\})\]]+)"
)
# Tokens of GitHub, GitLab, Slack, OpenAI and Stripe, npm, PyPI, Docker, DigitalOcean, Vault,
# Google, SendGrid, Mailgun, Shopify, New Relic, Hugging Face, Grafana, Swarm, k3s, kubeadm,
# Tailscale, age, Telegram, JSON Web Tokens, Discord and Slack hooks, and those of this product.
_TOKEN = re.compile(
    r"(?<![\w-])(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\w-]{16,}"
    r"|xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}|[sr]k[-_](?:live_|test_|proj-|ant-)?[\w-]{16,}"
    r"|npm_\w{20,}|pypi-[\w-]{16,}|dckr_pat_[\w-]{16,}|do[oprt]_v1_\w{20,}|hv[sbr]\.[\w-]{16,}"
    r"|[sb]\.[A-Za-z0-9]{24}(?!\w)|AIza[\w-]{30,}|ya29\.[\w-]{16,}|GOCSPX-[\w-]{16,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}|shp(?:at|ca|pa|ss)_\w{16,}|NRAK-\w{16,}"
    r"|PMAK-[\w-]{16,}|lin_api_\w{16,}|hf_\w{16,}|gsk_\w{16,}|r8_\w{16,}|glsa_\w{16,}|sntrys_\w{16,}"
    r"|rubygems_\w{16,}|cio[A-Za-z0-9]{30,}|SWMTKN-1-[\w-]{16,}|tskey-[\w-]{10,}|AGE-SECRET-KEY-1\w+"
    r"|K10[0-9a-f]{20,}::[\w:.-]+|[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.])|whsec_\w{16,}|figd_[\w-]{16,}"
    r"|\d{8,10}:AA[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|ccs[a-z]_\w{20,}|nvapi-[\w-]{16,}"
    r"|ATATT[\w-]{16,}|oy2[a-z0-9]{40,}|NTk\w{20,}\.\w{6}\.[\w-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{20,})"
)
_HOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows)|/api/webhooks/\d+)/([\w/:-]{16,})|/bot(\d+:[\w-]{16,})"
)
_HASH = re.compile(
    r"(?<![\w$])(\$(?:[1256y]|2[abxy]|apr1|argon2\w{0,2}|gy|7|pbkdf2[\w-]{0,12}|scrypt)\$[\w./$=,+*-]{8,})"
    r"|\{(?:S?SHA|SSHA\d{3}|S?MD5|CRYPT|PBKDF2[\w-]{0,12}|ARGON2)\}([\w./$=+-]{8,})"
    r"|(?<![\w:])([0-9a-fA-F]{32}:[0-9a-fA-F]{32})(?!\w)|(?<!\w)SCRAM-SHA-\d+\$([\w./$=+:-]{16,})"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----([^-]*)")


def shape_spans(text: str) -> Iterator[Span]:
    if "://" in text:
        yield from _userinfo_spans(text)
        yield from _groups(_HOOK, text)
        yield from _groups(_STREAM, text)
    if "@" in text:
        yield from _groups(_BARE_USERINFO, text)
        yield from _groups(_THIN, text)
    if " " in text or ":" in text:
        yield from _authorization_spans(text)
    if "%" in text:
        yield from _groups(_PERCENT, text)
    if "-----BEGIN" in text:
        yield from _groups(_PRIVATE_KEY, text)
    if "$" in text or "{" in text or ":" in text:
        yield from _groups(_HASH, text)
    for token in _TOKEN.finditer(text):
        if any(character.isdigit() or character.isupper() for character in token[0]):
            yield token.span()


def _authorization_spans(text: str) -> Iterator[Span]:
    for match in _SCHEME.finditer(text):
        if any(character.isdigit() for character in match[1]):
            yield match.span(1)
    for match in _AUTHORIZATION.finditer(text):
        if not is_harmless(match[1], expands=True):
            yield match.span(1)


def _groups(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        for group in range(1, pattern.groups + 1):
            if match[group]:
                yield match.span(group)


def _userinfo_spans(text: str) -> Iterator[Span]:
    """The passwords in scheme://user:password@host, and a token that is the user.

    A password may hold what ought to be escaped (@, /, ?, #), a port and a path may not be one.
    """
    start = 0
    while True:
        match = _USERINFO.search(text, start)
        if match is None:
            return
        start = match.end(1)
        if match[2] is None:
            if text[match.end() : match.end() + 1] == "@" and is_random(match[1]):
                yield match.span(1)
            continue
        rest = match[2].split("://", 1)[0]
        boundary = _AUTHORITY_END.search(rest)
        end = rest.rfind("@", 0, boundary.start() if boundary else len(rest))
        if end < 0 and not _PORT.match(rest):
            end = rest.find("@")
        if end >= 0:
            yield match.start(2), match.start(2) + end
            if is_random(match[1]) and len(match[1]) >= 20:
                yield match.span(1)
