"""Valid documents of both versions."""

from __future__ import annotations

from typing import Any


def report(processes: int = 3, **members: Any) -> dict[str, Any]:
    """A valid document of version 1 with this number of processes; members replace its own."""
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


def report_2(processes: int = 3, **members: Any) -> dict[str, Any]:
    """A valid document of version 2; members replace its own. It lacks the boot and the ticks.

    inicio_17 is the member inicio of process 17.
    """
    document = report(processes) | {
        "version_esquema": 2,
        "id_maquina": "1b4e28ba2fa14bd2883f0016d3cca427",
        "nombre_host": "web-1",
        "nucleo": "6.1.0-18-amd64",
        "version_agente": "0.1.0",
        "fuente_usuarios": "logind",
        "descartados": 0,
        "usuarios_activos": [
            {
                "pid": 829,
                "name": "juan",
                "terminal": "pts/0",
                "origen": "192.168.1.10",
                "desde": "2020-02-15 01:30:00.000000",
            }
        ],
    }
    for process in document["procesos"]:
        process.update(
            {
                "ppid": 0,
                "inicio": f"2020-02-14 22:00:{process['pid'] % 60:02d}.000000",
                "ejecutable": f"/usr/bin/{process['name']}",
                "linea_comando": f"{process['name']} --serve",
            }
        )
    for member in [member for member in members if member.startswith("inicio_")]:
        at = int(member.removeprefix("inicio_"))
        document["procesos"][at]["inicio"] = members.pop(member)
    assert members.keys() <= document.keys()
    return document | members
