-- Copies of the current relations, in a database in memory: those of one server, of some, or of the
-- whole fleet. Whoever feeds the guard fills them and hands the database over as bytes.

CREATE TABLE servidor_vigente (
  servidor INTEGER PRIMARY KEY,
  id_serv INTEGER NOT NULL,
  ipaddress TEXT NOT NULL,
  fecha_hora TEXT NOT NULL,  -- UTC, as all times
  arquitectura_proc TEXT NOT NULL,
  marca_proc TEXT NOT NULL,
  nombre_so TEXT NOT NULL,
  version_so TEXT NOT NULL,
  version_esquema INTEGER NOT NULL,
  id_maquina TEXT,
  nombre_host TEXT,
  nucleo TEXT,
  version_agente TEXT,
  fuente_usuarios TEXT,
  descartados INTEGER,
  id_clonado INTEGER NOT NULL,
  recibido TEXT NOT NULL,
  reloj TEXT,
  zona TEXT,
  estado TEXT NOT NULL,  -- al_dia, silencioso
  arranque TEXT,
  visto_desde TEXT NOT NULL
) STRICT;

CREATE TABLE etiqueta (
  servidor INTEGER NOT NULL,
  clave TEXT NOT NULL,
  valor TEXT NOT NULL,
  desde TEXT NOT NULL,
  PRIMARY KEY (servidor, clave)
) STRICT, WITHOUT ROWID;

-- id is the server, times 1048576, plus the slot of the row: those of a server stand together.
CREATE TABLE proceso (
  id INTEGER PRIMARY KEY,
  servidor INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  ppid INTEGER,
  name TEXT,
  username TEXT,
  inicio INTEGER,  -- microseconds since 1970, UTC
  ejecutable TEXT,
  linea_comando TEXT,
  visto_desde INTEGER  -- likewise; null where no rule asks for it
) STRICT;

CREATE TABLE usuario (
  id INTEGER PRIMARY KEY,
  servidor INTEGER NOT NULL,
  pid INTEGER,
  username TEXT,
  terminal TEXT,
  origen TEXT,
  desde INTEGER,
  visto_desde INTEGER
) STRICT;
