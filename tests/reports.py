"""Reports for tests."""

from __future__ import annotations

from typing import Any


def report(processes: int = 3, **members: Any) -> dict[str, Any]:
    """A valid document of version 1 with so many processes; members replace its own."""
    document = {
        "arquitectura_proc": "x86_64",
        "marca_proc": "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
        "procesos": [
            {"username": "juan", "pid": pid, "name": f"python-{pid % 50}"}
            for pid in range(1, processes + 1)
        ],
        "usuarios_activos": [{"pid": 829, "name": "juan"}],
        "nombre_so": "Linux",
        "version_so": "Debian",
        "ipaddress": "192.168.1.205",
        "fecha_hora": "2020-02-15 02:06:54.999999",
    }
    assert members.keys() <= document.keys()
    return document | members
