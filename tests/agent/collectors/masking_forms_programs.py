"""Command lines with secrets: language runtimes, application servers and administration commands.

Sources: java(1), the Spring Boot and Keycloak references, php(1), the JDBC and ADO.NET manuals of
connection strings, the command line help of each application.
"""

from tests.agent.collectors.masking_form import Form

PROGRAM_FORMS: list[Form] = [
    # Java system properties.
    Form(
        ["java", "-Djavax.net.ssl.keyStorePassword=J4va-1", "-Xmx512m", "-jar", "/opt/a.jar"],
        ("J4va-1",),
        ("-Xmx512m", "/opt/a.jar"),
    ),
    Form(
        [
            "/usr/bin/java",
            "-Djavax.net.ssl.trustStore=/etc/ts.jks",
            "-Djavax.net.ssl.trustStorePassword=J4va-2",
            "-cp",
            "/opt/lib/*",
            "org.acme.Main",
        ],
        ("J4va-2",),
        ("/etc/ts.jks", "org.acme.Main"),
    ),
    Form(["java", "-Ddb.password=J4va-3", "-Ddb.user=app", "-jar", "a.jar"], ("J4va-3",), ("app",)),
    Form(["java", "-Dhttp.proxyPassword=J4va-4", "-jar", "a.jar"], ("J4va-4",), ("a.jar",)),
    Form(["java", "-Dapi.key=J4va-k3y-5", "-jar", "a.jar"], ("J4va-k3y-5",), ("a.jar",)),
    Form(["java", "-DclientSecret=J4va-6", "-jar", "a.jar"], ("J4va-6",), ("a.jar",)),
    Form(["java", "-Dspring.datasource.password=J4va-7=x", "-jar", "a.jar"], ("J4va-7", "7=x")),
    # Spring Boot arguments.
    Form(
        ["java", "-jar", "shop.jar", "--spring.datasource.password=Spr1ng-1", "--server.port=8081"],
        ("Spr1ng-1",),
        ("--server.port=8081",),
    ),
    Form(["java", "-jar", "a.jar", "--server.ssl.key-store-password=Spr1ng-2"], ("Spr1ng-2",)),
    Form(["java", "-jar", "a.jar", "--jwt.secret=Spr1ng-3"], ("Spr1ng-3",), ("a.jar",)),
    # JDBC URLs.
    Form(
        [
            "java",
            "-jar",
            "a.jar",
            "jdbc:mysql://db1:3306/shop?user=app&password=Jdbc-1&useSSL=true",
        ],
        ("Jdbc-1",),
        ("db1:3306/shop", "user=app", "useSSL=true"),
    ),
    Form(
        ["java", "-Durl=jdbc:sqlserver://sql1;databaseName=shop;user=sa;password=Jdbc-2;", "Main"],
        ("Jdbc-2",),
        ("sql1", "databaseName=shop", "Main"),
    ),
    Form(
        ["java", "Main", "jdbc:oracle:thin:app/Jdbc-3@db1:1521:ORCL"],
        ("Jdbc-3",),
        ("db1:1521:ORCL",),
    ),
    Form(
        ["schemaspy", "-t", "pgsql", "-u", "app", "-p", "Schem4-1", "-o", "/srv/doc"],
        ("Schem4-1",),
        ("pgsql", "/srv/doc"),
    ),
    # Application servers: WildFly, Keycloak, GlassFish's kin, Jenkins, Tomcat's digest.
    Form(["add-user.sh", "-u", "admin", "-p", "W1ldfly-1", "-s"], ("W1ldfly-1",), ("admin",)),
    Form(["jboss-cli.sh", "-c", "--user=adm", "--password=W1ldfly-2"], ("W1ldfly-2",), ("adm",)),
    Form(
        ["kc.sh", "start", "--db-username=kc", "--db-password=K3ycloak-1", "--hostname=id1"],
        ("K3ycloak-1",),
        ("--db-username=kc", "--hostname=id1"),
    ),
    Form(["kc.sh", "start", "--https-key-store-password=K3ycloak-2"], ("K3ycloak-2",), ("start",)),
    Form(
        ["kcadm.sh", "config", "credentials", "--user", "admin", "--password", "K3ycloak-3"],
        ("K3ycloak-3",),
        ("config", "admin"),
    ),
    Form(["java", "-jar", "jenkins.war", "--httpsKeyStorePassword=J3nkins-1"], ("J3nkins-1",)),
    Form(["digest.sh", "-a", "sha-256", "T0mcat-1"], ("T0mcat-1",), ("sha-256",)),
    # Node.js, Deno and PHP.
    Form(
        ["node", "/srv/bot.js", "--token", "MTk4.N0tReal.b0t"],
        ("MTk4.N0tReal.b0t",),
        ("/srv/bot.js",),
    ),
    Form(["node", "app.js", "--dbPassword=N0de-1", "--port=3000"], ("N0de-1",), ("--port=3000",)),
    Form(["node", "app.js", "--apiKey", "N0de-k3y-2"], ("N0de-k3y-2",), ("app.js",)),
    Form(
        ["/usr/bin/node", "w.js", '{"db":{"user":"a","password":"N0de-3"}}'], ("N0de-3",), ("w.js",)
    ),
    Form(
        ["php", "-d", "mysqli.default_pw=Php-pw-1", "/srv/cron.php"],
        ("Php-pw-1",),
        ("/srv/cron.php",),
    ),
    Form(["php", "artisan", "user:create", "--password=Php-pw-2"], ("Php-pw-2",), ("user:create",)),
    # Web applications: WordPress, Drupal, Django, Airflow, Superset, Grafana, Gitea, Odoo.
    Form(
        ["wp", "config", "create", "--dbname=wp", "--dbuser=wp", "--dbpass=W0rdpr-1"],
        ("W0rdpr-1",),
        ("--dbname=wp", "--dbuser=wp"),
    ),
    Form(["wp", "user", "create", "ana", "a@h", "--user_pass=W0rdpr-2"], ("W0rdpr-2",), ("ana",)),
    Form(
        [
            "drush",
            "si",
            "standard",
            "--db-url=mysql://dr:Drup4l-1@db1/dr",
            "--account-pass=Drup4l-2",
        ],
        ("Drup4l-1", "Drup4l-2"),
        ("standard", "db1/dr"),
    ),
    Form(
        [
            "airflow",
            "users",
            "create",
            "--username",
            "ana",
            "--role",
            "Admin",
            "--password",
            "A1r-1",
        ],
        ("A1r-1",),
        ("ana", "Admin"),
    ),
    Form(["flask", "fab", "create-admin", "--password", "Sup3rset-1"], ("Sup3rset-1",), ("fab",)),
    Form(
        ["grafana", "cli", "admin", "reset-admin-password", "Gr4fana-1"], ("Gr4fana-1",), ("cli",)
    ),
    Form(
        ["grafana-server", "cfg:default.security.admin_password=Gr4fana-2", "--homepath=/usr/g"],
        ("Gr4fana-2",),
        ("--homepath=/usr/g",),
    ),
    Form(
        ["gitea", "admin", "user", "create", "--username", "ana", "--password", "G1tea-1"],
        ("G1tea-1",),
        ("ana",),
    ),
    Form(["odoo", "-d", "erp", "-r", "odoo", "-w", "0doo-pw-1"], ("0doo-pw-1",), ("erp",)),
    Form(["odoo-bin", "--db_user=odoo", "--db_password=0doo-2"], ("0doo-2",), ("--db_user=odoo",)),
    Form(["asadmin", "create-jvm-options", "-Dldap.bindPassword=Gl4ss-1"], ("Gl4ss-1",)),
    # Python programs: Celery, RQ, Flower, Jupyter, Scrapy, Locust.
    Form(
        ["celery", "-A", "shop", "-b", "amqp://app:C3lery-1@mq1:5672//", "worker", "-l", "info"],
        ("C3lery-1",),
        ("shop", "mq1:5672", "worker"),
    ),
    Form(
        ["/srv/venv/bin/python", "-m", "celery", "--broker=redis://:C3lery-2@r1:6379/1", "worker"],
        ("C3lery-2",),
        ("r1:6379/1", "worker"),
    ),
    Form(["rq", "worker", "--url", "rediss://u:Rq-pw-1@r1:6380"], ("Rq-pw-1",), ("r1:6380",)),
    Form(["celery", "flower", "--basic-auth=ana:Fl0wer-1"], ("Fl0wer-1",), ("flower", "ana")),
    Form(["jupyter-lab", "--NotebookApp.token=Jup1ter-t0k", "--no-browser"], ("Jup1ter-t0k",)),
    Form(["jupyter", "notebook", "--ServerApp.password=sha1:Jup1ter-2"], ("Jup1ter-2",)),
    Form(
        ["code-server", "--connection-token=V5c0de-t0k", "--port=8000"], ("V5c0de-t0k",), ("8000",)
    ),
    Form(
        ["python3", "etl.py", "--dsn", "mssql+pyodbc://sa:Pyt-1@sql1/shop?driver=ODBC+Driver+18"],
        ("Pyt-1",),
        ("etl.py", "sql1/shop"),
    ),
    Form(["python3", "a.py", "--db-pass", "Pyt-2", "--verbose"], ("Pyt-2",), ("--verbose",)),
    Form(["python", "s.py", "--secret-key=Pyt-3"], ("Pyt-3",), ("s.py",)),
    Form(["python", "s.py", "--private-key", "MIIN0tRealB64"], ("MIIN0tRealB64",), ("s.py",)),
    Form(["python", "s.py", "--auth-token", "Pyt-4"], ("Pyt-4",), ("s.py",)),
    Form(["python", "s.py", "--smtp_password=Pyt-5"], ("Pyt-5",), ("s.py",)),
    # ADO.NET and ODBC connection strings.
    Form(
        ["dotnet", "Shop.dll", "--ConnectionStrings:Db=Server=sql1;User Id=sa;Password=D0tnet-1;"],
        ("D0tnet-1",),
        ("Shop.dll", "Server=sql1", "User Id=sa"),
    ),
    Form(
        ["dotnet", "a.dll", "Server=s1;Database=d1;Uid=app;Pwd=D0tnet-2"],
        ("D0tnet-2",),
        ("Uid=app",),
    ),
    Form(
        [
            "dotnet",
            "ef",
            "database",
            "update",
            "--connection",
            "Host=p1;Username=a;Password=D0tnet-3",
        ],
        ("D0tnet-3",),
        ("Host=p1",),
    ),
    Form(
        ["a.out", "Endpoint=sb://ns.example.net/;SharedAccessKeyName=R;SharedAccessKey=5b-K3y+x="],
        ("5b-K3y+x",),
        ("ns.example.net",),
    ),
    Form(["odbc_export", "Driver={X};Server=s1;UID=sa;PWD={0dbc;3}"], ("0dbc;3",), ("Server=s1",)),
]
