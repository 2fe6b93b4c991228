"""Command lines with secrets: HTTP clients, URLs and downloads.

Sources: curl(1), wget(1), http(1) of HTTPie, aria2c(1), yt-dlp(1), s3cmd(1), RFC 3986 section
3.2.1 (userinfo), RFC 6750 section 2.3 (access_token), the vendors' manuals of each API.
"""

from tests.agent.collectors.masking_form import Form

HTTP_FORMS: list[Form] = [
    # curl -u: apart, attached, bundled with other short options, long.
    Form(["curl", "-u", "ana:S3cr3t-42", "https://api.example.org/v1"], ("S3cr3t-42",), ("ana",)),
    Form(
        ["curl", "-sSu", "ana:S3cr3t-43", "https://api.example.org/v1"],
        ("S3cr3t-43",),
        ("ana", "https://api.example.org/v1"),
    ),
    Form(["curl", "-uana:S3cr3t-44", "https://a.example.org"], ("S3cr3t-44",), ("a.example.org",)),
    Form(
        ["curl", "-fsSLu", "ci:S3cr3t-45", "-O", "https://repo.example.org/a.tgz"],
        ("S3cr3t-45",),
        ("repo.example.org/a.tgz",),
    ),
    Form(["curl", "--user", "ana:S3cr3t:46", "http://h1/"], ("S3cr3t", ":46"), ("http://h1/",)),
    # A password with '@', and one with a blank.
    Form(["curl", "-u", "ana@example.org:p@ss-48", "http://h1/"], ("p@ss-48", "ss-48"), ("ana",)),
    Form(["curl", "-k", "-u", "ana:dos palabras", "https://h1/"], ("dos", "palabras"), ("h1",)),
    # API keys are sent as the user name with an empty password (Stripe, Mailgun's "api:key").
    Form(
        ["curl", "https://api.stripe.com/v1/charges", "-u", "sk_test_N0tReal:"],
        ("sk_test_N0tReal",),
    ),
    Form(
        ["curl", "-s", "--user", "api:key-N0tRealAtAll", "https://api.mailgun.net/v3/d/messages"],
        ("key-N0tRealAtAll",),
        ("api.mailgun.net",),
    ),
    # curl: proxies, bearer tokens, key passphrases.
    Form(
        ["curl", "-x", "http://proxy:3128", "--proxy-user", "ana:Pr0xy-pw", "https://h1/"],
        ("Pr0xy-pw",),
        ("http://proxy:3128", "ana"),
    ),
    Form(
        ["curl", "-U", "ana:Pr0xy-pw2", "-x", "proxy:3128", "h1"], ("Pr0xy-pw2",), ("proxy:3128",)
    ),
    Form(["curl", "-x", "http://ana:Pr0xy-pw3@proxy:3128", "https://h1/"], ("Pr0xy-pw3",), ("h1",)),
    Form(["curl", "--preproxy", "socks5://u:S0cks-pw@s1:1080", "h1"], ("S0cks-pw",), ("s1:1080",)),
    Form(
        ["curl", "--oauth2-bearer", "mF_9.B5f-4.1JqM", "https://h1/"], ("mF_9.B5f-4.1JqM",), ("h1",)
    ),
    Form(
        ["curl", "--cert", "/etc/ssl/c.pem:C3rt-pw", "--key", "/etc/ssl/k.pem", "https://h1/"],
        ("C3rt-pw",),
        ("/etc/ssl/c.pem", "/etc/ssl/k.pem"),
    ),
    Form(["curl", "-E", "/etc/ssl/c.pem", "--pass", "K3y-pw", "https://h1/"], ("K3y-pw",), ("h1",)),
    Form(
        [
            "curl",
            "--aws-sigv4",
            "aws:amz:eu:s3",
            "--user",
            "AKIAN0TREAL:sEcReT/kEy+1",
            "https://s3/",
        ],
        ("sEcReT/kEy+1", "kEy+1"),
        ("aws:amz:eu:s3",),
    ),
    # curl -H: the headers that carry secrets.
    Form(
        [
            "curl",
            "-H",
            "Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln",
            "https://api.example.org/",
        ],
        ("eyJhbGciOi", "eyJzdWIi", "c2ln"),
        ("https://api.example.org/",),
    ),
    Form(
        ["curl", "-HAuthorization: Basic YW5hOlMzY3IzdA==", "https://h1/"],
        ("YW5hOlMzY3IzdA",),
        ("https://h1/",),
    ),
    Form(
        [
            "curl",
            "-sSL",
            "-H",
            "authorization: token ghp_N0tARealT0ken",
            "https://api.github.com/user",
        ],
        ("ghp_N0tARealT0ken",),
        ("https://api.github.com/user",),
    ),
    Form(
        ["curl", "-H", 'Authorization: Token token="abc.N0tReal", email="a@b.c"', "https://h1/"],
        ("abc.N0tReal",),
        ("https://h1/",),
    ),
    Form(["curl", "--header", "X-API-Key: k3y-N0tReal", "https://h1/"], ("k3y-N0tReal",), ("h1",)),
    Form(
        ["curl", "--header", "PRIVATE-TOKEN: glpat-N0tReal", "https://gitlab.com/api/v4/projects"],
        ("glpat-N0tReal",),
        ("gitlab.com/api/v4/projects",),
    ),
    Form(
        ["curl", "-H", "X-Vault-Token: hvs.N0tReal", "http://v1:8200/v1/a"],
        ("hvs.N0tReal",),
        ("v1",),
    ),
    Form(["curl", "-H", "X-Auth-Token: gAAAA-N0tReal", "http://keystone"], ("gAAAA-N0tReal",)),
    Form(["curl", "-H", "DD-API-KEY: ddN0tReal01", "https://api.datadoghq.com"], ("ddN0tReal01",)),
    Form(["curl", "-H", "apikey: anon.N0tReal.1", "https://x.supabase.co"], ("anon.N0tReal.1",)),
    Form(["curl", "-H", "Cookie: PHPSESSID=s3ss10nN0tReal", "https://h1/"], ("s3ss10nN0tReal",)),
    Form(["curl", "-b", "sessionid=s3ss10n-2; lang=es", "https://h1/"], ("s3ss10n-2",), ("h1",)),
    # curl -d, -F, --data-urlencode: bodies of logins and of OAuth 2 token requests.
    Form(
        ["curl", "-d", "username=ana&password=F0rm-pw&remember=1", "https://h1/login"],
        ("F0rm-pw",),
        ("ana", "remember=1", "https://h1/login"),
    ),
    Form(
        ["curl", "-X", "POST", "--data", '{"user": "ana", "password": "Js0n-pw"}', "https://h1/s"],
        ("Js0n-pw",),
        ("ana", "https://h1/s"),
    ),
    Form(
        ["curl", "--data-urlencode", "passwd=F0rm+pw/2", "--data-urlencode", "user=ana", "h1"],
        ("F0rm+pw/2", "pw/2"),
        ("user=ana",),
    ),
    Form(
        [
            "curl",
            "-d",
            "grant_type=client_credentials&client_id=app1&client_secret=0auth-N0tReal",
            "h1",
        ],
        ("0auth-N0tReal",),
        ("grant_type=client_credentials", "client_id=app1"),
    ),
    Form(
        ["curl", "-d", '{"refresh_token":"rt-N0tReal","client_id":"app1"}', "https://h1/token"],
        ("rt-N0tReal",),
        ("app1", "https://h1/token"),
    ),
    Form(
        ["curl", "-F", "token=xoxb-N0tReal", "-F", "file=@a.txt", "h1"],
        ("xoxb-N0tReal",),
        ("a.txt",),
    ),
    # curl -T to FTP and SFTP.
    Form(
        ["curl", "-T", "/bk/a.tgz", "ftp://ana:Ftp-pw-1@ftp.example.org/in/"],
        ("Ftp-pw-1",),
        ("/bk/a.tgz", "ftp.example.org/in/"),
    ),
    Form(["curl", "sftp://h1/~/a", "-u", "ana:Sftp-pw"], ("Sftp-pw",), ("sftp://h1/~/a",)),
    # wget: options with '=' and apart; headers; bodies.
    Form(["wget", "--user=ana", "--password=Wg3t-1", "http://h1/a"], ("Wg3t-1",), ("ana", "h1/a")),
    Form(
        ["wget", "--http-user=ana", "--http-password=Wg3t-2", "http://h1/"], ("Wg3t-2",), ("ana",)
    ),
    Form(["wget", "--http-passwd", "Wg3t-3", "http://h1/a"], ("Wg3t-3",), ("http://h1/a",)),
    Form(["wget", "--ftp-user=ana", "--ftp-password=Wg3t-4", "ftp://h1/a"], ("Wg3t-4",), ("ana",)),
    Form(
        ["wget", "--proxy-user=ana", "--proxy-password=Wg3t-5", "http://h1/"], ("Wg3t-5",), ("h1",)
    ),
    Form(["wget", "-q", "https://ana:Wg3t-6@h1/a.zip"], ("Wg3t-6",), ("ana", "h1/a.zip")),
    Form(["wget", "--header=Authorization: Bearer Wg3t-7", "https://h1/"], ("Wg3t-7",), ("h1",)),
    Form(["wget", "--post-data=user=ana&pass=Wg3t-8", "https://h1/in"], ("Wg3t-8",), ("h1/in",)),
    # HTTPie and xh: -a user:password, headers as items.
    Form(["http", "-a", "ana:Http1e-1", "GET", "h1/api"], ("Http1e-1",), ("ana", "h1/api")),
    Form(["https", "--auth=ana:Http1e-2", "h1/api"], ("Http1e-2",), ("h1/api",)),
    Form(["http", "-A", "bearer", "-a", "tok-N0tReal", "h1/api"], ("tok-N0tReal",), ("h1/api",)),
    Form(
        ["http", "POST", "h1/login", "user=ana", "password=Http1e-3"], ("Http1e-3",), ("user=ana",)
    ),
    Form(["http", "h1/api", "X-API-Token:Http1e-4"], ("Http1e-4",), ("h1/api",)),
    # Other downloaders: aria2c, axel, yt-dlp, lftp, ncftp, s3cmd, transmission-remote.
    Form(
        ["aria2c", "--http-user=ana", "--http-passwd=Ar1a-1", "http://h1/"], ("Ar1a-1",), ("ana",)
    ),
    Form(["aria2c", "--enable-rpc", "--rpc-secret=Ar1a-2"], ("Ar1a-2",), ("--enable-rpc",)),
    Form(["yt-dlp", "-u", "ana", "-p", "Yt-dlp-1", "https://v1/x"], ("Yt-dlp-1",), ("ana", "v1/x")),
    Form(
        ["lftp", "-u", "ana,L-ftp-1", "sftp://h1", "-e", "mirror a"], ("L-ftp-1",), ("sftp://h1",)
    ),
    Form(
        ["lftp", "-e", "open -u ana,L-ftp-2 ftp.example.org; mirror /pub"],
        ("L-ftp-2",),
        ("mirror",),
    ),
    Form(
        ["ncftpput", "-u", "ana", "-p", "Nc-ftp-1", "h1", "/in", "a.txt"], ("Nc-ftp-1",), ("a.txt",)
    ),
    Form(["ftp", "ftp://ana:Ftp-pw-2@h1/pub"], ("Ftp-pw-2",), ("ana", "h1/pub")),
    Form(
        ["s3cmd", "--access_key=AKIAN0TREAL", "--secret_key=s3cmd/N0tReal+x", "ls", "s3://bucket"],
        ("s3cmd/N0tReal+x", "N0tReal+x"),
        ("s3://bucket",),
    ),
    Form(
        ["transmission-remote", "t1:9091", "-n", "ana:Transm-1", "-l"], ("Transm-1",), ("t1:9091",)
    ),
    Form(["transmission-daemon", "-f", "-u", "ana", "-v", "Transm-2"], ("Transm-2",), ("ana",)),
    # Tokens in query strings, and secrets that are a part of the path.
    Form(
        ["curl", "https://h1/me?access_token=qT0ken-1&x=1"], ("qT0ken-1",), ("https://h1/me", "x=1")
    ),
    Form(["curl", "https://h1/v1/m?api_key=qK3y-2"], ("qK3y-2",), ("https://h1/v1/m",)),
    Form(["wget", "https://h1/geo?lat=1&key=qK3y-3&lon=2"], ("qK3y-3",), ("lat=1", "lon=2")),
    Form(["curl", "https://h1/q?APIKEY=qK3y-4"], ("qK3y-4",), ("https://h1/q",)),
    Form(["curl", "https://h1/login?user=ana&pwd=qPw-5"], ("qPw-5",), ("user=ana",)),
    Form(
        [
            "azcopy",
            "cp",
            "/bk",
            "https://st1.blob.core.windows.net/c?sv=2022-11-02&sig=qS1g%2F6%3D",
        ],
        ("qS1g", "%2F6%3D"),
        ("st1.blob.core.windows.net/c", "sv=2022-11-02"),
    ),
    Form(
        ["curl", "https://b1.s3.amazonaws.com/a?X-Amz-Expires=60&X-Amz-Signature=qS1g-7"],
        ("qS1g-7",),
        ("b1.s3.amazonaws.com/a",),
    ),
    Form(
        ["curl", "https://h1/cb?code=qC0de-8&client_secret=qS3c-8"], ("qS3c-8",), ("https://h1/cb",)
    ),
    Form(
        ["curl", "https://api.telegram.org/bot123456:AAN0tRealB0tT0ken/sendMessage"],
        ("AAN0tRealB0tT0ken",),
        ("api.telegram.org", "sendMessage"),
    ),
    Form(
        ["curl", "-d", "{}", "https://hooks.slack.com/services/T0N0T/B0REAL/wEbH00kN0tReal"],
        ("wEbH00kN0tReal",),
        ("hooks.slack.com",),
    ),
    # Streams of cameras: ffmpeg, VLC.
    Form(
        ["ffmpeg", "-i", "rtsp://admin:C4mera-pw@10.0.0.20:554/live", "-f", "mp4", "/srv/a.mp4"],
        ("C4mera-pw",),
        ("admin", "10.0.0.20:554/live", "/srv/a.mp4"),
    ),
    Form(
        ["cvlc", "rtsp://10.0.0.21/live", "--rtsp-user=a", "--rtsp-pwd=C4m-2"],
        ("C4m-2",),
        ("10.0",),
    ),
]
