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
{warnings}
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
Las sumas muestran un cambio por accidente. Quien cambia un fichero puede escribirlas de nuevo, y
por eso el servicio guarda la suma de SHA256SUMS en su registro de auditoría (audit.jsonl,
«evidence exported», «sums»): compárela con la que da sha256sum SHA256SUMS. Un eslabón fija líneas
del archivo; «coincide» dice si al exportar eran aún las que fijó, y «tarde» si llegaron a un día
que otro eslabón había cerrado. Para comprobarlo hace falta el archivo de ese día
(zcat DIA.jsonl.gz | sha256sum) y un eslabón que haya guardado un tercero. Un informe es lo que el
servidor dijo de sí mismo en un momento; no dice nada del tiempo entre dos informes.

WHAT IT PROVES AND WHAT NOT
The sums show a change by accident. Whoever changes a file can write them anew, and so the service
keeps the sum of SHA256SUMS in its audit log (audit.jsonl, "evidence exported", "sums"): compare it
with what sha256sum SHA256SUMS prints. A link fixes lines of the archive; "coincide" says whether
they were still those that it fixed at the export, and "tarde" whether they came to a day that
another link had closed. To verify that, take the archive of that day (zcat DAY.jsonl.gz |
sha256sum), and a link that a third party has kept. A report is what the server said of itself at
one moment, and says nothing of the time between two reports.
"""


_CHANGED = """
ATENCIÓN: el archivo no es como lo fijaron los eslabones citados (python -m service check).
WARNING: the archive is not as the cited links fixed it (python -m service check).
"""
_LACKING = """
ATENCIÓN: el archivo no tiene las líneas de los registros {records} (python -m service check).
WARNING: the archive does not have the lines of the records {records} (python -m service check).
"""
_DIFFERENT = """
ATENCIÓN: los registros {records} no son lo que dice su línea del archivo (python -m service check).
WARNING: the records {records} are not what their archived lines say (python -m service check).
"""
_BROKEN_CHAIN = """
ATENCIÓN: la cadena del archivo tiene faltas, que el manifiesto nombra (python -m service check).
WARNING: the chain of the archive has faults, which the manifest names (python -m service check).
"""


def _warnings(manifest: Mapping[str, Any]) -> str:
    different = [line["id_serv"] for line in manifest["lineas"] if not line["coincide"]]
    texts = (
        (_BROKEN_CHAIN, manifest["faltas_de_cadena"]),
        (_CHANGED, [link for link in manifest["cadena"] if not link["coincide"]]),
        (_LACKING, manifest["sin_linea"]),
        (_DIFFERENT, different),
    )
    return "".join(text.format(records=", ".join(map(str, of))) for text, of in texts if of)


def read_me(name: str, manifest: Mapping[str, Any]) -> str:
    """Names from reports stand in it as JSON writes them in ASCII: nothing in them is a control."""
    record, by = manifest["registro"], manifest["por"]
    return _TEXT.format(
        name=name,
        warnings=_warnings(manifest),
        server=manifest["servidor"],
        label=json.dumps(record["nombre_host"] or record["ipaddress"]),
        machine=json.dumps(record["id_maquina"]),
        record=record["id_serv"],
        taken=record["fecha_hora"],
        received=record["recibido"],
        exported=manifest["exportado"],
        by=", ".join(f"{key} {json.dumps(value)}" for key, value in by.items()),
    )
