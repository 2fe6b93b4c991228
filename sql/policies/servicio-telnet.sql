-- id = "servicio-telnet"
-- version = 1
-- severidad = "alta"
-- responsable = "plataforma"
-- es = { titulo = "Servidor de telnet", descripcion = "Busca entre los procesos un servidor de telnet, por el nombre del proceso o de su ejecutable.", justificacion = "Telnet transmite contraseñas y sesiones sin cifrar.", remedio = "Desinstale el servidor de telnet y use SSH.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Telnet server", descripcion = "Looks for a telnet server among the processes, by the name of the process or of its executable.", justificacion = "Telnet transmits passwords and sessions in clear text.", remedio = "Remove the telnet server and use SSH.", motivo = "{name} runs as {username}." }
-- referencias = ["https://datatracker.ietf.org/doc/html/rfc854"]
-- controles = { ens = ["op.exp.2", "mp.com.2"], iso27001 = ["A.8.9", "A.8.21"], nist = ["CM-7", "SC-8"], cis = ["4.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "in.telnetd", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "busybox", username = "root", ejecutable = "/usr/sbin/telnetd" }] },
--   { veredicto = "cumple", procesos = [{ name = "sshd", username = "root" }, { name = "telnet", username = "ana" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'telnet'
GROUP BY name, username
