"""What all pages share: their templates in each language, their headers, and pages of errors."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service import times
from service.errors import InvalidParameterError, UnauthorizedError
from service.http.parameters import Parameter, Query
from service.http.router import READ_METHODS
from service.pages import charts, formats
from service.pages import escaping as names
from service.pages.catalogue import load_translations
from service.pages.language import LANGUAGE, LANGUAGES, address_in, chosen, remember
from service.pages.static_files import StaticFiles

TEMPLATES_FOLDER = Path(__file__).resolve().parent.parent / "templates"

# The first part of the address of every page; whatever else begins so is a page that is missing.
_PAGES = {"", "servidor", "programa", "usuario", "entrar", "salir"}
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
    """What an address of a page says; its links leave out the language, which a cookie keeps.

    Nor does the API, that pages link to with the same parameters, take a language.
    """

    def address(self, path: str, **changes: str | int | None) -> str:
        return super().address(path, **{LANGUAGE.name: None, **changes})


class Site:
    """Shows pages: `show` in answer to a request, `show_error` where something went wrong."""

    def __init__(self, static: StaticFiles) -> None:
        # One environment a language: what a template calls is bound to it, nothing is looked up
        # while a page is made. A template is compiled when it is first shown, and then kept.
        self._environments = {language: _environment(language, static) for language in LANGUAGES}

    def query(
        self, req: falcon.Request, resp: falcon.Response, *taken: Parameter[Any]
    ) -> PageQuery:
        """What the address says. Every page takes the language, and keeps it in a cookie.

        Raises InvalidParameterError.
        """
        req.context.taken = [parameter.name for parameter in taken]
        query = PageQuery(req.query_string, *taken, LANGUAGE)
        asked = query[LANGUAGE]
        if asked is not None:
            remember(resp, asked)
        return query

    def show(
        self, req: falcon.Request, resp: falcon.Response, template: str, **shown: object
    ) -> None:
        language = chosen(req)
        page = self._environments[language].get_template(template)
        switch = [(code, name, address_in(req, code)) for code, name in LANGUAGES.items()]
        signed_in = req.method in READ_METHODS and getattr(req.context, "token", None) is not None
        shown |= {"language": language, "switch": switch, "signed_in": signed_in}
        resp.data = page.render(shown).encode()
        resp.content_type = "text/html; charset=utf-8"
        resp.set_headers(_HEADERS)

    def is_asked_for(self, req: falcon.Request) -> bool:
        """Whether the request is for a page, even if it is one that there is not."""
        # The target of a request may be no path: `OPTIONS *`, `CONNECT host:443`.
        return req.path.startswith("/") and req.path.split("/")[1] in _PAGES

    def show_error(self, req: falcon.Request, resp: falcon.Response, error: Exception) -> None:
        """The page in place of the problem document; the status is set already."""
        if isinstance(error, UnauthorizedError):
            if req.method in READ_METHODS and req.get_header("Authorization") is None:
                resp.status = HTTPStatus.SEE_OTHER.value
                resp.location = f"/entrar?{urlencode({'volver': req.relative_uri})}"
            else:
                resp.set_header("WWW-Authenticate", 'Basic realm="compliance", charset="UTF-8"')
        parameter = error.parameter if isinstance(error, InvalidParameterError) else None
        given = req.params.get(parameter) if parameter else None
        self.show(
            req,
            resp,
            "error.html",
            status=HTTPStatus(resp.status_code),
            parameter=parameter,
            given=given if isinstance(given, str) else None,
            taken=getattr(req.context, "taken", ()),
        )


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
    written = formats.Formats(language)
    unknown = Markup('<span class="none">{}</span>').format(translations.gettext("not known"))
    empty = Markup('<span class="none">{}</span>').format(translations.gettext("empty"))

    def name(text: str | None) -> Markup:
        if text is None:
            return unknown
        return names.visible(text) if text else empty

    def program_link(text: str | None, moment: str = "") -> Markup:
        return names.linked(text, "/programa?name=", moment) if text else name(text)

    def user_link(text: str | None, moment: str = "") -> Markup:
        return names.linked(text, "/usuario?username=", moment) if text else name(text)

    environment.filters.update(
        address_time=times.to_text,
        clock=formats.clock,
        duration=formats.duration,
        field=formats.as_field,
        instant=lambda time: unknown if time is None else formats.instant(time),
        long_time=written.long_time,
        name=name,
        number=written.number,
        part_of=charts.percent,
        percent=written.percent,
        plain=names.plain,
    )
    environment.globals.update(
        between=formats.between,
        program_link=program_link,
        static=static.address,
        user_link=user_link,
    )
    return environment
