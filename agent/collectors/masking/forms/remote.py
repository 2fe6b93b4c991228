"""Remote shells and desktops, networks, monitoring and hardware."""

FORMS = """
sshpass -p SECRET -pSECRET
plink|pscp|psftp|putty|kitty|klink -pw SECRET
xfreerdp|wlfreerdp|sfreerdp|freerdp|xfreerdp3|sdl-freerdp /p:SECRET /gp:SECRET /pth:SECRET
xfreerdp|wlfreerdp -p SECRET --gp SECRET
rdesktop(udnkgar) -p SECRET
vncviewer|xtightvncviewer|vncdo|vncdotool|vinagre(s) -p SECRET
vncviewer|xtightvncviewer -password SECRET
teamviewer|teamviewerd passwd SECRET
rustdesk|anydesk --password SECRET
ipmitool(HUIPoLtbEfk) -P SECRET -k SECRET -y SECRET
ipmipower|ipmiconsole|ipmi-sensors|ipmi-sel|ipmi-fru|ipmi-chassis(huDI) -p SECRET -k SECRET
bmc-info|bmc-config|bmc-device(huDI) -p SECRET -k SECRET
racadm|omconfig|ilorest|ilo|hpilo_cli|redfishtool|supermicro-sum|lenovo-onecli(rus) -p SECRET
redfishtool(rsu) -p SECRET
snmpget|snmpwalk|snmpset|snmpgetnext|snmpbulkget(vulaexnrtOCmM) -c SECRET -A SECRET -X SECRET
snmpbulkwalk|snmptable|snmpdf|snmpstatus(vulaexnrtOCmM) -c SECRET -A SECRET -X SECRET
snmptrap|snmpinform|snmptranslate|snmpnetstat(vulaexnrtOCmM) -c SECRET -A SECRET -X SECRET
snmpdelta|snmpusm|snmpvacm|snmptest(vulaexnrtOCmM) -c SECRET -A SECRET -X SECRET
snmp-check|snmpcheck(vptd) -c SECRET
net-snmp-create-v3-user(axu) -A SECRET -X SECRET
nmcli password|wifi-sec.psk|wifi.psk|802-11-wireless-security.psk|802-1x.password SECRET
nmcli 802-11-wireless-security.wep-key0|wifi-sec.wep-key0|vpn.secrets SECRET
nmcli wifi-sec.leap-password|gsm.password|gsm.pin|pppoe.password SECRET
iwctl --passphrase SECRET
wpa_passphrase SSID SECRET
wpa_cli psk|password|wep_key0|sae_password|private_key_passwd SECRET
wpa_cli(ip) password|passphrase|pin|otp NETWORK SECRET
wpa_cli(ip) wps_pin BSSID SECRET
iwconfig DEVICE key s:SECRET
iwconfig DEVICE key SECRET
iw connect SSID key 0:SECRET
iwpriv|wlanconfig DEVICE set_key SECRET
pppd|pppoe|pon password SECRET
pptpsetup|xl2tpd --password SECRET
openconnect(ucskg) -p SECRET --key-password SECRET
vpnc|globalprotect|gpclient --password SECRET
nordvpn|expressvpn|protonvpn login --token SECRET
ip auth ALGORITHM SECRET
ip enc ALGORITHM SECRET
ip auth-trunc ALGORITHM SECRET
ip aead ALGORITHM SECRET
setkey|racoonctl -E ALGORITHM SECRET
ipsec|whack --psk SECRET
upscmd|upsrw(us) -p SECRET
check_mysql|check_mysql_query|check_pgsql|check_mysql_health(HudPlwc) -p SECRET --password SECRET
check_oracle_health|check_mssql_health(HudPlwc) -p SECRET --password SECRET
check_smb|check_disk_smb|check_radius|check_esxi_hardware(HuUsaPwct) -p SECRET
check_hpasm|check_imap_login|check_mongodb|check_vmware_esx(HuUsaPwct) -p SECRET
check_http|check_httpd_status|check_curl(HuIpwcst) -a USER:SECRET -b USER:SECRET
check_snmp|check_ifstatus|check_ifoperstatus(HoPwcnlLaxU) -C SECRET -A SECRET -X SECRET
check_snmp_int|check_snmp_load|check_snmp_mem(HoPwcnlLaxU) -C SECRET -A SECRET -X SECRET
check_snmp_storage|check_nwc_health(HoPwcnlLaxU) -C SECRET -A SECRET -X SECRET
check_nt(HvplwcU) -s SECRET
check_ldap(HbDpwc) -P SECRET
check_wmi_plus|check_wmi(HumAwc) -p SECRET
check_imap|check_pop_ssl(HU) -P SECRET
check_ncpa(HPM) -t SECRET
esxcli|vim-cmd|vicfg-nics|vmkfstools|esxtop|resxtop|vmware-cmd|vihostupdate(sHU) -p SECRET -P SECRET
vmrun(Thu) -p SECRET -gp SECRET -vp SECRET
prlctl|prlsrvctl(u) --userpasswd USER:SECRET
sipp(sni) -ap SECRET
pjsua --password SECRET
asadmin|wsadmin|jconsole(u) -password SECRET -W SECRET
jboss-cli|add-user|wildfly(ua) -p SECRET
add-user USER SECRET
jmxterm|jmxquery|cmdline-jmxclient(lu) -p SECRET
jmxclient|cmdline-jmxclient USER:SECRET
cryptcat|sbd(plc) -k SECRET
lpadmin|lpoptions|hp-setup -o auth-password=SECRET
zmcontrol|zmprov(alms) -p SECRET
zmprov createaccount|ca MAIL SECRET
zmprov setpassword|sp MAIL SECRET
whmapi1|uapi|cpapi2 password=SECRET
virtualmin|webmin create-domain --pass SECRET
changepass.pl|changepass DIR USER SECRET
wsman|winrm(uhP) -p SECRET
xe(sup) -pw SECRET
spicy|remote-viewer(hp) -w SECRET
fence_ipmilan|fence_ilo|fence_ilo4|fence_idrac|fence_drac5|fence_apc(alnoi) -p SECRET
fence_vmware_soap|fence_vmware_rest|fence_rsa|fence_bladecenter|fence_cisco_ucs(alnoi) -p SECRET
fence_virsh(alnoi) -p SECRET
clogin|jlogin|hlogin|flogin(uxc) -p SECRET -e SECRET -v SECRET
airdecap-ng|airtun-ng(e) -p SECRET
cntlm|proxytunnel(uUd) -p SECRET
proxytunnel -P USER:SECRET -R USER:SECRET
ike-scan --psk SECRET
amtterm(u) -p SECRET
virsh secret-set-value UUID SECRET
dbclient|rexec(l) -p SECRET
stonith passwd=SECRET
"""
