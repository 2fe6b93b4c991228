"""Programs of Windows."""

FORMS = """
psexec|psexec64|pskill|pslist|psservice|psloggedon|psinfo|pssuspend|psshutdown(;-u) -p SECRET
psgetsid|pspasswd(;-u) -p SECRET
paexec|remcom|xcmd(;-u) -p SECRET
pspasswd USER SECRET
winrs -p:SECRET -password:SECRET
schtasks /rp SECRET /p SECRET
tasklist|taskkill|systeminfo|driverquery|getmac|openfiles|shutdown|gpresult|eventcreate /p SECRET
eventquery|where /p SECRET
net user NAME SECRET
net use DRIVE \\\\SHARE SECRET
net use \\\\SHARE SECRET
cmdkey /pass:SECRET
rasdial CONNECTION USER SECRET
signtool sign /p SECRET
certutil -p SECRET
netdom /passwordd:SECRET /passwordo:SECRET /pd:SECRET /po:SECRET
dsadd|dsmod|dsquery|dsget|dsrm|dsmove -pwd SECRET -p SECRET
ldifde|csvde(fsdprlt) -b USER DOMAIN SECRET
wbadmin -password:SECRET
sc password= SECRET
dtexec|dtutil|dtsrun /de SECRET /decrypt SECRET /p SECRET /sourcep SECRET /destp SECRET
sqlcmd /p SECRET
tscon /password:SECRET
netsh key=SECRET
netsh keymaterial=SECRET
wmic /password:SECRET
mimikatz|rubeus /rc4:SECRET /ntlm:SECRET /aes256:SECRET /password:SECRET
winscp /password=SECRET
wusa|msiexec|setup PASSWORD=SECRET
convertto-securestring SECRET
convertto-securestring -string SECRET
new-localuser -password SECRET
manage-bde -rp SECRET -recoverypassword SECRET -pw SECRET
repadmin /pw:SECRET
nltest|dcdiag|netdiag|dcpromo /p:SECRET
appcmd /processmodel.password:SECRET
bitsadmin /setcredentials JOB TARGET SCHEME USER SECRET
mstsc /p:SECRET
autologon USER DOMAIN SECRET
autologon64 USER DOMAIN SECRET
nircmd|cpau|runasspc|lsrunas|sanur -p SECRET
lsrunas /password:SECRET
slmgr /ipk SECRET
"""
