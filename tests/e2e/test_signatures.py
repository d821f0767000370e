# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""require=pgp: what CERT-Bund's key has signed makes notices, also behind a list, and nothing
else does."""

import contextlib
import os
import subprocess
import tempfile
import threading

import mails
from daemon import ABUSE, ANNA, BERT, DESK
from mails import TELNET, telnet_rows
from pgp_maker import make_keys, processes_of, signed
from stage import CUSTOMERS
from tap import case, equal

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64"])
NOTICES = {ABUSE: 1, ANNA: 1, BERT: 1}
FOOTER = b"Content-Type: text/plain\r\n\r\n-- \r\nabuse list\r\n"


class Desk:
    """A daemon that has imported two keys, of which one is pinned."""

    def __init__(self, maker, directory):
        self.maker, self.home = maker, directory + "/gnupg"
        self.pinned, self.other = maker.key("pinned"), maker.key("other")
        self.settings = {"provenance.require": "pgp", "provenance.keys": self.pinned,
                         "provenance.gnupg-home": self.home}

    def import_keys(self, config):
        subprocess.run([os.environ["CERTBUND_CTL"], "-c", config, "key", "import", "-"],
                       input=self.maker.gpg("--export"), stdout=subprocess.DEVNULL, check=True)

    def report(self, key=None, ticket=None, rows=ROWS):
        """Head and body; the body is signed."""
        mail = mails.report(TELNET, rows, ticket=ticket, signed=False)
        at = mail.index(b"Content-Type:")
        part = mail[at:]
        return mail[:at], signed(part, self.maker.sign(key or self.pinned, part))


@contextlib.contextmanager
def make_desk(stage):
    with tempfile.TemporaryDirectory(prefix="certbund-pgp.") as directory:
        with make_keys(directory) as maker:
            desk = Desk(maker, directory)
            daemon = stage.daemon(desk.settings)
            desk.import_keys(daemon.config)
            before = sorted(os.listdir(desk.home))
            with daemon:
                yield desk
            equal(processes_of(desk.home), [], "what is left running")
            equal(sorted(os.listdir(desk.home)), before, "files in gnupg-home")


@case("pgp: a report signed by the pinned key makes notices")
def test_signed(stage):
    with make_desk(stage) as desk:
        stage.send(b"".join(desk.report()))
        mark = stage.expect_status("handled", NOTICES)
    equal(mark["provenance"], "pgp", "provenance")


@case("pgp: the same wrapped by a list, with its footer, from the list's address")
def test_list(stage):
    with make_desk(stage) as desk:
        head, body = desk.report()
        head = head.replace(b"From: ", b"X-Original-From: ") + b"From: abuse@lists.example.org\r\n"
        wrapped = (b"Content-Type: multipart/mixed; boundary=list\r\n\r\n--list\r\n" + body
                   + b"\r\n--list\r\n" + FOOTER + b"\r\n--list--\r\n")
        stage.send(head + wrapped, sender="bounces@lists.example.org")
        stage.expect_status("handled", NOTICES)


def unproven(name, change):
    """change(desk): the mail."""
    @case(f"pgp: no notice by a report that is {name}")
    def test(stage):
        with make_desk(stage) as desk:
            stage.send(change(desk))
            mark = stage.mark()
            equal((mark["status"], mark["provenance"]), ("unverified", "none"), "mark")
            equal([box for box in stage.boxes() if box in CUSTOMERS], [], "customers told")


unproven("signed by a key that is in the keyring only",
         lambda desk: b"".join(desk.report(desk.other)))
unproven("altered", lambda desk: b"".join(desk.report()).replace(b"192.0.2.64", b"192.0.2.65"))
unproven("not signed", lambda desk: mails.report(TELNET, ROWS, signed=False))


@case("pgp: a signed part that came under another ticket is a replay, and held")
def test_replay(stage):
    with make_desk(stage) as desk:
        _, body = desk.report()
        heads = [mails.report(TELNET, ROWS, signed=False) for _ in range(2)]
        for mail in heads:
            stage.send(mail[:mail.index(b"Content-Type:")] + body)
        equal(sorted(mails.mark_of(mail)["status"] for mail in stage.mails(ABUSE)),
              ["handled", "held"], "status")
        found = stage.boxes()
    equal((found[ANNA], found[BERT], found[DESK]), (1, 1, 1), "mails")


@case("pgp: many at once are all verified, by few processes of which none is left")
def test_many(stage):
    with make_desk(stage) as desk:
        sent = [b"".join(desk.report(rows=telnet_rows([f"192.0.2.{n % 60 + 1}"], f"login {n}")))
                for n in range(24)]
        threads = [threading.Thread(target=stage.send, args=(mail,)) for mail in sent]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal([mails.mark_of(mail)["status"] for mail in stage.mails(ABUSE)], ["handled"] * 24,
              "status")
        equal(len(stage.mails(ANNA)), 24, "notices")
