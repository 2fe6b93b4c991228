-- id = "programa-nuevo"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Programa nuevo con los cambios congelados", descripcion = "Busca programas que se vieron por primera vez en un servidor, después de su primer informe, mientras tiene la etiqueta cambios=congelados. Los que van y vienen en cualquier servidor no cuentan.", justificacion = "Mientras los cambios están congelados, nada nuevo debería instalarse ni ejecutarse.", remedio = "Averigüe quién lo inició y por qué; si fue un cambio de urgencia, regístrelo. Lo que va y viene se añade a listas/pasajeros.txt.", motivo = "{name} se vio por primera vez el {visto_desde} UTC; los cambios están congelados desde el {congelados_desde} UTC." }
-- en = { titulo = "New program while changes are frozen", descripcion = "Looks for programs that were seen on a server for the first time, after its first report, while it has the tag cambios=congelados. Those that come and go on any server do not count.", justificacion = "While changes are frozen, nothing new should be installed or run.", remedio = "Find out who started it and why; if it was an emergency change, record it. What comes and goes is added to listas/pasajeros.txt.", motivo = "{name} was first seen on {visto_desde} UTC; changes are frozen since {congelados_desde} UTC." }
-- controles = { ens = ["op.exp.5"], iso27001 = ["A.8.32"], nist = ["CM-3"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { etiqueta = "cambios=congelados" }
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name"]
-- evidencia = ["name", "visto_desde", "congelados_desde"]
-- pruebas = [
--   { veredicto = "falla", filas = 1, etiquetas = { cambios = "congelados" }, procesos = [{ name = "nginx", visto_desde = "2025-12-01 00:00:00.000000" }, { name = "raro-1", visto_desde = "2025-12-02 00:00:00.000000" }, { name = "nginx", visto_desde = "2024-01-01 00:00:00.000000" }, { name = "raro-2", visto_desde = "2025-12-03 00:00:00.000000" }] },
--   { veredicto = "cumple", etiquetas = { cambios = "congelados" }, procesos = [{ name = "nginx", visto_desde = "2024-01-01 00:00:00.000000" }] },
--   { veredicto = "cumple", etiquetas = { cambios = "congelados" }, procesos = [{ name = "sleep", visto_desde = "2025-12-01 00:00:00.000000" }, { name = "kworker/3:1", username = "root", ppid = 2, visto_desde = "2025-12-01 00:00:00.000000" }] },
--   { veredicto = "cumple", etiquetas = { cambios = "congelados" }, procesos = [{ name = "vim", visto_desde = "2025-12-01 00:00:00.000000" }, { name = "sshd-session", visto_desde = "2025-12-01 00:00:00.000000" }] },
--   { veredicto = "cumple", servidor = { visto_desde = "2025-12-01 00:00:00.000000" }, etiquetas = { cambios = "congelados" }, procesos = [{ name = "nginx", visto_desde = "2025-12-01 00:00:00.000000" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"], etiquetas = { cambios = "congelados" }, procesos = [{ name = "nginx", visto_desde = "2024-01-01 00:00:00.000000" }] },
--   { veredicto = "no_aplica", razon = "etiqueta", etiquetas = { cambios = "libres" }, procesos = [{ name = "nginx", visto_desde = "2025-12-01 00:00:00.000000" }] },
-- ]

WITH con_almohadillas AS (
  SELECT
    p.visto_desde AS visto_desde,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
      p.name, '0', '#'), '1', '#'), '2', '#'), '3', '#'), '4', '#'), '5', '#'), '6', '#'),
      '7', '#'), '8', '#'), '9', '#') AS forma
  FROM procesos_vigentes AS p
  WHERE p.name IS NOT NULL
    AND NOT p.hilo_nucleo
    AND NOT EXISTS (
      SELECT 1 FROM listas AS l
      WHERE l.lista IN ('efimeros', 'pasajeros') AND p.name GLOB l.valor
    )
),
-- Each run of digits is one #: a name with another number is the same program.
programa AS (
  SELECT
    replace(replace(replace(replace(replace(
      forma, '##', '#'), '##', '#'), '##', '#'), '##', '#'), '##', '#') AS forma,
    min(visto_desde) AS visto_desde
  FROM con_almohadillas
  GROUP BY 1
)
SELECT p.forma AS name, p.visto_desde AS visto_desde, e.desde AS congelados_desde
FROM programa AS p
JOIN etiquetas AS e ON e.clave = 'cambios' AND p.visto_desde > e.desde
-- Of a server that is new, nothing is: its first report shows what it came with.
JOIN servers_vigentes AS s ON p.visto_desde > s.visto_desde
