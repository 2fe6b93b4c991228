"""Language negotiation: the address decides, then the cookie, then the browser's preference."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote

import falcon

from service.http.parameters import choice

LANGUAGES = {"en": "English", "es": "Español"}  # the first is the default
LANGUAGE = choice("idioma", {language: language for language in LANGUAGES})

_YEAR_SECONDS = 365 * 24 * 3600
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def request_language(req: falcon.Request) -> str:
    """The language of the page. Never fails: error pages need a language, too."""
    requested = req.params.get(LANGUAGE.name)
    if isinstance(requested, str) and requested in LANGUAGES:
        return requested
    for value in req.get_cookie_values(LANGUAGE.name) or ():
        if value in LANGUAGES:
            return value
    return preferred_language(req.get_header("Accept-Language") or "", LANGUAGES)


def set_language_cookie(resp: falcon.Response, language: str) -> None:
    resp.set_cookie(
        LANGUAGE.name,
        language,
        max_age=_YEAR_SECONDS,
        path="/",
        same_site="Lax",
        http_only=True,
        secure=False,  # not confidential, and the service itself speaks plain HTTP
    )


def address_in_language(req: falcon.Request, language: str) -> str:
    """The address of the requested page in another language, with all its other parameters."""
    pairs = [pair for pair in req.query_string.split("&") if pair]
    kept = [pair for pair in pairs if pair.partition("=")[0] != LANGUAGE.name]
    return f"{quote(req.path)}?{'&'.join([*kept, f'{LANGUAGE.name}={language}'])}"


def preferred_language(header: str, available: Collection[str]) -> str:
    """The available language that an Accept-Language header (RFC 9110, 12.5.4) prefers.

    The highest quality wins; among equal qualities the first entry wins. `*` matches languages
    that are not named. If no language is acceptable, the first available one is returned.
    """
    preferences: dict[str, tuple[float, int]] = {}
    for position, item in enumerate(header.split(",")):
        tag, *parameters = (part.strip() for part in item.split(";"))
        quality = _QUALITY.fullmatch(parameters[0]) if parameters else None
        if len(parameters) > 1 or (parameters and quality is None):
            continue  # malformed
        language = tag.partition("-")[0].lower()
        rank = (float(quality[1]) if quality else 1.0, -position)
        preferences[language] = max(preferences.get(language, rank), rank)
    wildcard = preferences.get("*", (0.0, 0))
    best = max(available, key=lambda language: preferences.get(language, wildcard))
    return best if preferences.get(best, wildcard)[0] > 0 else next(iter(available))
