-- id = "programa-en-memoria"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Programa que solo está en memoria", descripcion = "Busca procesos cuyo ejecutable es un archivo en memoria (memfd). runc, que se copia así al arrancar contenedores, no cuenta.", justificacion = "Un programa sin archivo no deja rastro en el disco.", remedio = "Aísle el servidor e investigue antes de reiniciarlo: el programa se pierde.", motivo = "{name} se ejecuta como {username} desde {ejecutable}." }
-- en = { titulo = "Program in memory alone", descripcion = "Looks for processes whose executable is a file in memory (memfd). runc, which copies itself so to start containers, does not count.", justificacion = "A program without a file leaves no trace on the disk.", remedio = "Isolate the server and investigate before a restart: the program gets lost.", motivo = "{name} runs as {username} from {ejecutable}." }
-- referencias = ["https://attack.mitre.org/techniques/T1620/"]
-- controles = { ens = ["op.exp.6", "op.mon.1"], iso27001 = ["A.8.7", "A.8.16"], nist = ["SI-3", "SI-4"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["ejecutable"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "3", username = "www-data", ejecutable = "/memfd:x" }] },
--   { veredicto = "cumple", procesos = [{ name = "runc:[2:INIT]", ejecutable = "/memfd:runc_cloned:/proc/self/exe" }, { name = "memfd" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["ejecutable"] },
-- ]

SELECT name, username, min(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_vigentes
WHERE ejecutable GLOB '/memfd:*' AND ejecutable NOT GLOB '/memfd:runc*'
GROUP BY name, username
