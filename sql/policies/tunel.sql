-- id = "tunel"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Túnel desde fuera", descripcion = "Busca programas que abren un camino desde Internet hasta un puerto del servidor. Los que su organización permite están en listas/permitidos.txt.", justificacion = "Un túnel salta el cortafuegos, y los intrusos lo usan para volver.", remedio = "Averigüe quién lo puso. Si debe estar, añádalo a listas/permitidos.txt.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Tunnel from outside", descripcion = "Looks for programs that open a way from the Internet to a port of the server. Those that your organisation allows stand in listas/permitidos.txt.", justificacion = "A tunnel passes by the firewall, and intruders use it to come back.", remedio = "Find out who put it there. If it belongs there, add it to listas/permitidos.txt.", motivo = "{name} runs as {username}." }
-- referencias = ["https://attack.mitre.org/techniques/T1572/"]
-- controles = { ens = ["op.exp.2", "mp.com.1"], iso27001 = ["A.8.20"], nist = ["AC-17", "CM-7"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "frpc", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "x", username = "ana", ejecutable = "/home/ana/ngrok" }] },
--   { veredicto = "cumple", procesos = [{ name = "frps" }, { name = "sshd" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'tuneles'
  AND pid NOT IN (SELECT p.pid FROM procesos_listados AS p WHERE p.lista = 'permitidos')
GROUP BY name, username
