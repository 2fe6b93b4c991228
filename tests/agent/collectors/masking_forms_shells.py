"""Command lines with secrets: shells, and programs that run another with its environment.

The secret stands within one argument of `sh -c`, quoted as a shell quotes, or before the program
as an assignment.
"""

from tests.agent.collectors.masking_form import Form

SHELL_FORMS: list[Form] = [
    # sh -c and bash -c: one argument holds a whole command line.
    Form(
        ["sh", "-c", "mysql -u root -p'S3cr3t-42' shop"],
        ("S3cr3t-42",),
        ("mysql -u root", "shop"),
    ),
    Form(["/bin/sh", "-c", 'mysql -uroot -p"Sh-my 2" shop'], ("Sh-my", "my 2"), ("-uroot", "shop")),
    Form(["sh", "-c", "mysql -uroot -pSh-my-3 shop < /bk/a.sql"], ("Sh-my-3",), ("/bk/a.sql",)),
    Form(["sh", "-c", "mysql -uroot -pSh\\ my\\ 4 shop"], ("Sh\\ my", "my\\ 4"), ("-uroot",)),
    Form(["sh", "-c", "mysql -uroot '-pSh-my-5' shop"], ("Sh-my-5",), ("shop",)),
    Form(
        ["/bin/sh", "-c", "mysqldump -ubk -pSh-my-6 shop | gzip > /bk/shop-$(date +%F).gz"],
        ("Sh-my-6",),
        ("mysqldump -ubk", "gzip > /bk/shop"),
    ),
    Form(["bash", "-c", "curl -u a1:Sh-curl-1 https://h1/"], ("Sh-curl-1",), ("https://h1/",)),
    Form(
        ["bash", "-lc", "curl -sSu 'ana:Sh-curl-2' https://h1/"], ("Sh-curl-2",), ("https://h1/",)
    ),
    Form(
        ["bash", "-c", "curl -sH 'Authorization: Bearer Sh-curl-3' https://h1/ | jq ."],
        ("Sh-curl-3",),
        ("https://h1/", "jq ."),
    ),
    Form(
        ["bash", "-c", 'curl -d "user=ana&password=Sh-curl-4" https://h1/'],
        ("Sh-curl-4",),
        ("user=ana", "https://h1/"),
    ),
    Form(
        ["sh", "-c", """curl -d '{"user":"ana","password":"Sh-curl-5"}' https://h1/"""],
        ("Sh-curl-5",),
        ("ana", "https://h1/"),
    ),
    Form(
        ["bash", "-c", 'curl -d "{\\"password\\": \\"Sh-curl-6\\"}" https://h1/'],
        ("Sh-curl-6",),
        ("https://h1/",),
    ),
    Form(["sh", "-c", "PGPASSWORD=Sh-pg-1 pg_dump -U bk shop"], ("Sh-pg-1",), ("pg_dump -U bk",)),
    Form(["sh", "-c", "PGPASSWORD='Sh pg 2' psql -h db1"], ("Sh pg", "pg 2"), ("psql -h db1",)),
    Form(
        ["sh", "-c", 'export DB_PASS="Sh-exp-1"; exec /srv/app'], ("Sh-exp-1",), ("exec /srv/app",)
    ),
    Form(
        ["sh", "-c", "cd /srv && MYSQL_PWD=Sh-my-7 mysql shop"], ("Sh-my-7",), ("cd /srv", "mysql")
    ),
    Form(
        ["sh", "-c", "sshpass -p 'Sh-ssh-1' ssh ana@h1 uptime"], ("Sh-ssh-1",), ("ana@h1 uptime",)
    ),
    Form(
        ["sh", "-c", "redis-cli -a Sh-red-1 ping && echo ok"], ("Sh-red-1",), ("ping && echo ok",)
    ),
    Form(["sh", "-c", "zip -P Sh-zip-1 -r /bk/a.zip /srv"], ("Sh-zip-1",), ("/bk/a.zip /srv",)),
    Form(["sh", "-c", "zip -PSh-zip-2 a.zip b; rm b"], ("Sh-zip-2",), ("rm b",)),
    Form(["sh", "-c", "7z a -p'Sh-7z-1' a.7z /srv"], ("Sh-7z-1",), ("a.7z /srv",)),
    Form(["sh", "-c", "sqlplus -s app/Sh-ora-1@orcl @/srv/a.sql"], ("Sh-ora-1",), ("@/srv/a.sql",)),
    Form(["sh", "-c", "openssl enc -aes256 -k Sh-ssl-1 -in a"], ("Sh-ssl-1",), ("openssl enc",)),
    Form(
        ["sh", "-c", "openssl rsa -passin pass:'Sh ssl 2' -in k.pem"],
        ("ssl 2",),
        ("k.pem",),
    ),
    Form(["sh", "-c", "useradd -m -p 'Sh-usr-1' ana"], ("Sh-usr-1",), ("useradd -m", "ana")),
    Form(["sh", "-c", "htpasswd -b /etc/h ana Sh-htp-1"], ("Sh-htp-1",), ("/etc/h ana",)),
    Form(["sh", "-c", "wget -q --password=Sh-wg-1 http://h1/a"], ("Sh-wg-1",), ("http://h1/a",)),
    Form(
        ["sh", "-c", "git clone https://ci:Sh-git-1@g1/a.git /srv"],
        ("Sh-git-1",),
        ("g1/a.git /srv",),
    ),
    Form(
        ["sh", "-c", "docker login -u ci -p Sh-dk-1 r1"], ("Sh-dk-1",), ("docker login -u ci", "r1")
    ),
    Form(["sh", "-c", "facturador --clave 'Sh-cl 1' --mes 5"], ("Sh-cl", "cl 1"), ("--mes 5",)),
    Form(["sh", "-c", "facturador --contraseña=Sh-co-1"], ("Sh-co-1",), ("facturador",)),
    # Shells within shells: sudo, su, ssh, xargs, timeout, nice, watch, parallel.
    Form(
        ["sudo", "sh", "-c", "mysql -uroot -pSh-sudo-1 -e 'FLUSH PRIVILEGES'"],
        ("Sh-sudo-1",),
        ("-uroot", "FLUSH PRIVILEGES"),
    ),
    Form(["su", "-", "ana", "-c", "mysql -uroot -pSh-su-1"], ("Sh-su-1",), ("su", "ana")),
    Form(["su", "-c", "psql postgres://a:Sh-su-2@db1/s", "postgres"], ("Sh-su-2",), ("db1/s",)),
    Form(["ssh", "root@h1", "mysql -uroot -pSh-ssh-2 shop"], ("Sh-ssh-2",), ("root@h1", "shop")),
    Form(["ssh", "h1", "mysqldump", "-uroot", "-pSh-ssh-3", "shop"], ("Sh-ssh-3",), ("h1", "shop")),
    Form(["timeout", "300", "mysql", "-uroot", "-pSh-tmo-1"], ("Sh-tmo-1",), ("300", "mysql")),
    Form(["nice", "-n", "19", "zip", "-P", "Sh-nice-1", "a.zip", "b"], ("Sh-nice-1",), ("a.zip",)),
    Form(["watch", "-n5", "redis-cli -a Sh-wat-1 info"], ("Sh-wat-1",), ("-n5", "info")),
    Form(["nohup", "mysqldump", "-ubk", "-pSh-noh-1", "-A"], ("Sh-noh-1",), ("nohup", "-ubk")),
    Form(["strace", "-f", "mysql", "-uroot", "-pSh-str-1"], ("Sh-str-1",), ("strace", "-uroot")),
    Form(["xargs", "-n1", "curl", "-u", "ana:Sh-xar-1"], ("Sh-xar-1",), ("curl", "ana")),
    Form(
        ["screen", "-dmS", "bot", "node", "b.js", "--token", "Sh-scr-1"], ("Sh-scr-1",), ("b.js",)
    ),
    Form(["tmux", "new", "-d", "mongosh -u a -p Sh-tmx-1"], ("Sh-tmx-1",), ("tmux", "mongosh")),
    Form(["flock", "/run/l", "-c", "mysqldump -ubk -pSh-flk-1 s"], ("Sh-flk-1",), ("/run/l",)),
    Form(["runuser", "-u", "ana", "--", "curl", "-u", "a:Sh-run-1", "h1"], ("Sh-run-1",), ("h1",)),
    Form(["chroot", "/mnt", "sh", "-c", "echo root:Sh-chr-1 | chpasswd"], ("Sh-chr-1",), ("/mnt",)),
    # Assignments before the program: env, sudo, systemd-run, su's environment.
    Form(
        ["env", "DB_PASS=Env-1", "DB_USER=app", "/srv/app"], ("Env-1",), ("DB_USER=app", "/srv/app")
    ),
    Form(["env", "-i", "PATH=/usr/bin", "API_KEY=Env-2", "app"], ("Env-2",), ("PATH=/usr/bin",)),
    Form(["env", "SECRET_KEY=Env 3 b", "app"], ("Env 3", "3 b"), ("app",)),
    Form(["env", "GITHUB_TOKEN=ghp_Env4", "gh", "pr", "list"], ("ghp_Env4",), ("gh", "list")),
    Form(["env", "DATABASE_URL=postgres://a:Env-5@db1/s", "app"], ("Env-5",), ("db1/s",)),
    Form(
        ["env", "http_proxy=http://ana:Env-6@p1:3128", "apt-get", "update"],
        ("Env-6",),
        ("p1:3128",),
    ),
    Form(["env", "MYSQL_ROOT_PASSWORD=Env-7", "docker-entrypoint.sh"], ("Env-7",), ("entrypoint",)),
    Form(["sudo", "DB_PASSWORD=Env-8", "-u", "app", "/srv/app"], ("Env-8",), ("/srv/app",)),
    Form(["systemd-run", "--setenv=APP_SECRET=Env-9", "/srv/app"], ("Env-9",), ("/srv/app",)),
    Form(["systemd-run", "-E", "APP_TOKEN=Env-10", "/srv/app"], ("Env-10",), ("/srv/app",)),
    Form(["env", "AWS_SESSION_TOKEN=Env-11/x", "aws", "s3", "ls"], ("Env-11/x",), ("s3",)),
    Form(["env", "LDAP_BIND_PW=Env-12", "app"], ("Env-12",), ("app",)),
    Form(["env", "SMTP_PASSWD=Env-13", "app"], ("Env-13",), ("app",)),
    Form(["make", "deploy", "PASSWORD=Env-14", "ENV=prod"], ("Env-14",), ("deploy", "ENV=prod")),
    Form(["pm2", "start", "app.js", "--", "--jwt-secret", "Env-15"], ("Env-15",), ("app.js",)),
]
