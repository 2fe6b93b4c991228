-- id = "servicio-ftp"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Servidor de FTP o TFTP", descripcion = "Busca entre los procesos un servidor de FTP o TFTP. Los informes no dicen si cifra (FTPS) ni si solo sirve arranques por red (PXE): en esos casos, exímalo.", justificacion = "FTP transmite contraseñas y archivos sin cifrar; TFTP no pide contraseña.", remedio = "Use SFTP o HTTPS y desinstale el servidor.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "FTP or TFTP server", descripcion = "Looks for an FTP or TFTP server among the processes. Reports do not tell whether it encrypts (FTPS) or serves network boots alone (PXE): waive it there.", justificacion = "FTP transmits passwords and files in clear text; TFTP asks for no password.", remedio = "Use SFTP or HTTPS, and remove the server.", motivo = "{name} runs as {username}." }
-- referencias = ["https://datatracker.ietf.org/doc/html/rfc2577"]
-- controles = { ens = ["op.exp.2", "mp.com.2"], iso27001 = ["A.8.9", "A.8.21"], nist = ["CM-7", "SC-8"], cis = ["4.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "vsftpd", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "pure-ftpd-mysql", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "in.tftpd", username = "root" }] },
--   { veredicto = "cumple", procesos = [{ name = "sftp-server", username = "ana" }, { name = "ftp", username = "ana" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'ftp'
GROUP BY name, username
