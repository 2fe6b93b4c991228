-- id = "clonado"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Máquina clonada", descripcion = "Dos máquinas con el mismo id_maquina han estado en marcha a la vez.", justificacion = "Sus informes se distinguen solo por indicios; el inventario deja de ser fiable.", remedio = "Genere un identificador propio en cada máquina clonada: rm /etc/machine-id && systemd-machine-id-setup.", motivo = "Otra máquina usa el identificador {id_maquina}." }
-- en = { titulo = "Cloned machine", descripcion = "Two machines with the same id_maquina have been live at the same time.", justificacion = "Only circumstances tell their reports apart; the inventory is no longer reliable.", remedio = "Give each cloned machine an identifier of its own: rm /etc/machine-id && systemd-machine-id-setup.", motivo = "Another machine uses the identifier {id_maquina}." }
-- referencias = ["https://www.freedesktop.org/software/systemd/man/latest/machine-id.html"]
-- controles = { ens = ["op.exp.1"], iso27001 = ["A.5.9"], nist = ["CM-8"], cis = ["1.1"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- clave = []
-- evidencia = ["id_maquina", "nombre_host", "ipaddress"]
-- pruebas = [
--   { veredicto = "falla", servidor = { id_clonado = 1 } },
--   { veredicto = "cumple", servidor = { id_clonado = 0 } },
-- ]

SELECT id_maquina, nombre_host, ipaddress FROM servers_vigentes WHERE id_clonado
