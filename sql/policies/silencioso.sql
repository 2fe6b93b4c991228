-- id = "silencioso"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Servidor silencioso", descripcion = "El servidor ha dejado de enviar informes. Los ajustes COMPLIANCE_SILENT_AFTER y COMPLIANCE_SILENT_INTERVALS dicen a partir de cuándo.", justificacion = "De un servidor que no informa no se sabe si cumple nada.", remedio = "Compruebe si el servidor está en marcha y si su agente llega al servicio. Si se ha dado de baja, retírelo.", motivo = "Último contacto: {recibido} UTC." }
-- en = { titulo = "Silent server", descripcion = "The server has stopped sending reports. The settings COMPLIANCE_SILENT_AFTER and COMPLIANCE_SILENT_INTERVALS say from when on.", justificacion = "Nothing is known of the compliance of a server that does not report.", remedio = "Check whether the server is up and its agent can reach the service. If it is gone for good, retire it.", motivo = "Last contact: {recibido} UTC." }
-- controles = { ens = ["op.exp.1", "op.mon.3"], iso27001 = ["A.8.16"], nist = ["CA-7"], cis = ["1.1"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- en_silencio = "evalua"
-- clave = []
-- evidencia = ["recibido"]
-- pruebas = [
--   { veredicto = "falla", servidor = { estado = "silencioso" } },
--   { veredicto = "cumple", servidor = { estado = "al_dia" } },
-- ]

SELECT recibido FROM servers_vigentes WHERE estado = 'silencioso'
