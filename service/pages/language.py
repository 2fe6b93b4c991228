"""Which language a reader gets: what the address asks for, else the cookie, else the browser."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote

import falcon

from service.http.parameters import choice

LANGUAGES = {"en": "English", "es": "Español"}  # the first is for readers of neither
LANGUAGE = choice("idioma", {language: language for language in LANGUAGES})

_YEAR_SECONDS = 365 * 24 * 3600
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def chosen(req: falcon.Request) -> str:
    """The language to show; never fails, since pages of errors need one, too."""
    asked = req.params.get(LANGUAGE.name)
    if isinstance(asked, str) and asked in LANGUAGES:
        return asked
    for value in req.get_cookie_values(LANGUAGE.name) or ():
        if value in LANGUAGES:
            return value
    return preferred(req.get_header("Accept-Language") or "", LANGUAGES)


def remember(resp: falcon.Response, language: str) -> None:
    resp.set_cookie(
        LANGUAGE.name,
        language,
        max_age=_YEAR_SECONDS,
        path="/",
        same_site="Lax",
        http_only=True,
        secure=False,  # it says nothing about anybody, and the service itself speaks plain HTTP
    )


def address_in(req: falcon.Request, language: str) -> str:
    """The address of this very page in that language, whatever else the address holds."""
    pairs = [pair for pair in req.query_string.split("&") if pair]
    kept = [pair for pair in pairs if pair.partition("=")[0] != LANGUAGE.name]
    return f"{quote(req.path)}?{'&'.join([*kept, f'{LANGUAGE.name}={language}'])}"


def preferred(header: str, offered: Collection[str]) -> str:
    """The offered language that an Accept-Language header (RFC 9110, 12.5.4) likes best.

    The greatest quality wins, and of equal ones what stands first; * speaks for languages that
    are not named. Where none is acceptable it is the first that is offered.
    """
    liked: dict[str, tuple[float, int]] = {}
    for position, item in enumerate(header.split(",")):
        tag, *parameters = (part.strip() for part in item.split(";"))
        quality = _QUALITY.fullmatch(parameters[0]) if parameters else None
        if len(parameters) > 1 or (parameters and quality is None):
            continue  # malformed, so it says nothing
        language = tag.partition("-")[0].lower()
        ranked = (float(quality[1]) if quality else 1.0, -position)
        liked[language] = max(liked.get(language, ranked), ranked)
    others = liked.get("*", (0.0, 0))
    best = max(offered, key=lambda language: liked.get(language, others))
    return best if liked.get(best, others)[0] > 0 else next(iter(offered))
