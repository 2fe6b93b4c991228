"""Command lines with secrets: databases, caches and queues other than MySQL and PostgreSQL.

Sources: the vendors' manuals of each client (SQL*Plus User's Guide, sqlcmd and bcp utility,
redis-cli --help, rabbitmqctl(8), cqlsh, isql(1), gbak, tsql(1), mosquitto_pub(1), ...).
"""

from tests.agent.collectors.masking_form import Form

DATABASE_FORMS: list[Form] = [
    # Oracle: user/password[@connect identifier], for all of its programs.
    Form(["sqlplus", "scott/t1ger-pw@orcl"], ("t1ger-pw",), ("scott", "orcl")),
    Form(
        ["/u01/app/oracle/bin/sqlplus", "-S", "app/0ra-pw.1@//db1:1521/SHOP", "@/srv/report.sql"],
        ("0ra-pw.1",),
        ("db1:1521/SHOP", "/srv/report.sql"),
    ),
    Form(["sqlplus", "sys/Sys-pw-9", "as", "sysdba"], ("Sys-pw-9",), ("sysdba",)),
    Form(["sqlplus", "-s", "system/Man4ger.1"], ("Man4ger.1",), ("system",)),
    Form(["sqlplus", "-L", 'app/"P@ra:do"@orcl'], ("P@ra", "ra:do"), ("orcl",)),
    Form(
        ["expdp", "system/3xp-pw@orcl", "schemas=SHOP", "dumpfile=shop.dmp"],
        ("3xp-pw",),
        ("schemas=SHOP", "dumpfile=shop.dmp"),
    ),
    Form(["impdp", "userid=system/1mp-pw@orcl", "full=y"], ("1mp-pw",), ("full=y",)),
    Form(["exp", "scott/old3xp", "file=/bk/a.dmp", "tables=emp"], ("old3xp",), ("file=/bk/a.dmp",)),
    Form(
        ["sqlldr", "userid=etl/L0ad-ora@orcl", "control=/srv/load.ctl"],
        ("L0ad-ora",),
        ("control=/srv/load.ctl",),
    ),
    Form(["rman", "target", "sys/Rm4n-pw@prod", "nocatalog"], ("Rm4n-pw",), ("prod", "nocatalog")),
    Form(["sql", "hr/hr-Cl-pw@localhost:1521/xepdb1"], ("hr-Cl-pw",), ("xepdb1",)),
    Form(
        ["dbca", "-silent", "-createDatabase", "-sid", "T1", "-sysPassword", "Dbc4-sys"],
        ("Dbc4-sys",),
        ("-createDatabase", "T1"),
    ),
    # SQL Server: sqlcmd, bcp, osql, mssql-cli; -P takes the password, attached or apart.
    Form(
        ["sqlcmd", "-S", "sql1", "-U", "sa", "-P", "Str0ng!Passw0rd", "-Q", "SELECT @@VERSION"],
        ("Str0ng!Passw0rd",),
        ("sql1", "sa", "@@VERSION"),
    ),
    Form(["/opt/mssql-tools18/bin/sqlcmd", "-Usa", "-PStr0ng!2"], ("Str0ng!2",), ("-Usa",)),
    Form(
        ["bcp", "shop.dbo.orders", "out", "/srv/o.dat", "-c", "-U", "etl", "-P", "Bcp-pw!1"],
        ("Bcp-pw!1",),
        ("shop.dbo.orders", "/srv/o.dat"),
    ),
    Form(["osql", "-S", "sql1", "-P", "0sql-pw", "-U", "sa"], ("0sql-pw",), ("sql1",)),
    Form(["mssql-cli", "-S", "sql1", "-U", "sa", "-P", "Cl1-ms-pw"], ("Cl1-ms-pw",), ("sql1",)),
    # FreeTDS: tsql and bsqldb.
    Form(["tsql", "-S", "sql1", "-U", "sa", "-P", "Tds-pw-1"], ("Tds-pw-1",), ("sql1",)),
    Form(["bsqldb", "-S", "sql1", "-U", "sa", "-P", "Tds-pw-2", "-i", "a.sql"], ("Tds-pw-2",)),
    # unixODBC: isql DSN USER PASSWORD.
    Form(["isql", "ventas", "sa", "0dbc-pw-1", "-b"], ("0dbc-pw-1",), ("ventas", "sa")),
    Form(["isql", "-v", "ventas", "sa", "0dbc-pw-2"], ("0dbc-pw-2",), ("ventas",)),
    # Firebird: isql-fb and gbak.
    Form(
        ["isql-fb", "-user", "SYSDBA", "-password", "m4sterkey", "/srv/shop.fdb"],
        ("m4sterkey",),
        ("SYSDBA", "/srv/shop.fdb"),
    ),
    Form(
        ["gbak", "-b", "-user", "SYSDBA", "-pas", "m4sterkey2", "db1:/srv/a.fdb", "/bk/a.fbk"],
        ("m4sterkey2",),
        ("SYSDBA", "/bk/a.fbk"),
    ),
    # Db2: the command line processor takes CONNECT as arguments.
    Form(
        ["db2", "connect", "to", "SAMPLE", "user", "db2inst1", "using", "Db2-pw-1"],
        ("Db2-pw-1",),
        ("SAMPLE", "db2inst1"),
    ),
    Form(["db2", "CONNECT TO SAMPLE USER db2inst1 USING Db2-pw-2"], ("Db2-pw-2",), ("db2inst1",)),
    # Other SQL servers: Vertica, SAP HANA, Exasol, SQL Anywhere, Netezza, ClickHouse, CockroachDB.
    Form(["vsql", "-h", "v1", "-U", "dbadmin", "-w", "V3rtica-1"], ("V3rtica-1",), ("dbadmin",)),
    Form(
        ["hdbsql", "-i", "00", "-u", "SYSTEM", "-p", "H4na-Pw-1", "SELECT 1 FROM DUMMY"],
        ("H4na-Pw-1",),
        ("SYSTEM", "DUMMY"),
    ),
    Form(
        ["exaplus", "-c", "ex1:8563", "-u", "sys", "-p", "3xasol-1"], ("3xasol-1",), ("ex1:8563",)
    ),
    Form(["dbisql", "-c", "UID=dba;PWD=sql-4nywhere;DBN=demo"], ("sql-4nywhere",), ("UID=dba",)),
    Form(["nzsql", "-host", "nz1", "-u", "admin", "-pw", "N3tezza-1"], ("N3tezza-1",), ("nz1",)),
    Form(
        ["clickhouse-client", "--host", "ch1", "--user", "default", "--password", "Cl1ck-1"],
        ("Cl1ck-1",),
        ("ch1", "default"),
    ),
    Form(
        ["clickhouse-client", "--password=Cl1ck-2", "-q", "SELECT 1"], ("Cl1ck-2",), ("SELECT 1",)
    ),
    Form(
        ["cockroach", "sql", "--url", "postgresql://root:C0ckr0ach@c1:26257/defaultdb"],
        ("C0ckr0ach",),
        ("root", "c1:26257/defaultdb"),
    ),
    Form(
        ["beeline", "-u", "jdbc:hive2://h1:10000/default", "-n", "hive", "-p", "B33line-1"],
        ("B33line-1",),
        ("jdbc:hive2://h1:10000/default", "hive"),
    ),
    Form(
        [
            "sqoop",
            "import",
            "--connect",
            "jdbc:mysql://h/s",
            "--username",
            "e",
            "--password",
            "Sq00p",
        ],
        ("Sq00p",),
        ("jdbc:mysql://h/s",),
    ),
    # MongoDB: mongo, mongosh, mongodump, mongorestore, mongod.
    Form(
        ["mongo", "-u", "admin", "-p", "M0ngo-1", "--authenticationDatabase", "admin"],
        ("M0ngo-1",),
        ("--authenticationDatabase",),
    ),
    Form(
        ["mongosh", "mongodb+srv://app:M0ngo-2@c0.example.net/shop?retryWrites=true"],
        ("M0ngo-2",),
        ("app", "c0.example.net/shop", "retryWrites=true"),
    ),
    Form(["mongosh", "--password", "M0ngo-3", "--username", "app"], ("M0ngo-3",), ("app",)),
    Form(
        ["mongodump", "--uri=mongodb://bk:M0ngo-4@m1:27017,m2:27017/?replicaSet=rs0", "--gzip"],
        ("M0ngo-4",),
        ("m1:27017,m2:27017", "replicaSet=rs0", "--gzip"),
    ),
    Form(["mongorestore", "--password=M0ngo-5", "/bk/dump"], ("M0ngo-5",), ("/bk/dump",)),
    Form(
        ["mongod", "--tlsMode", "requireTLS", "--tlsCertificateKeyFilePassword", "M0ngo-6"],
        ("M0ngo-6",),
        ("requireTLS",),
    ),
    # Redis, Valkey and KeyDB.
    Form(["redis-cli", "-h", "r1", "-a", "R3dis-1", "INFO"], ("R3dis-1",), ("r1", "INFO")),
    Form(["redis-cli", "--user", "app", "--pass", "R3dis-2", "PING"], ("R3dis-2",), ("PING",)),
    Form(["redis-cli", "-u", "redis://:R3dis-3@r1:6379/0"], ("R3dis-3",), ("r1:6379/0",)),
    Form(["redis-cli", "AUTH", "R3dis-4"], ("R3dis-4",)),
    Form(["redis-cli", "CONFIG", "SET", "requirepass", "R3dis-5"], ("R3dis-5",)),
    Form(["valkey-cli", "-a", "V4lkey-1", "DBSIZE"], ("V4lkey-1",), ("DBSIZE",)),
    Form(
        ["redis-server", "--port", "6380", "--requirepass", "R3dis-6", "--masterauth", "R3dis-7"],
        ("R3dis-6", "R3dis-7"),
        ("6380",),
    ),
    # Other stores: Cassandra, Neo4j, ArangoDB, Couchbase, InfluxDB, Elasticsearch, etcd.
    Form(["cqlsh", "c1", "9042", "-u", "cassandra", "-p", "C4ss-1"], ("C4ss-1",), ("9042",)),
    Form(["nodetool", "-u", "jmx", "-pw", "C4ss-2", "status"], ("C4ss-2",), ("status",)),
    Form(["cypher-shell", "-u", "neo4j", "-p", "N30-4j", "-d", "graph"], ("N30-4j",), ("graph",)),
    Form(["neo4j-admin", "dbms", "set-initial-password", "N30-init"], ("N30-init",)),
    Form(["arangosh", "--server.username", "root", "--server.password", "Ar4ngo"], ("Ar4ngo",)),
    Form(
        ["couchbase-cli", "server-list", "-c", "cb1", "-u", "Administrator", "-p", "C0uch-1"],
        ("C0uch-1",),
        ("server-list", "Administrator"),
    ),
    Form(
        ["influx", "-host", "i1", "-username", "admin", "-password", "1nflux-1"],
        ("1nflux-1",),
        ("i1", "admin"),
    ),
    Form(
        ["influx", "query", "--token", "1nfluxT0ken==", "--org", "ops"], ("1nfluxT0ken",), ("ops",)
    ),
    Form(["etcdctl", "--user", "root:3tcd-pw", "get", "/k"], ("3tcd-pw",), ("root", "get")),
    Form(
        ["elasticsearch-users", "useradd", "ana", "-p", "3last1c", "-r", "monitor"],
        ("3last1c",),
        ("ana", "monitor"),
    ),
    Form(
        ["elasticdump", "--input=http://elastic:3last2c@e1:9200/logs"], ("3last2c",), ("9200/logs",)
    ),
    # RabbitMQ, NATS, MQTT, Kafka.
    Form(["rabbitmqctl", "add_user", "shop", "R4bbit-1"], ("R4bbit-1",), ("add_user", "shop")),
    Form(["rabbitmqctl", "change_password", "shop", "R4bbit-2"], ("R4bbit-2",), ("shop",)),
    Form(["rabbitmqctl", "authenticate_user", "shop", "R4bbit-3"], ("R4bbit-3",), ("shop",)),
    Form(
        ["rabbitmqadmin", "-u", "ops", "-p", "R4bbit-4", "list", "queues"], ("R4bbit-4",), ("ops",)
    ),
    Form(
        ["nats", "--user", "ops", "--password", "N4ts-pw", "sub", "logs.>"], ("N4ts-pw",), ("ops",)
    ),
    Form(
        ["mosquitto_sub", "-h", "mq1", "-u", "sensor", "-P", "M0squito", "-t", "casa/#"],
        ("M0squito",),
        ("mq1", "sensor", "casa/#"),
    ),
    Form(
        ["kcat", "-b", "k1:9093", "-X", "sasl.username=u1", "-X", "sasl.password=K4fka-1", "-L"],
        ("K4fka-1",),
        ("k1:9093", "sasl.username=u1"),
    ),
    # Schema migration: Flyway, Liquibase.
    Form(
        ["flyway", "-url=jdbc:postgresql://db1/shop", "-user=app", "-password=Fly-1", "migrate"],
        ("Fly-1",),
        ("jdbc:postgresql://db1/shop", "-user=app", "migrate"),
    ),
    Form(
        ["liquibase", "--username=app", "--password=L1qui-1", "update"], ("L1qui-1",), ("update",)
    ),
]
