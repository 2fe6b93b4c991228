-- id = "sin-reinicio"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Servidor sin reiniciar", descripcion = "El servidor arrancó hace más de 180 días. La etiqueta parcheo=vivo dice dónde se parchea el núcleo sin reiniciar.", justificacion = "Los parches del núcleo no valen hasta el siguiente arranque.", remedio = "Planifique un reinicio.", motivo = "Arrancó el {arranque} UTC, hace {dias} días." }
-- en = { titulo = "Server without a restart", descripcion = "The server was started more than 180 days ago. The tag parcheo=vivo says where the kernel is patched live.", justificacion = "Patches of the kernel do not take effect until the next start.", remedio = "Plan a restart.", motivo = "It was started at {arranque} UTC, {dias} days ago." }
-- controles = { ens = ["op.exp.4"], iso27001 = ["A.8.8"], nist = ["SI-2"], cis = ["7.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT servidor FROM servers_vigentes WHERE servidor NOT IN (SELECT servidor FROM etiquetas WHERE clave = 'parcheo' AND valor = 'vivo')" }
-- requiere = ["arranque"]
-- clave = []
-- evidencia = ["arranque", "dias"]
-- pruebas = [
--   { veredicto = "falla", servidor = { arranque = "2025-06-01 00:00:00.000000" } },
--   { veredicto = "cumple", servidor = { arranque = "2025-08-01 00:00:00.000000" } },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["arranque"] },
--   { veredicto = "no_aplica", etiquetas = { parcheo = "vivo" }, servidor = { arranque = "2025-06-01 00:00:00.000000" } },
-- ]

SELECT arranque, CAST(julianday(fecha_hora) - julianday(arranque) AS INTEGER) AS dias
FROM servers_vigentes
WHERE julianday(fecha_hora) - julianday(arranque) > 180
