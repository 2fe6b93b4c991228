-- id = "herramienta-de-intrusion"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Herramienta de intrusión", descripcion = "Busca programas para romper contraseñas, explorar redes y buscar fallos, por su nombre, y sqlmap también por su línea de comando. hydra de Ory (hydra serve) no cuenta. La etiqueta rol=pentest dice dónde son normales.", justificacion = "Quien entra en un servidor sigue desde él hacia otros.", remedio = "Averigüe quién la puso. Si no fue su equipo, aísle el servidor.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Tool for intrusion", descripcion = "Looks for programs that crack passwords, scan networks and look for flaws, by name, and for sqlmap by its command line as well. Ory's hydra (hydra serve) does not count. The tag rol=pentest says where they are normal.", justificacion = "Whoever breaks into a server goes on from there to others.", remedio = "Find out who put it there. If it was not your team, isolate the server.", motivo = "{name} runs as {username}." }
-- referencias = ["https://attack.mitre.org/tactics/TA0007/"]
-- controles = { ens = ["op.exp.6", "op.mon.1"], iso27001 = ["A.8.7", "A.8.16"], nist = ["SI-3", "SI-4"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT servidor FROM servers_vigentes WHERE servidor NOT IN (SELECT servidor FROM etiquetas WHERE clave = 'rol' AND valor = 'pentest')" }
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "masscan", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "pspy64", username = "www-data" }] },
--   { veredicto = "falla", procesos = [{ name = "python3", username = "ana", linea_comando = "python3 /opt/x/sqlmap.py -u http://198.51.100.7" }] },
--   { veredicto = "falla", procesos = [{ name = "hydra", username = "ana", linea_comando = "hydra -l root ssh://198.51.100.7" }] },
--   { veredicto = "cumple", procesos = [{ name = "hydra", username = "ory", linea_comando = "hydra serve all --config /etc/h.yml" }] },
--   { veredicto = "desconocido", razon = "indeterminado", sin = ["linea_comando"], procesos = [{ name = "hydra", username = "ory" }] },
--   { veredicto = "cumple", procesos = [{ name = "nmap" }, { name = "sshd" }] },
--   { veredicto = "no_aplica", etiquetas = { rol = "pentest" }, procesos = [{ name = "masscan" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT
  name, username, max(ejecutable) AS ejecutable, count(*) AS n,
  -- Ory's hydra is a server; without a command line it may be either.
  CASE WHEN nombre = 'hydra' AND max(linea_comando) IS NULL THEN 'desconocido' END AS veredicto
FROM procesos_listados
WHERE (lista = 'herramientas-de-intrusion' AND NOT (nombre = 'hydra' AND linea_comando GLOB '*hydra serve*' IS TRUE))
  OR (lista = 'interpretes' AND por = 'name' AND linea_comando GLOB '*sqlmap.py*')
GROUP BY name, username
