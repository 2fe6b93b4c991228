-- id = "sesion-olvidada"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Sesión olvidada", descripcion = "Busca sesiones abiertas desde hace más de siete días.", justificacion = "Una sesión que nadie atiende sirve a quien llegue al terminal.", remedio = "Ciérrela. Ponga StopIdleSessionSec en logind.conf, o TMOUT en el intérprete.", motivo = "{username} tiene una sesión en {terminal} desde hace {dias} días." }
-- en = { titulo = "Forgotten login", descripcion = "Looks for logins that have been open for more than seven days.", justificacion = "A login that nobody attends serves whoever gets at the terminal.", remedio = "Close it. Set StopIdleSessionSec in logind.conf, or TMOUT in the shell.", motivo = "{username} has been logged in on {terminal} for {dias} days." }
-- controles = { ens = ["op.acc.6"], iso27001 = ["A.8.5"], nist = ["AC-12"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere = ["logins", "desde"]
-- clave = ["username", "terminal"]
-- evidencia = ["username", "terminal", "origen", "dias"]
-- pruebas = [
--   { veredicto = "falla", usuarios = [{ username = "ana", desde = "2026-01-07 11:00:00.000000" }] },
--   { veredicto = "cumple", usuarios = [{ username = "ana", desde = "2026-01-09 11:00:00.000000" }] },
--   { veredicto = "cumple", usuarios = [{ username = "ana", terminal = ":0", origen = "login screen", desde = "2026-01-01 11:00:00.000000" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["desde"], usuarios = [{ username = "ana" }] },
-- ]

SELECT
  u.username AS username, u.terminal AS terminal, u.origen AS origen,
  CAST(julianday(s.fecha_hora) - julianday(u.desde) AS INTEGER) AS dias
FROM usuarios_vigentes AS u
JOIN servers_vigentes AS s ON s.servidor = u.servidor
WHERE julianday(s.fecha_hora) - julianday(u.desde) > 7
  AND u.origen IS NOT 'login screen'
