"""The wire model: makes reports of documents that their schema accepts, of every version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

from service import times
from service.report import Process, Profile, Report


class Unreadable(NamedTuple):
    """What no schema can say: the 31st of February, 300.1.1.1."""

    path: list[str | int]
    value: str


def report_of(document: Mapping[str, Any], digest: bytes) -> Report:
    """The report that a valid document is. Raises ValueError where it holds what is unreadable."""
    if "version_esquema" in document:
        return _of_version_2(document, digest)
    return Report(
        times.parse(document["fecha_hora"]),
        _profile(document),
        [(row["pid"], row["name"], row["username"], None) for row in document["procesos"]],
        [(row["pid"], row["name"], None, None, None) for row in document["usuarios_activos"]],
        digest,
    )


def unreadable(document: Mapping[str, Any]) -> Iterator[Unreadable]:
    """All that makes report_of() raise ValueError, where it stands in the document."""
    for member, parse in (("fecha_hora", times.parse), ("ipaddress", _canonical_address)):
        if _fails(parse, document[member]):
            yield Unreadable([member], document[member])
    for member, moment in (("procesos", "inicio"), ("usuarios_activos", "desde")):
        for at, row in enumerate(document[member]):
            if moment in row and _fails(times.parse, row[moment]):
                yield Unreadable([member, at, moment], row[moment])


def _of_version_2(document: Mapping[str, Any], digest: bytes) -> Report:
    processes = [
        (row["pid"], row["name"], row["username"], _moment(row.get("inicio")))
        for row in document["procesos"]
    ]
    return Report(
        times.parse(document["fecha_hora"]),
        _profile(document)._replace(
            version_esquema=document["version_esquema"],
            nombre_host=document.get("nombre_host"),
            nucleo=document.get("nucleo"),
            version_agente=document.get("version_agente"),
            fuente_usuarios=document.get("fuente_usuarios"),
            booted_at=_started(1, processes),
        ),
        processes,
        [
            (
                row["pid"],
                row["name"],
                row.get("terminal"),
                row.get("origen"),
                _moment(row.get("desde")),
            )
            for row in document["usuarios_activos"]
        ],
        digest,
        [
            (row.get("ppid"), row.get("ejecutable"), row.get("linea_comando"))
            for row in document["procesos"]
        ],
        document.get("id_maquina"),
        document.get("descartados"),
    )


def _started(pid: int, processes: list[Process]) -> int | None:
    """When the process with this number started; the earliest, were there several."""
    starts = [row[3] for row in processes if row[0] == pid]
    return min((start for start in starts if start is not None), default=None)


def _profile(document: Mapping[str, Any]) -> Profile:
    return Profile(
        _canonical_address(document["ipaddress"]),
        document["arquitectura_proc"],
        document["marca_proc"],
        document["nombre_so"],
        document["version_so"],
    )


@lru_cache(maxsize=1 << 16)  # a process has the same start in every report
def _moment(text: str | None) -> int | None:
    return None if text is None else times.parse(text)


@lru_cache(maxsize=4096)
def _canonical_address(text: str) -> str:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)


def _fails(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return True
    return False
