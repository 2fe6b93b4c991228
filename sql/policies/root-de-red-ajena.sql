-- id = "root-de-red-ajena"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Sesión de root desde una red ajena", descripcion = "Busca sesiones remotas de root cuyo origen no está en ninguna de sus redes (redes.txt de su carpeta; sin él, las privadas). De un origen que es un nombre no se sabe la red.", justificacion = "La administración ha de llegar desde redes conocidas.", remedio = "Permita SSH solo desde sus redes o por VPN. Si la red es suya, añádala a redes.txt.", motivo = "{username} tiene una sesión desde {origen}." }
-- en = { titulo = "Login of root from a foreign network", descripcion = "Looks for remote logins of root whose origin is in none of your networks (redes.txt of your folder; without it, the private ones). An origin that is a name tells no network.", justificacion = "Administration has to come from known networks.", remedio = "Allow SSH from your networks or by VPN alone. If the network is yours, add it to redes.txt.", motivo = "{username} is logged in from {origen}." }
-- controles = { ens = ["op.acc.2", "mp.com.1"], iso27001 = ["A.8.20"], nist = ["AC-17"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere = ["logins", "origen"]
-- clave = ["username", "origen"]
-- evidencia = ["username", "origen", "terminal", "n"]
-- pruebas = [
--   { veredicto = "falla", usuarios = [{ username = "root", origen = "203.0.113.64" }] },
--   { veredicto = "cumple", usuarios = [{ username = "root", origen = "fe80::1%eth0" }, { username = "root", terminal = "tty1" }] },
--   { veredicto = "desconocido", razon = "indeterminado", usuarios = [{ username = "root", origen = "pc.example.net" }] },
--   { veredicto = "cumple", usuarios = [{ username = "root", origen = ":pts/2:S.0" }, { username = "root", origen = "mosh [11]" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["origen"], usuarios = [{ username = "root" }] },
--   { veredicto = "cumple", usuarios = [{ username = "ana", origen = "203.0.113.64" }] },
-- ]

SELECT
  u.username AS username,
  u.origen AS origen,
  max(u.terminal) AS terminal,
  count(*) AS n,
  -- A host name tells no network.
  CASE WHEN en_red(u.origen, '0.0.0.0/0') IS NULL THEN 'desconocido' END AS veredicto
FROM usuarios_remotos AS u
WHERE u.username = 'root' AND
  NOT EXISTS (
    SELECT 1
    FROM redes AS r
    WHERE en_red(u.origen, r.red)
      -- The private ones, where no network is named.
      AND (
        r.nombre IS NOT 'privada'
        OR NOT EXISTS (SELECT 1 FROM redes AS o WHERE coalesce(o.nombre, '') NOT IN ('local', 'privada'))
      )
  )
GROUP BY u.username, u.origen
