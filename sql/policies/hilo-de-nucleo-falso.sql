-- id = "hilo-de-nucleo-falso"
-- version = 2
-- severidad = "critica"
-- responsable = "seguridad"
-- es = { titulo = "Proceso que se hace pasar por un hilo del núcleo", descripcion = "Busca procesos con nombre de hilo del núcleo (kworker/*, ksoftirqd/*, kswapd*) que no son hijos de kthreadd, donde pid 2 es kthreadd.", justificacion = "Los programas maliciosos se esconden tras estos nombres.", remedio = "Aísle el servidor, investigue cómo entró el programa y reinstale el sistema.", motivo = "{name} se ejecuta como {username} y no es hijo de kthreadd." }
-- en = { titulo = "Process that poses as a kernel thread", descripcion = "Looks for processes with the name of a kernel thread (kworker/*, ksoftirqd/*, kswapd*) that are no children of kthreadd, where pid 2 is kthreadd.", justificacion = "Malware hides behind these names.", remedio = "Isolate the server, find out how the program came in, and reinstall the system.", motivo = "{name} runs as {username} and is no child of kthreadd." }
-- referencias = ["https://attack.mitre.org/techniques/T1036/004/"]
-- controles = { ens = ["op.exp.6", "op.mon.1"], iso27001 = ["A.8.7", "A.8.16"], nist = ["SI-3", "SI-4"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT servidor FROM procesos_vigentes WHERE pid = 2 AND name = 'kthreadd' LIMIT 1" }
-- requiere_para_cumplir = ["nombres", "ppid"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "kworker/0:1", username = "www-data", ppid = 1, ejecutable = "/tmp/x" }] },
--   { veredicto = "falla", procesos = [{ name = "kswapd0", username = "ana", ppid = 1 }] },
--   { veredicto = "cumple", procesos = [{ name = "kworker/0:1", ppid = 2 }, { name = "kswapd0", ppid = 2 }, { name = "ksoftirqd/0", ppid = 2 }] },
--   { veredicto = "cumple", procesos = [{ name = "kworker/u4:1", pid = 30, ppid = 2 }, { name = "kworker/u4:1", ppid = 30 }] },
--   { veredicto = "no_aplica", ordinario = false, procesos = [{ name = "bash", pid = 1 }, { name = "kswapd0", username = "ana", ppid = 1 }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["ppid"], procesos = [{ name = "kworker/0:1" }] },
-- ]

SELECT p.name AS name, p.username AS username, max(p.ejecutable) AS ejecutable, count(*) AS n
FROM procesos_vigentes AS p
WHERE p.ppid <> 2
  AND (p.name GLOB 'kworker/*' OR p.name GLOB 'ksoftirqd/*' OR p.name GLOB 'kswapd*')
  -- A kernel thread starts a helper of root, which has its name until it runs its program.
  AND NOT EXISTS (
    SELECT 1
    FROM procesos_vigentes AS k
    WHERE k.pid = p.ppid AND k.ppid = 2 AND k.name GLOB 'k*' AND p.username = 'root'
  )
GROUP BY p.name, p.username
