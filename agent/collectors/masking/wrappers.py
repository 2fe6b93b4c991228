"""Programs that run a command given to them, and programs whose operands are only names."""

from __future__ import annotations

from agent.collectors.masking.words import word_set

SHELLS = word_set("sh bash dash zsh ksh ash fish csh tcsh mksh rbash busybox")
WINDOWS_SHELLS = word_set("cmd powershell pwsh")

# After these, a word may be the program that is run.
WRAPPERS = (
    word_set(
        """
    sudo doas su runuser env nohup timeout nice ionice chrt taskset numactl setsid stdbuf time
    gtime strace ltrace gdb valgrind perf watch xargs parallel find fd flock chroot unshare
    nsenter systemd-run docker podman nerdctl kubectl oc k3s microk8s docker-compose lxc incus
    pct ssh autossh mosh sshpass script screen tmux dtach start-stop-daemon daemonize toybox
    winpty wsl faketime proxychains proxychains4 torsocks torify unbuffer expect fakeroot
    eatmydata dumb-init tini gosu su-exec s6-setuidgid setpriv setuidgid chpst softlimit
    envdir dbus-run-session xvfb-run exec eval command builtin if then else do while until ! {
    java python python2 python3 perl ruby node php at batch cron crond anacron vagrant adb
    psexec psexec64 paexec runas start call for nix-shell nix direnv aws-vault op dotenv npx
    uv poetry pipenv conda rsh clush pdsh dsh mpirun srun bwrap firejail apptainer singularity
    ctr crictl xcrun bundle gcloud az salt ansible lxc-attach machinectl pkexec kadmin.local
    kadmin sqlplus lftp chamber doppler winscp
    """
    )
    | SHELLS
    | WINDOWS_SHELLS
)
# The operands of these are names, files and patterns: `apt install mysql -y` runs no mysql.
NAME_TAKERS = word_set(
    """
    apt apt-get aptitude yum dnf zypper pacman apk brew snap pip pip3 systemctl service man
    which whereis whatis type pgrep pkill killall pidof ps grep egrep fgrep rg ag ack ls cp mv
    rm cat less more tail head vi vim nano emacs tar chmod chown git echo printf touch mkdir
    rmdir ln stat file locate journalctl logger rpm dpkg apt-cache apt-mark apt-key diff wc du
    df sort journald sed awk gawk mawk npm yarn make cmake ansible-galaxy useradd usermod
    passwd id getent chage crontab dd login agetty rsync scp import convert tee test [
    """
)
# Words of the language: only a wrapper or the start of a command makes programs of them.
COMMON = word_set(
    """
    http https net sql exp imp mc cf oc act hey ab gs pw security open connect conn host hub
    enc ip reg at login mail where setup shutdown pass start command time script watch import
    expect service test console image console add-user evans caddy parity console k now nova
    salt bolt knife consul nomad vault bao swift ices naive et nail wrap tf rar zip agent
    remoting
    """
)
# What follows these is a name, not a program.
NAMING = word_set(
    """
    --name -n --hostname -h --host --network --net --link --user -u -U --container -c
    --service --volumes-from --label -l --namespace --context --group -g --unit -t --title
    --db --database --image --tag --filter -f --app -a --session -s -S -L
    """
)
# Programs with another meaning of -p beside -u: a port, a process, a prompt, parents, a package.
NO_PAIR = word_set(
    """
    sudo ssh scp sftp su login mkdir psql pg_dump pg_restore pg_dumpall createdb createuser
    dropdb ps lsof nmap git diff patch strace top htop pmap kill fuser netstat ss pgbench
    vacuumdb reindexdb rsync cp install tar iperf iperf3 nc ncat uwsgi gunicorn agetty mount
    perf watch screen tmux docker podman date touch unshare nsenter chroot useradd usermod
    cargo go make java python python3 node snmpd ntpd dhclient pkill pgrep
    """
)
# Options that sound like a secret and take the name of one, or something else.
TAKES_NAMES = frozenset(
    (program, "--secret")
    for program in word_set("docker podman docker-compose gcloud kubectl nerdctl buildah pulumi")
) | {("dscl", "-passwd")}
# Programs whose word set in front of KEY VALUE sets that key.
SETTERS = word_set(
    """
    set config configure put write modify mod add setx setenv export config:set edit
    set-property secrets-set env:set setvar defaults parameter update
    """
)
# These take a command as one text, without an option in front of it.
TEXT_TAKERS = word_set(
    """
    ssh autossh watch tmux screen parallel expect wsl powershell pwsh cmd eval
    """
)
# These take program code with -e, -r and the like.
INTERPRETERS = word_set(
    """
    node nodejs perl ruby php python python2 python3 lua osascript r rscript groovy elixir mix
    iex erl mysql mariadb mongo mongosh psql sqlite3 tclsh expect awk scala jshell deno bun
    """
)
# These read a password from their standard input: echo SECRET | sudo -S x.
READERS = {
    "chpasswd": "",
    "chgpasswd": "",
    "newusers": "",
    "pw": "-h",
    "passwd": "",
    "sudo": "-S",
    "su": "",
    "smbpasswd": "-s",
    "cryptsetup": "",
    "kinit": "",
    "saslpasswd2": "-p",
    "htpasswd": "-i",
    "pdbedit": "-t",
    "gpg": "--passphrase-fd",
    "gpg2": "--passphrase-fd",
    "openssl": "stdin",
    "gh": "--with-token",
    "vncpasswd": "-f",
    "mkpasswd": "-s",
    "ecryptfs-add-passphrase": "",
    "ecryptfs-unwrap-passphrase": "",
    "ecryptfs-mount-private": "",
    "sshfs": "password_stdin",
    "encfs": "-S",
    "openconnect": "--passwd-on-stdin",
    "realm": "",
    "adcli": "--stdin-password",
    "secret-tool": "store",
    "pass": "insert",
    "ansible-vault": "--stdin-name",
    "ssh-add": "",
    "veracrypt": "--stdin",
    "p4": "login",
    "unix_chkpwd": "",
    "fscrypt": "",
    "anydesk": "--set-password",
    "slappasswd": "-T",
    "mosquitto_passwd": "-U",
    "wpa_passphrase": "",
    "docker": "secret",
    "podman": "secret",
    "vault": "login",
    "doveadm": "pw",
    "zfs": "load-key",
    "tpm2_create": "",
    "systemd-creds": "encrypt",
    "fly": "secrets",
    "wrangler": "secret",
    "firebase": "functions:secrets:set",
    "gcloud": "secrets",
}
