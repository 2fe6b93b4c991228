-- id = "programa-prohibido"
-- version = 1
-- severidad = "media"
-- responsable = "seguridad"
-- es = { titulo = "Programa prohibido", descripcion = "Busca los programas de listas/prohibidos.txt, salvo los de listas/permitidos.txt.", justificacion = "No sirven para nada propio de un servidor; algunos delatan una intrusión.", remedio = "Desinstálelo y averigüe quién lo puso.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Forbidden program", descripcion = "Looks for the programs of listas/prohibidos.txt, less those of listas/permitidos.txt.", justificacion = "They serve nothing that belongs to a server; some tell of an intrusion.", remedio = "Remove it, and find out who put it there.", motivo = "{name} runs as {username}." }
-- controles = { ens = ["op.exp.3"], iso27001 = ["A.8.19"], nist = ["CM-11"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "eggdrop", username = "ana" }] },
--   { veredicto = "falla", procesos = [{ name = "transmission-da", username = "debian-transmission" }] },
--   { veredicto = "cumple", procesos = [{ name = "tor-bridge" }, { name = "monitor" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'prohibidos'
  AND pid NOT IN (SELECT p.pid FROM procesos_listados AS p WHERE p.lista = 'permitidos')
GROUP BY name, username
