-- id = "sin-responsable"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Servidor sin responsable", descripcion = "Ninguna etiqueta responsable dice quién responde del servidor. Un servidor nuevo tiene siete días para tenerla.", justificacion = "De un servidor de nadie no se ocupa nadie: ni se parchea ni se retira.", remedio = "Etiquete el servidor: python -m service tag set SERVIDOR responsable=EQUIPO.", motivo = "{servidor_nombre} no tiene la etiqueta responsable." }
-- en = { titulo = "Server without an owner", descripcion = "No tag responsable says who answers for the server. New servers have seven days to get one.", justificacion = "Nobody looks after a server of nobody: it is neither patched nor retired.", remedio = "Tag the server: python -m service tag set SERVER responsable=TEAM.", motivo = "{servidor_nombre} has no tag responsable." }
-- controles = { ens = ["op.exp.1"], iso27001 = ["A.5.9"], nist = ["CM-8(4)"], cis = ["1.1"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- clave = []
-- evidencia = ["servidor_nombre"]
-- plazos = { confirmar_tras = "7d" }
-- pruebas = [
--   { veredicto = "falla" },
--   { veredicto = "falla", etiquetas = { rol = "web" } },
--   { veredicto = "cumple", etiquetas = { responsable = "plataforma" } },
-- ]

SELECT coalesce(nombre_host, ipaddress) AS servidor_nombre
FROM servers_vigentes
WHERE NOT EXISTS (SELECT 1 FROM etiquetas WHERE clave = 'responsable')
