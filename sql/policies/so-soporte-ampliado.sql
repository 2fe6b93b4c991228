-- id = "so-soporte-ampliado"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Sistema operativo en soporte ampliado", descripcion = "Busca servidores cuyo sistema ya no mantiene su fabricante y aún cubre un soporte ampliado: Debian LTS, o un contrato que nombra la etiqueta soporte. De los que no tienen ninguno habla so-sin-soporte.", justificacion = "El soporte ampliado corrige menos, en menos paquetes, y termina pronto.", remedio = "Planifique el paso a una versión que mantenga su fabricante.", motivo = "El soporte normal de {nombre_so} {version_so} terminó el {fin}." }
-- en = { titulo = "Operating system in extended support", descripcion = "Looks for servers whose system its makers do not maintain any more and which extended support still covers: Debian LTS, or a contract that the tag soporte names. so-sin-soporte speaks of those that have none.", justificacion = "Extended support repairs less, in fewer packages, and ends soon.", remedio = "Plan the upgrade to a version that its makers maintain.", motivo = "Regular support of {nombre_so} {version_so} ended on {fin}." }
-- controles = { ens = ["op.exp.4"], iso27001 = ["A.8.8"], nist = ["SI-2"], cis = ["7.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- reloj = "dia"
-- aplica = { consulta = "SELECT s.servidor FROM soporte_vigente AS s WHERE estado_soporte(s.fin, s.fin_ampliado, s.contratos, s.soporte, :ahora) IS NOT 'terminado' AND NOT EXISTS (SELECT 1 FROM listas AS l WHERE l.lista = 'sistemas-continuos' AND s.nombre_so GLOB l.valor)" }
-- clave = []
-- evidencia = ["nombre_so", "version_so", "fin", "fin_ampliado", "contratos"]
-- pruebas = [
--   { veredicto = "falla", servidor = { nombre_so = "Debian GNU/Linux", version_so = "11" } },
--   { veredicto = "falla", servidor = { nombre_so = "Debian GNU/Linux", version_so = "12" }, ahora = "2027-06-01 00:00:00" },
--   { veredicto = "cumple", servidor = { nombre_so = "Debian GNU/Linux", version_so = "12" } },
--   { veredicto = "no_aplica", servidor = { nombre_so = "Debian GNU/Linux", version_so = "12" }, ahora = "2029-06-01 00:00:00" },
--   { veredicto = "falla", etiquetas = { soporte = "ubuntu-pro" }, servidor = { nombre_so = "Ubuntu", version_so = "18.04" } },
--   { veredicto = "no_aplica", servidor = { nombre_so = "Ubuntu", version_so = "18.04" } },
--   { veredicto = "cumple", etiquetas = { soporte = "ubuntu-pro" }, servidor = { nombre_so = "Ubuntu", version_so = "24.04" } },
--   { veredicto = "falla", etiquetas = { soporte = "otro, suse-ltss" }, servidor = { nombre_so = "SLES", version_so = "15.5" } },
--   { veredicto = "cumple", servidor = { nombre_so = "Rocky Linux", version_so = "9.3" } },
--   { veredicto = "desconocido", razon = "indeterminado", servidor = { nombre_so = "Linux", version_so = "Debian" } },
--   { veredicto = "no_aplica", servidor = { nombre_so = "Gentoo", version_so = "2.17" } },
-- ]

SELECT
  nombre_so, version_so, fin, fin_ampliado, contratos,
  CASE
    WHEN estado_soporte(fin, fin_ampliado, contratos, soporte, :ahora) IS NULL THEN 'desconocido'
  END AS veredicto
FROM soporte_vigente
WHERE coalesce(estado_soporte(fin, fin_ampliado, contratos, soporte, :ahora), 'ampliado') = 'ampliado'
