"""Documents that 0.1.0 rejects, members at the limits of its schemas, and whose a report is."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any

REJECTED = (
    b'{"arquitectura_proc": "x86_64"',
    b"[]",
    b'{"version_esquema": 3}',
    (  # three faults
        b'{"arquitectura_proc":"x86_64","marca_proc":"Intel","procesos":[{"username":"juan",'
        b'"pid":"1",'
        b'"name":"sh"}],"usuarios_activos":[],"nombre_so":"Linux","ipaddress":"300.1.1.1",'
        b'"fecha_hora":"2026-02-30 00:00:00"}'
    ),
)

LARGEST = 4_294_967_295
EXTREMES: list[dict[str, Any]] = [
    {"fecha_hora": "1970-01-01 00:00:00"},
    {"fecha_hora": "2024-02-29T23:59:59.999999999-05:30", "marca_proc": "", "version_so": ""},
    {
        "procesos": [
            {"username": None, "pid": LARGEST, "name": None},
            {"username": "", "pid": 7.0, "name": ""},
        ]
    },
    {"ipaddress": "::", "usuarios_activos": [{"pid": LARGEST, "name": None}]},
    {"ipaddress": "FE80:0:0:0:0:0:0:1", "version_esquema": 2},
    {"fecha_hora": "9999-12-31T23:59:59.999999Z"},
]


def identity_of(document: dict[str, Any]) -> str:
    """By what a server is known, as 0.1.0 writes it."""
    if "id_maquina" in document:
        return f"id:{document['id_maquina']}"
    address = ip_address(document["ipaddress"])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return f"ip:{mapped or address}"
