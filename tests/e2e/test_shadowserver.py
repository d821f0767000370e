# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""Shadowserver's own reports, beside CERT-Bund's: proven, told once, accepted, and let alone."""

import base64
import io
import zipfile

import mails
from daemon import ABUSE, ANNA, BERT, DESK
from stage import OUTSIDE
from tap import case, equal
from test_persons import ctl

SENDER = "autoreports@shadow.example.com"
SETTINGS = {"shadowserver.enabled": "yes", "shadowserver.senders": SENDER,
            "shadowserver.require": "client", "shadowserver.clients": "127.0.0.0/8"}
COLUMNS = ["timestamp", "severity", "ip", "protocol", "port", "hostname", "tag", "asn", "banner"]
ROWS = [["2025-02-11 11:10:25", "high", address, "tcp", "23", "", "telnet", "64500", banner]
        for address, banner in (("192.0.2.5", "a, b"), ("192.0.2.64", 'say "hi"'))]
NAME = "2025-02-11-scan_telnet-example_org-asn"
TICKET = "Shadowserver#20250211-scan_telnet-example_org-asn"
TOLD = {ABUSE: 1, ANNA: 1, BERT: 1}


def zipped(name, text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return out.getvalue()


def report(name=NAME + ".csv", subject="[Shadowserver] Accessible Telnet Report: 2025-02-11",
           content=None, message_id="1"):
    if content is None:
        content = mails.csv_text(COLUMNS, ROWS).encode()
    body = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (f"From: Shadowserver Reports <{SENDER}>\r\nTo: {ABUSE}\r\nSubject: {subject}\r\n"
            f"Date: {mails.date()}\r\nMessage-ID: <{message_id}@shadow.example.com>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
            "--m\r\nContent-Type: text/plain\r\n\r\nSee the attached report.\r\n"
            f"--m\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n").encode() \
        + body + b"--m--\r\n"


def send(stage, mail, **arguments):
    stage.send(mail, sender=SENDER, **arguments)


@case("shadowserver: a CSV and its zip are one report; of another filter it is another")
def test_told(stage):
    with stage.daemon(SETTINGS):
        send(stage, report())
        mark = stage.expect_status("handled", TOLD)
        equal((mark["ticket"], mark["class"], mark["provenance"]), (TICKET, "open-telnet", "client"))
        columns, rows = mails.table_of(mails.strict(stage.mails(ANNA)[0]).get_content())
        equal(dict(zip(columns, rows[0])), dict(zip(COLUMNS, ROWS[0])), "Anna's row")
        equal(len(rows), 1, "Anna's rows")
        stage.lab.clear()
        send(stage, report(NAME + ".csv.zip", message_id="2",
                           content=zipped(NAME + ".csv", mails.csv_text(COLUMNS, ROWS))))
        stage.expect_status("duplicate", {ABUSE: 1})
        stage.lab.clear()
        send(stage, report("2025-02-11-scan_telnet-example_net-asn.csv", "any", message_id="3"))
        stage.expect_status("handled", TOLD)


@case("shadowserver: held, when it is not named or shaped as it should be")
def test_held(stage):
    with stage.daemon(SETTINGS):
        for mail in (report("events.csv"), report(content=b"ip\n192.0.2.5\n", message_id="2"),
                     report(NAME + ".zip", content=b"PK\3\4", message_id="3")):
            send(stage, mail)
            stage.expect_status("held", {ABUSE: 1, DESK: 1})
            stage.lab.clear()


@case("shadowserver: unproven it is accepted under its own ticket, and then told once")
def test_accepted(stage):
    with stage.daemon(SETTINGS) as daemon:
        send(stage, report(), address=OUTSIDE)
        mark = stage.expect_status("unverified", {ABUSE: 1, DESK: 1})
        equal(mark["ticket"], TICKET)
        stage.lab.clear()
        ctl(daemon, "accept", TICKET, "--reason", "they called")
        ctl(daemon, "release", TICKET, "--reason", "they called")
        equal(stage.boxes(), {ANNA: 1, BERT: 1})
        stage.lab.clear()
        send(stage, report(message_id="2"))
        stage.expect_status("duplicate", {ABUSE: 1})


@case("shadowserver: it proves no report of CERT-Bund's, nor CERT-Bund's clients one of its")
def test_apart(stage):
    with stage.daemon({**SETTINGS, "provenance.clients": "203.0.113.0/24"}):
        send(stage, mails.report(mails.TELNET, mails.telnet_rows(["192.0.2.5"])))
        stage.expect_status("unverified", {ABUSE: 1, DESK: 1})
        stage.lab.clear()
    with stage.daemon({**SETTINGS, "shadowserver.clients": "203.0.113.0/24"}):
        send(stage, report())
        stage.expect_status("unverified", {ABUSE: 1, DESK: 1})


@case("shadowserver: not enabled, its mails pass as any other")
def test_off(stage):
    with stage.daemon({**SETTINGS, "shadowserver.enabled": None}) as daemon:
        send(stage, report())
        equal(stage.boxes(), {ABUSE: 1})
        equal(stage.mark(), None)
        equal(daemon.ledger("SELECT count(*) FROM report"), [(0,)])
