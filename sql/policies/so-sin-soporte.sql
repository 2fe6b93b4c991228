-- id = "so-sin-soporte"
-- version = 1
-- severidad = "alta"
-- responsable = "plataforma"
-- es = { titulo = "Sistema operativo sin soporte", descripcion = "Compara el sistema y la versión que declara el servidor con los fines de vida publicados. Lo que solo cubre un contrato (Ubuntu Pro, ELTS, ELS, LTSS) cuenta donde lo nombra la etiqueta soporte. Un sistema que no figura es desconocido; los de actualización continua no tienen fin. Proxmox se lee como Debian.", justificacion = "Nadie corrige ya las vulnerabilidades de un sistema sin soporte.", remedio = "Actualice a una versión con soporte, o contrátelo y nómbrelo en la etiqueta soporte.", motivo = "El soporte de {nombre_so} {version_so} terminó el {terminado_el}." }
-- en = { titulo = "Operating system without support", descripcion = "Compares the system and version that the server reports with the published ends of life. What a contract alone covers (Ubuntu Pro, ELTS, ELS, LTSS) counts where the tag soporte names it. A system that is not listed is unknown; those that are updated continuously have no end. Proxmox reads as Debian.", justificacion = "Nobody repairs the vulnerabilities of a system without support any more.", remedio = "Upgrade to a version with support, or buy it and name it in the tag soporte.", motivo = "Support of {nombre_so} {version_so} ended on {terminado_el}." }
-- controles = { ens = ["op.exp.4"], iso27001 = ["A.8.8"], nist = ["SA-22"], cis = ["2.2"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- reloj = "dia"
-- aplica = { consulta = "SELECT s.servidor FROM servers_vigentes AS s WHERE NOT EXISTS (SELECT 1 FROM listas AS l WHERE l.lista = 'sistemas-continuos' AND s.nombre_so GLOB l.valor)" }
-- clave = []
-- evidencia = ["nombre_so", "version_so", "terminado_el", "contratos"]
-- pruebas = [
--   { veredicto = "falla", servidor = { nombre_so = "CentOS Linux", version_so = "7" } },
--   { veredicto = "falla", servidor = { nombre_so = "CentOS", version_so = "6.10" } },
--   { veredicto = "falla", servidor = { nombre_so = "Debian GNU/Linux", version_so = "10" } },
--   { veredicto = "falla", servidor = { nombre_so = "Red Hat Enterprise Linux Server", version_so = "7.9" } },
--   { veredicto = "cumple", etiquetas = { soporte = "rhel-els" }, servidor = { nombre_so = "Red Hat Enterprise Linux Server", version_so = "7.9" } },
--   { veredicto = "falla", etiquetas = { soporte = "rhel-els" }, servidor = { nombre_so = "Red Hat Enterprise Linux Server", version_so = "6.10" } },
--   { veredicto = "falla", etiquetas = { soporte = "rhel-els" }, servidor = { nombre_so = "Ubuntu", version_so = "18.04" } },
--   { veredicto = "cumple", etiquetas = { soporte = "ubuntu-pro" }, servidor = { nombre_so = "Ubuntu", version_so = "18.04" } },
--   { veredicto = "falla", servidor = { nombre_so = "Ubuntu", version_so = "23.04" } },
--   { veredicto = "cumple", servidor = { nombre_so = "Debian GNU/Linux", version_so = "12" } },
--   { veredicto = "cumple", servidor = { nombre_so = "Debian GNU/Linux", version_so = "12" }, ahora = "2027-06-01 00:00:00" },
--   { veredicto = "falla", servidor = { nombre_so = "Debian GNU/Linux", version_so = "12" }, ahora = "2029-06-01 00:00:00" },
--   { veredicto = "cumple", servidor = { nombre_so = "Amazon Linux", version_so = "2" }, ahora = "2026-06-30 23:59:59" },
--   { veredicto = "falla", servidor = { nombre_so = "Amazon Linux", version_so = "2" }, ahora = "2026-07-01 00:00:00" },
--   { veredicto = "falla", servidor = { nombre_so = "Alpine Linux", version_so = "3.18.4" } },
--   { veredicto = "falla", servidor = { nombre_so = "SLES", version_so = "15.5" } },
--   { veredicto = "cumple", servidor = { nombre_so = "SLES", version_so = "15.7" } },
--   { veredicto = "desconocido", razon = "indeterminado", servidor = { nombre_so = "SLES", version_so = "15.9" } },
--   { veredicto = "desconocido", razon = "indeterminado", servidor = { nombre_so = "Linux", version_so = "Debian" } },
--   { veredicto = "desconocido", razon = "indeterminado", servidor = { nombre_so = "Debian GNU/Linux", version_so = "Debian GNU/Linux trixie/sid" } },
--   { veredicto = "desconocido", razon = "indeterminado", servidor = { nombre_so = "Raspbian GNU/Linux", version_so = "9" } },
--   { veredicto = "no_aplica", servidor = { nombre_so = "Arch Linux", version_so = "rolling" } },
--   { veredicto = "no_aplica", servidor = { nombre_so = "openSUSE Tumbleweed", version_so = "20260110" } },
-- ]

SELECT
  nombre_so, version_so, contratos,
  CASE WHEN fin_ampliado > fin THEN fin_ampliado ELSE fin END AS terminado_el,
  CASE
    WHEN estado_soporte(fin, fin_ampliado, contratos, soporte, :ahora) IS NULL THEN 'desconocido'
  END AS veredicto
FROM soporte_vigente
WHERE coalesce(estado_soporte(fin, fin_ampliado, contratos, soporte, :ahora), 'terminado') = 'terminado'
