-- id = "cuenta-compartida"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Sesión de una cuenta compartida en producción", descripcion = "Busca sesiones de cuentas que traen las imágenes, como ubuntu o ec2-user, en servidores con la etiqueta entorno=produccion.", justificacion = "Una cuenta que usan varios no dice quién actuó.", remedio = "Dé a cada persona su cuenta.", motivo = "{username} tiene una sesión en {terminal}." }
-- en = { titulo = "Login of a shared account on production", descripcion = "Looks for logins of accounts that images bring, such as ubuntu or ec2-user, on servers with the tag entorno=produccion.", justificacion = "An account that several people use does not tell who acted.", remedio = "Give each person an account.", motivo = "{username} is logged in on {terminal}." }
-- controles = { ens = ["op.acc.1"], iso27001 = ["A.5.16"], nist = ["IA-2"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { etiqueta = "entorno=produccion" }
-- requiere = ["logins"]
-- clave = ["username"]
-- evidencia = ["username", "terminal", "origen", "n"]
-- pruebas = [
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, usuarios = [{ username = "ec2-user", origen = "198.51.100.7" }] },
--   { veredicto = "cumple", etiquetas = { entorno = "produccion" }, usuarios = [{ username = "ana" }] },
--   { veredicto = "no_aplica", usuarios = [{ username = "ubuntu" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["logins"], etiquetas = { entorno = "produccion" } },
-- ]

SELECT u.username AS username, max(u.terminal) AS terminal, max(u.origen) AS origen, count(*) AS n
FROM usuarios_vigentes AS u
WHERE EXISTS (
  SELECT 1 FROM listas AS l WHERE l.lista = 'cuentas-compartidas' AND u.username GLOB l.valor
)
GROUP BY u.username
