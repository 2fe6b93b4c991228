-- id = "programa-obligatorio"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Falta un programa obligatorio", descripcion = "Las etiquetas edr, copias y monitor nombran el programa que ha de ejecutarse en el servidor (* es cualquier texto).", justificacion = "El programa que protege, copia o vigila el servidor no se ha visto.", remedio = "Inicie el programa, o corrija la etiqueta.", motivo = "{etiqueta}: ningún proceso se llama {programa}." }
-- en = { titulo = "A required program is missing", descripcion = "The tags edr, copias and monitor name the program that has to run on the server (* is any text).", justificacion = "The program that protects, backs up or watches the server was not seen.", remedio = "Start the program, or correct the tag.", motivo = "{etiqueta}: no process is named {programa}." }
-- controles = { ens = ["op.exp.6"], iso27001 = ["A.8.7"], nist = ["SI-3"], cis = ["10.1"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT p.servidor FROM etiquetas AS e JOIN procesos_vigentes AS p ON p.servidor = e.servidor WHERE e.clave IN ('edr', 'copias', 'monitor') AND p.pid = 2 AND p.name = 'kthreadd'" }
-- requiere = ["nombres"]
-- clave = ["etiqueta", "programa"]
-- evidencia = ["etiqueta", "programa"]
-- plazos = { confirmar_tras = "2 informes", gracia_arranque = "10m" }
-- pruebas = [
--   { veredicto = "falla", etiquetas = { edr = "falcon-sensor" }, procesos = [{ name = "sshd" }] },
--   { veredicto = "falla", filas = 1, etiquetas = { edr = "falcon-sensor", monitor = "zabbix_agentd" }, procesos = [{ name = "zabbix_agentd" }] },
--   { veredicto = "cumple", etiquetas = { edr = "falcon-sensor" }, procesos = [{ name = "falcon-sensor" }] },
--   { veredicto = "cumple", etiquetas = { copias = "bareos-filedaemon" }, procesos = [{ name = "bareos-filedaem" }] },
--   { veredicto = "no_aplica", procesos = [{ name = "sshd" }] },
--   { veredicto = "desconocido", razon = "sin_dato", etiquetas = { edr = "x" }, sin = ["nombres"] },
--   { veredicto = "no_aplica", ordinario = false, etiquetas = { edr = "x" }, procesos = [{ name = "bash", pid = 1 }] },
-- ]

SELECT e.clave AS etiqueta, e.valor AS programa
FROM etiquetas AS e
WHERE e.clave IN ('edr', 'copias', 'monitor')
  AND NOT EXISTS (
    SELECT 1
    FROM procesos_vigentes AS p
    -- The kernel cuts names to 15 characters.
    WHERE p.name GLOB e.valor OR p.name = substr(e.valor, 1, 15) OR p.ejecutable GLOB '*/' || e.valor
  )
