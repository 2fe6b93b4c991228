"""Typical command lines of servers, and their masked text.

Each secret contains S3cret. Harmless command lines stay unchanged.
"""

MASKED: list[tuple[list[str], str]] = [
    # databases
    (["mysql", "-u", "root", "-pS3cret", "shop"], "mysql -u root -p*** shop"),
    (
        ["/usr/bin/mysqldump", "-uroot", "-pS3cret!#", "--all-databases"],
        "/usr/bin/mysqldump -uroot -p*** --all-databases",
    ),
    (["mysql", "--password=S3cret", "--host=db"], "mysql --password=*** --host=db"),
    (["mariadb-dump", "-pS3cret"], "mariadb-dump -p***"),
    (["sudo", "-u", "backup", "mysqldump", "-pS3cret", "x"], "sudo -u backup mysqldump -p*** x"),
    (
        ["env", "PGPASSWORD=S3cret", "psql", "-h", "db", "-U", "app"],
        "env PGPASSWORD=*** psql -h db -U app",
    ),
    (["env", "MYSQL_PWD=S3cret", "mysql"], "env MYSQL_PWD=*** mysql"),
    (
        ["psql", "postgresql://app:S3cret@db:5432/shop?sslmode=require"],
        "psql postgresql://app:***@db:5432/shop?sslmode=require",
    ),
    (
        ["psql", "host=db user=app password=S3cret dbname=shop"],
        "psql host=db user=app password=*** dbname=shop",
    ),
    (
        ["psql", "host=db password='S3cret two' dbname=shop"],
        "psql host=db password='***' dbname=shop",
    ),
    (["sqlcmd", "-S", "db", "-U", "sa", "-P", "S3cret"], "sqlcmd -S db -U sa -P ***"),
    (
        ["app", "Server=db;User Id=sa;Password=S3cret;Timeout=3"],
        "app Server=db;User Id=sa;Password=***;Timeout=3",
    ),
    (
        ["mongodump", "--uri", "mongodb+srv://u:S3cret@c0.example/x"],
        "mongodump --uri mongodb+srv://u:***@c0.example/x",
    ),
    (["mongosh", "-u", "admin", "-p", "S3cret"], "mongosh -u admin -p ***"),
    (
        ["redis-server", "--requirepass", "S3cret", "--port", "6379"],
        "redis-server --requirepass *** --port 6379",
    ),
    (["redis-cli", "-a", "S3cret", "ping"], "redis-cli -a *** ping"),
    (
        ["celery", "-b", "redis://:S3cret@cache:6379/0", "worker"],
        "celery -b redis://:***@cache:6379/0 worker",
    ),
    (["celery", "--broker=amqp://guest:S3cret@mq//"], "celery --broker=amqp://guest:***@mq//"),
    (["influx", "-username", "u", "-password", "S3cret"], "influx -username u -password ***"),
    (["cqlsh", "-u", "c", "-p", "S3cret"], "cqlsh -u c -p ***"),
    # Java, .NET, Spring
    (
        [
            "java",
            "-Djavax.net.ssl.keyStorePassword=S3cret",
            "-Djavax.net.ssl.keyStore=/k.jks",
            "-jar",
            "a.jar",
        ],
        "java -Djavax.net.ssl.keyStorePassword=*** -Djavax.net.ssl.keyStore=/k.jks -jar a.jar",
    ),
    (
        ["java", "-jar", "a.jar", "--spring.datasource.password=S3cret"],
        "java -jar a.jar --spring.datasource.password=***",
    ),
    (["java", "-Dhttp.proxyPassword=S3cret", "Main"], "java -Dhttp.proxyPassword=*** Main"),
    (
        ["java", "-Ddb.pass=S3cret", "-Ddb.user=app", "Main"],
        "java -Ddb.pass=*** -Ddb.user=app Main",
    ),
    (["dotnet", "a.dll", "/Password:S3cret"], "dotnet a.dll /Password:***"),
    # tokens and keys
    (
        ["node", "server.js", "--api-key", "S3cret", "--port", "80"],
        "node server.js --api-key *** --port 80",
    ),
    (["app", "--apikey=S3cret"], "app --apikey=***"),
    (["app", "--token", "S3cret"], "app --token ***"),
    (["app", "--auth-token=S3cret;with&all"], "app --auth-token=***"),
    (["app", "--client-secret", "two S3cret words"], "app --client-secret ***"),
    (
        ["env", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=S3cret/K7", "x"],
        "env AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=*** x",
    ),
    (["env", "GITHUB_TOKEN=S3cret", "gh", "pr", "list"], "env GITHUB_TOKEN=*** gh pr list"),
    (
        ["docker", "run", "-e", "DB_PASSWORD=S3cret", "-e", "DB_HOST=db", "app"],
        "docker run -e DB_PASSWORD=*** -e DB_HOST=db app",
    ),
    (
        ["docker", "run", "--env=POSTGRES_PASSWORD=S3cret", "postgres"],
        "docker run --env=POSTGRES_PASSWORD=*** postgres",
    ),
    (
        ["docker", "login", "-u", "me", "-p", "S3cret", "registry"],
        "docker login -u me -p *** registry",
    ),
    (
        ["runner", "--url", "https://x", "--registration-token", "S3cret"],
        "runner --url https://x --registration-token ***",
    ),
    (
        ["helm", "upgrade", "--set", "db.password=S3cret,db.user=a"],
        "helm upgrade --set db.password=***",
    ),
    (["kubectl", "--token=S3cret", "get", "pods"], "kubectl --token=*** get pods"),
    (["vault", "login", "token=S3cret"], "vault login token=***"),
    (
        ["git", "clone", "https://ghp_S3cretS3cretS3cretS3cret1234@github.com/o/r"],
        "git clone https://***@github.com/o/r",
    ),
    (
        ["git", "clone", "https://oauth2:glpat-S3cretS3cretS3cret@gitlab.example/r"],
        "git clone https://oauth2:***@gitlab.example/r",
    ),
    (["app", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTM2NyZXQifQ.S3cretS3cret"], "app ***"),
    # our own
    (["printf", "ccse_S3cretS3cretS3cretS3cretS3cretS3cret12"], "printf ***"),
    (["agent", "--enrolment-token", "S3cret"], "agent --enrolment-token ***"),
    (
        ["env", "COMPLIANCE_AGENT_ENROLMENT_TOKEN=S3cret", "agent"],
        "env COMPLIANCE_AGENT_ENROLMENT_TOKEN=*** agent",
    ),
    # HTTP
    (["curl", "-u", "admin:S3cret", "https://x/"], "curl -u admin:*** https://x/"),
    (["curl", "-uadmin:S3cret", "https://x/"], "curl -uadmin:*** https://x/"),
    (["curl", "--user=admin:S3cret", "https://x/"], "curl --user=admin:*** https://x/"),
    (["curl", "--proxy-user", "p:S3cret", "https://x/"], "curl --proxy-user p:*** https://x/"),
    (
        ["curl", "-H", "Authorization: Bearer S3cret.x-y", "https://x/"],
        "curl -H Authorization: *** https://x/",
    ),
    (
        ["curl", "-H", "Authorization: Basic UzNjcmV0", "https://x/"],
        "curl -H Authorization: *** https://x/",
    ),
    (["curl", "-H", "X-Api-Key: S3cret", "https://x/"], "curl -H X-Api-Key: *** https://x/"),
    (["curl", "-H", "Cookie: session=S3cret", "https://x/"], "curl -H Cookie: *** https://x/"),
    (
        ["curl", "-d", '{"user": "a", "password": "S3cret"}', "https://x/"],
        'curl -d {"user": "a", "password": "***"} https://x/',
    ),
    (["curl", "https://x/hook?token=S3cret&page=2"], "curl https://x/hook?token=***&page=2"),
    (
        ["wget", "--user=a", "--password=S3cret", "ftp://x/"],
        "wget --user=a --password=*** ftp://x/",
    ),
    (["wget", "ftp://a:S3cret@x/file"], "wget ftp://a:***@x/file"),
    (["http", "-a", "u:S3cret", "GET", "x"], "http -a u:*** GET x"),
    (
        ["chrome", "--proxy-server=http://u:S3cret@proxy:3128"],
        "chrome --proxy-server=http://u:***@proxy:3128",
    ),
    # shells
    (
        ["sh", "-c", "PGPASSWORD=S3cret pg_dump -h db shop | gzip"],
        "sh -c PGPASSWORD=*** pg_dump -h db shop | gzip",
    ),
    (
        ["bash", "-c", "mysql -uroot -pS3cret -e 'select 1'"],
        "bash -c mysql -uroot -p*** -e 'select 1'",
    ),
    (["bash", "-c", 'export TOKEN="S3cret"; ./run'], 'bash -c export TOKEN="***"; ./run'),
    (
        ["/bin/sh", "-c", "app --password S3cret --verbose"],
        "/bin/sh -c app --password *** --verbose",
    ),
    (["ssh", "host", "sudo app --secret S3cret"], "ssh host sudo app --secret ***"),
    (["su", "-c", "curl -u a:S3cret https://x", "app"], "su -c curl -u a:*** https://x app"),
    # others
    (["sshpass", "-p", "S3cret", "ssh", "root@host"], "sshpass -p *** ssh root@host"),
    (["sshpass", "-pS3cret", "ssh", "root@host"], "sshpass -p*** ssh root@host"),
    (["smbclient", "//srv/share", "-U", "user%S3cret"], "smbclient //srv/share -U user%***"),
    (
        ["mount.cifs", "//srv/x", "/mnt", "-o", "username=u,password=S3cret"],
        "mount.cifs //srv/x /mnt -o username=u,password=***",
    ),
    (
        ["ldapsearch", "-D", "cn=admin", "-w", "S3cret", "-b", "dc=x"],
        "ldapsearch -D cn=admin -w *** -b dc=x",
    ),
    (
        ["openssl", "enc", "-aes-256-cbc", "-pass", "pass:S3cret"],
        "openssl enc -aes-256-cbc -pass ***",
    ),
    (
        ["openssl", "rsa", "-in", "k.pem", "-passin", "pass:S3cret"],
        "openssl rsa -in k.pem -passin ***",
    ),
    (["zip", "-P", "S3cret", "a.zip", "f"], "zip -P *** a.zip f"),
    (["7z", "a", "-pS3cret", "a.7z", "f"], "7z a -p*** a.7z f"),
    (
        ["ipmitool", "-H", "bmc", "-U", "root", "-P", "S3cret", "power", "status"],
        "ipmitool -H bmc -U root -P *** power status",
    ),
    (["mosquitto_pub", "-u", "u", "-P", "S3cret", "-t", "x"], "mosquitto_pub -u u -P *** -t x"),
    (["xfreerdp", "/u:me", "/p:S3cret", "/v:host"], "xfreerdp /u:me /p:*** /v:host"),
    (
        ["ansible-playbook", "-e", "ansible_become_pass=S3cret", "x.yml"],
        "ansible-playbook -e ansible_become_pass=*** x.yml",
    ),
    (
        ["ansible-playbook", "-e", '{"db_password":"S3cret"}'],
        'ansible-playbook -e {"db_password":"***"}',
    ),
    (["rclone", "--webdav-pass", "S3cret", "sync"], "rclone --webdav-pass *** sync"),
    (["borg", "--passphrase=S3cret"], "borg --passphrase=***"),
    (["x11vnc", "-passwd", "S3cret"], "x11vnc -passwd ***"),
    (["hydra", "--PASSWORD", "S3cret"], "hydra --PASSWORD ***"),
    (["snmpwalk", "-v2c", "-c", "S3cret", "host"], "snmpwalk -v2c -c *** host"),
    (["app", "password", "=", "x", "--pwd:S3cret"], "app password = x --pwd:***"),
    (["uwsgi", "--set", "secret_key=S3cret"], "uwsgi --set secret_key=***"),
]

UNTOUCHED: list[list[str]] = [
    ["/sbin/init", "splash"],
    ["nginx: master process /usr/sbin/nginx -g daemon on; master_process on;"],
    ["/usr/sbin/sshd", "-D"],
    ["sshd: juan@pts/0"],
    ["postgres: 15/main: checkpointer"],
    ["/usr/bin/python3", "-m", "http.server", "--port", "8080"],
    ["java", "-Xmx512m", "-cp", "/opt/a.jar:/opt/b.jar", "org.example.Main"],
    ["app", "--password-file=/run/secrets/db", "--token-file", "/etc/token", "--port", "1"],
    ["app", "--passive", "yes", "--compass=north", "--author=juan"],
    ["app", "--key-id=7", "--secret-name=db", "--token-url", "https://x/token", "go"],
    ["curl", "https://example.org/a:b@c"],
    ["ssh", "-p", "2222", "user@host"],
    ["psql", "-p", "5432", "-h", "db"],
    ["mysql", "-u", "root", "-p"],
    ["git", "clone", "git@github.com:o/r.git"],
    ["rsync", "-a", "user@host:/src", "/dst"],
    ["tar", "-cf", "a.tar", "--exclude=pass", "."],
    ["curl", "-u", "admin", "https://x/"],
    ["tail", "-f", "/var/log/auth.log"],
    ["ñandú", "--ciudad=Ávila", "犬"],
]
