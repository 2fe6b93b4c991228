-- id = "evidencia-parcial"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "El servidor cuenta poco de sí mismo", descripcion = "El informe es de la versión 1, no dice de dónde salen las sesiones, o dejó fuera registros.", justificacion = "Lo que un informe no cuenta, ninguna regla lo puede comprobar.", remedio = "Actualice el agente y mire su registro.", motivo = "Versión {version_esquema} del informe, sesiones de {fuente_usuarios}, {descartados} descartados." }
-- en = { titulo = "The server tells little of itself", descripcion = "The report is of version 1, does not say where logins come from, or left records out.", justificacion = "What a report does not tell, no rule can check.", remedio = "Upgrade the agent, and look at its log.", motivo = "Version {version_esquema} of the report, logins of {fuente_usuarios}, {descartados} left out." }
-- controles = { ens = ["op.mon.3"], iso27001 = ["A.8.16"], nist = ["CA-7"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- clave = []
-- evidencia = ["version_esquema", "fuente_usuarios", "descartados"]
-- pruebas = [
--   { veredicto = "falla", servidor = { version_esquema = 1 } },
--   { veredicto = "falla", servidor = { descartados = 3 } },
--   { veredicto = "falla", servidor = { fuente_usuarios = "desconocida" } },
--   { veredicto = "cumple" },
-- ]

SELECT version_esquema, coalesce(fuente_usuarios, 'desconocida') AS fuente_usuarios, coalesce(descartados, 0) AS descartados
FROM servers_vigentes
WHERE version_esquema < 2 OR coalesce(fuente_usuarios, 'desconocida') = 'desconocida' OR descartados > 0
