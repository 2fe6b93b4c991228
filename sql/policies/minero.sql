-- id = "minero"
-- version = 1
-- severidad = "critica"
-- responsable = "seguridad"
-- es = { titulo = "Minero de criptomonedas", descripcion = "Busca programas de minería y los programas maliciosos que los instalan, por su nombre, y procesos con stratum+ en su línea de comando.", justificacion = "Un minero que nadie instaló es señal de una intrusión.", remedio = "Aísle el servidor, investigue cómo entró el programa y reinstale el sistema.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Cryptocurrency miner", descripcion = "Looks for miners and for the malware that installs them, by name, and for processes with stratum+ in their command line.", justificacion = "A miner that nobody installed is a sign of an intrusion.", remedio = "Isolate the server, find out how the program came in, and reinstall the system.", motivo = "{name} runs as {username}." }
-- referencias = ["https://attack.mitre.org/techniques/T1496/"]
-- controles = { ens = ["op.exp.6", "op.mon.1"], iso27001 = ["A.8.7", "A.8.16"], nist = ["SI-3", "SI-4"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "kdevtmpfsi", username = "www-data" }] },
--   { veredicto = "falla", procesos = [{ name = "xmrig-notls", username = "ana" }] },
--   { veredicto = "falla", procesos = [{ name = "java", username = "app", linea_comando = "java -o stratum+tcp://pool.example:3333" }] },
--   { veredicto = "falla", ordinario = false, procesos = [{ name = "kinsing", username = "redis" }] },
--   { veredicto = "cumple", procesos = [{ name = "kdevtmpfs", username = "root", ppid = 2 }, { name = "java", username = "app" }] },
--   { veredicto = "desconocido", razon = "sin_dato", ordinario = false, procesos = [{ name = "sshd", username = "root" }] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM (
  SELECT pid, name, username, ejecutable FROM procesos_listados WHERE lista = 'mineros'
  UNION
  SELECT pid, name, username, ejecutable
  FROM procesos_vigentes
  WHERE instr(linea_comando, 'stratum+')
)
GROUP BY name, username
