# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""Notices that come back: the tagged envelope sender, and who is told."""

import email
import email.policy

import mails
from daemon import ABUSE, ANNA, BERT, CUSTOMERS, DESK, ENVELOPE_FROM
from lab import HOST, wait_for
from mails import TELNET, telnet_rows
from sink import Sink
from stage import COLLEAGUE, Stage, make_lab
from tap import case, equal

LOCAL, DOMAIN = ENVELOPE_FROM.split("@")
CATCHALL = "catchall@" + DOMAIN  # where the tagged addresses lie
ESCALATING = CUSTOMERS.replace("\n", ",\n").replace("deliver,\n", "deliver,escalation\n").replace(
    "Nordlicht Hosting GmbH,de en,,,", f"Nordlicht Hosting GmbH,de en,,,{COLLEAGUE}")


def envelope_sender(notice):
    return email.message_from_bytes(notice)["Return-Path"].strip("<> ")


def dsn(recipient, action="failed", status="5.1.1"):
    """A delivery status notification (RFC 3464) as Postfix writes it."""
    return ("From: MAILER-DAEMON@mx.example.net\r\nTo: postmaster@example.net\r\n"
            "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
            "Message-ID: <1@mx.example.net>\r\nDate: Tue, 11 Feb 2025 11:10:25 +0000\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; "
            "report-type=delivery-status;\r\n\tboundary=\"b\"\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            "Reporting-MTA: dns; mx.example.net\r\n\r\n"
            f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; 550 {status} unknown\r\n\r\n--b--\r\n").encode()


def send_report(stage, rows=("192.0.2.5", "192.0.2.64")):
    stage.send(mails.report(TELNET, telnet_rows(list(rows))))
    stage.wait()


@case("a bounce sets its notice to bounced; the desk is told, once; the mail goes on unchanged")
def test_bounce(stage):
    with stage.daemon() as daemon:
        send_report(stage)
        sender = envelope_sender(stage.mails(ANNA)[0])
        for _ in range(2):  # an MTA may send it twice
            stage.send(dsn(ANNA), [sender], sender="")
        stage.wait()
        equal(daemon.states(), {"bounced": 1, "handed-over": 1}, "notices")
        equal(daemon.ledger("SELECT address FROM contact"), [(ANNA,)], "contacts that bounce")
        equal(stage.boxes(), {ABUSE: 1, ANNA: 1, BERT: 1, DESK: 1, CATCHALL: 2}, "mails")
        assert b"X-CertBund-Milter" not in stage.mails(CATCHALL)[0]
        message = email.message_from_bytes(stage.mails(DESK)[0], policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()
        assert ANNA in text and "5.1.1" in text, text
        # His next rows wait for the desk; Bert's go.
        stage.lab.clear()
        send_report(stage)
        equal(daemon.states(), {"bounced": 1, "handed-over": 2, "held": 1}, "notices")
        equal(stage.mark()["status"], "attention")
        equal(stage.boxes(), {ABUSE: 1, BERT: 1, DESK: 1}, "mails")


@case("a bounce goes to the customer's escalation contact; when that bounces, to the desk")
def test_escalation(stage):
    with stage.daemon(customers=ESCALATING) as daemon:
        send_report(stage)
        stage.send(dsn(ANNA), [envelope_sender(stage.mails(ANNA)[0])], sender="")
        stage.wait()
        equal(stage.boxes(), {ABUSE: 1, ANNA: 1, BERT: 1, COLLEAGUE: 1, CATCHALL: 1}, "mails")
        second = envelope_sender(stage.mails(COLLEAGUE)[0])
        assert second.startswith(LOCAL + "+A-"), second
        stage.send(dsn(COLLEAGUE), [second], sender="")
        stage.wait()
        found = stage.boxes()
        equal((found[COLLEAGUE], found[DESK]), (1, 1), "mails")
        equal(daemon.ledger("SELECT count(*) FROM notice WHERE state = 'bounced'"), [(2,)])


@case("a delay, a forged tag or a sender that is not null changes nothing")
def test_no_bounce(stage):
    with stage.daemon() as daemon:
        send_report(stage)
        sender = envelope_sender(stage.mails(ANNA)[0])
        forged = sender.replace("@", "X@", 1)
        stage.send(dsn(ANNA, "delayed", "4.4.1"), [sender], sender="")
        stage.send(dsn(ANNA), [forged], sender="")
        stage.send(dsn(ANNA), [sender], sender="a@example.com")
        stage.send(dsn(ANNA), [ENVELOPE_FROM], sender="")
        equal(daemon.states(), {"handed-over": 2}, "notices")
        equal(daemon.ledger("SELECT count(*) FROM contact"), [(0,)], "contacts that bounce")
        equal(stage.boxes(), {ABUSE: 1, ANNA: 1, BERT: 1, CATCHALL: 4}, "mails")


def own_bounces_lab(port):
    """A lab that shows the milter its own bounces, and gives other hosts' mail to port."""
    lab = make_lab()
    lab.settings.update({"non_smtpd_milters": lab.milters,
                         "internal_mail_filter_classes": "bounce",
                         "default_transport": f"smtp:[{HOST}]:{port}"})
    return lab


@case("a bounce that Postfix makes itself is read, too, as the manual page sets it up")
def test_own_bounce(_):
    away = "noc@away.example.com"
    with Sink(refuse=lambda sender, recipient: "550 5.1.1 no such user") as sink, \
            own_bounces_lab(sink.port) as lab:
        stage = Stage(lab)
        with stage.daemon(customers=CUSTOMERS.replace(ANNA, away)) as daemon:
            send_report(stage)
            # It goes on when the milter has answered, and then all is in the ledger.
            wait_for(lambda: lab.mails(CATCHALL), 120, "the bounce has come")
            equal(daemon.states()["bounced"], 1, "bounced notices")
            equal(daemon.ledger("SELECT address FROM contact"), [(away,)], "contacts")
            equal(stage.boxes(), {ABUSE: 1, BERT: 1, DESK: 1, CATCHALL: 1}, "mails")
        stage.clean()
