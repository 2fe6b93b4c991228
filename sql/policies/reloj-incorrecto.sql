-- id = "reloj-incorrecto"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Reloj incorrecto", descripcion = "El reloj del servidor va adelantado, se ha atrasado o está parado, según la hora a la que llegan sus informes.", justificacion = "Con un reloj incorrecto sus registros no sirven de prueba, y fallan certificados y autenticación.", remedio = "Compruebe la sincronización de hora (chronyd, systemd-timesyncd) y la zona horaria.", motivo = "El reloj va {reloj}: dice {fecha_hora}, y el informe llegó a las {recibido} UTC." }
-- en = { titulo = "Incorrect clock", descripcion = "The server's clock is ahead, has been set back or stands still, by the arrival of its reports.", justificacion = "With an incorrect clock its logs prove nothing, and certificates and authentication fail.", remedio = "Check time synchronisation (chronyd, systemd-timesyncd) and the time zone.", motivo = "The clock is wrong ({reloj}): it says {fecha_hora}, and the report arrived at {recibido} UTC." }
-- controles = { ens = ["op.exp.8"], iso27001 = ["A.8.17"], nist = ["AU-8", "SC-45"], cis = ["8.4"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- clave = []
-- evidencia = ["reloj", "fecha_hora", "recibido"]
-- plazos = { confirmar_tras = "2 informes" }
-- pruebas = [
--   { veredicto = "falla", servidor = { reloj = "adelantado" } },
--   { veredicto = "falla", servidor = { reloj = "atrasado" } },
--   { veredicto = "cumple" },
--   { veredicto = "desconocido", razon = "silencio", servidor = { reloj = "adelantado", estado = "silencioso" } },
-- ]

SELECT reloj, fecha_hora, recibido
FROM servers_vigentes
WHERE reloj IN ('adelantado', 'atrasado')
