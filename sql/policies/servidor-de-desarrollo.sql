-- id = "servidor-de-desarrollo"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Servidor de desarrollo en producción", descripcion = "Busca en las líneas de comando de servidores con la etiqueta entorno=produccion: manage.py runserver, flask run, rails server, php -S, vite, http.server y --reload.", justificacion = "Estos servidores no están hechos para Internet: muestran el código y ejecutan órdenes desde la página de error.", remedio = "Sirva la aplicación con su servidor de producción, como gunicorn o php-fpm.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Development server on production", descripcion = "Looks in command lines of servers with the tag entorno=produccion: manage.py runserver, flask run, rails server, php -S, vite, http.server and --reload.", justificacion = "These servers are not made for the Internet: they show the code, and run commands from the error page.", remedio = "Serve the application by its production server, such as gunicorn or php-fpm.", motivo = "{name} runs as {username}." }
-- controles = { ens = ["op.exp.2"], iso27001 = ["A.8.31"], nist = ["CM-7"], cis = ["16.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { etiqueta = "entorno=produccion" }
-- requiere_para_cumplir = ["linea_comando"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "linea_comando", "n"]
-- pruebas = [
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "python3", username = "app", linea_comando = "python3 manage.py runserver 0.0.0.0:8000" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "node", username = "app", linea_comando = "node /srv/x/node_modules/.bin/vite --host" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "uvicorn", username = "app", linea_comando = "uvicorn a:app --reload" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "php", username = "app", linea_comando = "php -S 0.0.0.0:80" }] },
--   { veredicto = "cumple", etiquetas = { entorno = "produccion" }, procesos = [{ name = "gunicorn", username = "app", linea_comando = "gunicorn a:app" }, { name = "node", username = "app", linea_comando = "node /srv/x/.bin/vite build" }, { name = "php-fpm8.2", linea_comando = "php-fpm: master" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "python3", username = "app", linea_comando = "python3 -m flask --app web run --port 80" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "flask", username = "app", linea_comando = "/srv/venv/bin/python3 /srv/venv/bin/flask run" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "ruby", username = "app", linea_comando = "ruby bin/rails server -b 0.0.0.0" }] },
--   { veredicto = "falla", etiquetas = { entorno = "produccion" }, procesos = [{ name = "python3", username = "app", linea_comando = "python3 -m http.server" }] },
--   { veredicto = "cumple", etiquetas = { entorno = "produccion" }, procesos = [{ name = "gunicorn", username = "app", linea_comando = "gunicorn --bind unix:/srv/flask/run/app.sock a:app" }] },
--   { veredicto = "cumple", etiquetas = { entorno = "produccion" }, procesos = [{ name = "python3", username = "app", linea_comando = "/srv/flask/venv/bin/python3 /srv/app/runner.py" }] },
--   { veredicto = "cumple", etiquetas = { entorno = "produccion" }, procesos = [{ name = "python3", username = "app", linea_comando = "python3 /opt/rails sync.py" }] },
--   { veredicto = "no_aplica", procesos = [{ name = "python3", linea_comando = "python3 manage.py runserver" }] },
--   { veredicto = "desconocido", razon = "sin_dato", etiquetas = { entorno = "produccion" }, sin = ["linea_comando"], procesos = [{ name = "python3" }] },
-- ]

SELECT p.name AS name, p.username AS username, max(p.linea_comando) AS linea_comando, count(*) AS n
FROM procesos_listados AS p
WHERE p.lista = 'servidores-de-desarrollo'
  AND (
    instr(p.linea_comando, 'manage.py runserver')
    -- Whole words: a folder named flask is no server.
    OR ' ' || p.linea_comando || ' ' GLOB '*[ /]flask run *'
    OR ' ' || p.linea_comando || ' ' GLOB '*[ /]flask -* run *'
    OR ' ' || p.linea_comando || ' ' GLOB '*[ /]rails s *'
    OR ' ' || p.linea_comando || ' ' GLOB '*[ /]rails server *'
    OR p.linea_comando GLOB '*php* -S *'
    OR p.linea_comando || ' ' GLOB '* -m http.server *'
    OR p.linea_comando || ' ' GLOB '* --reload *'
    OR (
      p.linea_comando || ' ' GLOB '*/vite[ .]*' AND NOT instr(p.linea_comando, ' build')
    )
  )
GROUP BY p.name, p.username
