-- id = "superservidor"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Superservidor (inetd, xinetd)", descripcion = "Busca xinetd o inetd. Lo que sirven solo se ve mientras alguien lo usa.", justificacion = "Suele servir protocolos antiguos, y ningún proceso los muestra.", remedio = "Desinstálelo, o sirva lo necesario con sockets de systemd.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Super-server (inetd, xinetd)", descripcion = "Looks for xinetd or inetd. What they serve shows only while somebody uses it.", justificacion = "It often serves old protocols, and no process shows them.", remedio = "Remove it, or serve what is needed by sockets of systemd.", motivo = "{name} runs as {username}." }
-- controles = { ens = ["op.exp.2"], iso27001 = ["A.8.9", "A.8.21"], nist = ["CM-7"], cis = ["4.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "xinetd", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "inetd", username = "root" }] },
--   { veredicto = "cumple", procesos = [{ name = "sshd", username = "root" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'superservidores'
GROUP BY name, username
