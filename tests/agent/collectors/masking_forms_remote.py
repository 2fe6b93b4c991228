"""Command lines with secrets: remote access, networks, monitoring and tunnels.

Sources: sshpass(1), plink(1), pscp(1), xfreerdp(1), rdesktop(1), x11vnc(1), snmpcmd(1),
ipmitool(1), openconnect(8), socat(1), nsupdate(1), dig(1), nmcli(1), upscmd(8), ss-server(1),
iodine(8), edge(8), hydra(1), sqlmap(1), the monitoring plugins' --help.
"""

from tests.agent.collectors.masking_form import Form

REMOTE_FORMS: list[Form] = [
    # sshpass: -p apart and attached, and within rsync -e.
    Form(
        ["sshpass", "-p", "Sshp4ss-1", "ssh", "-p", "22", "ana@h1"],
        ("Sshp4ss-1",),
        ("22", "ana@h1"),
    ),
    Form(["sshpass", "-pSshp4ss-2", "scp", "/a", "ana@h1:/b"], ("Sshp4ss-2",), ("ana@h1:/b",)),
    Form(["/usr/bin/sshpass", "-v", "-p", "s p 3", "sftp", "h1"], ("s p 3",), ("sftp", "h1")),
    Form(
        ["rsync", "-a", "-e", "sshpass -p Sshp4ss-4 ssh -l ana", "/srv/", "h1:/bk"],
        ("Sshp4ss-4",),
        ("ssh -l ana", "h1:/bk"),
    ),
    Form(
        ["rsync", "--rsh=sshpass -p 'Sshp4ss-5' ssh -p 2222", "/srv/", "h1:/bk"],
        ("Sshp4ss-5",),
        ("2222", "h1:/bk"),
    ),
    Form(["env", "SSHPASS=Sshp4ss-6", "sshpass", "-e", "ssh", "h1"], ("Sshp4ss-6",), ("ssh", "h1")),
    Form(
        ["env", "RSYNC_PASSWORD=Rsyncd-1", "rsync", "-a", "bk@h1::m", "/b"],
        ("Rsyncd-1",),
        ("bk@h1",),
    ),
    # PuTTY: plink, pscp, psftp.
    Form(
        ["plink", "-ssh", "-pw", "Pl1nk-1", "ana@h1", "uptime"], ("Pl1nk-1",), ("ana@h1", "uptime")
    ),
    Form(["pscp", "-pw", "Pscp-1", "/a", "ana@h1:/b"], ("Pscp-1",), ("ana@h1:/b",)),
    Form(["psftp", "-l", "ana", "-pw", "Psftp-1", "h1", "-b", "x.bat"], ("Psftp-1",), ("x.bat",)),
    # expect, and Ansible on the command line of a shell.
    Form(
        ["expect", "-c", 'spawn ssh h1; expect "password:"; send "Exp3ct-1\\r"; interact'],
        ("Exp3ct-1",),
        ("spawn ssh h1",),
    ),
    # Remote desktops: rdesktop, xfreerdp, x11vnc, spicy, vncserver's pipe.
    Form(["rdesktop", "-u", "ana", "-p", "Rdesk-1", "win1"], ("Rdesk-1",), ("ana", "win1")),
    Form(["rdesktop", "-u", "ana", "-pRdesk-2", "win1"], ("Rdesk-2",), ("win1",)),
    Form(
        ["xfreerdp", "/u:CORP\\ana", "/p:Rdp-pw-1!", "/v:win1"], ("Rdp-pw-1!",), ("/v:win1", "ana")
    ),
    Form(["xfreerdp", "/v:win1", "/gu:g", "/gp:Rdp-gw-2", "/u:ana"], ("Rdp-gw-2",), ("/u:ana",)),
    Form(["xfreerdp", "-u", "ana", "-p", "Rdp-pw-3", "win1"], ("Rdp-pw-3",), ("win1",)),
    Form(
        ["x11vnc", "-display", ":0", "-passwd", "Vnc-pw-1", "-forever"],
        ("Vnc-pw-1",),
        ("-forever",),
    ),
    Form(["x11vnc", "-passwd", "Vnc-2", "-viewpasswd", "Vnc-3"], ("Vnc-2", "Vnc-3")),
    Form(
        ["sh", "-c", "echo Vnc-pw-4 | vncpasswd -f > /root/.vnc/passwd"], ("Vnc-pw-4",), ("/root/",)
    ),
    Form(["spicy", "-h", "kvm1", "-p", "5900", "-w", "Sp1ce-1"], ("Sp1ce-1",), ("kvm1", "5900")),
    Form(
        ["qemu-system-x86_64", "-spice", "port=5900,password=Sp1ce-2", "-m", "2048"],
        ("Sp1ce-2",),
        ("port=5900", "2048"),
    ),
    Form(
        ["qemu-system-x86_64", "-object", "secret,id=sec0,data=Q3mu-1", "-m", "1024"],
        ("Q3mu-1",),
        ("id=sec0", "1024"),
    ),
    # SNMP: the community (-c) and the pass phrases of version 3 (-A, -X).
    Form(
        ["snmpwalk", "-v2c", "-c", "C0munidad-1", "10.0.0.1", "system"],
        ("C0munidad-1",),
        ("10.0.0.1",),
    ),
    Form(["snmpget", "-v", "2c", "-cC0munidad-2", "10.0.0.1", "sysDescr.0"], ("C0munidad-2",)),
    Form(
        [
            "snmpwalk",
            "-v3",
            "-u",
            "ops",
            "-l",
            "authPriv",
            "-A",
            "Snmp-4uth",
            "-X",
            "Snmp-pr1v",
            "r1",
        ],
        ("Snmp-4uth", "Snmp-pr1v"),
        ("ops", "authPriv", "r1"),
    ),
    Form(
        ["snmpset", "-v1", "-c", "Pr1vada-3", "r1", "sysName.0", "s", "x"], ("Pr1vada-3",), ("r1",)
    ),
    # Management controllers: ipmitool, racadm, ipmipower, esxcli, govc, vmrun, ovftool.
    Form(
        [
            "ipmitool",
            "-I",
            "lanplus",
            "-H",
            "bmc1",
            "-U",
            "ADMIN",
            "-P",
            "1pmi-pw",
            "power",
            "status",
        ],
        ("1pmi-pw",),
        ("bmc1", "ADMIN", "power"),
    ),
    Form(["ipmitool", "-H", "bmc1", "-Uroot", "-P1pmi-2", "sel", "list"], ("1pmi-2",), ("sel",)),
    Form(
        ["ipmipower", "-h", "bmc1", "-u", "root", "-p", "1pmi-3", "--stat"],
        ("1pmi-3",),
        ("--stat",),
    ),
    Form(["racadm", "-r", "10.0.0.9", "-u", "root", "-p", "c4lvin-1", "getsysinfo"], ("c4lvin-1",)),
    Form(["esxcli", "-s", "esx1", "-u", "root", "-p", "3sx-pw-1", "vm", "list"], ("3sx-pw-1",)),
    Form(["govc", "about", "-u", "https://root:G0vc-1@vc1/sdk"], ("G0vc-1",), ("vc1/sdk",)),
    Form(
        ["vmrun", "-T", "ws", "-gu", "ana", "-gp", "Vmrun-1", "ls", "a.vmx"],
        ("Vmrun-1",),
        ("a.vmx",),
    ),
    Form(["ovftool", "a.ova", "vi://root:0vf-pw-1@esx1/"], ("0vf-pw-1",), ("a.ova", "esx1")),
    Form(["upscmd", "-u", "adm", "-p", "Nut-pw-1", "ups@h1", "test"], ("Nut-pw-1",), ("ups@h1",)),
    # Networks: nmcli, openconnect, socat, DNS keys, WireGuard, hostapd, ppp.
    Form(
        ["nmcli", "device", "wifi", "connect", "CasaWifi", "password", "W1fi-pw-1"],
        ("W1fi-pw-1",),
        ("CasaWifi",),
    ),
    Form(["nmcli", "con", "modify", "c1", "wifi-sec.psk", "W1fi-pw-2"], ("W1fi-pw-2",), ("c1",)),
    Form(["iwconfig", "wlan0", "essid", "Casa", "key", "s:W3p-k"], ("W3p-k",), ("wlan0", "Casa")),
    Form(["openconnect", "-C", "0c-c00kie-1", "vpn1"], ("0c-c00kie-1",), ("vpn1",)),
    Form(["openconnect", "--cookie=0c-c00kie-2", "vpn1"], ("0c-c00kie-2",), ("vpn1",)),
    Form(
        ["openconnect", "-c", "c.pem", "--key-password", "0c-k3y", "vpn1"], ("0c-k3y",), ("c.pem",)
    ),
    Form(
        ["sh", "-c", "echo 'Vpn-pw-1' | openconnect --passwd-on-stdin vpn1"],
        ("Vpn-pw-1",),
        ("vpn1",),
    ),
    Form(
        ["socat", "TCP-LISTEN:80", "PROXY:proxy1:h1:22,proxyport=3128,proxyauth=ana:S0cat-1"],
        ("S0cat-1",),
        ("proxy1:h1:22", "proxyport=3128"),
    ),
    Form(
        ["nsupdate", "-y", "hmac-sha256:k1:c2VjcmV0LTEyMw==", "a.txt"], ("c2VjcmV0LTEyMw",), ("k1",)
    ),
    Form(
        ["dig", "-y", "k1:bm90LXJlYWw=", "@ns1", "axfr", "example.org"], ("bm90LXJlYWw",), ("axfr",)
    ),
    Form(
        ["pppd", "/dev/ttyUSB0", "user", "isp", "password", "Ppp-pw-1"], ("Ppp-pw-1",), ("ttyUSB0",)
    ),
    # Tunnels and proxies.
    Form(
        ["ss-server", "-s", "0.0.0.0", "-p", "8388", "-k", "Sh4dow-1", "-m", "aes-256-gcm"],
        ("Sh4dow-1",),
        ("8388", "aes-256-gcm"),
    ),
    Form(["ss-local", "-s", "h1", "-k", "Sh4dow-2", "-l", "1080"], ("Sh4dow-2",), ("1080",)),
    Form(
        ["iodined", "-f", "-P", "10dine-1", "10.9.0.1", "t.example.org"],
        ("10dine-1",),
        ("10.9.0.1",),
    ),
    Form(["edge", "-c", "red1", "-k", "N2n-k3y", "-l", "sn1:7654"], ("N2n-k3y",), ("sn1:7654",)),
    Form(
        ["chisel", "client", "--auth", "ana:Ch1sel-1", "h1:80", "socks"], ("Ch1sel-1",), ("socks",)
    ),
    Form(["chisel", "server", "--auth=ana:Ch1sel-2", "-p", "8080"], ("Ch1sel-2",), ("8080",)),
    Form(["gost", "-L=socks5://ana:G0st-pw-1@:1080"], ("G0st-pw-1",), ("1080",)),
    Form(
        ["frpc", "tcp", "-s", "h1:7000", "-t", "Frp-t0ken", "-l", "22"],
        ("Frp-t0ken",),
        ("h1:7000",),
    ),
    Form(["bore", "local", "22", "--to", "h1", "--secret", "B0re-1"], ("B0re-1",), ("h1",)),
    Form(["ttyd", "-p", "7681", "-c", "ana:Ttyd-pw-1", "bash"], ("Ttyd-pw-1",), ("7681", "bash")),
    Form(["ttyd", "--credential", "ana:Ttyd-pw-2", "login"], ("Ttyd-pw-2",), ("login",)),
    Form(
        ["cntlm", "-f", "-u", "ana", "-p", "Cntlm-1", "proxy1:8080"], ("Cntlm-1",), ("proxy1:8080",)
    ),
    Form(["irssi", "-c", "irc1", "-w", "1rc-pw-1", "-n", "ana"], ("1rc-pw-1",), ("irc1", "ana")),
    # Monitoring plugins: check_mysql, check_http, check_snmp, check_pgsql, check_ldap, exporters.
    Form(
        ["check_mysql", "-H", "db1", "-u", "nag", "-p", "N4gios-1"], ("N4gios-1",), ("db1", "nag")
    ),
    Form(["check_http", "-H", "h1", "-a", "nag:N4gios-2", "-u", "/x"], ("N4gios-2",), ("/x",)),
    Form(["check_snmp", "-H", "r1", "-C", "N4gios-3", "-o", "sysUpTime.0"], ("N4gios-3",), ("r1",)),
    Form(["check_pgsql", "-H", "db1", "-l", "nag", "-p", "N4gios-4"], ("N4gios-4",), ("db1",)),
    Form(["check_ldap", "-H", "l1", "-b", "dc=x", "-D", "cn=n", "-P", "N4gios-5"], ("N4gios-5",)),
    Form(["redis_exporter", "--redis.password=Exp0rt-1"], ("Exp0rt-1",), ("redis_exporter",)),
    # Attackers' tools name the password that they try or reuse.
    Form(["hydra", "-l", "root", "-p", "Hydr4-1", "ssh://10.0.0.5"], ("Hydr4-1",), ("10.0.0.5",)),
    Form(
        ["medusa", "-h", "10.0.0.5", "-u", "root", "-p", "M3dusa", "-M", "ssh"],
        ("M3dusa",),
        ("ssh",),
    ),
    Form(
        ["sqlmap", "-u", "http://h1/?id=1", "--auth-cred=ana:Sqlm4p-1"],
        ("Sqlm4p-1",),
        ("h1/?id=1",),
    ),
    Form(
        ["sqlmap", "-u", "http://h1/", "--cookie=PHPSESSID=sQ1-c00k"],
        ("sQ1-c00k",),
        ("http://h1/",),
    ),
    Form(["secretsdump.py", "CORP/adm:1mpacket@10.0.0.5"], ("1mpacket",), ("CORP/adm", "10.0.0.5")),
    Form(["psexec.py", "CORP/adm:1mp4cket-2@dc1", "cmd.exe"], ("1mp4cket-2",), ("dc1", "cmd.exe")),
    Form(["evil-winrm", "-i", "dc1", "-u", "adm", "-p", "3vil-1"], ("3vil-1",), ("dc1", "adm")),
    Form(["crackmapexec", "smb", "dc1", "-u", "adm", "-p", "Cme-1"], ("Cme-1",), ("dc1",)),
]
