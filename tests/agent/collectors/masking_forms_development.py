"""Command lines with secrets: deployment, version control, package registries and runners.

Sources: the reference of each command line client.
"""

from tests.agent.collectors.masking_form import Form

DEVELOPMENT_FORMS: list[Form] = [
    # Configuration management: Ansible, Chef.
    Form(
        ["ansible", "all", "-m", "ping", "-e", "ansible_password=Ans1ble-1", "-u", "root"],
        ("Ans1ble-1",),
        ("ping", "root"),
    ),
    Form(
        ["ansible-playbook", "site.yml", "--extra-vars", '{"env": "prod", "password": "Ans1-2"}'],
        ("Ans1-2",),
        ("site.yml", "prod"),
    ),
    Form(
        ["ansible-playbook", "a.yml", "-e", "ansible_become_pass='Ans 3' release=7"],
        ("Ans 3",),
        ("a.yml", "release=7"),
    ),
    Form(["knife", "bootstrap", "h1", "-x", "root", "-P", "Kn1fe-1"], ("Kn1fe-1",), ("h1", "root")),
    # Git, Subversion, Mercurial, CVS.
    Form(
        ["git", "clone", "https://ci:ghp_N0tReal1@github.com/acme/shop.git"],
        ("ghp_N0tReal1",),
        ("clone", "github.com/acme/shop.git"),
    ),
    Form(
        ["git-remote-https", "origin", "https://oauth2:glpat-N0tReal2@gitlab.com/acme/a.git"],
        ("glpat-N0tReal2",),
        ("gitlab.com/acme/a.git",),
    ),
    Form(
        ["git", "fetch", "https://ghp_N0tReal3@github.com/acme/a"], ("ghp_N0tReal3",), ("acme/a",)
    ),
    Form(
        ["git", "-c", "http.extraHeader=Authorization: Basic eDpOb3RSZWFs", "fetch"],
        ("eDpOb3RSZWFs",),
        ("fetch",),
    ),
    Form(
        ["svn", "checkout", "--username", "ana", "--password", "Svn-pw-1", "http://s1/r"],
        ("Svn-pw-1",),
        ("ana", "http://s1/r"),
    ),
    Form(["hg", "pull", "https://ana:Hg-pw-1@hg1/r"], ("Hg-pw-1",), ("hg1/r",)),
    Form(["cvs", "-d", ":pserver:ana:Cvs-pw-1@cvs1:/r", "up"], ("Cvs-pw-1",), ("cvs1:/r", "ana")),
    # Package registries: npm, pip, twine, NuGet, gem, Composer, Cargo, Maven, Gradle.
    Form(
        ["npm", "publish", "--//registry.npmjs.org/:_authToken=npm_N0tReal2"],
        ("npm_N0tReal2",),
        ("registry.npmjs.org",),
    ),
    Form(
        ["npm", "config", "set", "//registry.npmjs.org/:_authToken", "npm_N0tReal3"],
        ("npm_N0tReal3",),
        ("config",),
    ),
    Form(["npm", "publish", "--otp=649203"], ("649203",), ("publish",)),
    Form(
        ["pip", "install", "--index-url", "https://ci:P1p-pw-1@pypi.example.org/simple", "shop"],
        ("P1p-pw-1",),
        ("pypi.example.org/simple", "shop"),
    ),
    Form(
        ["python3", "-m", "pip", "install", "--extra-index-url=https://t0k-P1p:@p1/simple", "a"],
        ("t0k-P1p",),
        ("p1/simple",),
    ),
    Form(["twine", "upload", "-u", "__token__", "-p", "pypi-N0tReal", "dist/a"], ("pypi-N0tReal",)),
    Form(["poetry", "publish", "--username", "a", "--password", "P0etry-1"], ("P0etry-1",)),
    Form(["dotnet", "nuget", "push", "a.nupkg", "--api-key", "nug3t-N0tReal"], ("nug3t-N0tReal",)),
    Form(["cargo", "login", "c1oN0tRealT0ken"], ("c1oN0tRealT0ken",), ("login",)),
    Form(["cargo", "publish", "--token", "c1oN0tReal2"], ("c1oN0tReal2",), ("publish",)),
    Form(
        ["composer", "config", "http-basic.r1", "ana", "C0mposer-1"],
        ("C0mposer-1",),
        ("http-basic.r1",),
    ),
    Form(["gradle", "publish", "-PossrhPassword=Gr4dle-1"], ("Gr4dle-1",), ("publish",)),
    Form(["mvn", "deploy", "-Dgpg.passphrase=M4ven-1", "-B"], ("M4ven-1",), ("deploy", "-B")),
    Form(["mvn", "--encrypt-password", "M4ven-2"], ("M4ven-2",), ("mvn",)),
    # Runners, scanners, hosted services.
    Form(
        ["gitlab-runner", "register", "--url", "https://g1", "--registration-token", "GR-N0tReal"],
        ("GR-N0tReal",),
        ("https://g1",),
    ),
    Form(
        ["./config.sh", "--url", "https://github.com/a/b", "--token", "AAN0tReal"], ("AAN0tReal",)
    ),
    Form(["sonar-scanner", "-Dsonar.login=sqp_N0tReal"], ("sqp_N0tReal",), ("sonar-scanner",)),
    Form(["sentry-cli", "--auth-token", "sntrys_N0tReal", "info"], ("sntrys_N0tReal",), ("info",)),
    Form(["java", "-jar", "jenkins-cli.jar", "-auth", "ana:J3nk-t0k", "who-am-i"], ("J3nk-t0k",)),
    Form(
        ["java", "-jar", "agent.jar", "-url", "http://j1/", "-secret", "j3nk1nsAg3ntN0tReal"],
        ("j3nk1nsAg3ntN0tReal",),
        ("http://j1/",),
    ),
    Form(
        ["cloudflared", "tunnel", "run", "--token", "eyJhCl0udfl4re"], ("eyJhCl0udfl4re",), ("run",)
    ),
    Form(["tailscale", "up", "--authkey=tskey-N0tReal"], ("tskey-N0tReal",), ("tailscale", "up")),
    Form(["tailscale", "up", "--auth-key", "tskey-N0tReal2"], ("tskey-N0tReal2",), ("up",)),
    Form(["ngrok", "authtoken", "2ngr0kN0tReal"], ("2ngr0kN0tReal",), ("ngrok",)),
    Form(["ngrok", "http", "80", "--authtoken", "2ngr0kN0tReal2"], ("2ngr0kN0tReal2",), ("http",)),
    Form(
        ["cf", "login", "-a", "api.example.org", "-u", "ana", "-p", "Cf-pw-1"],
        ("Cf-pw-1",),
        ("ana",),
    ),
]
