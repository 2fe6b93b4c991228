"""The wire model: reads reports from documents that their schema accepts, of every version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

from service import times
from service.report import Login, Process, Profile, Report

# Moments are microseconds since 1970, never negative: this stands for a time such as 31 February.
_UNREADABLE = -1
_FEW = 5000  # processes and logins


class Unreadable(NamedTuple):
    """A value that its schema accepts and that means nothing: 31 February, 300.1.1.1."""

    path: list[str | int]
    value: str


def report_of(
    document: Mapping[str, Any], digest: bytes, spelled_digest: bytes | None = None
) -> Report | None:
    """The report that a document is; null where a time or the address is unreadable."""
    taken_at, address = _moment(document["fecha_hora"]), _canonical_address(document["ipaddress"])
    # A large report would displace the starts of all other servers.
    rows = len(document["procesos"]) + len(document["usuarios_activos"])
    moment = _moment if rows <= _FEW else _moment.__wrapped__
    starts = [moment(row.get("inicio")) for row in document["procesos"]]
    logins_since = [moment(row.get("desde")) for row in document["usuarios_activos"]]
    if (
        taken_at is None
        or taken_at == _UNREADABLE
        or address is None
        or _UNREADABLE in starts
        or _UNREADABLE in logins_since
    ):
        return None
    zoned = _has_zone(document["fecha_hora"])
    processes: list[Process] = [
        (row["pid"], row["name"], row["username"], started_at)
        for row, started_at in zip(document["procesos"], starts, strict=True)
    ]
    logins: list[Login] = [
        (row["pid"], row["name"], row.get("terminal"), row.get("origen"), since)
        for row, since in zip(document["usuarios_activos"], logins_since, strict=True)
    ]
    profile = Profile(
        address,
        document["arquitectura_proc"],
        document["marca_proc"],
        document["nombre_so"],
        document["version_so"],
    )
    if "version_esquema" not in document:
        return Report(
            taken_at,
            profile,
            processes,
            logins,
            digest,
            spelled_digest=spelled_digest,
            zoned=zoned,
        )
    boot_id = document.get("id_arranque")
    return Report(
        taken_at,
        profile._replace(
            version_esquema=document["version_esquema"],
            nombre_host=document.get("nombre_host"),
            nucleo=document.get("nucleo"),
            version_agente=document.get("version_agente"),
            fuente_usuarios=document.get("fuente_usuarios"),
            booted_at=_start_of(1, processes),
            boot_id=boot_id,
        ),
        processes,
        logins,
        digest,
        [
            (row.get("ppid"), row.get("ejecutable"), row.get("linea_comando"))
            for row in document["procesos"]
        ],
        document.get("id_maquina"),
        document.get("descartados"),
        # Ticks of an unknown boot cannot be compared with those of the next report.
        () if boot_id is None else [row.get("inicio_ticks") for row in document["procesos"]],
        spelled_digest,
        zoned,
    )


def unreadable(document: Mapping[str, Any]) -> Iterator[Unreadable]:
    """Every unreadable time and address, also in a document that its schema rejects."""
    readers: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("fecha_hora", times.parse),
        ("ipaddress", ip_address),
    )
    for member, read in readers:
        if _fails(read, document.get(member)):
            yield Unreadable([member], document[member])
    for member, moment in (("procesos", "inicio"), ("usuarios_activos", "desde")):
        rows = document.get(member)
        for at, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, dict) and _fails(times.parse, row.get(moment)):
                yield Unreadable([member, at, moment], row[moment])


def _start_of(pid: int, processes: list[Process]) -> int | None:
    """When the process with this number started; the earliest, if there are several."""
    starts = [row[3] for row in processes if row[0] == pid]
    return min((start for start in starts if start is not None), default=None)


@lru_cache(maxsize=1 << 16)  # a process has the same start in every report
def _moment(text: str | None) -> int | None:
    """Null for null, _UNREADABLE for an unreadable time."""
    if text is None:
        return None
    try:
        return times.parse(text)
    except ValueError:
        return _UNREADABLE


def _has_zone(text: str) -> bool:
    """Whether a readable time has one."""
    return datetime.fromisoformat(text).tzinfo is not None


@lru_cache(maxsize=4096)
def _canonical_address(text: str) -> str | None:
    """Null for a text that is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)


def _fails(read: Callable[[str], object], text: object) -> bool:
    """False for any value but a text, whose fault the schema names."""
    if not isinstance(text, str):
        return False
    try:
        read(text)
    except ValueError:
        return True
    return False
