-- id = "agente-atrasado"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Agente atrasado", descripcion = "El agente del servidor es más antiguo que la versión de listas/version-de-agente.txt.", justificacion = "Un agente antiguo no dice lo que dicen los nuevos, y no tiene sus correcciones.", remedio = "Copie el agente nuevo al servidor.", motivo = "El agente es de la versión {version_agente}; la esperada es {esperada}." }
-- en = { titulo = "Agent behind", descripcion = "The agent of the server is older than the version in listas/version-de-agente.txt.", justificacion = "An old agent does not tell what newer ones do, and lacks their corrections.", remedio = "Copy the new agent to the server.", motivo = "The agent is of version {version_agente}; {esperada} is expected." }
-- controles = { ens = ["op.exp.4"], iso27001 = ["A.8.8"], nist = ["SI-2"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere = ["version_agente"]
-- clave = []
-- evidencia = ["version_agente", "esperada"]
-- pruebas = [
--   { veredicto = "falla", servidor = { version_agente = "0.0.9" } },
--   { veredicto = "cumple", servidor = { version_agente = "0.1.0" } },
--   { veredicto = "cumple", servidor = { version_agente = "0.10.0" } },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["version_agente"] },
-- ]

SELECT s.version_agente AS version_agente, l.valor AS esperada
FROM servers_vigentes AS s
CROSS JOIN listas AS l
WHERE l.lista = 'version-de-agente' AND compara_version(s.version_agente, l.valor) < 0
LIMIT 1
