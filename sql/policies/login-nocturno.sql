-- id = "login-nocturno"
-- version = 1
-- severidad = "media"
-- responsable = "seguridad"
-- es = { titulo = "Sesión nocturna en producción", descripcion = "Busca sesiones remotas abiertas entre las 22 y las 6 en la zona de la etiqueta zona (Europe/Madrid), en servidores con la etiqueta entorno=produccion. Sin la etiqueta zona no se sabe la hora del lugar.", justificacion = "Fuera del horario de trabajo, una sesión que nadie espera merece una mirada.", remedio = "Pregunte a la persona. Si el trabajo estaba previsto, exímala.", motivo = "{username} entró desde {origen} a las {hora}." }
-- en = { titulo = "Login at night on production", descripcion = "Looks for remote logins opened between 22 and 6 in the zone of the tag zona (Europe/Madrid), on servers with the tag entorno=produccion. Without the tag zona, the local hour is unknown.", justificacion = "Outside of working hours, a login that nobody expects deserves a look.", remedio = "Ask the person. If the work was planned, waive it.", motivo = "{username} came in from {origen} at {hora}." }
-- controles = { ens = ["op.mon.3"], iso27001 = ["A.8.16"], nist = ["AC-2(12)"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { etiqueta = "entorno=produccion" }
-- requiere = ["logins", "origen", "desde"]
-- clave = ["username", "origen"]
-- evidencia = ["username", "origen", "terminal", "hora"]
-- pruebas = [
--   { veredicto = "falla", etiquetas = { entorno = "produccion", zona = "Europe/Madrid" }, usuarios = [{ username = "ana", origen = "198.51.100.7", desde = "2026-01-14 21:30:00.000000" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion", zona = "Europe/Madrid" }, usuarios = [{ username = "ana", origen = "198.51.100.7", desde = "2026-01-15 04:30:00.000000" }] },
--   { veredicto = "cumple", etiquetas = { entorno = "produccion", zona = "Europe/Madrid" }, usuarios = [{ username = "ana", origen = "198.51.100.7", desde = "2026-01-15 05:30:00.000000" }, { username = "ana", terminal = "tty1", desde = "2026-01-15 01:00:00.000000" }] },
--   { veredicto = "desconocido", razon = "indeterminado", etiquetas = { entorno = "produccion" }, usuarios = [{ username = "ana", origen = "198.51.100.7" }] },
--   { veredicto = "no_aplica", usuarios = [{ username = "ana", origen = "198.51.100.7", desde = "2026-01-15 01:30:00.000000" }] },
--   { veredicto = "desconocido", razon = "sin_dato", etiquetas = { entorno = "produccion" }, sin = ["desde"], usuarios = [{ username = "ana" }] },
-- ]

SELECT
  r.username AS username,
  r.origen AS origen,
  r.terminal AS terminal,
  r.hora AS hora,
  CASE WHEN r.hora IS NULL THEN 'desconocido' END AS veredicto
FROM (
  SELECT
    u.username AS username, u.origen AS origen, u.terminal AS terminal,
    substr(hora_local(u.desde, z.valor), 12, 5) AS hora
  FROM usuarios_remotos AS u
  LEFT JOIN etiquetas AS z ON z.clave = 'zona'
  WHERE u.desde IS NOT NULL
) AS r
WHERE r.hora IS NULL OR r.hora >= '22:00' OR r.hora < '06:00'
