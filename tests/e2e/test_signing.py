# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""sign-key=: every notice as it lies in the mailbox verifies, by gpg and by openssl; while the
key does not sign, nothing goes and the desk is told."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile

import mails
from daemon import ABUSE, ANNA, BERT, CARL, DESK
from lab import wait_for
from pgp_maker import make_keys
from tap import Skip, case, equal, same_bytes
from test_reports import telnet_report

EVERYBODY = {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1}


def openssl(*words, **arguments):
    done = subprocess.run(["openssl", *words], check=False, capture_output=True, **arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def parts_of(mail, protocol):
    """(what is signed, the signature's part), as bytes with CRLF."""
    message = mails.strict(mail)
    equal(message.get_content_type(), "multipart/signed", "type")
    equal(message.get_param("protocol"), protocol, "protocol")
    for name in ("From", "To", "Subject", "Message-ID", "Date", "MIME-Version", "Content-Type"):
        equal(len(message.get_all(name)), 1, f"number of {name}")
    boundary = b"\r\n--" + message.get_boundary().encode()
    pieces = mail.replace(b"\n", b"\r\n").split(boundary)
    equal(len(pieces), 4, "pieces between boundaries")
    return pieces[1][2:], pieces[2][2:]


def check_pgp(mail, directory, home):
    """The fingerprint of the key that has signed the mail, as gpg tells."""
    part, signature = parts_of(mail, "application/pgp-signature")
    assert b"\r\n-----BEGIN PGP SIGNATURE-----\r\n" in signature, signature
    for name, data in (("part", part), ("part.asc", signature.split(b"\r\n\r\n", 1)[1])):
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)
    said = subprocess.run(["gpg", "--homedir", home, "--batch", "--no-tty", "--status-fd", "1",
                           "--verify", f"{directory}/part.asc", f"{directory}/part"],
                          check=True, capture_output=True, text=True).stdout
    return re.search(r"^\[GNUPG:\] VALIDSIG ([0-9A-F]{40})", said, re.M).group(1)


def check_smime(mail, certificate):
    """openssl reads the whole mail, and gives back what was signed."""
    part, _ = parts_of(mail, "application/pkcs7-signature")
    given = openssl("cms", "-verify", "-CAfile", certificate, "-purpose", "any",
                    input=mail.replace(b"\n", b"\r\n"))
    same_bytes(given, part, "what is signed")


def check_rows(mail, box, rows):
    addresses = {ANNA: ("192.0.2.5", "192.0.2.63", "2001:db8:a::17"),
                 BERT: ("192.0.2.64", "192.0.2.127"),
                 CARL: ("198.51.100.1", "198.51.100.77", "198.51.100.127", "198.51.100.2")}[box]
    equal(mails.table_of(mails.text_of(mail))[1], [row for row in rows if row[1] in addresses],
          f"rows in {box}")


@contextlib.contextmanager
def key_home():
    """(maker of keys in a gnupg-home with its secret keys, directory)"""
    with tempfile.TemporaryDirectory(prefix="certbund-sign.") as directory:
        with make_keys(directory) as maker:  # ends the agent, too
            yield maker, directory


def check_says(daemon, *words):
    """certbundctl check: its exit status, and that it says these words."""
    done = subprocess.run([os.environ["CERTBUND_CTL"], "-c", daemon.config, "check"], text=True,
                          capture_output=True, check=False)
    for word in words:
        assert word in done.stdout, done.stdout
    return done.returncode


@case("signing, PGP/MIME: gpg verifies each notice as it arrives")
def test_pgp(stage):
    sent, rows = telnet_report()
    with key_home() as (maker, directory):
        key = maker.key("abuse-desk")
        with stage.daemon({"notices.sign-key": key.lower(),
                           "provenance.gnupg-home": maker.home}) as daemon:
            equal(check_says(daemon), 0, "certbundctl check")
            stage.send(sent)
            equal(stage.boxes(), EVERYBODY, "mails")
            for box in (ANNA, BERT, CARL):
                mail = stage.mails(box)[0]
                equal(check_pgp(mail, directory, maker.home), key, "signed by")
                check_rows(mail, box, rows)
            # The proof is over what went out.
            stored = daemon.ledger("SELECT count(*) FROM notice n JOIN body b ON b.notice = n.n"
                                   " WHERE b.signed AND n.customer <> ''")
            equal(stored, [(3,)], "signed in the ledger")


def make_pem(directory, name="abuse", days="30"):
    """(key and certificate in one file, the certificate alone)"""
    if shutil.which("openssl") is None:
        raise Skip("openssl is not installed (Debian package openssl)")
    key, certificate = f"{directory}/{name}.key", f"{directory}/{name}.crt"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
            "-days", days, "-subj", f"/CN={name}/emailAddress=abuse-team@lab.example.org",
            "-addext", "keyUsage=digitalSignature",
            "-addext", "extendedKeyUsage=emailProtection")
    both = f"{directory}/{name}.pem"
    with open(both, "wb") as out:
        for path in (key, certificate):
            with open(path, "rb") as file:
                out.write(file.read())
    return both, certificate


@case("signing, S/MIME: openssl verifies each notice as it arrives")
def test_smime(stage):
    sent, rows = telnet_report()
    with tempfile.TemporaryDirectory(prefix="certbund-sign.") as directory:
        pem, certificate = make_pem(directory)
        with stage.daemon({"notices.sign-key": pem}) as daemon:
            equal(check_says(daemon), 0, "certbundctl check")
            stage.send(sent)
            equal(stage.boxes(), EVERYBODY, "mails")
            for box in (ANNA, BERT, CARL):
                check_smime(stage.mails(box)[0], certificate)
                check_rows(stage.mails(box)[0], box, rows)


def missing(name, make_keys_there, hide):
    """While the key is hidden nothing goes; put back, all goes, signed."""
    @case(f"signing, {name}: without the key notices wait, the desk is told once; then they go")
    def test(stage):
        with make_keys_there() as (key, home, secret, check):
            settings = {"notices.sign-key": key, "provenance.gnupg-home": home}
            with stage.daemon(settings) as daemon:
                os.rename(secret, secret + ".hidden")
                assert check_says(daemon, "sign-key", hide) != 0, "certbundctl check is content"
                for _ in range(2):
                    stage.send(telnet_report()[0])
                wait_for(lambda: daemon.ledger(
                    "SELECT count(*) FROM notice WHERE state = 'pending' AND attempts > 0"
                    " AND reply LIKE 'not signed: %'") == [(6,)], 60, "notices put off")
                equal(stage.boxes(), {ABUSE: 2, DESK: 1}, "mails while it is missing")
                assert "sign-key" in mails.text_of(stage.mails(DESK)[0]), stage.mails(DESK)[0]
                daemon.pass_time()  # tried again, and the desk is not told again
                wait_for(lambda: daemon.ledger(
                    "SELECT count(*) FROM notice WHERE state = 'pending' AND attempts > 1")
                    == [(6,)], 60, "notices put off again")
                equal(stage.boxes(), {ABUSE: 2, DESK: 1}, "mails while it is missing")
                os.rename(secret + ".hidden", secret)
                equal(check_says(daemon), 0, "certbundctl check")
                daemon.pass_time()
                wait_for(lambda: daemon.states() == {"handed-over": 6}, 60, "notices handed over")
                equal(stage.boxes(), {ABUSE: 2, DESK: 1, ANNA: 2, BERT: 2, CARL: 2}, "mails")
                for box in (ANNA, BERT, CARL):
                    for mail in stage.mails(box):
                        check(mail)


@contextlib.contextmanager
def pgp_secret():
    with key_home() as (maker, directory):
        key = maker.key("abuse-desk")
        subprocess.run(["gpgconf", "--homedir", maker.home, "--kill", "all"], check=True)
        yield (key, maker.home, maker.home + "/private-keys-v1.d",
               lambda mail: equal(check_pgp(mail, directory, maker.home), key, "signed by"))


@contextlib.contextmanager
def smime_secret():
    with tempfile.TemporaryDirectory(prefix="certbund-sign.") as directory:
        pem, certificate = make_pem(directory)
        yield pem, directory, pem, lambda mail: check_smime(mail, certificate)


missing("PGP/MIME", pgp_secret, "without its secret key")
missing("S/MIME", smime_secret, "No such file")


@case("signing: the MTA away: each try has the same bytes")
def test_same_bytes(stage):
    with tempfile.TemporaryDirectory(prefix="certbund-sign.") as directory:
        pem, certificate = make_pem(directory)
        with stage.daemon({"notices.sign-key": pem}, submission_port=9, settles=False) as daemon:
            stage.send(telnet_report()[0])
            signed = ("SELECT n.id, b.bytes, n.sha256 FROM notice n JOIN body b ON b.notice = n.n"
                      " WHERE b.signed ORDER BY 1")
            wait_for(lambda: len(daemon.ledger(signed)) > 0, 60, "signatures")
            before = daemon.ledger(signed)
            daemon.stop()
            daemon.write_config({"submission.via": f"smtp://127.0.0.1:{stage.lab.notice_port}"})
            daemon.start()
            daemon.pass_time()
            wait_for(lambda: daemon.states() == {"handed-over": 3}, 60, "notices handed over")
            after = daemon.ledger(signed)
            equal([row for row in after if row[0] in [old[0] for old in before]], before,
                  "signed bytes")
            sent = {row[1].replace(b"\r\n", b"\n") for row in after}
            for box in (ANNA, BERT, CARL):
                mail = stage.mails(box)[0]
                check_smime(mail, certificate)
                assert mails.without_trace(mail) in sent, f"{box} has other bytes than the ledger"
