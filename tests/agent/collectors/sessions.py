"""Published output of loginctl on real machines.

Sessions of one machine are joined by an empty line, as `loginctl show-session ID…` does it.
"""

# CentOS 7, systemd 219: no TTY, and the times of the machine's own zone
# (a public notebook on loginctl).
CENTOS_7 = """\
Id=9
User=1000
Name=vagrant
Timestamp=Thu 2023-05-18 10:13:35 CST
TimestampMonotonic=3227303782
VTNr=0
Remote=yes
RemoteHost=10.0.2.2
Service=sshd
Scope=session-9.scope
Leader=3294
Audit=9
Type=tty
Class=user
Active=yes
State=active
IdleHint=no
IdleSinceHint=0
IdleSinceHintMonotonic=0
LockedHint=no
"""

# A live system of 2015, systemd 2xx: https://github.com/systemd/systemd/issues/536
LIVE_SYSTEM_2015 = """\
Id=2
Name=liveuser
Timestamp=Wed 2015-07-15 22:34:12 EDT
TimestampMonotonic=217748977
VTNr=1
Display=:0
Remote=no
Service=lightdm-autologin
Desktop=xfce
Scope=session-2.scope
Leader=1971
Audit=2
Type=x11
Class=user
Active=yes
State=active
IdleHint=no
IdleSinceHint=0
IdleSinceHintMonotonic=0

Id=1
Name=liveinstuser
Timestamp=Wed 2015-07-15 23:13:03 EDT
TimestampMonotonic=35532903
VTNr=1
Display=:0
Remote=no
Service=lightdm
Desktop=xfce
Scope=session-1.scope
Leader=1147
Audit=1
Type=x11
Class=user
Active=no
State=closing
IdleHint=no
IdleSinceHint=0
IdleSinceHintMonotonic=0
"""

# systemd 232 answers the first session for each: https://github.com/systemd/systemd/issues/5733
UBUNTU_17_04_IDS = ["3", "5", "8"]
UBUNTU_17_04 = """\
Id=3
Leader=31839

Id=3
Leader=31839

Id=3
Leader=31839
"""

# Ubuntu 18.04, systemd 237: https://github.com/systemd/systemd/issues/14850
UBUNTU_18_04 = """\
Id=2752200
User=1000
Name=domain
Timestamp=Mon 2020-02-10 18:27:50 UTC
TimestampMonotonic=259687025313
VTNr=0
Remote=yes
RemoteHost=87.71.133.205
Service=sshd
Scope=session-2752200.scope
Leader=2815
Audit=2752200
Type=tty
Class=user
Active=yes
State=active
IdleHint=no
IdleSinceHint=0
IdleSinceHintMonotonic=0
LockedHint=no
"""

# A desktop of 2022 with a remote login, one on a terminal and one of a service
# (a public notebook on loginctl).
DESKTOP_2022 = """\
Id=2
User=1000
Name=lab
Timestamp=Fri 2022-06-03 05:47:34 UTC
VTNr=2
Seat=seat0
TTY=tty2
Remote=no
Service=gdm-autologin
Scope=session-2.scope
Leader=2792
Type=x11
Class=user
Active=yes
State=active

Id=11
User=1000
Name=lab
Timestamp=Fri 2022-06-17 04:52:05 UTC
VTNr=0
Remote=yes
RemoteHost=10.210.49.4
Service=sshd
Leader=334149
Type=tty
Class=user
Active=yes
State=active

Id=c1
User=1000
Name=lab
Timestamp=Fri 2022-06-03 05:46:26 UTC
VTNr=0
Remote=no
RemoteUser=root
Service=runuser-l
Leader=1173
Type=unspecified
Class=background
Active=yes
State=closing
"""

# Arch Linux, systemd 257: https://github.com/systemd/systemd/issues/36930
ARCH_257 = """\
Id=21
User=1000
Name=meriel
Timestamp=Tue 2025-04-01 10:02:46 UTC
TimestampMonotonic=15667883970
VTNr=0
TTY=pts/1
Remote=yes
RemoteHost=...
Service=sshd
Scope=session-21.scope
Leader=61261
Audit=21
Type=tty
Class=user
Active=yes
State=active
IdleHint=no
IdleSinceHint=1743502416000000
IdleSinceHintMonotonic=16317546586
CanIdle=yes
CanLock=yes
LockedHint=no
"""

# Ubuntu 26.04, systemd 259, with -p for each property: empty ones are shown, and managers of
# users are sessions too (public tests of programs that read it).
UBUNTU_26_04 = """\
Id=1
Name=gdm-greeter
TTY=
RemoteHost=
Leader=2673
Class=manager-early
State=active
Timestamp=Mon 2026-05-04 08:00:00 UTC

Id=4
Name=paddock
TTY=
RemoteHost=
Leader=3744
Class=user
State=active
Timestamp=Mon 2026-05-04 08:01:00 UTC

Id=7
Name=dave@acme.test
TTY=tty2
RemoteHost=
Leader=4100
Class=user
State=online
Timestamp=Mon 2026-05-04 08:02:00 UTC

Id=c1
Name=gdm-greeter
TTY=tty1
RemoteHost=
Leader=2629
Class=greeter
State=active
Timestamp=Mon 2026-05-04 07:59:00 UTC
"""

# list-sessions --no-legend, by version: the first word of a line is the session.
LISTS = {
    # https://github.com/systemd/systemd/issues/536
    "219": ("         1       1000 liveuser         seat0           \n", ["1"]),
    # https://github.com/systemd/python-systemd/issues/81
    "237": (
        (
            "   2          1000    hossein      seat0          tty2            \n"
            "  c1          121      gdm         seat0          tty1            \n"
        ),
        ["2", "c1"],
    ),
    # https://github.com/systemd/systemd/issues/20397
    "245": (
        (
            "     18 1001 sebastien seat0     \n     19  126 sddm      seat0     \n"
            "     21 1001 sebastien seat0 tty2\n"
        ),
        ["18", "19", "21"],
    ),
    # https://github.com/systemd/systemd/issues/32845
    "256": ("      1    0 root  -    433    user          pts/0       no   -\n", ["1"]),
    "259": (
        (
            "     1 60578 gdm-greeter -     2673   manager-early -    no   -\n"
            "     4  1000 paddock     -     3744   user          -    no   -\n"
            "     7 811622788 dave@acme.test seat0 4100 user   tty2 no   -\n"
            "    c1 60578 gdm-greeter seat0 2629   greeter       tty1 no   -\n"
        ),
        ["1", "4", "7", "c1"],
    ),
    "nobody": ("", []),
}
