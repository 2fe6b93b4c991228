"""Command lines with secrets: accounts, directories, mail and shares.

Sources: useradd(8), usermod(8), chpasswd(8), htpasswd(1), mkpasswd(1), doveadm-pw(1),
slappasswd(8), ldapsearch(1), ldappasswd(1), kadmin(1), net(8), smbclient(1), wbinfo(1),
mount.cifs(8), swaks(1), sendemail(1), testsaslauthd(8), radtest(1), wpa_passphrase(8).
"""

from tests.agent.collectors.masking_form import Form

ACCOUNT_FORMS: list[Form] = [
    # useradd and usermod -p: the encrypted password (often given in clear by mistake).
    Form(
        ["useradd", "-m", "-p", "$6$s4lt$N0tAR3alH4sh", "ana"],
        ("$6$s4lt$N0tAR3alH4sh", "N0tAR3alH4sh"),
        ("useradd", "ana"),
    ),
    Form(["/usr/sbin/useradd", "--password", "Us3radd-2", "ana"], ("Us3radd-2",), ("ana",)),
    Form(["usermod", "-p", "$1$s4lt$Us3rmod1", "ana"], ("Us3rmod1",), ("usermod", "ana")),
    Form(["usermod", "--password=Us3rmod-2", "ana"], ("Us3rmod-2",), ("ana",)),
    Form(["groupmod", "-p", "Gr0upmod-1", "staff"], ("Gr0upmod-1",), ("staff",)),
    # Passwords that a shell pipes to chpasswd, passwd, smbpasswd, sudo and su.
    Form(["sh", "-c", "echo 'ana:Chp4ss-1' | chpasswd"], ("Chp4ss-1",), ("ana", "chpasswd")),
    Form(["/bin/bash", "-c", "echo root:Chp4ss-2 | sudo chpasswd"], ("Chp4ss-2",), ("root",)),
    Form(["sh", "-c", 'echo "ana:$1$s4lt$Chp3" | chpasswd -e'], ("s4lt$Chp3",), ("chpasswd",)),
    Form(["bash", "-c", "printf 'ana:Chp4ss-4\\n' | chpasswd"], ("Chp4ss-4",), ("chpasswd",)),
    Form(["sh", "-c", "echo P4sswd-1 | passwd --stdin root"], ("P4sswd-1",), ("root",)),
    Form(
        ["sh", "-c", "echo Sud0-pw-1 | sudo -S systemctl restart nginx"], ("Sud0-pw-1",), ("nginx",)
    ),
    Form(
        ["bash", "-c", '(echo "Smb-pw-1"; echo "Smb-pw-1") | smbpasswd -s -a ana'],
        ("Smb-pw-1",),
        ("smbpasswd", "ana"),
    ),
    # htpasswd -b: file, user, password; -n has no file.
    Form(
        ["htpasswd", "-b", "/etc/nginx/.htpasswd", "ana", "Htp4ss-1"],
        ("Htp4ss-1",),
        ("/etc/nginx/.htpasswd", "ana"),
    ),
    Form(["htpasswd", "-cbB", "/srv/.htpasswd", "ana", "Htp4ss-2"], ("Htp4ss-2",), ("ana",)),
    Form(["htpasswd", "-nb", "ana", "Htp4ss-3"], ("Htp4ss-3",), ("ana",)),
    Form(["htpasswd", "-nbBC", "10", "ana", "Htp4ss-4"], ("Htp4ss-4",), ("ana",)),
    # Hash makers: mkpasswd, slappasswd, doveadm pw, caddy, tor, grub's kin.
    Form(["mkpasswd", "-m", "sha-512", "Mkp4ss-1"], ("Mkp4ss-1",), ("sha-512",)),
    Form(["mkpasswd", "--method=yescrypt", "Mkp4ss-2", "s4lt"], ("Mkp4ss-2",), ("yescrypt",)),
    Form(["slappasswd", "-h", "{SSHA}", "-s", "Sl4ppw-1"], ("Sl4ppw-1",), ("{SSHA}",)),
    Form(["doveadm", "pw", "-s", "SHA512-CRYPT", "-p", "D0ve-1"], ("D0ve-1",), ("SHA512-CRYPT",)),
    Form(
        ["doveadm", "auth", "test", "ana@example.org", "D0ve-2"], ("D0ve-2",), ("ana@example.org",)
    ),
    Form(["caddy", "hash-password", "--plaintext", "C4ddy-1"], ("C4ddy-1",), ("hash-password",)),
    Form(["tor", "--hash-password", "T0r-pw-1"], ("T0r-pw-1",), ("tor",)),
    Form(["wpa_passphrase", "CasaWifi", "Wp4-pw-12"], ("Wp4-pw-12",), ("CasaWifi",)),
    # OpenLDAP: -w for the bind, -s and -a for the new and the old password.
    Form(
        [
            "ldapsearch",
            "-x",
            "-D",
            "cn=admin,dc=example,dc=org",
            "-w",
            "Ld4p-1",
            "-b",
            "dc=example",
        ],
        ("Ld4p-1",),
        ("cn=admin,dc=example,dc=org", "-b"),
    ),
    Form(
        ["ldapsearch", "-xLLLw", "Ld4p-2", "-D", "cn=a", "(uid=ana)"], ("Ld4p-2",), ("(uid=ana)",)
    ),
    Form(["ldapsearch", "-x", "-wLd4p-3", "-H", "ldaps://l1"], ("Ld4p-3",), ("ldaps://l1",)),
    Form(["ldapmodify", "-D", "cn=a", "-w", "Ld4p=4", "-f", "a.ldif"], ("Ld4p=4",), ("a.ldif",)),
    Form(["ldapadd", "-x", "-D", "cn=a", "-w", "Ld4p-5", "-f", "b.ldif"], ("Ld4p-5",), ("b.ldif",)),
    Form(
        ["ldappasswd", "-D", "cn=a", "-w", "Ld4p-6", "-a", "Ld4p-old", "-s", "Ld4p-new", "uid=ana"],
        ("Ld4p-6", "Ld4p-old", "Ld4p-new"),
        ("uid=ana",),
    ),
    # Kerberos: kadmin -w, addprinc -pw, and kinit by pipe.
    Form(
        ["kadmin", "-p", "admin/admin", "-w", "Kadm-1", "-q", "listprincs"],
        ("Kadm-1",),
        ("listprincs",),
    ),
    Form(
        ["kadmin.local", "-q", "addprinc -pw Kadm-2 ana@EXAMPLE.ORG"], ("Kadm-2",), ("EXAMPLE.ORG",)
    ),
    Form(
        ["sh", "-c", "echo 'K1nit-1' | kinit ana@EXAMPLE.ORG"], ("K1nit-1",), ("ana@EXAMPLE.ORG",)
    ),
    # Samba: user%password after -U, --user=, and in wbinfo, net, rpcclient.
    Form(["smbclient", "//nas/bk", "-U", "ana%Smb-1", "-c", "ls"], ("Smb-1",), ("//nas/bk", "ana")),
    Form(["smbclient", "-L", "nas", "--user=CORP/ana%Smb-2"], ("Smb-2",), ("nas", "CORP/ana")),
    Form(["smbclient", "//nas/bk", "Smb-3", "-U", "ana"], ("Smb-3",), ("//nas/bk", "ana")),
    Form(["smbclient", "//nas/bk", "-UCORP\\ana%Smb-4"], ("Smb-4",), ("//nas/bk",)),
    Form(["rpcclient", "-U", "ana%Smb-5", "dc1", "-c", "enumdomusers"], ("Smb-5",), ("dc1",)),
    Form(["net", "ads", "join", "-U", "Administrator%Smb-6"], ("Smb-6",), ("Administrator",)),
    Form(["net", "rpc", "password", "ana", "Smb-7-new", "-S", "dc1"], ("Smb-7-new",), ("ana",)),
    Form(["wbinfo", "-a", "CORP\\ana%Smb-8"], ("Smb-8",), ("wbinfo", "ana")),
    Form(["samba-tool", "user", "create", "ana", "Smb-9!pw"], ("Smb-9!pw",), ("create", "ana")),
    Form(
        ["samba-tool", "user", "setpassword", "ana", "--newpassword=Smb-10"], ("Smb-10",), ("ana",)
    ),
    Form(["ntlm_auth", "--username=ana", "--password=Ntlm-1"], ("Ntlm-1",), ("ana",)),
    Form(["winexe", "-U", "CORP/adm%W1nexe-1", "//pc1", "cmd.exe"], ("W1nexe-1",), ("//pc1",)),
    Form(
        ["mount.cifs", "//nas/bk", "/mnt", "-o", "username=ana,password=C1fs-1,vers=3.0"],
        ("C1fs-1",),
        ("//nas/bk", "username=ana", "vers=3.0"),
    ),
    Form(
        ["mount", "-t", "cifs", "-o", "user=ana,pass=C1fs-2,uid=1000", "//nas/bk", "/mnt"],
        ("C1fs-2",),
        ("user=ana", "uid=1000", "//nas/bk"),
    ),
    Form(["mount", "-t", "cifs", "//n/b", "/m", "-ouser=ana%C1fs-3"], ("C1fs-3",), ("//n/b",)),
    # RADIUS and SASL.
    Form(["radtest", "ana", "R4d-pw-1", "localhost", "0", "R4d-key-1"], ("R4d-pw-1", "R4d-key-1")),
    Form(["radclient", "-x", "r1:1812", "auth", "R4d-key-2"], ("R4d-key-2",), ("r1:1812",)),
    Form(["testsaslauthd", "-u", "ana", "-p", "S4sl-1", "-s", "imap"], ("S4sl-1",), ("ana",)),
    Form(["imtest", "-a", "ana", "-w", "S4sl-2", "mail1"], ("S4sl-2",), ("mail1",)),
    # Mail: swaks, sendEmail, mailx, s-nail, mutt's URLs.
    Form(
        ["swaks", "--to", "b@example.org", "-au", "ana", "-ap", "Sw4ks-1", "--server", "mx1"],
        ("Sw4ks-1",),
        ("b@example.org", "ana", "mx1"),
    ),
    Form(["swaks", "--auth-password", "Sw4ks-2", "-t", "b@h"], ("Sw4ks-2",), ("b@h",)),
    Form(["swaks", "--auth-password=Sw4ks-3", "-s", "mx1"], ("Sw4ks-3",), ("mx1",)),
    Form(
        ["sendemail", "-f", "a@h", "-t", "b@h", "-s", "mx1:587", "-xu", "ana", "-xp", "S3ndem-1"],
        ("S3ndem-1",),
        ("mx1:587", "ana"),
    ),
    Form(
        ["mailx", "-S", "smtp-auth-password=M4ilx-1", "-s", "Aviso", "b@h"], ("M4ilx-1",), ("b@h",)
    ),
    Form(["s-nail", "-Smta=smtps://ana:M4ilx-2@mx1:465", "b@h"], ("M4ilx-2",), ("mx1:465",)),
    Form(["mutt", "-f", "imaps://ana:Mutt-1@imap1/INBOX"], ("Mutt-1",), ("imap1/INBOX",)),
    Form(
        ["curl", "smtp://mx1:587", "--mail-from", "a@h", "-u", "ana:Sm7p-1"], ("Sm7p-1",), ("a@h",)
    ),
]
