"""Command lines with secrets: option names in Spanish and other languages, odd shapes of secrets.

Programs written in Spain and elsewhere name their options in their own language. The words are
those of the dictionaries for password, pass phrase, secret, key and token.
"""

from tests.agent.collectors.masking_form import Form

LANGUAGE_FORMS: list[Form] = [
    # Spanish: clave, contraseña (with and without the tilde), palabra de paso, secreto, ficha.
    Form(["facturador", "--usuario", "ana", "--clave", "Cl4ve-1"], ("Cl4ve-1",), ("ana",)),
    Form(["facturador", "--usuario=ana", "--clave=Cl4ve-2"], ("Cl4ve-2",), ("--usuario=ana",)),
    Form(["facturador", "-clave", "Cl4ve-3", "-puerto", "80"], ("Cl4ve-3",), ("80",)),
    Form(["facturador", "-clave=Cl4ve-4"], ("Cl4ve-4",), ("facturador",)),
    Form(["facturador", "--CLAVE=Cl4ve-5"], ("Cl4ve-5",), ("facturador",)),
    Form(["facturador", "--clave-bd=Cl4ve-6", "--bd=ventas"], ("Cl4ve-6",), ("--bd=ventas",)),
    Form(["facturador", "--bd_clave", "Cl4ve-7"], ("Cl4ve-7",), ("facturador",)),
    Form(["facturador", "--clave-privada=Cl4ve-8"], ("Cl4ve-8",), ("facturador",)),
    Form(["facturador", "--clave-api", "Cl4ve-9"], ("Cl4ve-9",), ("facturador",)),
    Form(["nominas", "--contraseña", "C0ntra-1"], ("C0ntra-1",), ("nominas",)),
    Form(["nominas", "--contraseña=C0ntra-2", "--mes=5"], ("C0ntra-2",), ("--mes=5",)),
    Form(["nominas", "--contrasena", "C0ntra-3", "--mes", "5"], ("C0ntra-3",), ("--mes",)),
    Form(["nominas", "--contrasena=C0ntra-4"], ("C0ntra-4",), ("nominas",)),
    Form(["nominas", "--contrasenya=C0ntra-5"], ("C0ntra-5",), ("nominas",)),
    # The same word with the tilde as a combining character (U+006E U+0303).
    Form(["nominas", "--contrasen\u0303a=C0ntra-6"], ("C0ntra-6",), ("nominas",)),
    Form(["nominas", "--contraseña-ldap", "C0ntra-7"], ("C0ntra-7",), ("nominas",)),
    Form(["nominas", "--CONTRASEÑA=C0ntra-8"], ("C0ntra-8",), ("nominas",)),
    Form(["nominas", "/contraseña:C0ntra-9"], ("C0ntra-9",), ("nominas",)),
    Form(["nominas", "--palabra-de-paso", "P4labra-1"], ("P4labra-1",), ("nominas",)),
    Form(["nominas", "--palabra-de-paso=P4labra-2"], ("P4labra-2",), ("nominas",)),
    Form(["nominas", "--secreto", "S3creto-1"], ("S3creto-1",), ("nominas",)),
    Form(["nominas", "--secreto-cliente=S3creto-2"], ("S3creto-2",), ("nominas",)),
    Form(["nominas", "--token-acceso", "T0ken-1"], ("T0ken-1",), ("nominas",)),
    Form(["nominas", "--token-de-acceso=T0ken-2"], ("T0ken-2",), ("nominas",)),
    Form(["nominas", "--frase-de-paso=Fr4se-1"], ("Fr4se-1",), ("nominas",)),
    # Assignments and properties in Spanish.
    Form(["env", "CLAVE=Cl4ve-10", "/opt/nominas/bin/nominas"], ("Cl4ve-10",), ("/opt/nominas",)),
    Form(["env", "CONTRASEÑA=C0ntra-10", "nominas"], ("C0ntra-10",), ("nominas",)),
    Form(
        ["env", "CLAVE_BD=Cl4ve-11", "USUARIO_BD=ana", "nominas"],
        ("Cl4ve-11",),
        ("USUARIO_BD=ana",),
    ),
    Form(["sudo", "-E", "CONTRASENA=C0ntra-11", "nominas"], ("C0ntra-11",), ("nominas",)),
    Form(["java", "-Dclave=Cl4ve-12", "-jar", "nominas.jar"], ("Cl4ve-12",), ("nominas.jar",)),
    Form(["java", "-Dbd.contraseña=C0ntra-12", "-jar", "n.jar"], ("C0ntra-12",), ("n.jar",)),
    Form(["java", "-jar", "n.jar", "--bd.clave=Cl4ve-13"], ("Cl4ve-13",), ("n.jar",)),
    Form(["nominas", "usuario=ana", "clave=Cl4ve-14"], ("Cl4ve-14",), ("usuario=ana",)),
    Form(
        ["nominas", "bd=ventas;usuario=ana;clave=Cl4ve-15;puerto=1"], ("Cl4ve-15",), ("puerto=1",)
    ),
    Form(["nominas", '{"usuario": "ana", "contraseña": "C0ntra-13"}'], ("C0ntra-13",), ("ana",)),
    Form(["nominas", '{"usuario":"ana","clave":"Cl4ve-16"}'], ("Cl4ve-16",), ("ana",)),
    Form(
        ["curl", "-d", "usuario=ana&clave=Cl4ve-17", "https://h1/entrar"], ("Cl4ve-17",), ("ana",)
    ),
    Form(["curl", "https://h1/entrar?usuario=ana&contrasena=C0ntra-14"], ("C0ntra-14",), ("ana",)),
    # French, Portuguese, German, Italian, Dutch, Polish.
    Form(["paie", "--mot-de-passe", "Mdp-1"], ("Mdp-1",), ("paie",)),
    Form(["paie", "--mot-de-passe=Mdp-2", "--mois=5"], ("Mdp-2",), ("--mois=5",)),
    Form(["paie", "--motdepasse=Mdp-3"], ("Mdp-3",), ("paie",)),
    Form(["env", "MOT_DE_PASSE=Mdp-4", "paie"], ("Mdp-4",), ("paie",)),
    Form(["folha", "--senha", "S3nha-1"], ("S3nha-1",), ("folha",)),
    Form(["folha", "--usuario=ana", "--senha=S3nha-2"], ("S3nha-2",), ("ana",)),
    Form(["env", "SENHA=S3nha-3", "folha"], ("S3nha-3",), ("folha",)),
    Form(["folha", "--palavra-passe=P4lavra-1"], ("P4lavra-1",), ("folha",)),
    Form(["lohn", "--passwort", "Pw-de-1"], ("Pw-de-1",), ("lohn",)),
    Form(["lohn", "--passwort=Pw-de-2"], ("Pw-de-2",), ("lohn",)),
    Form(["lohn", "--kennwort", "K3nnwort-1"], ("K3nnwort-1",), ("lohn",)),
    Form(["lohn", "/Kennwort:K3nnwort-2"], ("K3nnwort-2",), ("lohn",)),
    Form(["paghe", "--parola-d-ordine=P4rola-1"], ("P4rola-1",), ("paghe",)),
    Form(["paghe", "--parola", "P4rola-2"], ("P4rola-2",), ("paghe",)),
    Form(["loon", "--wachtwoord=W4chtwoord-1"], ("W4chtwoord-1",), ("loon",)),
    Form(["place", "--haslo=H4slo-1"], ("H4slo-1",), ("place",)),
    # Secrets that are not ASCII, hold separators or look like something else.
    Form(
        ["mysql", "-uroot", "-pcontraseña-ñandú", "shop"], ("contraseña-ñandú", "ñandú"), ("shop",)
    ),
    Form(["app", "--password", "пароль-42"], ("пароль-42", "42"), ("app",)),
    Form(["app", "--password=密码-4242", "--x=1"], ("密码-4242", "4242"), ("--x=1",)),
    Form(["app", "--password", "a=b:c@d/e"], ("a=b:c@d/e", "c@d"), ("app",)),
    Form(["app", "--password=uno dos tres", "--x=1"], ("uno", "dos", "tres"), ("--x=1",)),
    Form(["app", "--password", "co\"mil'las"], ("mil'las", 'co"mil'), ("app",)),
    Form(["app", "--password=/x9Kq/ZmT7w+Rb=="], ("x9Kq", "ZmT7w+Rb"), ("app",)),
    Form(["app", "--passphrase", "correct horse battery staple"], ("horse", "battery", "staple")),
    Form(["app", "--token", "00000000-1111-2222-3333-444444444444"], ("444444444444",), ("app",)),
    Form(["app", "--Password", "M4yus-1"], ("M4yus-1",), ("app",)),
    Form(["app", "--PASSWORD=M4yus-2"], ("M4yus-2",), ("app",)),
    Form(["app", "--userPassword=C4mel-1"], ("C4mel-1",), ("app",)),
    Form(["app", "--password:D0s-puntos"], ("D0s-puntos",), ("app",)),
    Form(["app", "--password='C0n-comillas'"], ("C0n-comillas",), ("app",)),
    Form(["app", "-password", "Un-gui0n"], ("Un-gui0n",), ("app",)),
    Form(["app", "--pwd", "Pwd-1", "--pin=9035"], ("Pwd-1", "9035"), ("app",)),
    Form(["app", "--credentials=ana:Cr3d-1"], ("Cr3d-1",), ("app",)),
    Form(["app", "--bearer", "B34rer-1"], ("B34rer-1",), ("app",)),
]
