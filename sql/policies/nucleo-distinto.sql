-- id = "nucleo-distinto"
-- version = 2
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Núcleo distinto al de sus iguales", descripcion = "Compara el núcleo de cada servidor con el más frecuente entre cinco o más servidores con el mismo sistema, versión, arquitectura y rol (etiqueta rol).", justificacion = "Un servidor que se quedó con otro núcleo no recibió, o no arrancó con, los parches de los demás.", remedio = "Instale el núcleo de los demás y reinicie el servidor.", motivo = "Su núcleo es {nucleo}; el más frecuente de {servidores} servidores iguales es {comun}." }
-- en = { titulo = "Kernel unlike that of its peers", descripcion = "Compares the kernel of each server with the most frequent one among five or more servers with the same system, version, architecture and role (tag rol).", justificacion = "A server that kept another kernel did not get the patches of the others, or was not started with them.", remedio = "Install the kernel of the others and restart the server.", motivo = "Its kernel is {nucleo}; the most frequent one of {servidores} such servers is {comun}." }
-- controles = { ens = ["op.exp.4"], iso27001 = ["A.8.8"], nist = ["SI-2"], cis = ["7.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "flota"
-- requiere = ["nucleo"]
-- clave = []
-- evidencia = ["nucleo", "comun", "servidores"]
-- plazos = { confirmar_tras = "7d" }
-- pruebas = [
--   { veredicto = "falla", servidor = { nucleo = "5.10.0-1-amd64" }, pares = [{ veces = 4, servidor = { nucleo = "6.1.0-18-amd64" } }] },
--   { veredicto = "cumple", servidor = { nucleo = "6.1.0-18-amd64" }, pares = [{ veces = 4, servidor = { nucleo = "6.1.0-18-amd64" } }] },
--   { veredicto = "cumple", servidor = { nucleo = "5.10.0-1-amd64" }, pares = [{ veces = 3, servidor = { nucleo = "6.1.0-18-amd64" } }] },
--   { veredicto = "cumple", servidor = { nucleo = "5.10.0-1-amd64" }, pares = [{ veces = 2, servidor = { nucleo = "5.10.0-1-amd64" } }, { veces = 3, servidor = { nucleo = "6.1.0-18-amd64" } }] },
--   { veredicto = "cumple", etiquetas = { rol = "bd" }, servidor = { nucleo = "5.10.0-1-amd64" }, pares = [{ veces = 4, etiquetas = { rol = "web" }, servidor = { nucleo = "6.1.0-18-amd64" } }] },
--   { veredicto = "cumple", servidor = { nucleo = "5.10.0-1-arm64", arquitectura_proc = "aarch64" }, pares = [{ veces = 4, servidor = { nucleo = "6.1.0-18-amd64" } }] },
--   { veredicto = "cumple", servidor = { nucleo = "5.10.0-1-amd64", version_so = "" }, pares = [{ veces = 4, servidor = { nucleo = "6.1.0-18-amd64", version_so = "" } }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nucleo"], pares = [{ veces = 4, servidor = { nucleo = "6.1.0-18-amd64" } }] },
-- ]

WITH miembro AS MATERIALIZED (
  SELECT
    s.servidor AS servidor, s.nucleo AS nucleo, s.nombre_so AS so, s.version_so AS version,
    s.arquitectura_proc AS arquitectura, coalesce(e.valor, '') AS rol
  FROM servers_vigentes AS s
  LEFT JOIN etiquetas AS e ON e.servidor = s.servidor AND e.clave = 'rol'
  -- Without a version, it may be any.
  WHERE s.nucleo IS NOT NULL AND s.version_so <> ''
),
cuenta AS MATERIALIZED (
  SELECT so, version, arquitectura, rol, nucleo, count(*) AS servidores
  FROM miembro
  GROUP BY so, version, arquitectura, rol, nucleo
),
grupo AS MATERIALIZED (
  SELECT so, version, arquitectura, rol, sum(servidores) AS servidores, max(servidores) AS mas
  FROM cuenta
  GROUP BY so, version, arquitectura, rol
  HAVING sum(servidores) >= 5
)
SELECT
  m.servidor AS servidor, m.nucleo AS nucleo, g.servidores AS servidores,
  (
    SELECT min(c.nucleo) FROM cuenta AS c
    WHERE c.so = g.so AND c.version = g.version AND c.arquitectura = g.arquitectura
      AND c.rol = g.rol AND c.servidores = g.mas
  ) AS comun
FROM miembro AS m
JOIN grupo AS g
  ON g.so = m.so AND g.version = m.version AND g.arquitectura = m.arquitectura AND g.rol = m.rol
JOIN cuenta AS suya
  ON suya.so = m.so AND suya.version = m.version AND suya.arquitectura = m.arquitectura
  AND suya.rol = m.rol AND suya.nucleo = m.nucleo
WHERE suya.servidores < g.mas
