-- id = "escritorio-en-servidor"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Escritorio gráfico en un servidor", descripcion = "Busca un servidor gráfico o una pantalla de inicio de sesión. La etiqueta rol=escritorio dice dónde es normal.", justificacion = "Un escritorio añade programas y sesiones que un servidor no necesita.", remedio = "Arranque sin él: systemctl set-default multi-user.target.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Graphical desktop on a server", descripcion = "Looks for a display server or a graphical login. The tag rol=escritorio says where that is normal.", justificacion = "A desktop adds programs and sessions that a server does not need.", remedio = "Start without it: systemctl set-default multi-user.target.", motivo = "{name} runs as {username}." }
-- controles = { ens = ["op.exp.2"], iso27001 = ["A.8.9", "A.8.21"], nist = ["CM-7"], cis = ["4.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT servidor FROM servers_vigentes WHERE servidor NOT IN (SELECT servidor FROM etiquetas WHERE clave = 'rol' AND valor = 'escritorio')" }
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "gdm3", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "Xorg", username = "root" }] },
--   { veredicto = "no_aplica", etiquetas = { rol = "escritorio" }, procesos = [{ name = "Xorg" }] },
--   { veredicto = "cumple", procesos = [{ name = "sshd" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'escritorios'
GROUP BY name, username
