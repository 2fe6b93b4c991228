"""/servers/{id_serv}/evidencia and /violaciones/{violation}/evidencia: packs of evidence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import falcon

from service import times
from service.auth.audit_entries import EVIDENCE_EXPORTED
from service.auth.audit_log import AuditLog
from service.errors import ExportsBusyError, RecordNotFoundError, StorageUnavailableError
from service.file_lock import one_place
from service.http.asker import facts_of, is_abandoned
from service.http.authentication import sees_command_lines
from service.http.csv_format import to_csv
from service.http.listing import document_of
from service.http.parameters import Query
from service.maintenance.archived_records import ArchivedLine, ArchivedRecords
from service.maintenance.chain_check import chain_faults
from service.maintenance.sealing import KnownLinks
from service.resources.cumplimiento import compliance_listing
from service.resources.evidence_links import cited_links
from service.resources.evidence_pack import Pack, pack_name, stamp
from service.resources.evidence_words import read_me
from service.resources.servers import as_posted
from service.resources.veredictos import how_far
from service.resources.violaciones import violations_listing
from service.store.engines.question import Question, begin, end
from service.store.read.history import HistoryStore
from service.store.read.moments import Moment
from service.store.read.policies import PolicyStore
from service.store.read.records import LoginRow, ProcessRow, Record, RecordStore, ServerRow
from service.store.read.violations import ViolationFilter, ViolationRow, ViolationStore

_SECONDS = 60.0  # a day of the archive is read whole, if need be
_RETRY_SECONDS = 15
_LATE = "tardio"


@dataclass(frozen=True, slots=True)
class Sources:
    """What packs are made of."""

    records: RecordStore
    history: HistoryStore
    policies: PolicyStore
    violations: ViolationStore
    archived: ArchivedRecords
    links: Callable[[], KnownLinks]  # of the archive's chain, by both of its copies
    audit_log: AuditLog
    folder: Path  # in which a pack grows, without a name
    places: Sequence[Path]  # a file for each pack that may be made at a time
    clock: Callable[[], int] = field(default=times.now)


class RecordEvidence:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        Query(req.query_string)  # it takes no parameter
        _export(self._sources, req, resp, id_serv, None)


class ViolationEvidence:
    """The pack of the record that shows a violation, and the violation.

    Where an event opened it (a day, a silence, a tick), that is the newest record at the event, and
    the verdicts are those of the event.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def on_get(self, req: falcon.Request, resp: falcon.Response, violation: str) -> None:
        Query(req.query_string)
        found = self._sources.violations.violation(violation)
        opened = found.opened_in
        id_serv = opened.report_id
        if id_serv is None:
            moment = Moment(opened.at)
            shown = self._sources.history.around(found.server_id, moment).shown
            if shown is None:
                raise RecordNotFoundError(0)  # its records were removed
            id_serv = shown.id_serv
        _export(self._sources, req, resp, id_serv, found)


def _export(
    sources: Sources,
    req: falcon.Request,
    resp: falcon.Response,
    id_serv: int,
    violation: ViolationRow | None,
) -> None:
    # Whoever reads a finished pack slowly keeps no place.
    with one_place(sources.places) as place:
        if place is None:
            raise ExportsBusyError(len(sources.places), _RETRY_SECONDS)
        name, file = _made(sources, req, id_serv, violation)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    resp.content_type = "application/zip"
    resp.downloadable_as = f"{name}.zip"
    resp.cache_control = ["no-store"]
    if req.method == "HEAD":
        file.close()  # Falcon closes no stream of which it sends nothing
        resp.content_length = size
    else:
        resp.set_stream(file, size)


def _made(
    sources: Sources, req: falcon.Request, id_serv: int, violation: ViolationRow | None
) -> tuple[str, IO[bytes]]:
    """The name of a pack, and its file, which the caller closes."""
    token = begin(Question(_SECONDS, is_abandoned(req)))
    file = _without_name(sources.folder)
    try:
        export = _Export(sources, id_serv, violation, facts_of(req), sees_command_lines(req))
        pack = export.write(file)
        # Without its entry, nothing leaves; of an answer to HEAD, nothing does.
        if req.method != "HEAD":
            sources.audit_log.write(
                EVIDENCE_EXPORTED,
                record=id_serv,
                violation=None if violation is None else violation.digest,
                sums=pack.sums,
                **facts_of(req),
            )
    except BaseException as error:
        file.close()
        if isinstance(error, OSError):
            raise StorageUnavailableError(f"no pack can be written now: {error}") from error
        raise
    else:
        return pack.name, file
    finally:
        end(token)


def _without_name(folder: Path) -> IO[bytes]:
    """A file for the answer to be read from. Raises StorageUnavailableError."""
    try:
        return TemporaryFile(dir=folder)
    except OSError as error:
        raise StorageUnavailableError(f"no pack can be written now: {error}") from error


class _Export:
    """One pack. shows_all: whoever exports sees what only administrators do."""

    def __init__(
        self,
        sources: Sources,
        id_serv: int,
        violation: ViolationRow | None,
        by: dict[str, str | int | None],
        shows_all: bool,
    ) -> None:
        self._sources, self._violation = sources, violation
        self._by, self._shows_all, self._at = by, shows_all, sources.clock()
        self._record = sources.records.record(id_serv)
        self._server_id = sources.history.server_of(id_serv)
        self._place = sources.history.place_of(self._server_id, id_serv)
        # Of the verdicts: that of the record, or of the event after it that opened the violation.
        self._moment = self._place
        if violation is not None and violation.opened_in.report_id is None:
            self._moment = violation.opened_in.at
        around = sources.history.around(self._server_id, Moment(self._place))
        is_late = self._record.server.reloj == _LATE
        before = around.shown if is_late else around.previous
        self._before, self._after = (
            None if each is None else sources.records.record(each.id_serv)
            for each in (before, around.following)
        )

    def write(self, file: IO[bytes]) -> Pack:
        """Writes the pack to the file."""
        server = self._record.server
        about = (
            [] if self._violation is None else [self._violation.rule, self._violation.digest[:8]]
        )
        label = server.nombre_host or server.ipaddress
        name = pack_name(label, server.id_serv, *about, stamp(self._moment))
        with Pack(file, name, self._at) as pack:
            self._fill(pack)
        return pack

    def _fill(self, pack: Pack) -> None:
        server = self._record.server
        self._add_records(pack)
        self._add_rules(pack)
        lines = self._add_lines(pack)
        known = self._sources.links()
        cited = self._add_links(pack, known, lines)
        manifest = {
            "exportado": times.to_text(self._at),
            "por": self._by,
            "servidor": self._server_id,
            "veredictos_en": times.to_text(self._moment),
            "momento": "abierto" if self._after is None else "cerrado",
            "registro": {**_reference(server), "lugar": times.to_text(self._place)},
            "anterior": self._before and _reference(self._before.server),
            "siguiente": self._after and _reference(self._after.server),
            "violacion": self._violation and self._violation.digest,
            "lineas_de_archivo": "incluidas" if self._shows_all else "solo para admin",
            "lineas": lines,
            "sin_linea": self._lacking(lines),
            "cadena": cited,
            "faltas_de_cadena": chain_faults(known),
            "ficheros": [each._asdict() for each in pack.files],
        }
        pack.add_json("manifiesto.json", manifest)
        pack.add("LEEME.txt", read_me(pack.name, manifest).encode())
        pack.finish()

    def _records(self) -> Iterable[tuple[str, Record]]:
        named = (("registro", self._record), ("anterior", self._before), ("siguiente", self._after))
        return [(name, record) for name, record in named if record is not None]

    def _add_records(self, pack: Pack) -> None:
        for name, record in self._records():
            pack.add_json(f"{name}.json", as_posted(record))
        record = self._record
        pack.add("procesos.csv", to_csv(ProcessRow._fields, record.processes))
        pack.add("usuarios_activos.csv", to_csv(LoginRow._fields, record.logins))

    def _add_rules(self, pack: Pack) -> None:
        """What the rules said at the moment, what was open, and the texts that said so."""
        moment, policies = Moment(self._moment), self._sources.policies
        progress = policies.progress_of(self._server_id)
        found = policies.of_server(self._server_id, moment)
        verdicts = compliance_listing(self._server_id, moment, progress, found)
        pack.add_json("veredictos.json", document_of(verdicts))
        criteria = ViolationFilter(server_id=self._server_id, is_open=True, moment=moment)
        rows = [row for batch in self._sources.violations.batches(criteria, 0) for row in batch]
        pack.add_json("violaciones.json", self._violations(rows, moment))
        texts = {(verdict.rule, verdict.text_hash) for verdict in found.verdicts.values()}
        texts |= {(row.rule, row.text_hash) for row in rows}
        if self._violation is not None:
            pack.add_json("violacion.json", self._violations([self._violation], None))
            texts.add((self._violation.rule, self._violation.text_hash))
        for rule, text_hash in sorted(texts):
            source, outside = policies.text(rule, text_hash)
            pack.add(f"reglas/{rule}-{text_hash[:12]}.sql", source.encode())
            if outside != "{}":
                pack.add(f"reglas/{rule}-{text_hash[:12]}.datos.json", outside.encode() + b"\n")

    def _violations(self, rows: list[ViolationRow], moment: Moment | None) -> dict[str, object]:
        progress = how_far(self._sources.policies.progress_of(self._server_id))
        return document_of(violations_listing(rows, progress, moment, shows_all=self._shows_all))

    def _add_lines(self, pack: Pack) -> list[dict[str, Any]]:
        """Which lines of the archive there are, and for those who may see them, the lines."""
        servers = [record.server for _, record in self._records()]
        received = {server.id_serv: times.parse(server.recibido) for server in servers}
        found = self._sources.archived.find(received)
        lines = sorted(found.items(), key=lambda item: (item[1].day, item[1].number))
        if self._shows_all:
            pack.add("archivo.jsonl", b"".join(line.line for _, line in lines))
        return [_line_reference(id_serv, line) for id_serv, line in lines]

    def _lacking(self, lines: list[dict[str, Any]]) -> list[int]:
        """The records whose lines are not in the archive, or are not as they were sent."""
        found = {line["id_serv"] for line in lines}
        every = [record.server.id_serv for _, record in self._records()]
        return [id_serv for id_serv in every if id_serv not in found]

    def _add_links(
        self, pack: Pack, known: KnownLinks, lines: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The links of the archive's chain that cover the lines, or their days; which they are."""
        days = {record.server.recibido[:10] for _, record in self._records()}
        places = {(line["dia"], line["linea"]) for line in lines}
        found = cited_links(known.links, self._sources.archived, days, places)
        for number, link in {each.link.number: each.link for each in found}.items():
            pack.add(f"cadena/eslabon-{number}.txt", link.text.encode())
        return [each.facts() for each in found]


def _reference(server: ServerRow) -> dict[str, Any]:
    names = ("id_serv", "fecha_hora", "recibido", "reloj", "nombre_host", "ipaddress", "id_maquina")
    return {name: getattr(server, name) for name in names}


def _line_reference(id_serv: int, line: ArchivedLine) -> dict[str, Any]:
    return {"id_serv": id_serv, "dia": line.day, "linea": line.number, "coincide": line.agrees}
