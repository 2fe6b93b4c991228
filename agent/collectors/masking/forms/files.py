"""Archives, encryption, documents, disks and keys."""

FORMS = """
zip|zipcloak|zipnote|zipsplit(bnitxUO) -P SECRET
unzip|funzip|zipinfo(dxO) -P SECRET
7z|7za|7zr|7zz|p7zip|7zzs -pSECRET
rar|unrar|winrar -pSECRET -hpSECRET
unar|lsar(oe) -p SECRET
arj|unarj -gSECRET
zpaq -key SECRET
bsdtar|bsdcpio --passphrase SECRET
dar -K ALGORITHM:SECRET -J ALGORITHM:SECRET -$ ALGORITHM:SECRET
openssl -k SECRET -K SECRET
openssl -pass pass:SECRET -passin pass:SECRET -passout pass:SECRET -password pass:SECRET
openssl -pass SECRET -passin SECRET -passout SECRET -hmac SECRET -psk SECRET -macopt hexkey:SECRET
openssl(;-salt;-in;-out) passwd SECRET
ccrypt|ccencrypt|ccdecrypt|ccat(ESk) -K SECRET -H SECRET
mcrypt|mdecrypt(amso) -k SECRET
aescrypt|aesencrypt|aesdecrypt(o) -p SECRET
scrypt -p SECRET
steghide|stegseek(cfse) -p SECRET
outguess|stegsnow -k SECRET -p SECRET
fcrackzip|john(lc) -p SECRET
qpdf --encrypt SECRET SECRET BITS
qpdf --password SECRET
pdftk user_pw SECRET
pdftk owner_pw SECRET
pdftk input_pw SECRET
pdftotext|pdftoppm|pdfinfo|pdfimages|pdftops|pdftocairo|pdffonts|pdfdetach -upw SECRET -opw SECRET
pdftohtml|pdfsig -upw SECRET -opw SECRET
mutool|mudraw|muraster(ors) -p SECRET
gs|gsc -sPDFPassword=SECRET -sUserPassword=SECRET -sOwnerPassword=SECRET
msoffcrypto-tool|msoffcrypto-crack -p SECRET
veracrypt|truecrypt(kt) -p SECRET --new-password SECRET
zulucrypt-cli|tcplay(dmt) -p SECRET
ssh-keygen(tbfCmaIsVOwz) -N SECRET -P SECRET
pk12util(dion) -W SECRET -K SECRET -w SECRET -k SECRET
p11tool --set-pin SECRET --set-so-pin SECRET
pkcs11-tool(myLwd) -p SECRET
pkcs15-tool|pkcs15-init|pkcs15-crypt --pin SECRET --puk SECRET --so-pin SECRET
yubico-piv-tool(as) -P SECRET -k SECRET -N SECRET
ykman(P) piv|oath|fido|openpgp -P SECRET -n SECRET -m SECRET -p SECRET
ykpersonalize -cSECRET
softhsm2-util --pin SECRET --so-pin SECRET
tpm2_create|tpm2_createprimary|tpm2_load|tpm2_unseal|tpm2_nvread(CGgurc) -p SECRET -P SECRET
tpm2_nvwrite|tpm2_clear(CGgurc) -p SECRET -P SECRET
tpm2_changeauth(c) -p SECRET
mokutil -P SECRET
hdparm --security-unlock SECRET --security-set-pass SECRET --security-erase SECRET
hdparm --security-disable SECRET
hdparm --security-erase-enhanced SECRET
hdparm --user-master LEVEL --security-erase SECRET
diskutil|hdiutil -passphrase SECRET
sedutil-cli --initialSetup SECRET --setSIDPassword SECRET
ecryptfs-add-passphrase|ecryptfs-wrap-passphrase|ecryptfs-unwrap-passphrase FILE SECRET
kpcli|keepassxc-cli -pw SECRET
gpg|gpg2 --passphrase SECRET
duplicity|duply --encrypt-passphrase SECRET
rclone obscure SECRET
megadl|megaget|megaput|megals|megacopy|megarm(u) -p SECRET
mega-login USER SECRET
nsupdate|dig|host|delv(tkvp) -y ALGORITHM:NAME:SECRET -y NAME:SECRET
"""
