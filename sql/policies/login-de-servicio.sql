-- id = "login-de-servicio"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Sesión de una cuenta de servicio", descripcion = "Busca sesiones abiertas de cuentas con las que nadie inicia sesión, como www-data. No mira oracle, git ni postgres, que usan personas.", justificacion = "Una sesión así suele ser la de un intruso que entró por ese servicio.", remedio = "Averigüe quién la abrió. Dé a la cuenta el intérprete /usr/sbin/nologin.", motivo = "{username} tiene una sesión en {terminal}." }
-- en = { titulo = "Login of a service account", descripcion = "Looks for open logins of accounts with which nobody logs in, such as www-data. It leaves out oracle, git and postgres, which people use.", justificacion = "Such a login is often that of an intruder who came in through the service.", remedio = "Find out who opened it. Give the account the shell /usr/sbin/nologin.", motivo = "{username} is logged in on {terminal}." }
-- controles = { ens = ["op.acc.1"], iso27001 = ["A.5.16", "A.8.5"], nist = ["AC-2", "IA-2"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere = ["logins"]
-- clave = ["username", "origen"]
-- evidencia = ["username", "origen", "terminal", "n"]
-- pruebas = [
--   { veredicto = "falla", usuarios = [{ username = "www-data", origen = "203.0.113.9" }] },
--   { veredicto = "falla", usuarios = [{ username = "nobody" }] },
--   { veredicto = "cumple", usuarios = [{ username = "oracle" }, { username = "git" }, { username = "postgres" }, { username = "ana" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["logins"] },
-- ]

SELECT u.username AS username, u.origen AS origen, max(u.terminal) AS terminal, count(*) AS n
FROM usuarios_vigentes AS u
WHERE EXISTS (
  SELECT 1 FROM listas AS l WHERE l.lista = 'cuentas-de-servicio' AND u.username GLOB l.valor
)
GROUP BY u.username, u.origen
