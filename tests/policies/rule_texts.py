"""A right rule file, and ways to spoil it."""

from __future__ import annotations

from pathlib import Path

RIGHT = """\
-- id = "a-rule"
-- version = 2
-- severidad = "alta"
-- responsable = "plataforma"
-- es = { titulo="t", descripcion="d", justificacion="j", remedio="r", motivo = "{name} {n}" }
-- controles = { ens = ["op.acc.4"], iso27001 = ["A.8.2"], nist = ["AC-2(12)"], cis = ["5.4"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { etiqueta = "entorno=produccion", so = ["Debian*"] }
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name"]
-- evidencia = ["name", "n"]
-- plazos = { confirmar_tras = "2 informes", resolver_tras = "30m", gracia_nuevos = "24h" }
-- pruebas = [
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "bad" }] },
--   { veredicto = "cumple", etiquetas = { entorno = "produccion" } },
-- ]

SELECT name, count(*) AS n
FROM procesos_vigentes
WHERE name = 'bad'
GROUP BY name
"""


def write_rule(folder: Path, *changes: tuple[str, str], name: str = "a-rule") -> Path:
    """A file with the right text, in which each text of the first kind became one of the second."""
    text = RIGHT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / f"{name}.sql"
    path.write_text(text, encoding="utf-8")
    return path
