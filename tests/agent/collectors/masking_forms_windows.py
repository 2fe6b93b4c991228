r"""Command lines with secrets as Windows programs take them: /option:value, .exe, backslashes.

Sources: Microsoft's reference of Windows commands (net user, net use, cmdkey, schtasks, wmic,
netdom, dsadd, bitsadmin), Sysinternals PsExec, sqlcmd, SqlPackage, Web Deploy, SignTool, WinSCP.
"""

from tests.agent.collectors.masking_form import Form

WINDOWS_FORMS: list[Form] = [
    # Programs of Unix by their Windows paths.
    Form(
        [r"C:\Program Files\MySQL\MySQL Server 8.0\bin\mysql.exe", "-uroot", "-pW1n-my-1", "shop"],
        ("W1n-my-1",),
        ("mysql.exe", "-uroot", "shop"),
    ),
    Form([r"C:\xampp\mysql\bin\mysqldump.exe", "-u", "root", "-pW1n-my-2", "crm"], ("W1n-my-2",)),
    Form(["MYSQLADMIN.EXE", "-uroot", "-pW1n-my-3", "status"], ("W1n-my-3",), ("status",)),
    Form(
        [r"C:\Windows\System32\curl.exe", "-u", "ana:W1n-curl", "http://h1"], ("W1n-curl",), ("h1",)
    ),
    Form(
        [r"C:\Program Files\7-Zip\7z.exe", "a", "-pW1n-7z", "a.7z", r"C:\d"], ("W1n-7z",), ("a.7z",)
    ),
    Form(
        [r"C:\PuTTY\plink.exe", "-batch", "-pw", "W1n-plink", "ana@h1"], ("W1n-plink",), ("ana@h1",)
    ),
    Form([r"D:\oracle\bin\sqlplus.exe", "app/W1n-ora@orcl"], ("W1n-ora",), ("orcl",)),
    Form(
        [r"C:\Program Files\WinRAR\Rar.exe", "a", "-hpW1n-rar", "a.rar"],
        ("W1n-rar",),
        ("a.rar",),
    ),
    # SQL Server's tools.
    Form(
        [r"C:\SQL\SQLCMD.EXE", "-S", "sql1", "-U", "sa", "-P", "W1n-sql-1"],
        ("W1n-sql-1",),
        ("sql1",),
    ),
    Form(
        ["SqlPackage.exe", "/Action:Publish", "/TargetUser:sa", "/TargetPassword:W1n-sql-2"],
        ("W1n-sql-2",),
        ("/Action:Publish", "/TargetUser:sa"),
    ),
    Form(["bcp.exe", "shop.dbo.t", "in", r"C:\t.dat", "-Usa", "-PW1n-sql-3"], ("W1n-sql-3",)),
    Form(
        ["setup.exe", "/Q", "/ACTION=Install", "/SAPWD=W1n-sql-4", "/SECURITYMODE=SQL"],
        ("W1n-sql-4",),
        ("/ACTION=Install", "/SECURITYMODE=SQL"),
    ),
    # net user NAME PASSWORD; net use SHARE PASSWORD /user:NAME.
    Form(["net", "user", "ana", "W1n-user-1", "/add"], ("W1n-user-1",), ("ana", "/add")),
    Form([r"C:\Windows\system32\net.exe", "user", "ana", "W1n-user-2"], ("W1n-user-2",), ("ana",)),
    Form([r"C:\Windows\system32\net1", "user", "ana", "W1n-user-3", "/add"], ("W1n-user-3",)),
    Form(
        ["net", "use", "Z:", r"\\nas\bk", "W1n-use-1", r"/user:CORP\ana"],
        ("W1n-use-1",),
        (r"\\nas\bk", "ana"),
    ),
    Form(["net.exe", "use", r"\\nas\bk", r"/user:CORP\ana", "W1n-use-2"], ("W1n-use-2",), ("ana",)),
    # cmdkey, schtasks, wmic, psexec, netdom, dsadd, bitsadmin.
    Form(["cmdkey", "/add:srv1", "/user:ana", "/pass:W1n-key-1"], ("W1n-key-1",), ("srv1", "ana")),
    Form(
        ["cmdkey.exe", "/generic:TERMSRV/h1", "/user:a", "/pass:W1n-key-2"], ("W1n-key-2",), ("h1",)
    ),
    Form(
        [
            "schtasks",
            "/create",
            "/tn",
            "bk",
            "/tr",
            "bk.cmd",
            "/ru",
            "CORP\\ana",
            "/rp",
            "W1n-tsk-1",
        ],
        ("W1n-tsk-1",),
        ("bk.cmd",),
    ),
    Form(
        ["schtasks.exe", "/run", "/s", "h1", "/u", "ana", "/p", "W1n-tsk-2", "/tn", "bk"],
        ("W1n-tsk-2",),
        ("h1", "ana"),
    ),
    Form(
        ["wmic", "/node:h1", "/user:ana", "/password:W1n-wmic", "process", "list"],
        ("W1n-wmic",),
        ("/node:h1", "/user:ana", "process"),
    ),
    Form(
        ["PsExec64.exe", r"\\h1", "-u", r"CORP\ana", "-p", "W1n-psx-1", "-s", "cmd.exe"],
        ("W1n-psx-1",),
        (r"\\h1", "cmd.exe"),
    ),
    Form(["psexec", r"\\h1", "-accepteula", "-u", "a", "-p", "W1n-psx-2", "cmd"], ("W1n-psx-2",)),
    Form(
        ["netdom", "join", "pc1", "/domain:corp", "/userd:adm", "/passwordd:W1n-dom-1"],
        ("W1n-dom-1",),
        ("/domain:corp", "/userd:adm"),
    ),
    Form(["dsadd", "user", "CN=ana,DC=corp", "-pwd", "W1n-ds-1"], ("W1n-ds-1",), ("CN=ana",)),
    Form(
        ["bitsadmin", "/setcredentials", "j1", "SERVER", "BASIC", "ana", "W1n-bits"],
        ("W1n-bits",),
        ("j1", "BASIC"),
    ),
    # Installers and builds.
    Form(
        ["msiexec.exe", "/i", "app.msi", "/qn", "DBUSER=app", "DBPASSWORD=W1n-msi-1"],
        ("W1n-msi-1",),
        ("app.msi", "DBUSER=app"),
    ),
    Form(["MSBuild.exe", "a.csproj", "/p:Password=W1n-msb-1", "/m"], ("W1n-msb-1",), ("a.csproj",)),
    Form(
        ["signtool", "sign", "/f", "c.pfx", "/p", "W1n-sign", "/fd", "SHA256", "a.exe"],
        ("W1n-sign",),
        ("c.pfx", "SHA256"),
    ),
    Form(
        ["msdeploy.exe", "-verb:sync", "-dest:auto,computerName=h1,userName=a,password=W1n-dep-1"],
        ("W1n-dep-1",),
        ("-verb:sync", "computerName=h1"),
    ),
    Form(["certutil", "-p", "W1n-cert", "-importpfx", "c.pfx"], ("W1n-cert",), ("c.pfx",)),
    Form(
        ["WinSCP.com", "/command", "open sftp://ana:W1n-scp-1@h1/", "put a.txt", "exit"],
        ("W1n-scp-1",),
        ("put a.txt",),
    ),
    # The PuTTY family of options with a slash, and Windows services.
    Form(["app.exe", "/password:W1n-app-1", "/silent"], ("W1n-app-1",), ("/silent",)),
    Form(["app.exe", "/Password=W1n-app-2", "/log:C:\\a.log"], ("W1n-app-2",), ("a.log",)),
    Form(["app.exe", "/pwd", "W1n-app-3", "/silent"], ("W1n-app-3",), ("/silent",)),
    Form(["sc.exe", "config", "svc1", "obj=", ".\\ana", "password=", "W1n-sc-1"], ("W1n-sc-1",)),
    # PowerShell and cmd /c.
    Form(
        ["powershell", "-Command", "ConvertTo-SecureString 'W1n-ps-1' -AsPlainText -Force"],
        ("W1n-ps-1",),
        ("-AsPlainText",),
    ),
    Form(
        [
            "powershell.exe",
            "-NoProfile",
            "-File",
            r"C:\s.ps1",
            "-User",
            "a",
            "-Password",
            "W1n-ps-2",
        ],
        ("W1n-ps-2",),
        (r"C:\s.ps1",),
    ),
    Form(["cmd.exe", "/c", "net user ana W1n-cmd-1 /add"], ("W1n-cmd-1",), ("net user ana",)),
    Form(
        ["cmd", "/c", r'"C:\Program Files\MySQL\bin\mysql.exe" -uroot -p"W1n-cmd-2" shop'],
        ("W1n-cmd-2",),
        ("-uroot", "shop"),
    ),
]
