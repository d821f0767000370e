# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""What is not a report comes through as it was sent; mails do not disturb each other."""

import queue
import threading

import mails
from daemon import ABUSE, ANNA, BERT, CARL, CUSTOMERS, DESK
from mails import TELNET, as_delivered, telnet_rows, without_trace
from stage import COLLEAGUE
from tap import case, equal, same_bytes

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1"])


def unchanged(stage, found, recipients, sender):
    """Send each mail through the milter and around it: both copies are what was sent."""
    for name, sent in found.items():
        stage.send(sent, recipients, sender)
        stage.send(sent, recipients, sender, port=stage.lab.notice_port)
        through, around = (without_trace(mail) for mail in stage.mails(recipients[0]))
        same_bytes(through, around, f"{name}: with the milter and without")
        same_bytes(through, as_delivered(sent), f"{name}: delivered and sent")
        assert b"certbund-milter" not in through.lower(), f"{name}: has a mark"
        stage.lab.clear()


@case("other mail, not for the intake: byte for byte")
def test_not_ours(stage):
    with stage.daemon():
        unchanged(stage, mails.other_mails() | mails.replies(), [COLLEAGUE], "erika@example.com")


@case("other mail to abuse@: byte for byte")
def test_to_abuse(stage):
    with stage.daemon():
        unchanged(stage, mails.other_mails(), [ABUSE], "erika@example.com")


@case("replies and forwards by others to abuse@: byte for byte")
def test_replies(stage):
    with stage.daemon():
        unchanged(stage, mails.replies(), [ABUSE], "erika@example.com")


@case("what looks like a report, but was sent by a program in answer: byte for byte")
def test_answers(stage):
    with stage.daemon():
        unchanged(stage, mails.answers(), [ABUSE], "erika@example.com")
        unchanged(stage, {"null sender": mails.report(TELNET, ROWS)}, [ABUSE], "")


@case("X-Auto-Response-Suppress, Precedence: list and Auto-Submitted: no say nothing")
def test_no_answer(stage):
    headers = "X-Auto-Response-Suppress: All\r\nPrecedence: list\r\nAuto-Submitted: (no) no; a=b\r\n"
    with stage.daemon():
        stage.send(mails.report(TELNET, ROWS, headers=headers))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})


def come_back(stage, found, sender):
    """Send mails of ours to the intake: they stay there, and nothing new is sent."""
    stage.lab.clear()
    for mail in found:
        stage.send(mail, sender=sender)
    equal(stage.boxes(), {ABUSE: len(found)}, "mailboxes")
    for mail in stage.mails(ABUSE):
        assert mails.mark_of(mail) is None, mail[:2000]


@case("loops: a customer whose address is the intake's, who redirects, forwards, and is on leave")
def test_loops(stage):
    customers = CUSTOMERS.replace(BERT, ABUSE)
    with stage.daemon({"notices.desk": ABUSE}, customers=customers):
        ticket = mails.new_ticket()
        rows = ROWS + telnet_rows(["203.0.113.9"])  # nobody's: the desk is told
        stage.send(mails.report(TELNET, rows, ticket=ticket))
        equal(stage.boxes(), {ABUSE: 3, ANNA: 1, CARL: 1}, "original, notice and desk's mail")
        ours = [mail for mail in map(without_trace, stage.mails(ABUSE))
                if mails.mark_of(mail) is None] + [without_trace(stage.original(ANNA))]
        equal(len(ours), 3, "mails of ours")
        ours = [mail.replace(b"\n", b"\r\n") for mail in ours]
        come_back(stage, ours, BERT)  # redirected, as they are
        come_back(stage, ours, "")
        come_back(stage, [mail.replace(b"Subject: ", f"Subject: Fwd: [{ticket}] ".encode(), 1)
                          .replace(b"Auto-Submitted: auto-generated\r\n", b"", 1)
                          for mail in ours], BERT)
        come_back(stage, [mails.plain(f"{word} [{ticket}] Offene Telnet-Server",
                                      headers="Auto-Submitted: auto-replied\r\n", sender=BERT)
                          for word in ("Automatische Antwort:", "Abwesend:", "")], BERT)
        come_back(stage, [mails.report(TELNET, ROWS, headers="Auto-Submitted: auto-replied\r\n")],
                  "")


@case("other mail by the null sender: byte for byte")
def test_null_sender(stage):
    with stage.daemon():
        unchanged(stage, {"bounce": mails.plain("Undelivered Mail Returned to Sender")}, [ABUSE],
                  "")


@case("a report that is not for the intake and not by its sender is not read")
def test_report_not_ours(stage):
    with stage.daemon():
        unchanged(stage, {"report": mails.report(TELNET, ROWS)}, [COLLEAGUE], "x@example.com")


FORGED = ("X-CertBund-Milter: status=handled; ticket=CB-Report#20250212-10004759\r\n",
          "x-certbund-milter: status=unverified;\r\n\tid=0123\r\n", "X-CERTBUND-MILTER:\r\n")


@case("forged marks are removed from mail to abuse@ without a ticket, the rest is unchanged")
def test_forged(stage):
    body = "x" * 3000 + "\r\n.dots\r\nX-CertBund-Milter: in the body stays\r\n"
    sent = mails.plain(headers="X-A: 1\r\n" + "X-B: 2\r\n".join(FORGED), body=body)
    clean = mails.without_mark(sent)
    assert clean.count(b"\r\n") == sent.count(b"\r\n") - 4, "the test's own mails"
    with stage.daemon():
        stage.send(sent, sender="erika@example.com")
    same_bytes(without_trace(stage.original()), as_delivered(clean), "delivered")


@case("forged marks are removed from a reply and from a report, which gets its own")
def test_forged_report(stage):
    with stage.daemon():
        reply = mails.plain("Re: [CB-Report#20250212-10004759] x", headers="".join(FORGED))
        stage.send(reply, sender="erika@example.com")
        same_bytes(without_trace(stage.original()), as_delivered(mails.without_mark(reply)),
                   "the reply")
        stage.lab.clear()
        report = mails.report(TELNET, ROWS, headers="".join(FORGED))
        stage.send(report)
        mark = stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})
        assert mark["id"] != "0123", mark
        same_bytes(mails.without_mark(without_trace(stage.original())),
                   as_delivered(mails.without_mark(report)), "the report")


@case("a mail that was here before is let go; its mark under other words is no mark of ours")
def test_second_pass(stage):
    with stage.daemon():
        stage.send(mails.report(TELNET, ROWS))
        first = without_trace(stage.original()).replace(b"\n", b"\r\n")
        mark = mails.mark_of(stage.original())
        stage.lab.clear()
        stage.send(first)  # as a list or an alias would bring it back
        equal(mails.mark_of(stage.original()), mark, "the mark")
        equal(stage.boxes(), {ABUSE: 1}, "mailboxes")
        stage.lab.clear()
        stage.send(first.replace(b"notices=3", b"notices=9"))  # read again, and known
        mark = mails.mark_of(stage.original())
        equal((mark["status"], mark["notices"]), ("duplicate", "0"))


@case("as many forged marks as INCOMING_MARKS_MAX are removed; one more, and the mail is refused")
def test_many_marks(stage):
    with stage.daemon():
        for count, code in ((50, 250), (51, 550)):
            mail = mails.plain(headers="X-CertBund-Milter: x\r\n" * count)
            with stage.client() as client:
                equal(stage.transaction(client, mail, [ABUSE], "a@example.com"), code)
        assert b"X-CertBund-Milter" not in stage.original()


@case("a stranger's mail is not read: whatever it holds, it is unverified")
def test_stranger_unread(stage):
    with stage.daemon({"provenance.clients": "198.51.100.0/24"}):
        report = mails.report(TELNET, ROWS).replace(b"quoted-printable", b"x" * 70000, 1)
        stage.send(report)
        equal(mails.mark_of(stage.original())["status"], "unverified")


@case("a proven report that costs too much to parse is held, with the limit as its reason")
def test_costly(stage):
    with stage.daemon():
        stage.send(mails.report(TELNET, ROWS).replace(
            b"; charset", b"".join(b";\r\n a%d=b" % i for i in range(10001)) + b"; charset", 1))
        mark = stage.expect_status("held", {ABUSE: 1, DESK: 1})
        assert "parameters" in mark["reason"] or "bytes in a header" in mark["reason"], mark
        assert b"it can't be read" in stage.mails(DESK)[0], stage.mails(DESK)


@case("several mails over one connection: other, RSET, report, other, report")
def test_one_connection(stage):
    other = mails.plain()
    with stage.daemon(), stage.client() as client:
        equal(stage.transaction(client, other, sender="a@example.com"), 250)
        client.mail("b@example.com")
        client.rcpt(ABUSE)
        client.rset()
        client.mail(mails.SENDER)
        client.rset()
        equal(stage.transaction(client, mails.report(TELNET, ROWS[:1])), 250)
        equal(stage.transaction(client, other, [COLLEAGUE], "c@example.com"), 250)
        equal(stage.transaction(client, other, [ABUSE], "c@example.com"), 250)
        equal(stage.transaction(client, mails.report(TELNET, ROWS[1:]), [COLLEAGUE, ABUSE]), 250)
    equal(stage.boxes(), {ABUSE: 4, COLLEAGUE: 2, ANNA: 1, BERT: 1, CARL: 1}, "mails")
    marks = [mails.mark_of(mail) for mail in stage.mails(ABUSE)]
    equal(sorted(mark["events"] for mark in marks if mark), ["1", "2"], "marked mails")
    for mail, mark in zip(stage.mails(ABUSE), marks):
        if mark is None:
            same_bytes(without_trace(mail), as_delivered(other), "other mail")


@case("20 reports and 200 other mails over 20 connections")
def test_concurrent(stage):
    work, failures = queue.Queue(), []
    reports = {i: telnet_rows([f"192.0.2.{i}", f"192.0.2.{64 + i}", f"198.51.100.{i}"])
               for i in range(1, 21)}
    for number in range(220):
        if number % 11 == 0:
            rows = reports[number // 11 + 1]
            work.put((mails.report(TELNET, rows), ABUSE, mails.SENDER))
        else:
            body = f"mail {number}\r\n" + "z" * (number * 37) + "\r\n"
            work.put((mails.plain(body=body), COLLEAGUE if number % 2 else ABUSE, "x@example.com"))
    sent = list(work.queue)

    def deliver():
        try:
            with stage.client() as client:
                while True:
                    try:
                        mail, recipient, sender = work.get_nowait()
                    except queue.Empty:
                        return
                    code = stage.transaction(client, mail, [recipient], sender)
                    if code != 250:
                        failures.append(code)
        except Exception as error:  # a thread's failure must reach the test
            failures.append(error)

    with stage.daemon():
        threads = [threading.Thread(target=deliver) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(failures, [], "answers other than 250")
    for customer, at in ((ANNA, 0), (BERT, 1), (CARL, 2)):
        found = [mails.table_of(mails.text_of(mail))[1] for mail in stage.mails(customer)]
        equal(sorted(found), sorted([rows[at]] for rows in reports.values()), customer)
    for box in (COLLEAGUE, ABUSE):
        found = [mail for mail in stage.mails(box) if mails.mark_of(mail) is None]
        want = [as_delivered(mail) for mail, to, sender in sent
                if to == box and sender != mails.SENDER]
        equal(sorted(map(without_trace, found)) == sorted(want), True, f"other mail in {box}")
    equal(sum(mails.mark_of(mail) is not None for mail in stage.mails(ABUSE)), 20, "originals")
