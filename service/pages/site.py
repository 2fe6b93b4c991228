"""The frame of all pages: templates in each language, response headers, error pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service import times
from service.errors import AnswerTimeoutError, InvalidParameterError, UnauthorizedError
from service.http.filters import AT_MOMENT
from service.http.parameters import Parameter, Query
from service.http.router import READ_METHODS
from service.pages import charts, escaping, formats
from service.pages.catalogue import load_translations
from service.pages.charts import SECOND
from service.pages.language import (
    LANGUAGE,
    LANGUAGES,
    address_in_language,
    request_language,
    set_language_cookie,
)
from service.pages.static_files import StaticFiles

TEMPLATES_FOLDER = Path(__file__).resolve().parent.parent / "templates"

# The first part of the path of every page. Any other path below it is a missing page.
PAGE_PATHS = {
    "",
    "servidor",
    "programa",
    "usuario",
    "reglas",
    "regla",
    "incumplimientos",
    "cumplimiento",
    "etiquetado",
    "controles",
    "dispensas",
    "auditoria",
    "ensayos",
    "ensayo",
    "avisos",
    "consultar",
    "entrar",
    "salir",
}
# Characters of an address; the request line is not longer than 8190 (gunicorn.conf.py).
MAX_ADDRESS = 8000
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language, Cookie",
}


class PageQuery(Query):
    """The parameters of a page.

    Links leave out the language: a cookie keeps it, and the API, which pages link to with the same
    parameters, does not accept it.
    """

    @property
    def at_moment(self) -> str:
        """The moment that the page is about, for links to other pages; empty for now."""
        return urlencode({each.name: self.text(each) for each in AT_MOMENT if self.text(each)})

    def address(self, path: str, **changes: str | int | None) -> str:
        return super().address(path, **{LANGUAGE.name: None, **changes})


class Site:
    """Renders the pages and the error pages."""

    def __init__(
        self,
        static: StaticFiles,
        clock: Callable[[], int] = times.now,
        *,
        has_queries: bool = False,
    ) -> None:
        """has_queries: whether administrators may ask with SQL."""
        self._has_queries = has_queries
        self._clock = clock
        # One environment per language binds translations and formats, so requests look up nothing.
        # A template is compiled on first use and kept.
        self._environments = {language: _environment(language, static) for language in LANGUAGES}

    def query(
        self, req: falcon.Request, resp: falcon.Response, *parameters: Parameter[Any]
    ) -> PageQuery:
        """Parses the parameters of a page. Every page accepts the language, and a cookie keeps it.

        Raises InvalidParameterError.
        """
        req.context.page_parameters = [parameter.name for parameter in parameters]
        query = PageQuery(req.query_string, *parameters, LANGUAGE)
        language = query[LANGUAGE]
        if language is not None:
            set_language_cookie(resp, language)
        return query

    def show(
        self, req: falcon.Request, resp: falcon.Response, template: str, **context: object
    ) -> None:
        language = request_language(req)
        page = self._environments[language].get_template(template)
        language_links = [
            (code, name, address_in_language(req, code)) for code, name in LANGUAGES.items()
        ]
        is_admin = getattr(req.context, "is_admin", False)
        signed_in = getattr(req.context, "token", None) is not None
        context |= {
            "language": language,
            "language_links": language_links,
            "signed_in": signed_in,
            "is_admin": is_admin,
            "can_query": self._has_queries and is_admin,
            "page_address": req.uri,
            "made_at": self._clock() // SECOND * SECOND,
        }
        resp.data = page.render(context).encode()
        resp.content_type = "text/html; charset=utf-8"
        resp.set_headers(_HEADERS)

    def is_asked_for(self, req: falcon.Request) -> bool:
        """Whether the path is that of a page, existing or missing."""
        # The target of a request may be no path: `OPTIONS *`, `CONNECT host:443`.
        return req.path.startswith("/") and req.path.split("/")[1] in PAGE_PATHS

    def show_error(self, req: falcon.Request, resp: falcon.Response, error: Exception) -> None:
        """Replaces the problem document by a page; the status is set already."""
        if isinstance(error, UnauthorizedError):
            if req.method in READ_METHODS and req.get_header("Authorization") is None:
                resp.status = HTTPStatus.SEE_OTHER.value
                resp.location = _sign_in_address(req.relative_uri)
            else:
                resp.set_header("WWW-Authenticate", 'Basic realm="compliance", charset="UTF-8"')
        parameter = error.parameter if isinstance(error, InvalidParameterError) else None
        value = req.params.get(parameter) if parameter else None
        self.show(
            req,
            resp,
            "error.html",
            status=HTTPStatus(resp.status_code),
            parameter=parameter,
            value=value if isinstance(value, str) else None,
            takes_too_long=isinstance(error, AnswerTimeoutError),
            page_parameters=getattr(req.context, "page_parameters", ()),
        )


def _sign_in_address(return_to: str) -> str:
    """The address of the sign-in page, which returns to an address if that fits into it."""
    address = f"/entrar?{urlencode({'volver': return_to})}"
    return address if len(address) <= MAX_ADDRESS else "/entrar"


@cache  # for each application of a process; so are the templates that it has compiled
def _environment(language: str, static: StaticFiles) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    translations = load_translations(language)
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    local = formats.Formats(language)
    unknown = Markup('<span class="none">{}</span>').format(translations.gettext("unknown"))
    empty = Markup('<span class="none">{}</span>').format(translations.gettext("empty"))

    def name(text: str | None) -> Markup:
        if text is None:
            return unknown
        return escaping.html_name(text) if text else empty

    def program_link(text: str | None, at_moment: str = "") -> Markup:
        return escaping.name_link(text, "/programa?name=", at_moment) if text else name(text)

    def user_link(text: str | None, at_moment: str = "") -> Markup:
        return escaping.name_link(text, "/usuario?username=", at_moment) if text else name(text)

    environment.filters.update(
        clock_time=formats.clock_time,
        datetime_local=formats.datetime_local,
        duration=formats.duration,
        exact_time=formats.exact_time,
        long_timestamp=local.long_timestamp,
        name=name,
        number=local.number,
        percent=local.percent,
        percent_of=charts.percent,
        plain_name=escaping.plain_name,
        query_time=times.to_text,
        timestamp=lambda time: unknown if time is None else formats.timestamp(time),
    )
    environment.globals.update(
        program_link=program_link,
        static=static.address,
        time_range=formats.time_range,
        user_link=user_link,
    )
    return environment
