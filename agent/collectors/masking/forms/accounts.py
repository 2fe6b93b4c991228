"""Accounts, directories, mail and messaging."""

FORMS = """
useradd|usermod|adduser|groupadd|groupmod|newusers(ugGdscefkKRpZ) -p SECRET
htpasswd(C) -b FILE USER SECRET
htpasswd(C) -n -b USER SECRET
htpasswd2(C) -b FILE USER SECRET
htdbm(;) -b FILE USER SECRET
mkpasswd|grub-crypt(mSRP) SECRET
slappasswd(hcT) -s SECRET
ldapsearch|ldapadd|ldapmodify|ldapdelete|ldapwhoami|ldapcompare(DHbshpfoYURXZcElz) -w SECRET
ldapmodrdn|ldapexop(DHbshpfoYURXZcElz) -w SECRET
ldappasswd(DHbshpfoYURX) -w SECRET -s SECRET -a SECRET
ldapvi(DHbh) -w SECRET
ldbsearch|ldbmodify|ldbadd|ldbdel|ldbedit(Hb) -U USER%SECRET
kadmin|kadmin.local(prscqOm) -w SECRET
addprinc|ank|add_principal|change_password|cpw -pw SECRET
kdb5_util(rdkMm) -P SECRET
ktutil|msktutil -w SECRET --old-account-password SECRET
ipa-server-install|ipa-replica-install(rnN) -p SECRET -a SECRET
ipa-client-install(p;--domain;--server;--realm) -w SECRET
ipa-adtrust-install|ipa-ca-install|ipa-kra-install -p SECRET
samba-tool user create|add|setpassword NAME SECRET
samba-tool(Hs) -U USER%SECRET
smbclient|rpcclient|smbget|smbcacls|smbcquotas(WnIcDTdmLpsk) -U USER%SECRET --user USER%SECRET
smbtree|smbspool|smbtar|nmblookup(WnIcDTdmLpsk) -U USER%SECRET --user USER%SECRET
smbclient SERVICE SECRET
net(WnISwsd) -U USER%SECRET --user USER%SECRET
net rpc user add NAME SECRET
net rpc password USER SECRET
net ads password USER SECRET
winexe|wmic|wmis|pth-winexe|pth-wmic|pth-smbclient|pth-net|pth-rpcclient(W) -U USER%SECRET
wbinfo -a USER%SECRET --authenticate USER%SECRET --set-auth-user USER%SECRET -K USER%SECRET
smbpasswd(UrDc) -a USER SECRET
smbpasswd(UrDc) USER SECRET
smbpasswd(UrDc) -w SECRET
smbmap|crackmapexec|cme|nxc|netexec|enum4linux|enum4linux-ng|bloodhound-python(udHs) -p SECRET
certipy|ldapdomaindump(udHs) -p SECRET
bloodhound-python|certipy|evil-winrm|crackmapexec|cme|nxc|netexec(uips) -H SECRET
evil-winrm(iu) -p SECRET
psexec|wmiexec|smbexec|secretsdump|atexec|dcomexec|getnpusers|getuserspns DOMAIN/USER:SECRET@HOST
gettgt|getst|lookupsid|samrdump|mssqlclient|ntlmrelayx|getadusers|rpcdump DOMAIN/USER:SECRET@HOST
addcomputer DOMAIN/USER:SECRET@HOST
impacket-psexec|impacket-wmiexec|impacket-smbexec|impacket-secretsdump DOMAIN/USER:SECRET@HOST
impacket-smbclient|impacket-mssqlclient DOMAIN/USER:SECRET@HOST
radtest(t) USER SECRET SERVER PORT SECRET
radclient(rtdfnpcD) SERVER auth|acct|status|disconnect|coa|auto SECRET
radeapclient SERVER auth SECRET
eapol_test(ca) -s SECRET
testsaslauthd(usr) -p SECRET
saslpasswd2 -p SECRET
dovecotpw|doveadm pw -p SECRET
doveadm(u) auth test|login USER SECRET
doveadm pw -t SECRET
swaks(fts) -ap SECRET -p SECRET
sendemail(futms) -xp SECRET
mailx|s-nail|nail|mail -S smtp-auth-password=SECRET
ejabberdctl register|change_password|check_password USER HOST SECRET
prosodyctl register USER HOST SECRET
ejabberdctl check_account USER SECRET
dscl NODE -passwd PATH SECRET
dscl NODE -create PATH Password SECRET
sysadminctl -password SECRET -adminPassword SECRET -newPassword SECRET -oldPassword SECRET
security unlock-keychain|create-keychain|set-keychain-password -p SECRET
security set-key-partition-list -k SECRET
security add-generic-password|add-internet-password(aslTU) -w SECRET
security import(kTft) -P SECRET
security export -P SECRET
realm(U) join --one-time-password SECRET
adcli(UDO) -w SECRET
kcadm|kcreg(r;--server;--realm;--user) -p SECRET
pdbedit(ufS) -p SECRET
vncpasswd|tightvncpasswd FILE SECRET
x11vnc -passwd SECRET -viewpasswd SECRET
x11vnc -storepasswd SECRET FILE
pw(ugcdsGLh) -w SECRET
wp user create USER MAIL SECRET
drush user-password|upwd USER SECRET
drush user:password|upwd USER SECRET
grafana-cli|grafana reset-admin-password SECRET
irssi(cp) -w SECRET
xauth add DISPLAY PROTOCOL SECRET
gitea|forgejo user create|change-password -p SECRET
oathtool(wSNdc;--window;--now) SECRET
newlist LIST MAIL SECRET
change_pw(l) -p SECRET
imtest|pop3test|smtptest|sivtest|lmtptest|nntptest|mupdatetest|cyradm(uatmpkl) -w SECRET
sendxmpp|go-sendxmpp(ujr) -p SECRET
ntfy -u USER:SECRET
ldappasswordmodify|dsconfig|dsreplication|ldapsearch-ds(Dhp) -w SECRET -n SECRET -c SECRET
dscl NODE -passwd PATH OLD SECRET
"""
