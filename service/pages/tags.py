"""/etiquetado: the tags of the fleet. /servidor/{servidor}/etiquetas: the forms of one server."""

from __future__ import annotations

from collections import defaultdict
from io import StringIO

import falcon

from service.errors import InvalidParameterError, InvalidTagFileError
from service.http.asker import told_by
from service.http.filters import AT_MOMENT, moment_of
from service.http.parameters import Parameter, choice, integer, text
from service.pages.forms import form_of, text_of
from service.pages.site import PageQuery, Site
from service.policies.guard.warnings import is_tag_of_nobody
from service.policies.rules.kept_text import adjusted_rule
from service.store.engines import MAX_INTEGER
from service.store.read.policies import PolicyStore
from service.store.read.tags import TagCount, TagStore
from service.store.tag_file import MOST_A_REQUEST, TagImport
from service.store.tag_format import LONGEST_VALUE, key_of, value_of
from service.store.write.tag_changes import TagChanges, TagEdit

_TEXT = text("texto", 512 * 1024)
_MAX_FORM_BYTES = 2 * 1024 * 1024  # such a text, percent-encoded
_CHANGED = integer("cambiadas", 0, MAX_INTEGER)
_KEY = text("clave", 50)
_VALUE = text("valor", LONGEST_VALUE)
_REMOVES = choice("quitar", {"si": True})
_MAX_TAG_BYTES = 16 * 1024


class TagsPage:
    def __init__(
        self, site: Site, tags: TagStore, policies: PolicyStore, importer: TagImport
    ) -> None:
        self._site, self._tags, self._policies = site, tags, policies
        self._importer = importer

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._show(req, resp, self._site.query(req, resp, *AT_MOMENT, _CHANGED))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tells the tags of a CSV text, all or none."""
        resp.cache_control = ["no-store"]
        query = PageQuery(form_of(req, _TEXT, _MAX_FORM_BYTES), _TEXT)
        given = text_of(query[_TEXT])
        try:
            lines = StringIO(given, newline="")
            changed, _ = self._importer.run(lines, told_by(req), MOST_A_REQUEST)
        except (InvalidTagFileError, InvalidParameterError) as error:
            resp.status = falcon.HTTP_400
            self._show(req, resp, query, given=given, fault=str(error))
            return
        resp.status, resp.location = falcon.HTTP_303, f"/etiquetado?{_CHANGED.name}={changed}"

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        query: PageQuery,
        given: str = "",
        fault: str | None = None,
    ) -> None:
        is_form = req.method == "POST"
        moment = None if is_form else moment_of(query)
        counts = self._tags.counts(moment)
        self._site.show(
            req,
            resp,
            "tags.html",
            counts=counts,
            of_nobody=self._of_nobody(counts) if moment is None else [],
            moment=moment,
            at_moment="" if is_form else query.at_moment,
            changed=None if is_form else query[_CHANGED],
            given=given,
            fault=fault,
            most=MOST_A_REQUEST,
            can_tell=req.context.is_admin,
            address=query.address,
        )

    def _of_nobody(self, counts: list[TagCount]) -> list[tuple[str, str]]:
        """Tags without which a rule in force applies to nobody, and that rule."""
        told: defaultdict[str, set[str]] = defaultdict(set)
        for tag in counts:
            told[tag.key].add(tag.value)
        tags = {key: frozenset(values) for key, values in told.items()}
        found = []
        for policy in self._policies.rows():
            rule = adjusted_rule(policy.rule, policy.text_source, policy.outside)
            if policy.retired_at is None and rule is not None and is_tag_of_nobody(rule, tags):
                found.append((rule.applies.tag or "", policy.rule))
        return sorted(found)


class ServerTagsForm:
    """Takes the forms of the page of a server: one tag, told or removed."""

    def __init__(self, changes: TagChanges) -> None:
        self._changes = changes

    def on_post(self, req: falcon.Request, resp: falcon.Response, server_id: int) -> None:
        fields: tuple[Parameter[object], ...] = (_KEY, _VALUE, _REMOVES)
        query = PageQuery(form_of(req, _KEY, _MAX_TAG_BYTES), *fields)
        key = key_of(query[_KEY] or "", _KEY.name)
        value = None if query[_REMOVES] else value_of(query[_VALUE] or "", _VALUE.name)
        self._changes.tell([TagEdit(server_id, key, value)], told_by(req))
        resp.cache_control = ["no-store"]
        resp.status, resp.location = falcon.HTTP_303, f"/servidor/{server_id}#tags"
