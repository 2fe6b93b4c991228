"""Command lines with secrets: MySQL, MariaDB and PostgreSQL.

Sources: mysql(1), mariadb-import(1) ("if you use the short option form (-p), you cannot have a
space between the option and the password"), psql(1), libpq's connection strings and URIs.
"""

from tests.agent.collectors.masking_form import Form

MYSQL_POSTGRESQL_FORMS: list[Form] = [
    # mysql: the client; -pSECRET is one argument.
    Form(["mysql", "-uroot", "-pS3cr3t-42", "shop"], ("S3cr3t-42",), ("mysql", "-uroot", "shop")),
    Form(
        ["/usr/bin/mysql", "-h", "db1.example.org", "-u", "app", "-pTr0ub4dor&3"],
        ("Tr0ub4dor&3",),
        ("db1.example.org", "app"),
    ),
    Form(["mysql", "-u", "root", "-p123456", "-e", "SHOW PROCESSLIST"], ("123456",), ("SHOW",)),
    Form(
        ["mysql", "--user=root", "--password=hunter2", "-N", "-B"], ("hunter2",), ("--user=root",)
    ),
    # MySQL expands unambiguous prefixes of long options.
    Form(["mysql", "--user=app", "--pass=x9K!mZ2q", "crm"], ("x9K!mZ2q",), ("app", "crm")),
    Form(["mysql", "-uadmin", "-pcon=igual", "-hlocalhost"], ("con=igual",), ("localhost",)),
    # mariadb: the same client by its new name.
    Form(
        ["mariadb", "-u", "wp", "-pclave.de.wp", "--host=10.0.0.7", "wordpress"],
        ("clave.de.wp",),
        ("10.0.0.7", "wordpress"),
    ),
    # mariadb-import and mysqlimport: load text files.
    Form(
        ["mariadb-import", "-u", "etl", "-pImp0rt_me", "--local", "shop", "/srv/orders.txt"],
        ("Imp0rt_me",),
        ("etl", "/srv/orders.txt"),
    ),
    Form(["mysqlimport", "--password=Imp0rt_me", "shop", "/srv/a.csv"], ("Imp0rt_me",), ("/srv/",)),
    # mysqldump and mariadb-dump: backups, the commonest cron job of all.
    Form(
        ["mysqldump", "--single-transaction", "-ubackup", "-pB4ckup!2024", "--all-databases"],
        ("B4ckup!2024",),
        ("-ubackup", "--all-databases"),
    ),
    Form(
        ["mariadb-dump", "-u", "backup", "--password=B4ckup#1", "--routines", "shop"],
        ("B4ckup#1",),
        ("--routines", "shop"),
    ),
    # mysqladmin: administration; `password` sets the one that follows it.
    Form(["mysqladmin", "-uroot", "-pS3cr3t-42", "ping"], ("S3cr3t-42",), ("ping",)),
    Form(
        ["mysqladmin", "-u", "root", "password", "Nueva-Clave-1"],
        ("Nueva-Clave-1",),
        ("mysqladmin", "root"),
    ),
    Form(
        ["mysqladmin", "-u", "root", "-pVieja-Clave-1", "password", "Nueva-Clave-2"],
        ("Vieja-Clave-1", "Nueva-Clave-2"),
        ("root",),
    ),
    # mariadb-admin: the same.
    Form(["mariadb-admin", "-pq7Zt.11", "extended-status"], ("q7Zt.11",), ("extended-status",)),
    # mysqlcheck, mysqlshow, mysqlslap, mysqlbinlog, mysqlpump, mysql_upgrade: the same options.
    Form(
        ["mysqlcheck", "-uroot", "-pch3ck-it", "--optimize", "-A"], ("ch3ck-it",), ("--optimize",)
    ),
    Form(["mysqlshow", "-u", "root", "-psh0w-it", "shop"], ("sh0w-it",), ("shop",)),
    Form(["mysqlslap", "--user=bench", "--password=sl4p-it", "-a"], ("sl4p-it",), ("bench",)),
    Form(
        ["mysqlbinlog", "-R", "-h", "10.0.0.3", "-urepl", "-pr3plica-7", "binlog.000012"],
        ("r3plica-7",),
        ("10.0.0.3", "binlog.000012"),
    ),
    Form(["mysqlpump", "-uroot", "-ppump-0ut", "--users"], ("pump-0ut",), ("--users",)),
    Form(["mysql_upgrade", "-uroot", "-pupgr4de-me"], ("upgr4de-me",), ("mysql_upgrade",)),
    # mariadb-backup and xtrabackup: physical backups.
    Form(
        ["mariadb-backup", "--backup", "--target-dir=/bk", "--user=bk", "--password=fisica-9"],
        ("fisica-9",),
        ("--target-dir=/bk", "--user=bk"),
    ),
    Form(["xtrabackup", "--backup", "--user=bk", "--password=fisica-8"], ("fisica-8",)),
    # mysqlsh: MySQL Shell takes a URI without a scheme too.
    Form(["mysqlsh", "--uri", "root:Sh3ll.pw@db1:3306"], ("Sh3ll.pw",), ("root", "db1:3306")),
    Form(["mysqlsh", "mysqlx://app:Sh3ll.pw2@db1/shop"], ("Sh3ll.pw2",), ("app", "db1/shop")),
    # mycli, innotop, mydumper, myloader: clients by others with the same meaning of -p.
    Form(["mycli", "-u", "root", "-pmyCl1-pw", "shop"], ("myCl1-pw",), ("shop",)),
    Form(["innotop", "-u", "monitor", "-p", "1nn0-top"], ("1nn0-top",), ("monitor",)),
    Form(
        ["mydumper", "-u", "bk", "-p", "dump3r-pw", "-o", "/backup/db"],
        ("dump3r-pw",),
        ("/backup/db",),
    ),
    Form(["myloader", "--user=bk", "--password=l0ader-pw", "-d", "/bk"], ("l0ader-pw",), ("/bk",)),
    # Percona Toolkit: a DSN of comma-separated keys.
    Form(
        ["pt-table-checksum", "h=db1,u=checksum,p=P3rcona-pw", "--databases=shop"],
        ("P3rcona-pw",),
        ("h=db1", "u=checksum", "--databases=shop"),
    ),
    Form(
        ["pt-online-schema-change", "--user=adm", "--password=P3rcona-2", "D=shop,t=orders"],
        ("P3rcona-2",),
        ("D=shop,t=orders",),
    ),
    # Statements on the command line that set a password.
    Form(
        ["mysql", "-e", "CREATE USER 'app'@'%' IDENTIFIED BY 'Cr34te-me'"],
        ("Cr34te-me",),
        ("CREATE USER", "app"),
    ),
    Form(
        ["mysql", "-uroot", "-e", "SET PASSWORD FOR 'app'@'%' = PASSWORD('S3t-me-up')"],
        ("S3t-me-up",),
        ("-uroot",),
    ),
    Form(
        [
            "mysql",
            "-e",
            "ALTER USER 'root'@'localhost' IDENTIFIED WITH mysql_native_password BY 'Alt3r-1'",
        ],
        ("Alt3r-1",),
        ("ALTER USER", "localhost"),
    ),
    # psql: URIs and connection strings of libpq; there is no option for the password itself.
    Form(
        ["psql", "postgresql://app:S3cr3t-42@db1.example.org:5432/shop?sslmode=require"],
        ("S3cr3t-42",),
        ("app", "db1.example.org:5432/shop", "sslmode=require"),
    ),
    Form(["psql", "postgres://app:p%40ss%3Aw0rd@db1/shop"], ("p%40ss", "%3Aw0rd"), ("db1/shop",)),
    Form(
        ["psql", "-d", "postgresql://db1/shop?user=app&password=Par4m-pw"],
        ("Par4m-pw",),
        ("db1/shop", "user=app"),
    ),
    Form(
        ["psql", "host=db1 port=5432 dbname=shop user=app password=C0nn-pw sslmode=require"],
        ("C0nn-pw",),
        ("host=db1", "dbname=shop", "user=app", "sslmode=require"),
    ),
    Form(
        ["psql", "dbname=shop user=app password='dos palabras' host=db1"],
        ("dos palabras", "palabras"),
        ("dbname=shop", "user=app"),
    ),
    Form(
        ["psql", "-U", "postgres", "-c", "ALTER USER app WITH PASSWORD 'N3w-pg-pw'"],
        ("N3w-pg-pw",),
        ("postgres", "ALTER USER app"),
    ),
    Form(
        ["psql", "-c", "CREATE ROLE repl WITH REPLICATION LOGIN ENCRYPTED PASSWORD 'R3pl-pg'"],
        ("R3pl-pg",),
        ("CREATE ROLE repl",),
    ),
    Form(
        ["psql", "-v", "app_password=V4r-pg-pw", "-f", "/srv/init.sql"],
        ("V4r-pg-pw",),
        ("/srv/init.sql",),
    ),
    # pg_dump, pg_restore, pg_basebackup, pgbench, pg_recvlogical: the same connection strings.
    Form(
        ["pg_dump", "--dbname=postgresql://backup:Dump-pg-1@127.0.0.1:5432/shop", "-Fc"],
        ("Dump-pg-1",),
        ("backup", "127.0.0.1:5432/shop", "-Fc"),
    ),
    Form(["pg_dumpall", "-d", "host=db1 user=bk password=Dump-all-1"], ("Dump-all-1",), ("db1",)),
    Form(
        ["pg_basebackup", "-d", "postgres://repl:B4se-pw@db1", "-D", "/var/lib/pg", "-R"],
        ("B4se-pw",),
        ("repl", "/var/lib/pg"),
    ),
    Form(
        ["pg_restore", "-d", "postgresql://u1:R3store@h1/db1", "/bk/a.dump"], ("R3store",), ("h1",)
    ),
    # pgcli, pgloader, ogr2ogr, shp2pgsql's pipe, barman: clients by others.
    Form(["pgcli", "postgres://ana:Cl1-pg-pw@db1/shop"], ("Cl1-pg-pw",), ("ana", "db1/shop")),
    Form(
        ["pgloader", "mysql://root:L0ad-my@old/shop", "postgresql://app:L0ad-pg@new/shop"],
        ("L0ad-my", "L0ad-pg"),
        ("old/shop", "new/shop"),
    ),
    Form(
        [
            "ogr2ogr",
            "-f",
            "PostgreSQL",
            "PG:host=gis1 user=gis dbname=maps password=G1s-pw",
            "a.shp",
        ],
        ("G1s-pw",),
        ("gis1", "dbname=maps", "a.shp"),
    ),
    Form(
        ["osm2pgsql", "-d", "postgresql://osm:0sm-pw-1@gis1/osm", "/srv/spain.osm.pbf"],
        ("0sm-pw-1",),
        ("gis1/osm", "/srv/spain.osm.pbf"),
    ),
    # PGPASSWORD and MYSQL_PWD before the program, by env and by sudo.
    Form(
        ["env", "PGPASSWORD=3nv-pg-pw", "pg_dump", "-h", "db1", "-U", "backup", "shop"],
        ("3nv-pg-pw",),
        ("pg_dump", "db1", "backup"),
    ),
    Form(
        ["sudo", "-u", "postgres", "PGPASSWORD=Sud0-pg-pw", "psql", "-h", "db1", "-c", "SELECT 1"],
        ("Sud0-pg-pw",),
        ("postgres", "psql", "SELECT 1"),
    ),
    Form(
        ["sudo", "env", "MYSQL_PWD=3nv-my-pw", "mysqldump", "-u", "root", "shop"],
        ("3nv-my-pw",),
        ("mysqldump", "root", "shop"),
    ),
]
