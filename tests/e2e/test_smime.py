# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""require=smime: what the pinned certificate's owner has signed is read; nothing else is."""

import base64
import contextlib
import os
import re
import shutil
import subprocess
import tempfile

import mails
from daemon import ABUSE, ANNA, BERT
from mails import TELNET, telnet_rows
from stage import CUSTOMERS
from tap import Skip, case, equal

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64"])


class Signer:
    """A certificate of its own making and its key, in files."""

    def __init__(self, directory, name):
        self.key, self.certificate = f"{directory}/{name}.key", f"{directory}/{name}.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                     f"/CN={name}", "-addext", "keyUsage=digitalSignature", "-keyout", self.key,
                     "-out", self.certificate)
        shown = self.openssl("x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        self.pin = re.search(rb"=([0-9A-F:]+)", shown).group(1).decode().replace(":", "")

    @staticmethod
    def openssl(*words, stdin=b""):
        return subprocess.run(["openssl", *words], input=stdin, capture_output=True,
                              check=True).stdout

    def signed(self, mail, more=()):
        """The mail as multipart/signed (RFC 8551 section 3.5.3)."""
        at = mail.index(b"Content-Type:")
        part = mail[at:]
        der = self.openssl("cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER",
                           "-signer", self.certificate, "-inkey", self.key, *more, stdin=part)
        return (mail[:at] + b"Content-Type: multipart/signed; micalg=sha-256; boundary=signed-0043"
                b";\r\n protocol=\"application/pkcs7-signature\"\r\n\r\n--signed-0043\r\n" + part
                + b"\r\n--signed-0043\r\nContent-Type: application/pkcs7-signature\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\n"
                + base64.encodebytes(der).replace(b"\n", b"\r\n") + b"--signed-0043--\r\n")


@contextlib.contextmanager
def signers(stage):
    """The pinned one and another, with a daemon that runs."""
    if shutil.which("openssl") is None:
        raise Skip("openssl is not installed (Debian: openssl)")
    with tempfile.TemporaryDirectory(prefix="certbund-smime.") as directory:
        pinned, other = Signer(directory, "pinned"), Signer(directory, "other")
        home = directory + "/gnupg"
        daemon = stage.daemon({"provenance.require": "smime", "provenance.keys": pinned.pin,
                               "provenance.gnupg-home": home})
        with open(pinned.certificate, "rb") as file:
            subprocess.run([os.environ["CERTBUND_CTL"], "-c", daemon.config, "key", "import", "-"],
                           stdin=file, stdout=subprocess.DEVNULL, check=True)
        with daemon:
            yield pinned, other


def report():
    return mails.report(TELNET, ROWS, signed=False)


@case("smime: a report signed with the pinned certificate makes notices")
def test_signed(stage):
    with signers(stage) as (pinned, _):
        stage.send(pinned.signed(report()))
        mark = stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})
    equal(mark["provenance"], "smime", "provenance")


@case("smime: its certificate may stand in gnupg-home= alone")
def test_kept(stage):
    with signers(stage) as (pinned, _):
        stage.send(pinned.signed(report(), more=("-nocerts",)))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})


def unproven(name, change):
    """change(pinned, other): the mail."""
    @case(f"smime: no notice by a report that is {name}")
    def test(stage):
        with signers(stage) as (pinned, other):
            stage.send(change(pinned, other))
            mark = stage.mark()
            equal((mark["status"], mark["provenance"]), ("unverified", "none"), "mark")
            equal([box for box in stage.boxes() if box in CUSTOMERS], [], "customers told")


unproven("signed with another certificate", lambda _, other: other.signed(report()))
unproven("altered",
         lambda pinned, _: pinned.signed(report()).replace(b"192.0.2.64", b"192.0.2.65"))
