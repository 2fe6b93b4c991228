-- id = "muchas-sesiones"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Muchas sesiones remotas de un usuario", descripcion = "Busca usuarios con más de cinco sesiones remotas abiertas a la vez. Las ventanas de screen no cuentan.", justificacion = "Muchas sesiones a la vez son de una cuenta compartida, o de sesiones que nadie cierra.", remedio = "Pregunte a la persona; cierre las que sobran.", motivo = "{username} tiene {n} sesiones remotas." }
-- en = { titulo = "Many remote logins of a user", descripcion = "Looks for users with more than five remote logins open at the same time. Windows of screen do not count.", justificacion = "Many logins at once are those of a shared account, or logins that nobody closes.", remedio = "Ask the person; close those that are not needed.", motivo = "{username} has {n} remote logins." }
-- controles = { ens = ["op.acc.1"], iso27001 = ["A.5.16", "A.8.5"], nist = ["AC-10"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere = ["logins", "origen"]
-- clave = ["username"]
-- evidencia = ["username", "origen", "n"]
-- pruebas = [
--   { veredicto = "falla", usuarios = [{ username = "ana", terminal = "pts/0", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/1", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/2", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/3", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/4", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/5", origen = "198.51.100.7" }] },
--   { veredicto = "cumple", usuarios = [{ username = "ana", terminal = "pts/0", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/1", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/2", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/3", origen = "198.51.100.7" }, { username = "ana", terminal = "pts/4", origen = "198.51.100.7" }, { username = "luis", terminal = "pts/9", origen = "198.51.100.8" }] },
--   { veredicto = "cumple", usuarios = [{ username = "ana", terminal = "pts/0", origen = "198.51.100.7:S.0" }, { username = "ana", terminal = "pts/1", origen = "198.51.100.7:S.1" }, { username = "ana", terminal = "pts/2", origen = "198.51.100.7:S.2" }, { username = "ana", terminal = "pts/3", origen = "198.51.100.7:S.3" }, { username = "ana", terminal = "pts/4", origen = "198.51.100.7:S.4" }, { username = "ana", terminal = "pts/5", origen = "198.51.100.7:S.5" }, { username = "ana", terminal = "pts/6", origen = "198.51.100.7:S.6" }, { username = "ana", terminal = "pts/7", origen = "198.51.100.7:S.7" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["origen"], usuarios = [{ username = "ana" }] },
-- ]

SELECT username, max(origen) AS origen, count(*) AS n
FROM usuarios_remotos
WHERE id_usr NOT IN (SELECT v.id_usr FROM usuarios_vigentes AS v WHERE v.origen GLOB '*:S.[0-9]*')
GROUP BY username
HAVING count(*) > 5
