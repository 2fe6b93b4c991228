-- id = "servicio-rsh"
-- version = 1
-- severidad = "alta"
-- responsable = "plataforma"
-- es = { titulo = "Servidor de rsh, rlogin o rexec", descripcion = "Busca entre los procesos un servidor de los comandos r, por el nombre del proceso o de su ejecutable.", justificacion = "Estos protocolos transmiten sin cifrar y confían en la dirección de quien se conecta.", remedio = "Desinstale el servidor y use SSH.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Server of rsh, rlogin or rexec", descripcion = "Looks for a server of the r commands among the processes, by the name of the process or of its executable.", justificacion = "These protocols transmit in clear text and trust the address of whoever connects.", remedio = "Remove the server and use SSH.", motivo = "{name} runs as {username}." }
-- referencias = ["https://datatracker.ietf.org/doc/html/rfc1282"]
-- controles = { ens = ["op.exp.2", "mp.com.2"], iso27001 = ["A.8.9", "A.8.21"], nist = ["CM-7", "SC-8"], cis = ["4.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "in.rlogind", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "x", username = "root", ejecutable = "/usr/sbin/rshd" }] },
--   { veredicto = "cumple", procesos = [{ name = "rsh", username = "ana" }, { name = "sshd", username = "root" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'rsh'
GROUP BY name, username
