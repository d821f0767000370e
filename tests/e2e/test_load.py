# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""Nothing lost and nothing sent twice: an MTA that is away, copies at once, other paths,
follow-ups.  Small by default; CERTBUND_LOAD=full takes the sizes that a provider has."""

import email
import email.policy
import os
import shutil
import threading
from collections import Counter

import mails
import volume
from daemon import ABUSE, ANNA, BERT, CARL
from lab import Lab, temporary_directory, wait_for
from mails import TELNET, telnet_rows
from stage import COLLEAGUE
from tap import case, equal

FULL = os.environ.get("CERTBUND_LOAD") == "full"
AWAY_NOTICES = 5000 if FULL else 300
COPIES = 20
COPIED_NOTICES = 2000 if FULL else 60


def field(mail, name):
    message = email.message_from_bytes(mail, policy=email.policy.compat32)
    return message[name]


def check_once(delivered, number):
    """Each of so many customers has one notice, and no two are the same."""
    equal(len(delivered), number, "notices delivered")
    to = Counter(field(mail, "X-Original-To") for mail in delivered)
    equal(to, Counter(volume.contact(i) for i in range(number)), "recipients")
    equal(len({field(mail, "Message-ID") for mail in delivered}), number, "Message-IDs")


@case(f"Postfix is away for the whole of a report of {AWAY_NOTICES} notices: each comes once")
def test_away(stage):
    other = Lab(domains=[volume.DOMAIN], directory=temporary_directory())
    try:
        with other:
            port = other.notice_port
        # Stopped; its directory stays.
        with stage.daemon(volume.UNBRAKED, port, settles=False,
                          customers=volume.customers_csv(AWAY_NOTICES)) as daemon:
            stage.send(volume.quick_report(3 * AWAY_NOTICES, AWAY_NOTICES))
            wait_for(lambda: "the MTA is away" in daemon.log(), what="tried in vain")
            equal(daemon.states(), {"pending": AWAY_NOTICES}, "notices")
            stage.expect_status("handled", {ABUSE: 1})
            other.resume()
            daemon.settle(600)
            equal(daemon.states(), {"handed-over": AWAY_NOTICES}, "notices")
        other.wait(600)
        check_once(other.mails(volume.contact(0)), AWAY_NOTICES)
    finally:
        other.stop()
        shutil.rmtree(other.directory, ignore_errors=True)


def send_at_once(stage, mail, copies):
    """Their final dots go when all the rest is there: the reply codes."""
    together, codes = threading.Barrier(copies), []

    def send():
        with stage.client() as client:
            code, _ = volume.send_timed(client, mail, ABUSE, before_end=lambda: together.wait(600))
            codes.append(code)

    threads = [threading.Thread(target=send) for _ in range(copies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


@case(f"the same report {COPIES} times at once: one set of notices, {COPIES - 1} duplicates")
def test_copies(stage):
    with stage.daemon(volume.UNBRAKED, customers=volume.customers_csv(COPIED_NOTICES)) as daemon:
        mail = volume.quick_report(2 * COPIED_NOTICES, COPIED_NOTICES)
        equal(send_at_once(stage, mail, COPIES), [250] * COPIES, "replies")
        originals = stage.mails(ABUSE)
        equal(Counter(mails.mark_of(mail)["status"] for mail in originals),
              Counter({"handled": 1, "duplicate": COPIES - 1}), "marks")
        equal(daemon.ledger("SELECT count(*) FROM report"), [(1,)], "reports")
        equal(daemon.states(), {"handed-over": COPIED_NOTICES}, "notices")
    check_once(stage.mails(volume.contact(0)), COPIED_NOTICES)


ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1", "192.0.2.6"])
THREE = {ANNA: 1, BERT: 1, CARL: 1}
RECEIVED = ("Received: from relay.example.org (relay.example.org [203.0.113.25])\r\n"
            "\tby mx2.example.org with ESMTPS id 4ABC;\r\n"
            "\tWed, 12 Feb 2025 09:57:07 +0000\r\n")

# How a copy can differ: (name, what the report is made with, what it is sent with).
PATHS = (
    ("other Received lines", {"headers": RECEIVED}, {}),
    ("other envelope sender", {}, {"sender": "bounces+1@lists.example.org"}),
    ("one recipient more", {}, {"recipients": [COLLEAGUE, ABUSE]}),
    ("base64", {"encoding": "base64"}, {}),
    ("8bit", {"encoding": "8bit"}, {}),
    ("no signature", {"signed": False}, {}),
    ("the table attached", {"attached": True}, {}),
    ("another To and Date", {"to": "hostmaster@other.example.org", "age": 3600}, {}),
)


@case("the same report on other paths and in other encodings: duplicates, no second notice")
def test_paths(stage):
    ticket = mails.new_ticket()
    with stage.daemon() as daemon:
        stage.send(mails.report(TELNET, ROWS, ticket=ticket))
        stage.expect_status("handled", {ABUSE: 1, **THREE})
        copies = [(name, mails.report(TELNET, ROWS, ticket=ticket, **how), sent)
                  for name, how, sent in PATHS]
        copies.append(("another boundary", mails.report(TELNET, ROWS, ticket=ticket)
                       .replace(b"===============0042==", b"=-other.1"), {}))
        for name, mail, sent in copies:
            stage.lab.clear()
            stage.send(mail, **sent)
            equal(stage.mark()["status"], "duplicate", name)
            equal({box for box in stage.boxes()} - {ABUSE, COLLEAGUE}, set(), f"{name}: notices")
        equal(daemon.states(), {"handed-over": 3}, "notices")
        equal(daemon.ledger("SELECT count(*) FROM report"), [(1,)], "reports")


def told_rows(stage, box):
    """The rows of the only notice in a box."""
    return mails.table_of(mails.text_of(stage.original(box)))[1]


@case("a follow-up under the same ticket tells its new rows only")
def test_follow_up(stage):
    ticket = mails.new_ticket()
    new = telnet_rows(["192.0.2.7", "192.0.2.65"])
    with stage.daemon() as daemon:
        stage.send(mails.report(TELNET, ROWS, ticket=ticket))
        stage.expect_status("handled", {ABUSE: 1, **THREE})
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS + new, ticket=ticket))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})
        equal(told_rows(stage, ANNA), [new[0]], "Anna's rows")
        equal(told_rows(stage, BERT), [new[1]], "Bert's rows")
        equal(daemon.ledger("SELECT rows, notified, suppressed FROM report ORDER BY n"),
              [(4, 4, 0), (6, 2, 4)], "sums")
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS + new, ticket=ticket))
        stage.expect_status("duplicate", {ABUSE: 1})


@case("the same rows under a new ticket are told again when no time was set")
def test_new_ticket(stage):
    with stage.daemon() as daemon:  # renotify-after=0
        for _ in range(2):
            stage.send(mails.report(TELNET, ROWS))
            stage.expect_status("handled", {ABUSE: 1, **THREE})
            equal(told_rows(stage, ANNA), [ROWS[0], ROWS[3]], "Anna's rows")
            stage.lab.clear()
        equal(daemon.states(), {"handed-over": 6}, "notices")


@case("the same rows under a new ticket within renotify-after are not told again")
def test_renotify(stage):
    with stage.daemon({"notices.renotify-after": "7d"}) as daemon:
        stage.send(mails.report(TELNET, ROWS))
        stage.expect_status("handled", {ABUSE: 1, **THREE})
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS))
        mark = stage.expect_status("handled", {ABUSE: 1})
        equal(mark["notices"], "0", "notices")
        equal(daemon.ledger("SELECT rows, notified, suppressed FROM report ORDER BY n"),
              [(4, 4, 0), (4, 0, 4)], "sums")
