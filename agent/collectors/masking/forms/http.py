"""Clients and servers of HTTP, FTP and media."""

FORMS = """
curl(AbcCdDeEFhHKmoPQrtTuUwxXYyz) -u USER:SECRET --user USER:SECRET -U USER:SECRET
curl(AbcCdDeEFhHKmoPQrtTuUwxXYyz) --proxy-user USER:SECRET
curl(AbcCdDeEFhHKmoPQrtTuUwxXYyz) --tlspassword SECRET --pass SECRET --proxy-pass SECRET
curl(AbcCdDeEFhHKmoPQrtTuUwxXYyz) --proxy-tlspassword SECRET
curl(AbcCdDeEFhHKmoPQrtTuUwxXYyz) -E FILE:SECRET --cert FILE:SECRET --proxy-cert FILE:SECRET
curl(AbcCdDeEFhHKmoPQrtTuUwxXYyz) -b NAME=SECRET --cookie NAME=SECRET --oauth2-bearer SECRET
http|https|xh|xhs|httpie(aAo) -a USER:SECRET --auth USER:SECRET
wget|wget2 --http-passwd SECRET
ab(ncTHptkCXf) -A USER:SECRET -P USER:SECRET -C NAME=SECRET
hey|bombardier|wrk|oha(nczmHdTA) -a USER:SECRET
lynx -auth=USER:SECRET -pauth=USER:SECRET -auth USER:SECRET -pauth USER:SECRET
aria2c --http-passwd SECRET --ftp-passwd SECRET --rpc-secret SECRET --all-proxy-passwd SECRET
lftp(pef) -u USER,SECRET
open|OPEN -u USER,SECRET
ncftp|ncftpput|ncftpget|ncftpls(uP) -p SECRET
ftpput|ftpget(uP) -p SECRET
curlftpfs -o user=USER:SECRET
curlftpfs USER:SECRET@HOST
sqlmap --auth-cred USER:SECRET --proxy-cred USER:SECRET
nikto -id USER:SECRET -i USER:SECRET
hydra|medusa|ncrack(lLPhMsut) -p SECRET
gobuster|feroxbuster|wfuzz(uwU) -P SECRET -c NAME=SECRET
ffuf|wfuzz(udHXwot) -b NAME=SECRET
wfuzz --basic USER:SECRET
dirb|dirsearch(a) -u USER:SECRET -c NAME=SECRET
websocat --basic-auth USER:SECRET
wscat(cHx) --auth USER:SECRET
chisel|gost --auth USER:SECRET
phantomjs|casperjs --proxy-auth USER:SECRET
youtube-dl|yt-dlp|youtube-dlc(ufo) -p SECRET -2 SECRET --video-password SECRET --ap-password SECRET
gallery-dl|you-get|instaloader|streamlink(uo) -p SECRET
gotty|ttyd(piut) -c USER:SECRET --credential USER:SECRET
mitmproxy|mitmdump|mitmweb(ps) --proxyauth USER:SECRET
transmission-remote|transmission-cli(tal) -n USER:SECRET --auth USER:SECRET
transmission-daemon(agcpu) -v SECRET
deluge-console|deluge connect HOST USER SECRET
qbittorrent-nox --webui-password SECRET
ss-local|ss-server|ss-redir|ss-tunnel|sslocal|ssserver|ssmanager(splmtbc) -k SECRET
frpc|frps(cpus) -t SECRET
bitcoin-cli|litecoin-cli|dogecoin-cli walletpassphrase SECRET
bitcoin-cli|litecoin-cli|dogecoin-cli encryptwallet SECRET
bitcoin-cli|litecoin-cli|dogecoin-cli walletpassphrasechange SECRET SECRET
cpuminer|minerd|cgminer|bfgminer|ccminer(oau) -O USER:SECRET -p SECRET --userpass USER:SECRET
xmrig|t-rex|sgminer(oau) -O USER:SECRET -p SECRET --userpass USER:SECRET
mpc -h SECRET@HOST
filebrowser users add USER SECRET
wpscan(e;--url) -p SECRET
webfsd(pr) -b USER:SECRET
pushover|gotify(u) -t SECRET
"""
