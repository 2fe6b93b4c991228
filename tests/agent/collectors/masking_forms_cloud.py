"""Command lines with secrets: clouds, containers, Kubernetes and infrastructure as code.

Sources: the reference of each command line client.
"""

from tests.agent.collectors.masking_form import Form

CLOUD_FORMS: list[Form] = [
    # Amazon, Azure, Google, DigitalOcean, MinIO, OpenStack.
    Form(
        ["aws", "configure", "set", "aws_secret_access_key", "wJalrN0t/RealK7MD+x"],
        ("wJalrN0t/RealK7MD+x", "RealK7MD"),
        ("configure", "aws_secret_access_key"),
    ),
    Form(
        [
            "aws",
            "rds",
            "create-db-instance",
            "--master-username",
            "a",
            "--master-user-password",
            "Aws-1",
        ],
        ("Aws-1",),
        ("create-db-instance",),
    ),
    Form(
        ["aws", "secretsmanager", "create-secret", "--name", "db", "--secret-string", "Aws-s3c-2"],
        ("Aws-s3c-2",),
        ("secretsmanager", "--name"),
    ),
    Form(
        [
            "env",
            "AWS_ACCESS_KEY_ID=AKIAN0TREAL",
            "AWS_SECRET_ACCESS_KEY=aws/N0t+Real",
            "aws",
            "s3",
            "ls",
        ],
        ("aws/N0t+Real", "N0t+Real"),
        ("s3",),
    ),
    Form(
        ["az", "login", "-u", "ana@example.org", "-p", "Az-pw-1"],
        ("Az-pw-1",),
        ("ana@example.org",),
    ),
    Form(
        ["az", "login", "--service-principal", "-u", "app1", "-p", "Az~sp-2", "--tenant", "t1"],
        ("Az~sp-2",),
        ("app1", "t1"),
    ),
    Form(
        ["az", "storage", "blob", "list", "--account-name", "st1", "--account-key", "Az/k3y+3=="],
        ("Az/k3y+3", "k3y+3"),
        ("--account-name", "st1"),
    ),
    Form(["az", "storage", "blob", "list", "--sas-token", "sv=2022&sig=Az-s4s"], ("Az-s4s",)),
    Form(
        [
            "az",
            "storage",
            "blob",
            "list",
            "--connection-string",
            "AccountName=st1;AccountKey=Az+c5==",
        ],
        ("Az+c5",),
        ("AccountName=st1",),
    ),
    Form(
        ["gcloud", "sql", "users", "set-password", "root", "--instance=i1", "--password=Gcl0ud"],
        ("Gcl0ud",),
        ("--instance=i1",),
    ),
    Form(["doctl", "--access-token", "dop_v1_N0tReal", "account", "get"], ("dop_v1_N0tReal",)),
    Form(["doctl", "auth", "init", "-t", "dop_v1_N0tReal2"], ("dop_v1_N0tReal2",), ("init",)),
    Form(
        ["mc", "alias", "set", "m1", "http://minio:9000", "MINIOUSER", "M1nio-s3cret"],
        ("M1nio-s3cret",),
        ("http://minio:9000",),
    ),
    Form(
        ["openstack", "--os-username", "ana", "--os-password", "0penst4ck", "server", "list"],
        ("0penst4ck",),
        ("ana", "server"),
    ),
    # Docker, Podman, Skopeo, Buildah: log in, variables, swarm.
    Form(
        ["docker", "login", "-u", "ci", "-p", "D0cker-1", "reg.example.org"], ("D0cker-1",), ("ci",)
    ),
    Form(["docker", "login", "--username=ci", "--password=D0cker-2"], ("D0cker-2",), ("=ci",)),
    Form(["podman", "login", "-u", "ci", "-p", "P0dman-1", "quay.io"], ("P0dman-1",), ("quay.io",)),
    Form(
        ["docker", "run", "-d", "-e", "MYSQL_ROOT_PASSWORD=D0cker-3", "-p", "3306:3306", "mysql:8"],
        ("D0cker-3",),
        ("3306:3306", "mysql:8"),
    ),
    Form(
        ["docker", "run", "--env=POSTGRES_PASSWORD=D0cker-4", "--name", "pg", "postgres:16"],
        ("D0cker-4",),
        ("postgres:16",),
    ),
    Form(
        ["podman", "run", "-eSECRET_KEY_BASE=P0dman-2", "-v", "/srv:/srv", "app:1"],
        ("P0dman-2",),
        ("/srv:/srv", "app:1"),
    ),
    Form(
        ["docker", "exec", "-it", "db", "mysql", "-uroot", "-pD0cker-5", "shop"],
        ("D0cker-5",),
        ("exec", "-uroot", "shop"),
    ),
    Form(
        ["docker", "exec", "db", "sh", "-c", "mysqldump -u root -p'D0cker 6' shop > /bk/a.sql"],
        ("D0cker", "cker 6"),
        ("mysqldump -u root", "/bk/a.sql"),
    ),
    Form(
        ["docker", "build", "--build-arg", "NPM_TOKEN=npm_N0tReal", "-t", "app:2", "."],
        ("npm_N0tReal",),
        ("app:2",),
    ),
    Form(
        ["docker", "swarm", "join", "--token", "SWMTKN-1-N0tReal-x", "10.0.0.1:2377"],
        ("SWMTKN-1-N0tReal-x", "N0tReal-x"),
        ("10.0.0.1:2377",),
    ),
    Form(
        ["skopeo", "copy", "--src-creds", "ci:Sk0peo", "docker://r/a", "dir:/b"],
        ("Sk0peo",),
        ("r/a",),
    ),
    Form(
        ["buildah", "push", "--creds=ci:Bu1ldah", "app", "docker://r/a"],
        ("Bu1ldah",),
        ("docker://r/a",),
    ),
    # Kubernetes: kubectl, kubeadm, k3s, Helm, OpenShift, Argo CD, Rancher.
    Form(
        ["kubectl", "create", "secret", "generic", "db", "--from-literal=password=Kub3-1"],
        ("Kub3-1",),
        ("generic", "db"),
    ),
    Form(
        ["kubectl", "create", "secret", "docker-registry", "r", "--docker-password=Kub3-2"],
        ("Kub3-2",),
        ("docker-registry",),
    ),
    Form(
        ["kubectl", "--token=eyJhbGci.Kub3.t0k", "get", "pods"], ("eyJhbGci.Kub3.t0k",), ("pods",)
    ),
    Form(
        ["kubectl", "--token", "eyJhbGci.Kub4", "-n", "kube-system", "get", "po"],
        ("eyJhbGci.Kub4",),
    ),
    Form(
        ["kubectl", "config", "set-credentials", "a", "--password=Kub3-5"], ("Kub3-5",), ("config",)
    ),
    Form(
        ["kubeadm", "join", "10.0.0.1:6443", "--token", "abcdef.0123456789n0real"],
        ("abcdef.0123456789n0real", "0123456789n0real"),
        ("10.0.0.1:6443",),
    ),
    Form(["kubeadm", "init", "--certificate-key", "f8902e114ef1n0real"], ("f8902e114ef1n0real",)),
    Form(
        ["k3s", "agent", "--server", "https://k1:6443", "--token", "K10n0real::s:x"], ("K10n0real",)
    ),
    Form(
        ["helm", "install", "db", "bitnami/mysql", "--set", "auth.rootPassword=H3lm-1,replicas=2"],
        ("H3lm-1",),
        ("bitnami/mysql", "replicas=2"),
    ),
    Form(
        ["helm", "upgrade", "a", "./a", "--set-string", "db.password=H3lm-2"], ("H3lm-2",), ("./a",)
    ),
    Form(
        ["helm", "repo", "add", "r", "https://r1", "--password", "H3lm-3"],
        ("H3lm-3",),
        ("https://r1",),
    ),
    Form(
        ["oc", "login", "https://o1:6443", "-u", "ana", "-p", "0c-pw-1"], ("0c-pw-1",), ("o1:6443",)
    ),
    Form(
        ["oc", "login", "--token=sha256~0cT0ken", "https://o1"],
        ("sha256~0cT0ken",),
        ("https://o1",),
    ),
    Form(
        ["argocd", "login", "a1", "--username", "u", "--password", "Arg0-1"], ("Arg0-1",), ("a1",)
    ),
    # HashiCorp: Vault, Consul, Nomad, Terraform, Packer.
    Form(["vault", "login", "hvs.V4ultN0tReal"], ("hvs.V4ultN0tReal",), ("login",)),
    Form(["vault", "login", "-method=userpass", "username=ana", "password=V4ult-2"], ("V4ult-2",)),
    Form(
        ["vault", "kv", "put", "secret/shop", "user=app", "password=V4ult-3"],
        ("V4ult-3",),
        ("secret/shop", "user=app"),
    ),
    Form(["vault", "operator", "unseal", "uns3alK3yN0tReal="], ("uns3alK3yN0tReal",), ("unseal",)),
    Form(["consul", "members", "-token=c0nsul-N0tReal"], ("c0nsul-N0tReal",), ("members",)),
    Form(
        ["consul", "agent", "-encrypt", "Z29zc2lwLW5vdC1yZWFs"],
        ("Z29zc2lwLW5vdC1yZWFs",),
        ("agent",),
    ),
    Form(["nomad", "status", "-token", "n0mad-N0tReal"], ("n0mad-N0tReal",), ("status",)),
    Form(
        ["terraform", "apply", "-auto-approve", "-var", "db_password=Terr4-1", "-var=region=eu"],
        ("Terr4-1",),
        ("-auto-approve", "region=eu"),
    ),
    Form(["terraform", "plan", "-var=api_token=Terr4-2", "-out=p"], ("Terr4-2",), ("-out=p",)),
    Form(
        ["packer", "build", "-var", "aws_secret_key=P4cker-1", "a.json"], ("P4cker-1",), ("a.json",)
    ),
    Form(
        ["pulumi", "config", "set", "--secret", "dbPassword", "Pulum1-1"],
        ("Pulum1-1",),
        ("config",),
    ),
]
