"""Command lines with secrets: archives, documents, keys and certificates.

Sources: zip(1), unzip(1), 7z(1), openssl-passphrase-options(1), gpg(1), keytool(1), jarsigner(1),
ssh-keygen(1), qpdf(1), pdftotext(1), pk12util(1), pkcs11-tool(1), certtool(1), xmlsec1(1).
"""

from tests.agent.collectors.masking_form import Form

FILE_FORMS: list[Form] = [
    # zip, unzip, zipcloak's kin: -P apart and attached, bundled, and the long option.
    Form(
        ["zip", "-P", "Z1p-pw-1", "-r", "/bk/a.zip", "/srv"], ("Z1p-pw-1",), ("/bk/a.zip", "/srv")
    ),
    Form(["zip", "-PZ1p-pw-2", "-r", "a.zip", "docs"], ("Z1p-pw-2",), ("a.zip", "docs")),
    Form(["zip", "-rP", "Z1p-pw-3", "a.zip", "docs"], ("Z1p-pw-3",), ("a.zip", "docs")),
    Form(["zip", "--password", "Z1p-pw-4", "a.zip", "b"], ("Z1p-pw-4",), ("a.zip",)),
    Form(["unzip", "-P", "Z1p-pw-5", "-o", "a.zip"], ("Z1p-pw-5",), ("a.zip",)),
    Form(["unzip", "-PZ1p-pw-6", "a.zip", "-d", "/tmp/x"], ("Z1p-pw-6",), ("/tmp/x",)),
    # 7z: -pSECRET is attached.
    Form(
        ["7z", "a", "-pS3ven-1", "-mhe=on", "/bk/a.7z", "/srv"], ("S3ven-1",), ("-mhe=on", "/bk/")
    ),
    Form(["7za", "x", "a.7z", "-pS3ven-2", "-o/tmp/x"], ("S3ven-2",), ("a.7z", "-o/tmp/x")),
    Form(["7zr", "x", "-pS3ven 3 x", "a.7z"], ("S3ven", "3 x"), ("a.7z",)),
    Form(["/usr/lib/p7zip/7z", "t", "-pS3ven-4", "a.7z"], ("S3ven-4",), ("a.7z",)),
    # rar and unrar: -p and -hp (headers too).
    Form(["rar", "a", "-hpR4r-pw-1", "a.rar", "docs"], ("R4r-pw-1",), ("a.rar", "docs")),
    Form(["unrar", "x", "-pR4r-pw-2", "a.rar"], ("R4r-pw-2",), ("a.rar",)),
    # openssl: pass:SECRET after -passin, -passout and -pass; -k; passwd SECRET; -K and -macopt.
    Form(
        ["openssl", "rsa", "-in", "/etc/ssl/k.pem", "-passin", "pass:0ssl-1", "-out", "/tmp/k"],
        ("0ssl-1",),
        ("/etc/ssl/k.pem", "/tmp/k"),
    ),
    Form(
        [
            "openssl",
            "pkcs12",
            "-export",
            "-in",
            "c.pem",
            "-passout",
            "pass:0ssl-2",
            "-out",
            "c.p12",
        ],
        ("0ssl-2",),
        ("c.pem", "c.p12"),
    ),
    Form(
        ["openssl", "req", "-x509", "-passin", "pass:0ssl:3a", "-passout", "pass:0ssl:3b", "-new"],
        ("0ssl", ":3a", ":3b"),
        ("-x509",),
    ),
    Form(
        ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-k", "0ssl-4", "-in", "a", "-out", "a.enc"],
        ("0ssl-4",),
        ("-aes-256-cbc", "a.enc"),
    ),
    Form(["openssl", "enc", "-d", "-aes256", "-pass", "pass:0ssl-5", "-in", "a.enc"], ("0ssl-5",)),
    Form(["openssl", "aes-256-cbc", "-pass=pass:0ssl-6", "-in", "a"], ("0ssl-6",), ("-in",)),
    Form(
        ["openssl", "enc", "-aes-128-cbc", "-K", "00112233445566778899aabbccddeeff", "-iv", "0f0e"],
        ("00112233445566778899aabbccddeeff",),
        ("-aes-128-cbc",),
    ),
    Form(["openssl", "passwd", "-6", "0ssl-7"], ("0ssl-7",), ("passwd", "-6")),
    Form(["openssl", "passwd", "-1", "-salt", "xy", "0ssl-8"], ("0ssl-8",), ("passwd",)),
    Form(["openssl", "dgst", "-sha256", "-hmac", "0ssl-9", "/srv/a"], ("0ssl-9",), ("/srv/a",)),
    Form(["openssl", "s_client", "-connect", "h1:443", "-psk", "a1b2c3d4e5f6"], ("a1b2c3d4e5f6",)),
    # GnuPG, age's kin, ccrypt, steghide.
    Form(
        ["gpg", "--batch", "--yes", "--passphrase", "Gpg-pw 1", "-c", "/bk/a.tar"],
        ("Gpg-pw", "pw 1"),
        ("--batch", "/bk/a.tar"),
    ),
    Form(["gpg", "--passphrase=Gpg-pw-2", "-d", "/bk/a.gpg"], ("Gpg-pw-2",), ("/bk/a.gpg",)),
    Form(["gpg2", "--pinentry-mode", "loopback", "--passphrase", "Gpg-3", "-s", "a"], ("Gpg-3",)),
    Form(["ccrypt", "-e", "-K", "Ccrypt-1", "/bk/a.tar"], ("Ccrypt-1",), ("/bk/a.tar",)),
    Form(
        ["steghide", "embed", "-cf", "a.jpg", "-ef", "b", "-p", "St3g-1"], ("St3g-1",), ("a.jpg",)
    ),
    # ssh-keygen: -N new and -P old passphrase.
    Form(
        ["ssh-keygen", "-t", "ed25519", "-N", "K3ygen 1", "-f", "/root/.ssh/id_ed25519"],
        ("K3ygen", "gen 1"),
        ("ed25519", "/root/.ssh/id_ed25519"),
    ),
    Form(
        ["ssh-keygen", "-p", "-P", "K3ygen-old", "-N", "K3ygen-new", "-f", "/root/.ssh/id_rsa"],
        ("K3ygen-old", "K3ygen-new"),
        ("/root/.ssh/id_rsa",),
    ),
    # Java's keytool, jarsigner, apksigner.
    Form(
        ["keytool", "-list", "-keystore", "/etc/ks.jks", "-storepass", "chang3it"],
        ("chang3it",),
        ("/etc/ks.jks",),
    ),
    Form(
        [
            "keytool",
            "-genkeypair",
            "-alias",
            "a1",
            "-keypass",
            "k3ypass",
            "-storepass",
            "st0repass",
        ],
        ("k3ypass", "st0repass"),
        ("-genkeypair", "a1"),
    ),
    Form(
        ["keytool", "-importkeystore", "-srcstorepass", "Src-1", "-deststorepass", "Dst-1"],
        ("Src-1", "Dst-1"),
        ("-importkeystore",),
    ),
    Form(
        ["jarsigner", "-keystore", "k.jks", "-storepass", "S1gn-1", "-keypass", "S1gn-2", "a.jar"],
        ("S1gn-1", "S1gn-2"),
        ("k.jks", "a.jar"),
    ),
    Form(
        ["apksigner", "sign", "--ks", "k.jks", "--ks-pass", "pass:Apk-1", "app.apk"],
        ("Apk-1",),
        ("k.jks", "app.apk"),
    ),
    # Smart cards and certificates: pkcs11-tool, softhsm2-util, pk12util, certtool, osslsigncode.
    Form(["pkcs11-tool", "--login", "--pin", "648219", "-O"], ("648219",), ("--login",)),
    Form(["pkcs11-tool", "-l", "-p", "648220", "--sign"], ("648220",), ("--sign",)),
    Form(
        ["softhsm2-util", "--init-token", "--slot", "0", "--so-pin", "73910246", "--pin", "5081"],
        ("73910246", "5081"),
        ("--init-token",),
    ),
    Form(
        ["pk12util", "-i", "c.p12", "-d", "/etc/pki/nssdb", "-W", "P12-1", "-K", "Nss-1"],
        ("P12-1", "Nss-1"),
        ("c.p12", "/etc/pki/nssdb"),
    ),
    Form(["certtool", "--generate-privkey", "--password=C3rttool-1"], ("C3rttool-1",)),
    Form(
        ["osslsigncode", "sign", "-pkcs12", "a.pfx", "-pass", "0sc-1", "a.exe"],
        ("0sc-1",),
        ("a.pfx",),
    ),
    Form(
        ["xmlsec1", "--sign", "--pkcs12", "k.p12", "--pwd", "Xml-1", "a.xml"],
        ("Xml-1",),
        ("k.p12",),
    ),
    # PDF: qpdf, pdftk, poppler, Ghostscript.
    Form(["qpdf", "--password=Qpdf-1", "--decrypt", "a.pdf", "b.pdf"], ("Qpdf-1",), ("a.pdf",)),
    Form(
        ["qpdf", "--encrypt", "Us3r-pw", "0wn3r-pw", "256", "--", "a.pdf", "b.pdf"],
        ("Us3r-pw", "0wn3r-pw"),
        ("256", "a.pdf"),
    ),
    Form(
        ["pdftk", "a.pdf", "output", "b.pdf", "owner_pw", "Pdftk-1", "user_pw", "Pdftk-2"],
        ("Pdftk-1", "Pdftk-2"),
        ("a.pdf", "b.pdf"),
    ),
    Form(["pdftk", "a.pdf", "input_pw", "Pdftk-3", "output", "b.pdf"], ("Pdftk-3",), ("b.pdf",)),
    Form(["pdftotext", "-upw", "P0ppler-1", "a.pdf", "-"], ("P0ppler-1",), ("a.pdf",)),
    Form(["pdfinfo", "-opw", "P0ppler-2", "a.pdf"], ("P0ppler-2",), ("a.pdf",)),
    Form(["gs", "-sDEVICE=pdfwrite", "-sPDFPassword=Gs-pw-1", "a.pdf"], ("Gs-pw-1",), ("a.pdf",)),
    # Disks and backups.
    Form(["sh", "-c", "echo -n 'Luks-pw-1' | cryptsetup open /dev/sdb1 data -"], ("Luks-pw-1",)),
    Form(
        ["mount", "-t", "ecryptfs", "/a", "/b", "-o", "key=passphrase:passphrase_passwd=Ecr-1"],
        ("Ecr-1",),
        ("ecryptfs",),
    ),
    Form(["env", "RESTIC_PASSWORD=R3stic-1", "restic", "backup", "/srv"], ("R3stic-1",), ("/srv",)),
    Form(
        ["env", "BORG_PASSPHRASE=B0rg 1", "borg", "create", "::a", "/"], ("B0rg", "rg 1"), ("borg",)
    ),
    Form(
        ["env", "PASSPHRASE=Dupl-1", "FTP_PASSWORD=Dupl-2", "duplicity", "/home", "ftp://u@h/d"],
        ("Dupl-1", "Dupl-2"),
        ("duplicity", "ftp://u@h/d"),
    ),
    Form(["rclone", "copy", "/srv", ":webdav:", "--webdav-pass", "Rcl-1"], ("Rcl-1",), ("/srv",)),
    Form(["rclone", "rcd", "--rc-user=ana", "--rc-pass=Rcl-2"], ("Rcl-2",), ("--rc-user=ana",)),
    Form(["rclone", "obscure", "Rcl-3-pw"], ("Rcl-3-pw",), ("obscure",)),
]
