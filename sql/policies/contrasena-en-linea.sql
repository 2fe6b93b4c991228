-- id = "contrasena-en-linea"
-- version = 2
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Contraseña en la línea de comando", descripcion = "Busca en las líneas de comando el *** con el que el agente tapa un secreto, detrás de una opción o variable con pass, pwd, secret o clave en su nombre, en una URL, o detrás de -p de un cliente de bases de datos o de sshpass. Una opción -auth, token-auth o -key no cuenta.", justificacion = "Todos los usuarios del servidor ven las líneas de comando.", remedio = "Pase el secreto en un archivo con permisos 0600 o con LoadCredential de systemd, y cámbielo.", motivo = "{name} de {username} tiene una contraseña en su línea de comando." }
-- en = { titulo = "Password on the command line", descripcion = "Looks in command lines for the *** with which the agent covers a secret, behind an option or variable with pass, pwd, secret or clave in its name, in a URL, or behind -p of a database client or sshpass. An option -auth, token-auth or -key does not count.", justificacion = "All users of the server see command lines.", remedio = "Pass the secret in a file with mode 0600 or with systemd's LoadCredential, and change it.", motivo = "{name} of {username} has a password on its command line." }
-- referencias = ["https://cwe.mitre.org/data/definitions/214.html"]
-- controles = { ens = ["op.acc.6"], iso27001 = ["A.5.17"], nist = ["IA-5"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["linea_comando"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "linea_comando", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "app", username = "app", linea_comando = "app --db-password ***" }] },
--   { veredicto = "falla", procesos = [{ name = "java", username = "app", linea_comando = "java -Dx=1 -Dclave.bd=*** -jar a.jar" }] },
--   { veredicto = "falla", procesos = [{ name = "app", username = "app", linea_comando = "app --api-key=*** --url postgres://app:***@db/x" }] },
--   { veredicto = "falla", procesos = [{ name = "mysqldump", username = "ana", linea_comando = "mysqldump -u app -p*** bd" }] },
--   { veredicto = "falla", procesos = [{ name = "sshpass", username = "ana", linea_comando = "sshpass -p *** ssh db" }] },
--   { veredicto = "cumple", procesos = [{ name = "Xorg", linea_comando = "Xorg :0 -auth ***" }, { name = "kubelet", linea_comando = "kubelet --authentication-token-auth=*** --tls-key=*** --secret-key=***" }, { name = "app", linea_comando = "app --password-file /etc/x --api-token=***" }] },
--   { veredicto = "cumple", procesos = [{ name = "app", linea_comando = "app --passwords no --session ***" }, { name = "ssh", linea_comando = "ssh -p ***" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["linea_comando"] },
-- ]

WITH RECURSIVE
-- Each *** of a command line: what stands before it, and behind it.
parte (name, username, linea, antes, resto, queda) AS (
  SELECT
    name, username, linea,
    substr(linea, 1, instr(linea, '***') - 1), substr(linea, instr(linea, '***') + 3), 20
  FROM (
    SELECT name, username, linea_comando AS linea
    FROM procesos_vigentes
    WHERE instr(linea_comando, '***')
  )
  UNION ALL
  SELECT
    name, username, linea,
    substr(resto, 1, instr(resto, '***') - 1), substr(resto, instr(resto, '***') + 3), queda - 1
  FROM parte
  WHERE instr(resto, '***') AND queda > 0
),
-- In lower case, the last word before it on one side, and that with blanks for what joins words.
palabra AS (
  SELECT
    name, username, linea, resto, lower(substr(antes, -200)) AS antes,
    rtrim(
      replace(replace(replace(replace(replace(lower(substr(antes, -200)),
        '&', ' '), '?', ' '), ';', ' '), ',', ' '), '{', ' '),
      ' =:"'''
    ) AS unida
  FROM parte
),
opcion AS (
  SELECT
    name, username, linea, resto, antes,
    substr(unida, length(rtrim(unida, replace(unida, ' ', ''))) + 1) AS opcion,
    substr(antes, length(rtrim(antes, replace(antes, ' ', ''))) + 1) AS pegada
  FROM palabra
)
SELECT name, username, max(linea) AS linea_comando, count(*) AS n
FROM opcion
WHERE (
    (
      opcion GLOB '*pass*' OR opcion GLOB '*pwd*' OR opcion GLOB '*secret*' OR opcion GLOB '*clave*'
    )
    AND opcion NOT GLOB '*://*'
    AND opcion NOT GLOB '*-auth'
    AND opcion NOT GLOB '*token-auth*'
    AND opcion NOT GLOB '*-key'
  )
  OR (pegada GLOB '*://*:' AND substr(resto, 1, 1) = '@')
  OR (
    (antes GLOB '* -p' OR antes GLOB '* -p ')
    AND (name GLOB 'mysql*' OR name GLOB 'mariadb*' OR name GLOB 'mongo*' OR name = 'sshpass')
  )
GROUP BY name, username
