-- id = "bd-como-root"
-- version = 1
-- severidad = "alta"
-- responsable = "plataforma"
-- es = { titulo = "Base de datos ejecutada como root", descripcion = "Busca servidores de bases de datos con un proceso de root. mysqld_safe, que es de root, es normal; también etcd con la etiqueta rol=kubernetes, o donde se ejecuta kubelet o kube-apiserver.", justificacion = "Un fallo del programa da entonces control total del servidor.", remedio = "Ejecute la base de datos con su propia cuenta (user= en my.cnf, User= en la unidad de systemd).", motivo = "{name} se ejecuta como root." }
-- en = { titulo = "Database run as root", descripcion = "Looks for database servers with a process of root. mysqld_safe, which is of root, is normal; so is etcd with the tag rol=kubernetes, or where kubelet or kube-apiserver runs.", justificacion = "A flaw of the program then gives full control of the server.", remedio = "Run the database with an account of its own (user= in my.cnf, User= in the systemd unit).", motivo = "{name} runs as root." }
-- controles = { ens = ["op.acc.4", "op.exp.2"], iso27001 = ["A.8.2"], nist = ["AC-6"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres", "usuarios_de_procesos"]
-- clave = ["name"]
-- evidencia = ["name", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "mysqld", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "etcd", username = "root" }] },
--   { veredicto = "cumple", procesos = [{ name = "mysqld_safe", username = "root" }, { name = "mysqld", username = "mysql" }] },
--   { veredicto = "cumple", etiquetas = { rol = "kubernetes" }, procesos = [{ name = "etcd", username = "root" }] },
--   { veredicto = "cumple", procesos = [{ name = "etcd", username = "root" }, { name = "kubelet", username = "root" }] },
--   { veredicto = "falla", etiquetas = { rol = "kubernetes" }, procesos = [{ name = "redis-server", username = "root" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["usuarios_de_procesos"], procesos = [{ name = "mysqld" }] },
-- ]

SELECT nombre AS name, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'bases-de-datos'
  AND username = 'root'
  AND NOT (
    nombre = 'etcd'
    AND (
      EXISTS (SELECT 1 FROM etiquetas AS e WHERE e.clave = 'rol' AND e.valor = 'kubernetes')
      OR EXISTS (SELECT 1 FROM procesos_listados AS k WHERE k.lista = 'kubernetes')
    )
  )
GROUP BY nombre
