-- id = "acceso-remoto"
-- version = 1
-- severidad = "media"
-- responsable = "seguridad"
-- es = { titulo = "Programa de acceso remoto", descripcion = "Busca programas de acceso remoto aparte de SSH, y servidores de VS Code por su carpeta. Los que su organización permite están en listas/permitidos.txt.", justificacion = "Dan acceso al servidor sin pasar por los controles de SSH.", remedio = "Desinstálelo. Si debe estar, añádalo a listas/permitidos.txt.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Program for remote access", descripcion = "Looks for programs for remote access beside SSH, and for servers of VS Code by their folder. Those that your organisation allows stand in listas/permitidos.txt.", justificacion = "They give access to the server beside the controls of SSH.", remedio = "Remove it. If it belongs there, add it to listas/permitidos.txt.", motivo = "{name} runs as {username}." }
-- referencias = ["https://attack.mitre.org/techniques/T1219/"]
-- controles = { ens = ["op.exp.2", "mp.com.1"], iso27001 = ["A.8.20"], nist = ["AC-17", "CM-7"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "tailscaled", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "node", username = "ana", ejecutable = "/home/ana/.vscode-server/bin/0a1b/node" }] },
--   { veredicto = "falla", procesos = [{ name = "node", username = "ana", ejecutable = "/usr/bin/node", linea_comando = "node /home/ana/.vscode-server/bin/0a1b/out/server-main.js" }] },
--   { veredicto = "cumple", procesos = [{ name = "node", username = "app", linea_comando = "node server.js" }, { name = "sshd" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE (
    lista = 'acceso-remoto'
    OR (
      lista = 'editores'
      AND (instr(ejecutable, '/.vscode-server/') OR instr(linea_comando, '/.vscode-server/'))
    )
  )
  AND pid NOT IN (SELECT p.pid FROM procesos_listados AS p WHERE p.lista = 'permitidos')
GROUP BY name, username
