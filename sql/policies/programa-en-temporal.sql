-- id = "programa-en-temporal"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Programa ejecutado desde una carpeta temporal", descripcion = "Busca procesos cuyo ejecutable está en /tmp, /var/tmp o /dev/shm.", justificacion = "Cualquier usuario puede escribir en esas carpetas; los intrusos ejecutan sus programas desde ellas.", remedio = "Averigüe quién puso allí el programa. Monte esas carpetas con noexec.", motivo = "{name} se ejecuta como {username} desde {ejecutable}." }
-- en = { titulo = "Program run from a temporary folder", descripcion = "Looks for processes whose executable is in /tmp, /var/tmp or /dev/shm.", justificacion = "Every user can write to these folders; intruders run their programs from there.", remedio = "Find out who put the program there. Mount these folders with noexec.", motivo = "{name} runs as {username} from {ejecutable}." }
-- referencias = ["https://attack.mitre.org/techniques/T1059/004/"]
-- controles = { ens = ["op.exp.6", "op.mon.1"], iso27001 = ["A.8.7", "A.8.16"], nist = ["SI-3", "SI-4"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT servidor FROM servers_vigentes WHERE servidor NOT IN (SELECT servidor FROM etiquetas WHERE clave = 'rol' AND valor = 'ci')" }
-- requiere_para_cumplir = ["ejecutable"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- plazos = { confirmar_tras = "2 informes" }
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "nnx", username = "root", ejecutable = "/tmp/nnx" }] },
--   { veredicto = "falla", procesos = [{ name = "sh", username = "www-data", ejecutable = "/dev/shm/.x/sh" }] },
--   { veredicto = "cumple", procesos = [{ name = "app", username = "ana", ejecutable = "/tmp/.mount_appXYZ/usr/bin/app" }, { name = "main", username = "ana", ejecutable = "/tmp/go-build123/b001/exe/main" }] },
--   { veredicto = "cumple", procesos = [{ name = "tmpd", username = "root", ejecutable = "/usr/sbin/tmpd" }] },
--   { veredicto = "no_aplica", etiquetas = { rol = "ci" }, procesos = [{ name = "nnx", username = "root", ejecutable = "/tmp/nnx" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["ejecutable"] },
-- ]

SELECT name, username, min(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_vigentes
WHERE (ejecutable GLOB '/tmp/*' OR ejecutable GLOB '/var/tmp/*' OR ejecutable GLOB '/dev/shm/*')
  AND ejecutable NOT GLOB '/tmp/.mount_*'  -- AppImage
  AND ejecutable NOT GLOB '/tmp/go-build*'
  AND ejecutable NOT GLOB '/tmp/bazel*'
GROUP BY name, username
