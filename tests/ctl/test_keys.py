# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl key and provenance: what signatures are verified with, and what they prove."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile

import mails
import tap
from tool import has

NAME = "Nobody Real <nobody@example.org>"


class Keys:
    """A PGP key and a certificate of our own, made once, and what they sign."""

    _one = None

    @classmethod
    def get(cls):
        if cls._one is None:
            cls._one = cls()
        return cls._one

    def __init__(self):
        for program in ("gpg", "openssl"):
            if shutil.which(program) is None:
                raise tap.Skip(f"{program} is not installed")
        with tempfile.TemporaryDirectory(prefix="certbund-keys.") as home:
            try:
                self._make(home)
            finally:
                subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)

    def _make(self, home):
        def gpg(*words, data=None):
            return subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase",
                                   "", "--pinentry-mode", "loopback", *words], input=data,
                                  capture_output=True, check=True).stdout
        gpg("--quick-generate-key", NAME, "ed25519", "sign", "never")
        listed = gpg("--with-colons", "--list-keys").decode().splitlines()
        self.fingerprint = [row.split(":")[9] for row in listed if row.startswith("fpr:")][0]
        self.public = gpg("--armor", "--export")
        self.secret = gpg("--armor", "--export-secret-keys")
        self.signed = self._sign(mails.report(mails.TELNET, [("64500", "192.0.2.1", "2025-02-11 11:00:00", "23", "x")],
                                               encoding="8bit"), gpg)
        names = [os.path.join(home, name) for name in ("k.pem", "c.pem")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=certbund", "-days", "30", "-keyout", names[0], "-out", names[1]],
                       capture_output=True, check=True)
        self.private, self.certificate = (open(name, "rb").read() for name in names)
        self.sha256 = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=self.certificate,
            capture_output=True, check=True).stdout.decode().strip().split("=")[1]

    @staticmethod
    def _sign(mail, gpg):
        """The report's text, signed anew; the signature in it is none."""
        mail = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        begin = mail.index(b"-----BEGIN PGP SIGNATURE")
        end = mail.index(b"-----END PGP SIGNATURE-----") + len(b"-----END PGP SIGNATURE-----")
        boundary = mail[mail.index(b'boundary="') + 10:].split(b'"')[0]
        part = mail.split(b"--" + boundary + b"\r\n")[1][:-2]
        signature = gpg("--armor", "--detach-sign", data=part)
        return mail[:begin] + signature.strip().replace(b"\n", b"\r\n") + mail[end:]


def keyring(stage, **changes):
    keys = Keys.get()
    stage.home = stage.path + "/state/gnupg"
    settings = {"provenance__gnupg_home": stage.home, "provenance__require": "pgp",
                "provenance__keys": keys.fingerprint, "milter__user": "", **changes}
    stage.config = stage.write("certbund-milter.conf", stage.config_text(**settings))
    os.mkdir(stage.path + "/state")
    stage.write("pub.asc", keys.public)
    stage.write("cert.pem", keys.certificate)
    return keys


@tap.case("key: imported, listed with what keys= says of it, removed")
def _(stage):
    keys = keyring(stage)
    status, out, err = stage.run("key", "list")
    tap.equal((status, out), (0, ""))
    has(err, "certbundctl key import brings them")
    status, out, err = stage.run("key", "import", "pub.asc", "cert.pem")
    tap.equal((status, err), (0, ""))
    sha256 = keys.sha256.replace(":", "")
    has(out, f"pgp {keys.fingerprint}: {NAME}: imported, and pinned", f"smime {sha256}: CN=certbund:"
        " imported, but keys= does not name it", f"add {sha256} to keys= in {stage.config}")
    tap.equal([(row["kind"], row["fingerprint"], row["name"], row["revoked"], row["pinned"])
               for row in stage.lines("key", "list")],
              [("pgp", keys.fingerprint, NAME, "no", "yes"),
               ("smime", sha256, "CN=certbund", None, "no")])
    status, out, err = stage.run("key", "remove", keys.sha256)
    tap.equal((status, out, err), (0, f"{sha256}: removed\n", ""))
    spaced = " ".join(keys.fingerprint[i:i + 4] for i in range(0, 40, 4))
    status, out, err = stage.run("key", "remove", spaced)
    tap.equal((status, out), (0, f"{keys.fingerprint}: removed; keys= still names it\n"))
    tap.equal(stage.lines("key", "list"), [])
    tap.equal(stage.run("key", "remove", spaced)[0], 1)


@tap.case("key: secret keys and what is no key are refused, and nothing is kept")
def _(stage):
    keys = keyring(stage)
    for name, data, why in (("secret.asc", keys.secret, "secret key"),
                            ("private.pem", keys.private, "private key"),
                            ("both.pem", keys.private + keys.certificate, "private key"),
                            ("text", b"hello\n", "neither a PGP key nor a certificate"),
                            ("empty", b"", "neither a PGP key nor a certificate")):
        stage.write(name, data)
        status, out, err = stage.run("key", "import", name)
        tap.equal((status, out), (65, ""), name)
        has(err, f"{name}: ", why)
    tap.equal(stage.run("key", "import", "missing")[0], 66)
    tap.equal(stage.lines("key", "list"), [])
    for words in (("key",), ("key", "import"), ("key", "remove", "A26B180F1C"), ("key", "show")):
        tap.equal(stage.run(*words)[0], 64, words)


@tap.case("key: what it writes is the daemon's user's and nobody else's, no agent stays behind")
def _(stage):
    if os.geteuid() != 0:
        raise tap.Skip("needs root")
    keyring(stage, milter__user="nobody")
    os.chmod(stage.path, 0o755)
    before = os.umask(0)
    try:
        tap.equal(stage.run("key", "import", "pub.asc", "cert.pem")[0], 0)
    finally:
        os.umask(before)
    owner = pwd.getpwnam("nobody").pw_uid
    found = [stage.home] + [os.path.join(directory, name)
                            for directory, inner, files in os.walk(stage.home)
                            for name in inner + files]
    assert len(found) >= 4, found
    for path in found:
        status = os.lstat(path)
        wanted = (0o700,) if stat.S_ISDIR(status.st_mode) else (0o600, 0o640)
        tap.equal(status.st_uid, owner, path)
        assert stat.S_IMODE(status.st_mode) in wanted, f"{path}: {status.st_mode:o}"
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout.decode()
    assert stage.home not in running, running


@tap.case("provenance: what each method finds, and for how much it is proven")
def _(stage):
    keys = keyring(stage, provenance__require="pgp;smime;client")
    mail = stage.write("mail.eml", keys.signed)
    status, out, err = stage.run("provenance", mail)
    tap.equal(status, 1)
    has(err, "gnupg-home: pgp never passes", "certbundctl key import makes it")
    has(out, "client       fails  no connection", "pgp          fails", "proven       no")
    tap.equal(stage.run("key", "import", "pub.asc")[0], 0)
    status, out, err = stage.run("provenance", mail)
    tap.equal((status, err), (0, ""))
    has(out, f"pgp          passes signed by {keys.fingerprint}", "smime        fails",
        "proven       the signed part")
    stage.write("forged.eml", keys.signed.replace(b"192.0.2.", b"192.0.3."))
    status, out, _ = stage.run("provenance", "forged.eml")
    tap.equal(status, 1)
    has(out, "pgp          fails  bad signature")
    tap.equal(stage.run("provenance", "missing.eml")[0], 66)
