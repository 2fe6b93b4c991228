-- id = "interfaz-abierta"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Interfaz de administración abierta", descripcion = "Busca en las líneas de comando dockerd en tcp:// sin tlsverify, etcd sin TLS o redis en todas las direcciones, mysqld con --skip-grant-tables, la depuración de Java (jdwp) fuera de localhost y distccd para todas las redes. Un contenedor con red propia se ve igual: exímalo si solo escucha dentro.", justificacion = "Quien llega al puerto gobierna el servicio, a menudo todo el servidor.", remedio = "Escuche en una dirección interna, con TLS y contraseña.", motivo = "{name} se ejecuta como {username} con una interfaz abierta." }
-- en = { titulo = "Open administrative interface", descripcion = "Looks in command lines for dockerd on tcp:// without tlsverify, etcd without TLS or redis on all addresses, mysqld with --skip-grant-tables, Java's debugger (jdwp) beyond localhost, and distccd for all networks. A container with a network of its own looks the same: waive it if it listens inside alone.", justificacion = "Whoever reaches the port governs the service, often the whole server.", remedio = "Listen on an internal address, with TLS and a password.", motivo = "{name} runs as {username} with an open interface." }
-- referencias = ["https://docs.docker.com/engine/security/protect-access/"]
-- controles = { ens = ["op.exp.2"], iso27001 = ["A.8.9"], nist = ["CM-7"], cis = ["4.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["linea_comando"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "linea_comando", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "dockerd", linea_comando = "/usr/bin/dockerd -H tcp://0.0.0.0:2375" }] },
--   { veredicto = "falla", procesos = [{ name = "redis-server", username = "redis", linea_comando = "/usr/bin/redis-server *:6379" }] },
--   { veredicto = "falla", procesos = [{ name = "etcd", username = "etcd", linea_comando = "etcd --listen-client-urls=http://0.0.0.0:2379" }] },
--   { veredicto = "falla", procesos = [{ name = "mysqld", username = "mysql", linea_comando = "mysqld --skip-grant-tables" }] },
--   { veredicto = "falla", procesos = [{ name = "java", username = "app", linea_comando = "java -agentlib:jdwp=transport=dt_socket,server=y,address=*:5005 -jar a.jar" }] },
--   { veredicto = "falla", procesos = [{ name = "distccd", username = "daemon", linea_comando = "distccd --daemon --allow 0.0.0.0/0" }] },
--   { veredicto = "cumple", procesos = [{ name = "dockerd", linea_comando = "dockerd -H fd:// -H tcp://0.0.0.0:2376 --tlsverify" }, { name = "redis-server", linea_comando = "/usr/bin/redis-server 127.0.0.1:6379" }, { name = "java", linea_comando = "java -agentlib:jdwp=address=localhost:5005" }, { name = "etcd", linea_comando = "etcd --listen-client-urls=https://0.0.0.0:2379" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["linea_comando"], procesos = [{ name = "dockerd" }] },
-- ]

SELECT p.name AS name, p.username AS username, max(p.linea_comando) AS linea_comando, count(*) AS n
FROM procesos_listados AS p
WHERE p.lista = 'interfaces'
  AND CASE
    WHEN p.nombre GLOB 'dockerd*' THEN
      instr(p.linea_comando, 'tcp://')
      AND NOT instr(p.linea_comando, '--tlsverify')
      AND NOT instr(p.linea_comando, 'tcp://127.')
      AND NOT instr(p.linea_comando, 'tcp://localhost')
    WHEN p.nombre = 'etcd' THEN p.linea_comando GLOB '*--listen-client-urls[= ]*http://0.0.0.0:*'
    WHEN p.nombre GLOB '*-server' THEN
      p.linea_comando GLOB '*-server [*]:*' OR p.linea_comando GLOB '*-server 0.0.0.0:*'
    WHEN p.nombre = 'java' THEN
      instr(p.linea_comando, 'jdwp')
      AND NOT instr(p.linea_comando, 'address=localhost')
      AND NOT instr(p.linea_comando, 'address=127.')
    WHEN p.nombre = 'distccd' THEN instr(p.linea_comando, '0.0.0.0/0')
    ELSE instr(p.linea_comando, '--skip-grant-tables')
  END
GROUP BY p.name, p.username
