# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""stage: what one end-to-end test acts with: the lab, a daemon, a client."""

import smtplib

import mails
from daemon import ABUSE, ANNA, BERT, CARL, DESK, HANDLED, HOLD, NONE, POOL, Daemon
from lab import HOST, Lab, free_port

COLLEAGUE = "colleague@lab.example.org"
REDIRECT = "redirect@lab.example.org"
CUSTOMERS = (ANNA, BERT, CARL, HOLD, NONE, POOL)
BOXES = (ABUSE, DESK, HANDLED, COLLEAGUE, REDIRECT) + CUSTOMERS
OUTSIDE = "198.51.100.200"  # an SMTP client that clients= does not name


def make_lab():
    """A lab whose main port asks the milter at run/milter.sock, and lab.inet_port one by TCP."""
    lab = Lab(addresses=BOXES)
    lab.socket_path = lab.path("run", "milter.sock")
    lab.milters = "unix:" + lab.socket_path
    lab.inet_port, lab.inet_milter_port = free_port(), free_port()
    lab.listeners[lab.inet_port] = f"inet:{HOST}:{lab.inet_milter_port}"
    # ... and one that asks a verifying filter first, see ar_lab.py.
    lab.ar_port, lab.ar_socket_path = free_port(), lab.path("run", "opendkim.sock")
    lab.listeners[lab.ar_port] = f"unix:{lab.ar_socket_path} {lab.milters}"
    return lab


class Stage:
    def __init__(self, lab):
        self.lab = lab
        self.daemons = []
        self.log_start = len(lab.log())

    def daemon(self, settings=None, submission_port=None, **arguments):
        """A daemon to be entered by `with`; notices go to the lab's second port by default."""
        arguments.setdefault("socket_path", self.lab.socket_path)
        daemon = Daemon(submission_port or self.lab.notice_port, settings, **arguments)
        self.daemons.append(daemon)
        return daemon

    def client(self, port=None):
        return smtplib.SMTP(HOST, port or self.lab.port, "client.example.org", timeout=600)

    def xclient(self, client, address):
        """Play another SMTP client from here on."""
        client.ehlo()
        code, text = client.docmd("XCLIENT", f"ADDR={address} NAME=[UNAVAILABLE]")
        assert code == 220, (code, text)
        client.ehlo()

    def transaction(self, client, mail, recipients=(ABUSE,), sender=mails.SENDER):
        """One mail over an open connection: the reply code to the final dot."""
        client.ehlo_or_helo_if_needed()
        code, text = client.mail(sender, ["BODY=8BITMIME"])
        assert code == 250, (code, text)
        for recipient in recipients:
            code, text = client.rcpt(recipient)
            assert code == 250, (code, text)
        return client.data(mail)[0]

    def send(self, mail, recipients=(ABUSE,), sender=mails.SENDER, port=None, address=None,
             want=250):
        """One mail over its own connection; the final reply must be want."""
        with self.client(port) as client:
            if address:
                self.xclient(client, address)
            code = self.transaction(client, mail, recipients, sender)
        assert code == want, f"the mail was answered by {code}, not {want}"

    # What lies in mailboxes: each of these waits until nothing is under way.

    def wait(self):
        for daemon in self.daemons:
            if daemon.settles:
                daemon.settle()
        self.lab.wait()

    def boxes(self):
        """{mailbox: number of mails}"""
        self.wait()
        return {box: len(found) for box, found in self.lab.all_mails().items()}

    def mails(self, box):
        """The mails in a box, oldest first."""
        self.wait()
        return self.lab.mails(box)

    def original(self, box=ABUSE):
        """The only mail in a box."""
        found = self.mails(box)
        assert len(found) == 1, f"{len(found)} mails in {box}"
        return found[0]

    def mark(self, box=ABUSE):
        return mails.mark_of(self.original(box))

    def expect_status(self, status, boxes, box=ABUSE):
        """The mark of the original, and where mail lies: {mailbox: number}."""
        mark = self.mark(box)
        assert mark and mark.get("status") == status, f"mark {mark}, wanted status={status}"
        found = self.boxes()
        assert found == boxes, f"mails lie in {found}, wanted {boxes}"
        return mark

    # For the runner

    def describe(self):
        text = "".join(f"-- daemon {i}:\n{daemon.last_log}" for i, daemon in
                       enumerate(self.daemons, 1))
        return text + "-- Postfix:\n" + self.lab.log()[self.log_start:][-6000:]

    def clean(self):
        for daemon in self.daemons:
            daemon.remove()
        try:
            self.lab.clear()
        except TimeoutError:  # a mail that nobody takes must not spoil the next test
            self.lab.purge()
