-- id = "interprete-como-root"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Intérprete ejecutado como root", descripcion = "Busca procesos de Python, Perl y Ruby de root durante una hora, por el nombre del intérprete. No mira las líneas de comando de listas/interpretes-normales.txt.", justificacion = "Un programa que alguien dejó en marcha como root suele no tener dueño ni actualizaciones.", remedio = "Dé al programa una unidad de systemd con su propia cuenta, o añádalo a listas/interpretes-normales.txt.", motivo = "{name} se ejecuta como root." }
-- en = { titulo = "Interpreter run as root", descripcion = "Looks for processes of Python, Perl and Ruby of root for an hour, by the name of the interpreter. It leaves out the command lines of listas/interpretes-normales.txt.", justificacion = "A program that somebody left running as root often has neither owner nor updates.", remedio = "Give the program a systemd unit with an account of its own, or add it to listas/interpretes-normales.txt.", motivo = "{name} runs as root." }
-- controles = { ens = ["op.acc.4", "op.exp.2"], iso27001 = ["A.8.2"], nist = ["AC-6"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere = ["linea_comando"]
-- requiere_para_cumplir = ["nombres", "usuarios_de_procesos"]
-- clave = ["name"]
-- evidencia = ["name", "linea_comando", "n"]
-- plazos = { confirmar_tras = "1h" }
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "python3", linea_comando = "python3 /root/bot.py" }] },
--   { veredicto = "falla", procesos = [{ name = "perl", linea_comando = "perl x.pl" }] },
--   { veredicto = "cumple", procesos = [{ name = "python3", linea_comando = "/usr/bin/python3 -u /usr/sbin/waagent -daemon" }, { name = "platform-python", linea_comando = "/usr/libexec/platform-python -u bin/WALinuxAgent-2.11.egg -run-exthandlers" }] },
--   { veredicto = "cumple", procesos = [{ name = "python3", username = "app", linea_comando = "python3 x.py" }, { name = "tuned", ejecutable = "/usr/bin/python3" }, { name = "python3", linea_comando = "python3 /snap/x/1/y" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["linea_comando"], procesos = [{ name = "python3" }] },
-- ]

SELECT p.name AS name, p.linea_comando AS linea_comando, count(*) AS n
FROM procesos_listados AS p
WHERE p.lista = 'interpretes'
  AND p.por = 'name'
  AND p.username = 'root'
  AND NOT EXISTS (
    SELECT 1 FROM listas AS l WHERE l.lista = 'interpretes-normales' AND p.linea_comando GLOB l.valor
  )
GROUP BY p.name, p.linea_comando
