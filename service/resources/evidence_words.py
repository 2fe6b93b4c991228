"""The page of words in a pack of evidence, in both languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_TEXT = """\
PAQUETE DE EVIDENCIA / EVIDENCE PACK
{name}

Servidor / server: {server} ({label}), id_maquina {machine}
Registro / record: {record}
  fecha_hora {taken}, recibido / received {received} (UTC)
Exportado / exported: {exported} UTC
  por / by {by}

Compruébelo en esta carpeta / verify it in this folder:

    sha256sum -c SHA256SUMS

registro.json           el informe, como se guardó / the report, as it is stored
procesos.csv, usuarios_activos.csv   sus filas / its rows
anterior.json, siguiente.json        los informes vecinos, si los hay / its neighbours, if any
veredictos.json         qué decía cada regla en ese momento / what each rule said at that moment
violaciones.json        qué incumplía entonces / what failed then
reglas/                 los textos de las reglas que lo dicen, y sus listas / the texts of the rules
archivo.jsonl           las líneas del archivo, si quien exportó es admin / the archive's own lines
cadena/                 eslabones que fijan los días de esas líneas / links that fix their days
manifiesto.json         quién, cuándo, y el SHA-256 de cada fichero / who, when, the digests

QUÉ PRUEBA Y QUÉ NO
Las sumas dicen que los ficheros son los que se exportaron juntos, no quién los hizo. Un eslabón
fija todas las líneas de su día: para comprobarlo hace falta el archivo de ese día
(zcat DIA.jsonl.gz | sha256sum) y un eslabón que haya guardado un tercero. Un informe es lo que el
servidor dijo de sí mismo en un momento; no dice nada del tiempo entre dos informes.

WHAT IT PROVES AND WHAT NOT
The sums say that these files were exported together, not who made them. A link fixes all lines of
its day: to verify it, take the archive of that day (zcat DAY.jsonl.gz | sha256sum), and a link
that a third party has kept. A report is what the server said of itself at one moment, and says
nothing of the time between two reports.
"""


def read_me(name: str, manifest: Mapping[str, Any]) -> str:
    """Names from reports stand in it as JSON writes them in ASCII: nothing in them is a control."""
    record, by = manifest["registro"], manifest["por"]
    return _TEXT.format(
        name=name,
        server=manifest["servidor"],
        label=json.dumps(record["nombre_host"] or record["ipaddress"]),
        machine=json.dumps(record["id_maquina"]),
        record=record["id_serv"],
        taken=record["fecha_hora"],
        received=record["recibido"],
        exported=manifest["exportado"],
        by=", ".join(f"{key} {json.dumps(value)}" for key, value in by.items()),
    )
