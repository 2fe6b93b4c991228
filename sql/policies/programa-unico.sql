-- id = "programa-unico"
-- version = 2
-- severidad = "baja"
-- responsable = "seguridad"
-- es = { titulo = "Programa que solo está en un servidor", descripcion = "Busca programas que se ejecutan en uno solo de diez o más servidores del mismo rol (etiqueta rol) o, sin esa etiqueta, del mismo sistema y versión, si la hay. Las cifras de un nombre no cuentan.", justificacion = "Los servidores de un rol ejecutan lo mismo; lo que uno solo tiene no lo puso la plataforma.", remedio = "Averigüe para qué es el programa. Si debe estar, instálelo en todos, o añádalo a listas/efimeros.txt.", motivo = "{name} solo se ejecuta en este de {servidores} servidores ({grupo})." }
-- en = { titulo = "Program on a single server", descripcion = "Looks for programs that run on only one of ten or more servers of the same role (tag rol) or, without this tag, of the same system and version, if they have one. Digits of a name do not count.", justificacion = "The servers of a role run the same programs; the platform did not install what only one of them has.", remedio = "Find out what the program is for. If it belongs there, install it everywhere, or add it to listas/efimeros.txt.", motivo = "{name} runs only on this one of {servidores} servers ({grupo})." }
-- controles = { ens = ["op.exp.3"], iso27001 = ["A.8.19"], nist = ["CM-11"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "flota"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name"]
-- evidencia = ["name", "grupo", "servidores"]
-- plazos = { confirmar_tras = "24h" }
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "raro", username = "ana" }], pares = [{ veces = 9, procesos = [{ name = "sshd", username = "root" }] }] },
--   { veredicto = "falla", etiquetas = { rol = "web" }, procesos = [{ name = "raro", username = "ana" }], pares = [{ veces = 9, etiquetas = { rol = "web" } }, { procesos = [{ name = "raro", username = "ana" }] }] },
--   { veredicto = "cumple", procesos = [{ name = "worker-12", username = "ana" }, { name = "sleep", username = "ana" }], pares = [{ veces = 8 }, { procesos = [{ name = "worker-7", username = "ana" }] }] },
--   { veredicto = "cumple", procesos = [{ name = "raro", username = "ana" }], pares = [{ veces = 8 }] },
--   { veredicto = "cumple", servidor = { version_so = "" }, procesos = [{ name = "raro", username = "ana" }], pares = [{ veces = 9, servidor = { version_so = "" } }] },
--   { veredicto = "falla", servidor = { version_so = "" }, etiquetas = { rol = "web" }, procesos = [{ name = "raro", username = "ana" }], pares = [{ veces = 9, etiquetas = { rol = "web" } }] },
--   { veredicto = "cumple", procesos = [{ name = "ps", username = "root" }, { name = "curl", username = "root" }, { name = "agetty", username = "root" }], pares = [{ veces = 9 }] },
--   { veredicto = "cumple", procesos = [{ name = "kworker/u8:2-events", username = "root", ppid = 2 }], pares = [{ veces = 9 }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"], pares = [{ veces = 9 }] },
-- ]

WITH miembro AS MATERIALIZED (
  SELECT
    s.servidor AS servidor,
    coalesce('rol=' || e.valor, s.nombre_so || ' ' || s.version_so) AS grupo
  FROM servers_vigentes AS s
  LEFT JOIN etiquetas AS e ON e.servidor = s.servidor AND e.clave = 'rol'
  -- A report without pid 1 (4 on Windows) may hide what runs. One without a version may be of any.
  WHERE s.servidor IN (SELECT servidor FROM procesos_vigentes WHERE pid IN (1, 4))
    AND (e.valor IS NOT NULL OR s.version_so <> '')
),
grupo_grande AS (
  SELECT grupo, count(*) AS servidores FROM miembro GROUP BY grupo HAVING count(*) >= 10
),
visto AS MATERIALIZED (
  SELECT DISTINCT servidor, name FROM procesos_vigentes WHERE name IS NOT NULL AND NOT hilo_nucleo
),
-- The first and the last server of each name.
nombre AS (
  SELECT m.grupo AS grupo, v.name AS name, min(v.servidor) AS primero, max(v.servidor) AS ultimo
  FROM visto AS v
  JOIN miembro AS m ON m.servidor = v.servidor
  GROUP BY m.grupo, v.name
),
con_almohadillas AS (
  SELECT
    grupo, primero, ultimo,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
      name, '0', '#'), '1', '#'), '2', '#'), '3', '#'), '4', '#'), '5', '#'), '6', '#'),
      '7', '#'), '8', '#'), '9', '#') AS forma
  FROM nombre
  WHERE NOT EXISTS (SELECT 1 FROM listas AS l WHERE l.lista = 'efimeros' AND name GLOB l.valor)
),
-- Each run of digits is one #.
programa AS (
  SELECT
    grupo, primero, ultimo,
    replace(replace(replace(replace(replace(
      forma, '##', '#'), '##', '#'), '##', '#'), '##', '#'), '##', '#') AS forma
  FROM con_almohadillas
)
SELECT min(p.primero) AS servidor, p.forma AS name, g.grupo AS grupo, g.servidores AS servidores
FROM programa AS p
JOIN grupo_grande AS g ON g.grupo = p.grupo
GROUP BY g.grupo, p.forma
HAVING min(p.primero) = max(p.ultimo)
