# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""disposition=rewrite and discard: what becomes of the mail in hand, and who has what then."""

import contextlib
import os
import select
import socket
import struct
import threading

import mails
from daemon import ABUSE, ANNA, BERT, CARL, CUSTOMERS, DESK, ENVELOPE_FROM
from mails import TELNET, telnet_rows
from stage import COLLEAGUE, OUTSIDE
from tap import case, equal, same_bytes
from test_reports import ANNA_ADDRESSES, check_notice, check_original, telnet_report

REWRITE = {"original.disposition": "rewrite"}
SINGLE = {**REWRITE, "original.rewrite-single": "yes"}
DISCARD = {"original.disposition": "discard"}
ANNA_ROWS = telnet_rows(ANNA_ADDRESSES)


def annas_report(**arguments):
    return mails.report(TELNET, ANNA_ROWS, **arguments)


def check_single(stage, sent):
    """Anna has one notice, and it is what the ledger has; the desk has the original."""
    found = stage.boxes()
    equal(found, {ABUSE: 1, ANNA: 1}, "mails")
    notice = stage.mails(ANNA)[0]
    message = check_notice(notice, ANNA, TELNET[1], ANNA_ROWS)
    for name in ("X-CertBund-Milter", "DKIM-Signature", "List-Id"):
        assert message[name] is None, f"{name}: {message[name]}"
    check_original(stage, sent)
    equal(stage.mark()["status"], "handled", "the original's mark")
    return message


@case("rewrite-single: the mail becomes the customer's notice, the desk does not lose its copy")
def test_single(stage):
    sent = annas_report()
    with stage.daemon(SINGLE) as daemon:
        stage.send(sent)
        message = check_single(stage, sent)
        equal(daemon.states(), {"in-mta": 1}, "notices")
        rows = daemon.ledger("SELECT n.message_id, n.sha256 <> '', b.bytes FROM notice n JOIN body b"
                             " ON b.notice = n.n WHERE state = 'in-mta'")
        equal((message["Message-ID"], 1), rows[0][:2], "ledger")
        body = stage.mails(ANNA)[0].split(b"\n\n", 1)[1].replace(b"\n", b"\r\n")
        same_bytes(body, rows[0][2].split(b"\r\n\r\n", 1)[1], "body")


@case("rewrite-single: two recipients of the intake, one as nobody else spells it")
def test_single_two(stage):
    with stage.daemon({**SINGLE, "intake.recipients": f"{ABUSE};{DESK}"}):
        stage.send(annas_report(), ["ABUSE@LAB.example.org", DESK])
        equal(stage.boxes(), {ABUSE: 1, DESK: 1, ANNA: 1}, "mails")
        for box in (ABUSE, DESK):
            equal(stage.mark(box)["status"], "handled", f"mark in {box}")


def check_summary(stage, sent, box=ABUSE):
    """The summary with the original, byte for byte, behind it."""
    mail = stage.original(box)
    message = mails.strict(mail)
    equal(message.get_content_type(), "multipart/mixed", "type")
    parts = list(message.iter_parts())
    equal([part.get_content_type() for part in parts], ["text/plain", "message/rfc822"], "parts")
    equal([a.addr_spec for a in message["To"].addresses], [DESK], "To")
    equal(message["Return-Path"].strip(), f"<{ENVELOPE_FROM}>", "envelope sender")
    assert "Rows:" in parts[0].get_content(), parts[0].get_content()
    for name in ("From", "To", "Subject", "Message-ID", "Date", "MIME-Version", "Content-Type"):
        equal(len(message.get_all(name)), 1, f"number of {name}")
    boundary = message.get_boundary().encode()
    enclosed = mail.split(b"--" + boundary)[2].split(b"\n\n", 1)[1]
    same_bytes(enclosed.removesuffix(b"\n"), mails.as_delivered(sent), "the original within")
    equal(stage.mark(box)["status"], "handled", "mark")
    return mail


@case("rewrite: several customers: the desk's copy is a summary with the original in it")
def test_summary(stage):
    sent = telnet_report()[0]
    with stage.daemon(SINGLE) as daemon:
        stage.send(sent)
        equal(stage.boxes(), {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1}, "mails")
        mail = check_summary(stage, sent)
        equal(daemon.states(), {"handed-over": 3}, "notices")
        # It is no report, and its mark is known again.
        stage.lab.clear()
        stage.send(mails.without_trace(mail).replace(b"\n", b"\r\n"))
        equal(stage.boxes(), {ABUSE: 1}, "mails")
        equal(stage.mark()["status"], "handled", "mark of what comes again")
        assert "was here before" in daemon.log(), daemon.log()


@case("rewrite: one customer, but rewrite-single=no: a summary, and the notice by the outbox")
def test_not_single(stage):
    sent = annas_report(encoding="8bit")
    with stage.daemon(REWRITE) as daemon:
        stage.send(sent)
        equal(stage.boxes(), {ABUSE: 1, ANNA: 1}, "mails")
        check_summary(stage, sent)
        equal(daemon.states(), {"handed-over": 1}, "notices")


@case("rewrite: a recipient outside the intake: the mail is untouched")
def test_outside(stage):
    sent = annas_report()
    with stage.daemon(SINGLE) as daemon:
        stage.send(sent, [COLLEAGUE, ABUSE])
        equal(stage.boxes(), {COLLEAGUE: 1, ABUSE: 1, ANNA: 1}, "mails")
        for box in (COLLEAGUE, ABUSE):
            check_original(stage, sent, box)
            equal(stage.mark(box)["status"], "handled", "mark")
        equal(daemon.states(), {"handed-over": 1}, "notices")


def kept(name, make, status, boxes, settings=None, **arguments):
    @case(f"rewrite: the original of {name} stays what it is")
    def test(stage):
        sent = make()
        with stage.daemon({**SINGLE, **(settings or {})}):
            stage.send(sent, **arguments)
            stage.expect_status(status, boxes)
            check_original(stage, sent)


kept("a report with rows that nobody has",
     lambda: mails.report(TELNET, telnet_rows(["192.0.2.5", "203.0.113.7"])), "attention",
     {ABUSE: 1, ANNA: 1, DESK: 1})
kept("a held report", lambda: mails.report(("Verwundbare Foo-Server", TELNET[1]), ANNA_ROWS),
     "held", {ABUSE: 1, DESK: 1})
kept("an unproven report", annas_report, "unverified", {ABUSE: 1, DESK: 1}, address=OUTSIDE)
kept("a pilot's report", annas_report, "handled", {ABUSE: 1, DESK: 1}, {"notices.mode": "pilot"})


@case("rewrite-single: another mail with the same report is a duplicate, and stays what it is")
def test_duplicate(stage):
    ticket = mails.new_ticket()
    sent = annas_report(ticket=ticket)
    other = sent.replace(b"Message-Id: <", b"Message-Id: <again.")
    assert other != sent, "no Message-ID to change"
    with stage.daemon(SINGLE) as daemon:
        stage.send(sent)
        check_single(stage, sent)
        stage.lab.clear()
        stage.send(other)
        stage.expect_status("duplicate", {ABUSE: 1})
        equal(daemon.states(), {"in-mta": 1}, "notices")


PROGRESS = b"\0\0\0\1p"


def take_packets(data, last):
    """(the letter of the last whole packet, what is left of data)"""
    while len(data) >= 4 and len(data) >= (size := 4 + struct.unpack("!I", data[:4])[0]):
        last, data = data[4:5], data[size:]
    return last, data


class Between:
    """Stands between Postfix and the daemon; kills it instead of passing on its answer."""

    def __init__(self, path, real):
        self.real, self.victim, self.killed = real, None, threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(self.real)
            asked, rest = b"", b""
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data or (ready is server and self.kills(asked, data)):
                        return
                    if ready is client:
                        asked, rest = take_packets(rest + data, asked)
                    (server if ready is client else client).sendall(data)

    def kills(self, asked, data):
        """At an answer to the end of the message; that work goes on is none."""
        if asked != b"E" or not self.victim or not data.replace(PROGRESS, b""):
            return False
        victim, self.victim = self.victim, None
        victim.kill()
        victim.wait()
        self.killed.set()
        return True

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextlib.contextmanager
def between(stage):
    path = stage.lab.socket_path
    real = path + ".real"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    proxy = Between(path, real)
    try:
        yield proxy, real
    finally:
        proxy.close()
        os.unlink(path)


def killed(name, settings, change, check):
    """Killed between commit and answer; change(daemon) before it starts again."""
    @case(f"rewrite: killed between commit and answer: {name}")
    def test(stage):
        sent = annas_report()
        with between(stage) as (proxy, real):
            daemon = stage.daemon(settings, socket_path=real)
            with daemon:
                proxy.victim = daemon.process
                stage.send(sent, want=451)
                assert proxy.killed.is_set(), "it was not killed"
                equal(stage.lab.all_mails(), {}, "mails")
                change(daemon)
                daemon.start()
                stage.send(sent)
                check(stage, daemon, sent)


def told_again(stage, daemon, sent):
    check_single(stage, sent)
    equal(daemon.states(), {"in-mta": 1}, "notices")
    first = stage.mails(ANNA)[0]
    stage.lab.clear()
    stage.send(sent)  # the client has missed our 250, too
    equal(stage.boxes(), {ANNA: 1}, "mails after a third time")
    equal(mails.strict(stage.mails(ANNA)[0])["Message-ID"], mails.strict(first)["Message-ID"],
          "Message-ID")


def told_by_outbox(stage, daemon, sent):
    # The desk has it twice: as it came again, and by the outbox.
    equal(stage.boxes(), {ABUSE: 2, ANNA: 1}, "mails")
    equal(sorted(mails.mark_of(mail)["status"] for mail in stage.mails(ABUSE)),
          ["duplicate", "handled"], "marks")
    check_notice(stage.mails(ANNA)[0], ANNA, TELNET[1], ANNA_ROWS)
    equal(daemon.states(), {"handed-over": 1}, "notices")


def summary_lost(stage, daemon, sent):
    stage.expect_status("duplicate", {ABUSE: 1, ANNA: 1})
    check_original(stage, sent)


killed("the customer is told, under one Message-ID", SINGLE, lambda daemon: None, told_again)
killed("and rewriting switched off: the outbox tells him", SINGLE,
       lambda daemon: daemon.write_config({"original.disposition": "keep",
                                           "original.rewrite-single": "no"}), told_by_outbox)
killed("instead of a summary the desk has the original", REWRITE, lambda daemon: None,
       summary_lost)


@case("discard: the intake's recipients lose a handled original, others keep it")
def test_discard(stage):
    with stage.daemon(DISCARD) as daemon:
        stage.send(annas_report())
        equal(stage.boxes(), {ANNA: 1}, "mails")
        assert ": discarded" in daemon.log(), daemon.log()
        stage.lab.clear()
        sent = annas_report()
        stage.send(sent, ["Abuse@LAB.example.org", COLLEAGUE])
        stage.expect_status("handled", {COLLEAGUE: 1, ANNA: 1}, COLLEAGUE)
        check_original(stage, sent, COLLEAGUE)
        stage.lab.clear()
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5", "203.0.113.7"])))
        stage.expect_status("attention", {ABUSE: 1, ANNA: 1, DESK: 1})


@case("rewrite-single: a contact that is the intake's own recipient loses nothing")
def test_own_contact(stage):
    with stage.daemon(SINGLE, customers=CUSTOMERS.replace(ANNA, ABUSE)):
        stage.send(annas_report())
        equal(stage.boxes(), {ABUSE: 2}, "mails")  # the notice, and the original
        kinds = sorted(mails.mark_of(mail) is not None for mail in stage.mails(ABUSE))
        equal(kinds, [False, True], "marked ones")
