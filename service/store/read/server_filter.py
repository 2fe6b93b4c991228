"""Filters by what servers are."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from service.store.read.moments import Moment
from service.store.read.name_filters import escape_like
from service.store.read.records import ServerRow
from service.store.read.tags import tagged_at
from service.store.tag_format import WantedTag


@dataclass(frozen=True, slots=True)
class ServerFilter:
    """Selects servers; a null criterion selects all, but for those that are retired."""

    ipaddress: IPv4Network | IPv6Network | None = None
    nombre_so: str | None = None
    version_so: str | None = None
    arquitectura_proc: str | None = None
    q: str | None = None  # part of any text that identifies or describes a server, in any case
    silent: bool | None = None
    retired: bool | None = False  # null: those and the others
    support: str | None = None  # one of SUPPORT_STATES
    tag: WantedTag | None = None

    def parameters(self, moment: Moment | None) -> dict[str, str | int | None]:
        """The parameters of the queries. They select at least these servers, few others."""
        return {
            "nombre_so": self.nombre_so,
            "version_so": self.version_so,
            "arquitectura_proc": self.arquitectura_proc,
            "address_like": None if self.ipaddress is None else _address_like(self.ipaddress),
            "q_like": None if self.q is None else f"%{escape_like(self.q.casefold())}%",
            "silent": self.silent,
            "retired": self.retired,
            **tagged_at(self.tag, moment),
        }

    def selects(self, record: ServerRow) -> bool:
        """Whether it selects a server with this record, silent, retired or not."""
        return (
            (self.nombre_so is None or record.nombre_so == self.nombre_so)
            and (self.version_so is None or record.version_so == self.version_so)
            and (
                self.arquitectura_proc is None or record.arquitectura_proc == self.arquitectura_proc
            )
            and (self.ipaddress is None or ip_address(record.ipaddress) in self.ipaddress)
            and (self.q is None or _contains(record, self.q.casefold()))
        )


def _contains(record: ServerRow, text: str) -> bool:
    return any(
        text in value.casefold()
        for value in (
            record.nombre_host,
            record.ipaddress,
            record.nombre_so,
            record.version_so,
            record.arquitectura_proc,
            record.marca_proc,
            record.id_maquina,
        )
        if value is not None
    )


def _address_like(network: IPv4Network | IPv6Network) -> str:
    """What all addresses of a network begin with, in whole bytes, as a pattern of LIKE."""
    if isinstance(network, IPv6Network):
        return "%:%"
    whole = network.prefixlen // 8
    begin = str(network.network_address).split(".")[:whole]
    return ".".join(begin) if whole == 4 else ".".join([*begin, "%"])
