-- id = "captura-de-red"
-- version = 1
-- severidad = "media"
-- responsable = "seguridad"
-- es = { titulo = "Captura de red prolongada", descripcion = "Busca tcpdump, tshark y dumpcap en marcha durante una hora.", justificacion = "Una captura guarda contraseñas y datos de otros.", remedio = "Averigüe quién la inició. Detenga la captura y borre lo capturado si no hace falta.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Long network capture", descripcion = "Looks for tcpdump, tshark and dumpcap that run for an hour.", justificacion = "A capture keeps passwords and data of others.", remedio = "Find out who started it. Stop the capture, and delete what was captured unless it is needed.", motivo = "{name} runs as {username}." }
-- referencias = ["https://attack.mitre.org/techniques/T1040/"]
-- controles = { ens = ["op.mon.1"], iso27001 = ["A.8.16"], nist = ["SI-4"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- plazos = { confirmar_tras = "1h" }
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "tcpdump", username = "tcpdump" }] },
--   { veredicto = "cumple", procesos = [{ name = "tcpdumpd" }, { name = "sshd" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'captura-de-red'
GROUP BY name, username
