# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""pgp_maker: PGP keys and signatures by gpg(1), in a home that no program under test sees."""

import contextlib
import os
import re
import shutil
import subprocess

import tap


class Maker:
    def __init__(self, home):
        self.home = home
        os.makedirs(home, mode=0o700, exist_ok=True)
        os.chmod(home, 0o700)

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

    def sign(self, fingerprint, part):
        """The armoured signature over the bytes of a part."""
        return self.gpg("-u", fingerprint, "--armor", "--detach-sign", stdin=part)


@contextlib.contextmanager
def _maker(home):
    if shutil.which("gpg") is None or shutil.which("gpg-agent") is None:
        raise tap.Skip("gpg or its agent is not installed (Debian: gpg, gpg-agent)")
    maker = Maker(home)
    try:
        yield maker
    finally:
        subprocess.run(["gpgconf", "--homedir", maker.home, "--kill", "all"], check=False)


def make_keys(directory):
    """A Maker below directory, as a context; its agent ends with it."""
    return _maker(directory + "/maker")


OPERATOR = "abuse-desk"


def make_home(home, text, account):
    """A home as an operator's is, with one key, and beside it a text and its detached
    signature, in mail and mail.asc: account owns all.

    The key's fingerprint.
    """
    with _maker(home) as maker:
        key = maker.key(OPERATOR)
        for name, content in (("mail", text), ("mail.asc", maker.sign(key, text))):
            with open(os.path.join(home, name), "wb") as file:
                file.write(content)
    for path, folders, files in os.walk(home):
        for name in [path] + [os.path.join(path, name) for name in folders + files]:
            os.chown(name, account.pw_uid, account.pw_gid)
    return key


def signed(part, signature):
    """A multipart/signed of the two (RFC 3156), with its header."""
    return (b"Content-Type: multipart/signed; micalg=pgp-sha256; boundary=signed-0042;\r\n"
            b" protocol=\"application/pgp-signature\"\r\n\r\n--signed-0042\r\n" + part
            + b"\r\n--signed-0042\r\nContent-Type: application/pgp-signature\r\n\r\n" + signature
            + b"\r\n--signed-0042--\r\n")


def processes_of(home):
    """Command lines of whatever runs with this directory among its words."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
            words = file.read().replace(b"\0", b" ").decode(errors="replace")
            if home in words:
                found.append(words)
    return found
