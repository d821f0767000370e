# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl key and provenance: what signatures are verified with, and what they prove."""

import base64
import contextlib
import os
import pwd
import re
import shutil
import stat
import subprocess

import mails
import tap
from tool import has

NOBODY = pwd.getpwnam("nobody")
PART = b"Content-Type: text/plain; charset=utf-8\r\n\r\nOffene Telnet-Server\r\n"
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBtjCCAV2gAwIBAgIUS94pZTpEH5xC0vyGmYRAjCk5ExAwCgYIKoZIzj0EAwIw
MDEcMBoGA1UEAwwTcmVwb3J0cy5leGFtcGxlLm9yZzEQMA4GA1UECgwHRXhhbXBs
ZTAgFw0yNjExMjUwNTUyMTVaGA8yMTI2MTEwMTA1NTIxNVowMDEcMBoGA1UEAwwT
cmVwb3J0cy5leGFtcGxlLm9yZzEQMA4GA1UECgwHRXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABC6hWXcaGd5Qz7udgk2HYWqMJFMFq0W69VcxdQU+onNE
GZAcBVr/WUBmw4yywezf6KSUhbZvOKSSHaWBi5tMxLqjUzBRMB0GA1UdDgQWBBSE
7O3b/6gcLr8RO4xLjEC0LZteljAfBgNVHSMEGDAWgBSE7O3b/6gcLr8RO4xLjEC0
LZteljAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIC2Eoe5OG9Jo
+X1H6vC+wdi0JkO4pNbBa4bxJc0VvatyAiBii4p3OxsxjblJMC+RBo/h6YJx3WUK
fF4EHy2IE8aV4g==
-----END CERTIFICATE-----
"""
DER = base64.b64decode("".join(CERTIFICATE.splitlines()[1:-1]))
SHA256 = "923AB704A4F4764168F5F7F10FBE5575C672A62FB2A375C9A0584589E05037F0"
SHA1 = "C986993771C0E69BD68096B3BF7F3449FC01BD9C"


class Maker:
    """Makes PGP keys and signatures, in a home that the tool never sees."""

    def __init__(self, home):
        self.home = home
        os.mkdir(home, 0o700)

    def gpg(self, *words, stdin=b""):
        return subprocess.run(
            ["gpg", "--homedir", self.home, "--quiet", "--batch", "--no-tty", "--yes",
             "--pinentry-mode", "loopback", "--passphrase", "", *words],
            input=stdin, capture_output=True, check=True).stdout

    def key(self, name, *more):
        """Its fingerprint."""
        self.gpg("--quick-generate-key", f"{name} <{name}@example.org>", "ed25519",
                 *(more or ("sign", "never")))
        listing = self.gpg("--with-colons", "--list-keys", f"{name}@example.org").decode()
        return re.search(r"^fpr:+([0-9A-F]{40}):", listing, re.M).group(1)

    def sign(self, fingerprint):
        return self.gpg("-u", fingerprint, "--armor", "--detach-sign", stdin=PART)


@contextlib.contextmanager
def make_keys(stage):
    if shutil.which("gpg") is None or shutil.which("gpg-agent") is None:
        raise tap.Skip("gpg or its agent is not installed (Debian: gpg, gpg-agent)")
    maker = Maker(stage.path + "/maker")
    try:
        yield maker
    finally:
        subprocess.run(["gpgconf", "--homedir", maker.home, "--kill", "all"], check=False)


def configure(stage, keys="", user="", require="pgp;smime"):
    stage.home = stage.path + "/state/gnupg"
    stage.config = stage.write("certbund-milter.conf", stage.config_text(
        milter__user=user, provenance__require=require, provenance__keys=keys,
        provenance__gnupg_home=stage.home, ledger__path=f"{stage.path}/state/ledger.db"))


def processes_of(home):
    """Command lines of whatever runs with this directory among its words."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
            words = file.read().replace(b"\0", b" ").decode(errors="replace")
            if home in words:
                found.append(words)
    return found


def signed_mail(signature):
    return (b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s;\r\n"
            b" protocol=\"application/pgp-signature\"\r\n\r\n--s\r\n" + PART
            + b"\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n" + signature
            + b"\r\n--s--\r\n")


@tap.case("key import: a PGP key, armoured or not; the line that keys= needs")
def _(stage):
    with make_keys(stage) as maker:
        one, two = maker.key("one"), maker.key("two")
        configure(stage, keys=two)
        armour = stage.write("one.asc", maker.gpg("--armor", "--export", one))
        status, out, err = stage.run("key", "import", armour)
        tap.equal((status, err), (0, ""))
        has(out, f"pgp {one} one <one@example.org>: imported", f"\nkeys={two};{one}\n")
        status, out, err = stage.run("key", "import", "-", stdin=maker.gpg("--export", two))
        tap.equal((status, out, err),
                  (0, f"pgp {two} two <two@example.org>: imported, and in keys=\n", ""))
        tap.equal(stat.S_IMODE(os.stat(stage.home).st_mode), 0o700)
        tap.equal([name for name in os.listdir(stage.home)
                   if os.stat(f"{stage.home}/{name}").st_mode & 0o077], [])
        tap.equal([(line["kind"], line["fingerprint"], line["pinned"]) for line in
                   sorted(stage.lines("key", "list"), key=lambda line: line["name"])],
                  [("pgp", one, "no"), ("pgp", two, "yes")])
        tap.equal(processes_of(stage.home), [])


@tap.case("key import: a certificate, PEM or DER, known by either fingerprint")
def _(stage):
    for keys, words in (("", f"\nkeys={SHA256}\n"), (SHA1, ", and in keys="),
                        (SHA256, ", and in keys=")):
        for name, data in (("c.pem", CERTIFICATE), ("c.der", DER)):
            configure(stage, keys=keys)
            status, out, err = stage.run("key", "import", stage.write(name, data))
            tap.equal((status, err), (0, ""))
            has(out, f"smime {SHA256} O=Example,CN=reports.example.org: imported", words)
    path = f"{stage.home}/certificates/{SHA256}.pem"
    tap.equal(open(path).read(), CERTIFICATE)
    tap.equal(os.stat(path).st_mode & 0o007, 0)
    tap.equal(stage.lines("key", "list"), [{
        "kind": "smime", "fingerprint": SHA256, "pinned": "yes", "revoked": None,
        "created": "2026-11-25T05:52:15Z", "expires": "2126-11-01T05:52:15Z",
        "name": "O=Example,CN=reports.example.org"}])
    status, out, _ = stage.run("key", "list")
    tap.equal(status, 0)
    has(out, "kind   fingerprint", SHA256, "reports.example.org")


@tap.case("key import: secret keys are refused, and nothing of the file is kept")
def _(stage):
    with make_keys(stage) as maker:
        one = maker.key("one")
        configure(stage)
        pem = ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        both = maker.gpg("--armor", "--export", one) + maker.gpg("--armor",
                                                                  "--export-secret-keys", one)
        for data in (maker.gpg("--armor", "--export-secret-keys", one), both,
                     maker.gpg("--export-secret-keys", one),
                     maker.gpg("--armor", "--export-secret-subkeys", one), CERTIFICATE + pem):
            status, out, err = stage.run("key", "import", stage.write("file", data))
            tap.equal((status, out), (1, ""))
            has(err, "file: holds a secret key")
            tap.equal(stage.lines("key", "list"), [])
        tap.equal(processes_of(stage.home), [])


@tap.case("key import: what is none is told, and the others are imported all the same")
def _(stage):
    configure(stage)
    good = stage.write("good.pem", CERTIFICATE)
    for name, data, words in (("empty", b"", "neither"), ("text", b"Guten Tag\n", "neither"),
                              ("broken.pem", CERTIFICATE.replace("MII", "AAA"), "neither"),
                              ("large", b"x" * (1024 * 1024 + 1), "more than 1048576 bytes")):
        status, out, err = stage.run("key", "import", stage.write(name, data), good)
        tap.equal(status, 1)
        has(err, f"{name}: ", words)
        has(out, SHA256)
    status, out, err = stage.run("key", "import", good, stage.path + "/none")
    tap.equal((status, out), (66, ""))  # EX_NOINPUT: nothing is begun
    has(err, "none: ")


@tap.case("key list: expiry and revocation; nothing there is told")
def _(stage):
    configure(stage)
    status, out, err = stage.run("key", "list")
    tap.equal((status, out), (0, ""))
    has(err, "no key and no certificate is in")
    tap.equal(os.path.exists(stage.home), False)
    with make_keys(stage) as maker:
        short = maker.key("short", "sign", "20991231T000000")
        gone = maker.key("gone")
        with open(f"{maker.home}/openpgp-revocs.d/{gone}.rev", "rb") as file:
            maker.gpg("--import", stdin=file.read().replace(b":-----BEGIN", b"-----BEGIN"))
        stage.run("key", "import", "-", stdin=maker.gpg("--export"))
    lines = {line["name"].split()[0]: line for line in stage.lines("key", "list")}
    tap.equal([(name, lines[name]["fingerprint"], lines[name]["expires"], lines[name]["revoked"])
               for name in sorted(lines)],
              [("gone", gone, None, "yes"), ("short", short, "2099-12-31T00:00:00Z", "no")])


@tap.case("key remove: by the whole fingerprint of a key or certificate")
def _(stage):
    with make_keys(stage) as maker:
        one, two = maker.key("one"), maker.key("two")
        maker.gpg("--quick-add-key", one, "ed25519", "sign", "never")
        listing = maker.gpg("--with-colons", "--list-keys", one).decode()
        subkey = re.findall(r"^fpr:+([0-9A-F]{40}):", listing, re.M)[1]
        configure(stage, keys=one)
        stage.run("key", "import", "-", stdin=maker.gpg("--export"))
    stage.run("key", "import", stage.write("c.pem", CERTIFICATE))
    for words, status, text in (
            ((one[-16:],), 64, "is no fingerprint"), (("x",), 64, "is no fingerprint"),
            (("0" * 40,), 1, "neither a key nor a certificate"),
            ((subkey,), 1, f"is a subkey of {one}")):
        got, out, err = stage.run("key", "remove", *words)
        tap.equal((got, out), (status, ""), str(words))
        has(err, text)
    tap.equal(len(stage.lines("key", "list")), 3)
    spaced = " ".join(two[i:i + 4] for i in range(0, 40, 4)).lower()
    tap.equal(stage.run("key", "remove", spaced), (0, f"{two}: removed\n", ""))
    colons = ":".join(SHA1[i:i + 2] for i in range(0, 40, 2))
    tap.equal(stage.run("key", "remove", colons), (0, f"{SHA1}: removed\n", ""))
    tap.equal(stage.run("key", "remove", one),
              (0, f"{one}: removed; it still stands in keys=\n", ""))
    tap.equal(stage.lines("key", "list"), [])
    tap.equal(processes_of(stage.home), [])


@tap.case("key, as root: what is made is the daemon's, who verifies with it")
def _(stage):
    if os.geteuid() != 0:
        raise tap.Skip("not root")
    os.chmod(stage.path, 0o755)
    with make_keys(stage) as maker:
        one = maker.key("one")
        configure(stage, keys=one, user="nobody")
        key = stage.write("one.asc", maker.gpg("--export", one))
        mail = stage.write("mail.eml", signed_mail(maker.sign(one)))
    os.chmod(key, 0o600)  # read before root becomes somebody else
    for words in ((key, stage.write("c.pem", CERTIFICATE)), (key,)):
        tap.equal(stage.run("key", "import", *words)[0], 0)
        made = [stage.path + "/state", stage.home]
        made += [os.path.join(where, name) for where, dirs, files in os.walk(stage.home)
                 for name in dirs + files]
        tap.equal([name for name in made if os.stat(name).st_uid != NOBODY.pw_uid], [])
    tap.equal(len(stage.lines("key", "list")), 2)
    before = sorted(os.listdir(stage.home))
    status, out, _ = stage.run("provenance", mail)
    tap.equal(status, 0, out)
    for name in before:
        if os.path.isfile(f"{stage.home}/{name}"):
            os.chmod(f"{stage.home}/{name}", 0o400)
    os.chmod(stage.home, 0o500)
    status, out, _ = stage.run("provenance", mail)
    os.chmod(stage.home, 0o700)
    tap.equal(status, 0, out)
    tap.equal(sorted(os.listdir(stage.home)), before)
    tap.equal(processes_of(stage.home), [])
    configure(stage, keys=one, user="no-such-user")
    status, _, err = stage.run("key", "list")
    tap.equal(status, 67)  # EX_NOUSER
    has(err, "no-such-user")


@tap.case("provenance: each method, then what is proven; exit 1 when nothing is")
def _(stage):
    with make_keys(stage) as maker:
        one, other = maker.key("one"), maker.key("other")
        configure(stage, keys=one, require="client;pgp;smime")
        stage.run("key", "import", "-", stdin=maker.gpg("--export"))
        good, bad = signed_mail(maker.sign(one)), signed_mail(maker.sign(other))
        listing = sorted(os.listdir(stage.home))
        status, out, err = stage.run("provenance", "-", stdin=good)
        tap.equal((status, err), (0, ""))
        has(out, "client        -       no connection to look at\n",
            f"pgp           passed  signed by {one} at 20",
            "smime         -       the mail is signed otherwise\n",
            f"proven        the signed part, {len(PART)} bytes; neither subject nor date are; of 20")
        status, out, err = stage.run("provenance", "-", stdin=good.replace(b"\r\n", b"\n"))
        tap.equal((status, err), (0, ""))  # as saved by a Unix program
        for mail, words in ((bad, f"signature by key {other}, which is not in keys="),
                            (good.replace(b"Offene", b"offene"), "bad signature"),
                            (mails.plain(), "the mail is not signed"),
                            (b"no mail", "the mail can't be parsed")):
            status, out, _ = stage.run("provenance", "-", stdin=mail)
            tap.equal(status, 1)
            has(out, words, "not proven")
        tap.equal(sorted(os.listdir(stage.home)), listing)
        tap.equal(processes_of(stage.home), [])


@tap.case("check: pgp without a pinned key in the keyring is warned of, and how to import one")
def _(stage):
    with make_keys(stage) as maker:
        one = maker.key("one")
        configure(stage, keys=one)
        status, out, _ = stage.run("check")
        tap.equal(status, 0)
        has(out, "warning: ", "gnupg-home: pgp never passes", "certbundctl key import")
        stage.run("key", "import", "-", stdin=maker.gpg("--export"))
        status, out, _ = stage.run("check")
        tap.equal(("warning" in out, status), (False, 0), out)
        configure(stage, keys=SHA256)
        has(stage.run("check")[1], "keys: none of them is a key in the keyring",
            "certbundctl key import FILE")


@tap.case("wrong calls of key and provenance: exit 64, and what was expected")
def _(stage):
    configure(stage)
    for words in ("key", "key import", "key import --json x", "key list x", "key remove",
                  "key remove a b", "key dance", "key list --all", "provenance",
                  "provenance a b", "provenance --json a"):
        status, out, err = stage.run(*words.split())
        tap.equal((status, out), (64, ""), words)
        has(err, "expected certbundctl " + words.split()[0])
