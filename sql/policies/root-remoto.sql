-- id = "root-remoto"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Sesión remota de root", descripcion = "Busca sesiones abiertas de root que vienen de la red, y procesos de sshd que atienden a root aunque no figuren como sesión.", justificacion = "Una cuenta compartida no dice quién actuó, y su contraseña basta para todo.", remedio = "Ponga PermitRootLogin no en sshd_config; entre con una cuenta propia y use sudo.", motivo = "root tiene una sesión remota desde {origen}." }
-- en = { titulo = "Remote login of root", descripcion = "Looks for open logins of root over the network, and for sshd processes that serve root although no login is listed.", justificacion = "A shared account does not tell who acted, and its password is enough for everything.", remedio = "Set PermitRootLogin no in sshd_config; log in with an account of your own and use sudo.", motivo = "root is logged in remotely from {origen}." }
-- referencias = ["https://man.openbsd.org/sshd_config#PermitRootLogin"]
-- controles = { ens = ["op.acc.1"], iso27001 = ["A.8.2", "A.8.5"], nist = ["AC-6", "AC-17", "IA-2"], cis = ["5.4"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere = ["logins", "origen"]
-- clave = ["username", "origen"]
-- evidencia = ["username", "origen", "terminal", "n"]
-- pruebas = [
--   { veredicto = "falla", usuarios = [{ username = "root", terminal = "pts/0", origen = "203.0.113.64" }] },
--   { veredicto = "falla", usuarios = [{ username = "root", terminal = "pts/3", origen = "headhost:S.0" }] },
--   { veredicto = "falla", procesos = [{ name = "sshd", username = "root", linea_comando = "sshd: root@notty" }] },
--   { veredicto = "falla", filas = 1, usuarios = [{ username = "root", terminal = "pts/0", origen = "203.0.113.64" }], procesos = [{ name = "sshd", username = "root", linea_comando = "sshd: root@pts/0" }] },
--   { veredicto = "cumple", usuarios = [{ username = "root", terminal = "tty1" }, { username = "ana", terminal = "pts/0", origen = "203.0.113.64" }] },
--   { veredicto = "cumple", usuarios = [{ username = "root", terminal = "pts/1", origen = ":pts/2:S.0" }, { username = "root", terminal = "pts/2", origen = "127.0.0.1" }, { username = "root", terminal = ":0", origen = ":0" }, { username = "root", terminal = "pts/4", origen = "mosh [1104]" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["logins"] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["origen"], usuarios = [{ username = "root", terminal = "pts/0" }] },
-- ]

SELECT username, origen, max(terminal) AS terminal, count(*) AS n
FROM usuarios_remotos
WHERE username = 'root'
GROUP BY username, origen
UNION ALL
SELECT username, NULL, max(terminal), count(*)
FROM (
  -- sshd: root@pts/0, sshd-session: root@notty
  SELECT 'root' AS username, substr(linea_comando, instr(linea_comando, ': root@') + 7) AS terminal
  FROM procesos_vigentes
  WHERE linea_comando GLOB 'sshd*: root@*'
)
WHERE terminal NOT IN (
  SELECT coalesce(u.terminal, 'notty') FROM usuarios_vigentes AS u WHERE u.username = 'root'
)
GROUP BY username
