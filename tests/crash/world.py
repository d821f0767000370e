# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""world: a report for several customers, sent as an MTA does, and what must have come of it.

The checks are those of laws 1, 3 and 4: each customer has his notice with exactly his
rows, again only under the same Message-ID and only where that is allowed, each copy that
was answered 250 has its marked original, and the ledger is whole and adds up.
"""

import contextlib
import email
import email.policy
import os
import re
import shutil
import smtplib
import sqlite3
import tempfile

import mails
from daemon import ABUSE, DESK, Daemon, source_directory
from lab import HOST, Lab, wait_for
from tap import equal

CUSTOMERS = {f"c{i}@customers.example.net": [f"192.0.2.{16 * i + 1}", f"192.0.2.{16 * i + 9}"]
             for i in range(12)}
STRANGER = "203.0.113.9"  # nobody's address: the desk gets a mail
ROWS = [address for pair in CUSTOMERS.values() for address in pair] + [STRANGER]
NOTICES = len(CUSTOMERS) + 1  # the desk's, too


def customers_csv():
    lines = ["network,customer,email,name,language,brand,deliver"]
    lines += [f"192.0.2.{16 * i}/28,c{i},{address},Firma {i} GmbH,de,,"
              for i, address in enumerate(CUSTOMERS)]
    return "\n".join(lines) + "\n"


def make_lab():
    lab = Lab(addresses=[ABUSE, DESK, *CUSTOMERS])
    lab.socket_path = lab.path("run", "milter.sock")
    lab.milters = "unix:" + lab.socket_path
    return lab


def repeats_max():
    """What outbox.h promises: so many results may be unmarked, and one mail for each worker."""
    with open(os.path.join(source_directory(), "src", "outbox.h"), encoding="utf-8") as file:
        text = file.read()
    return sum(int(re.search(rf"#define {name} (\d+)", text).group(1))
               for name in ("OUTBOX_UNMARKED_MAX", "OUTBOX_WORKERS"))


def message_id(mail):
    return email.message_from_bytes(mail, policy=email.policy.compat32)["Message-ID"].strip()


class World:
    """One point: a daemon behind the lab, one report, what the client was answered."""

    def __init__(self, lab):
        self.lab = lab
        self.daemons = []
        self.log_start = len(lab.log())
        self.new_report()

    def new_report(self):
        """Another one, with nothing of it answered yet."""
        self.ticket = mails.new_ticket()
        self.mail = mails.report(mails.TELNET, mails.telnet_rows(ROWS), ticket=self.ticket)
        self.accepted = 0

    def daemon(self, settings=None, **arguments):
        arguments.setdefault("socket_path", self.lab.socket_path)
        daemon = Daemon(arguments.pop("port", self.lab.notice_port), settings,
                        customers=customers_csv(), **arguments)
        self.daemons.append(daemon)
        return daemon

    # The client

    def offer(self):
        """The mail over a connection of its own: the last reply's code, or 0: it broke."""
        try:
            with smtplib.SMTP(HOST, self.lab.port, "client.example.org", timeout=600) as client:
                client.ehlo()
                for step in (lambda: client.mail(mails.SENDER, ["BODY=8BITMIME"]),
                             lambda: client.rcpt(ABUSE), lambda: client.data(self.mail)):
                    code = step()[0]
                    if code != 250:
                        break
        except smtplib.SMTPResponseException as refused:
            code = refused.smtp_code
        except (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError):
            code = 0
        self.accepted += code == 250
        return code

    def deferred(self):
        """Offer it; the answer must be 451."""
        equal(self.offer(), 451, "the answer")

    def taken(self):
        equal(self.offer(), 250, "the answer")

    # What came of it

    def check(self, daemon, unmarked=(), exact=True):
        """All of it; unmarked: the Message-IDs that may have come twice.  Returns how many did.

        exact: the client has heard each 250, so originals are counted against them.
        """
        self.lab.wait()
        found = self.lab.all_mails()
        self._check_originals(found.pop(ABUSE, []), exact)
        equal(sorted(found), sorted([DESK, *CUSTOMERS]), "mailboxes with mail")
        repeated = {self._check_copies(box, copies) for box, copies in found.items()} - {None}
        assert repeated <= set(unmarked), f"twice without need: {repeated - set(unmarked)}"
        assert len(repeated) <= repeats_max(), f"{len(repeated)} came twice"
        for box, addresses in CUSTOMERS.items():
            self._check_rows(found[box][0], addresses)
        self.check_ledger(daemon)
        return len(repeated)

    def _check_originals(self, originals, exact):
        if exact:
            equal(len(originals), self.accepted, "originals for copies that were answered 250")
        assert len(originals) >= max(1, self.accepted), f"{len(originals)} originals"
        for mail in originals:
            mark = mails.mark_of(mail)
            assert mark and mark["status"] in ("attention", "duplicate"), mark
            equal(mails.without_mark(mails.without_trace(mail)), mails.as_delivered(self.mail),
                  "the original")

    @staticmethod
    def _check_copies(box, copies):
        """All under one Message-ID and the same to the byte; it, when it was handed over twice.

        A delivery agent that was killed repeats one mail of the queue: that is the MTA's.
        """
        equal({message_id(mail) for mail in copies}, {message_id(copies[0])}, f"ids of {box}")
        equal({mails.without_trace(mail) for mail in copies}, {mails.without_trace(copies[0])},
              f"copies of {box}")
        queue_ids = {re.search(rb"^\tby .* id (\S+)$", mail, re.M).group(1) for mail in copies}
        return message_id(copies[0]) if len(queue_ids) > 1 else None

    @staticmethod
    def _check_rows(mail, addresses):
        columns, rows = mails.table_of(mails.text_of(mail))
        equal(sorted(row[columns.index("ip")] for row in rows), sorted(addresses), "his rows")

    def check_ledger(self, daemon):
        equal(daemon.ledger("PRAGMA integrity_check"), [("ok",)], "integrity_check")
        equal(daemon.ledger("PRAGMA foreign_key_check"), [], "foreign_key_check")
        equal(daemon.ledger("SELECT state, count(*) FROM notice GROUP BY state"),
              [("handed-over", NOTICES)], "notices")
        equal(daemon.ledger("SELECT rows, notified, unassigned, state FROM report"),
              [(len(ROWS), len(ROWS) - 1, 1, "done")], "law 1: the report's sums")
        equal(daemon.ledger("SELECT fate, count(*), count(notice) FROM event GROUP BY fate"),
              [(0, len(ROWS) - 1, len(ROWS) - 1), (4, 1, 0)], "law 1: the events' fates")

    # For the runner

    def describe(self):
        text = "".join(f"-- daemon {i}:\n{daemon.last_log or daemon.log()}"
                       for i, daemon in enumerate(self.daemons, 1))
        return text + "-- Postfix:\n" + self.lab.log()[self.log_start:][-6000:]

    def forget(self):
        """Make room for the next point; what went wrong is told before."""
        for daemon in self.daemons:
            daemon.remove()
        self.daemons = []
        self.lab.clear()

    def clean(self):
        for daemon in self.daemons:
            daemon.remove()
        try:
            self.lab.clear()
        except TimeoutError:
            self.lab.purge()


def look_at_the_dead(daemon):
    """The Message-IDs that a daemon's ledger has as not handed over, without touching it."""
    path = daemon.settings["ledger.path"]
    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "ledger.db")
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path + suffix, copy + suffix)
        with contextlib.closing(sqlite3.connect(copy)) as ledger:
            if ledger.execute("SELECT * FROM sqlite_schema WHERE name = 'notice'").fetchall():
                return {f"{row[0]}" for row in ledger.execute(
                    "SELECT message_id FROM notice WHERE state = 'pending'")}
    return set()


def wait_dead(daemon):
    wait_for(lambda: not daemon.running(), 120, "the daemon is dead")
