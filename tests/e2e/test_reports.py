# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""What becomes of a report: notices, the desk's list, the marked original, modes and brakes."""

import email.utils
import re

import mails
from daemon import (ABUSE, ANNA, BERT, CARL, CUSTOMERS, DESK, ENVELOPE_FROM, FROM, FROM_NAME,
                    HANDLED, REPLY_TO)
from mails import FOO, PORTMAPPER, TELNET, portmapper_rows, telnet_rows
from stage import COLLEAGUE, OUTSIDE, REDIRECT
from tap import case, equal, same_bytes

ANNA_ADDRESSES = ["192.0.2.5", "192.0.2.63", "2001:db8:a::17"]
BERT_ADDRESSES = ["192.0.2.64", "192.0.2.127"]
CARL_ADDRESSES = ["198.51.100.1", "198.51.100.77", "198.51.100.127", "198.51.100.2"]
ADDRESSES = {ANNA: ANNA_ADDRESSES, BERT: BERT_ADDRESSES, CARL: CARL_ADDRESSES}
NAMES = {ANNA: "Nordlicht Hosting GmbH", BERT: "Müller & Söhne, Gartenbau KG",
         CARL: "Träumerei AG"}

# The customers' rows mixed, as CERT-Bund does not sort by address.
MIXED = ["198.51.100.1", "192.0.2.5", "192.0.2.64", "198.51.100.77", "192.0.2.63",
         "2001:db8:a::17", "198.51.100.127", "192.0.2.127", "198.51.100.2"]

# RFC 4180: quotes doubled, commas and line breaks inside quotes; and what looks like an address,
# a header field, a signature or markup in a cell stays text.
BANNERS = ['login: ', 'say "hi", user', "line one\nline two", "", "Subject: x; 203.0.113.9",
           "-- ", "<script>&amp;ü☃", "a,b;c|d", "x" * 300]


def telnet_report(**arguments):
    rows = telnet_rows(MIXED)
    for row, banner in zip(rows, BANNERS):
        row[4] = banner
    return mails.report(TELNET, rows, **arguments), rows


def check_notice(notice, customer, columns, rows):
    """One notice as RFC 5322, 2045 and 2047 ask, with this customer's rows and no other."""
    message = mails.strict(notice)
    local, domain = ENVELOPE_FROM.split("@")
    assert re.fullmatch(rf"<{local}\+A-[0-9A-Z]+-[0-9A-Z]+@{domain}>",
                        message["Return-Path"].strip()), message["Return-Path"]
    equal([(a.display_name, a.addr_spec) for a in message["From"].addresses],
          [(FROM_NAME, FROM)], "From")
    equal([a.addr_spec for a in message["Reply-To"].addresses], [REPLY_TO], "Reply-To")
    equal([a.addr_spec for a in message["To"].addresses], [customer], "To")
    assert message["To"].addresses[0].display_name in ("", NAMES[customer]), message["To"]
    equal(message["Auto-Submitted"], "auto-generated")
    equal(message.get_content_type(), "text/plain")
    equal(message.get_content_charset(), "utf-8")
    equal(message["Content-Transfer-Encoding"], "quoted-printable")
    assert email.utils.parsedate_to_datetime(message["Date"]), message["Date"]
    assert message["Message-ID"].startswith("<") and "@" in message["Message-ID"]
    assert message["Subject"], "no subject"
    for name in ("From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted"):
        equal(len(message.get_all(name)), 1, f"number of {name}")
    for line in notice.split(b"\n"):
        assert len(line) <= 998 and not line.strip(b"\t").translate(None, bytes(range(32, 127))), \
            f"not a line of printable ASCII: {line!r}"  # RFC 5322 section 2.1.1, RFC 2047
    found_columns, found_rows = mails.table_of(message.get_content())
    equal(found_columns, columns, "columns")
    equal(found_rows, rows, "rows")
    return message


def check_notices(stage, columns, rows):
    identifiers = set()
    for customer, addresses in ADDRESSES.items():
        notices = stage.mails(customer)
        equal(len(notices), 1, f"notices in {customer}")
        message = check_notice(notices[0], customer, columns,
                               [row for row in rows if row[1] in addresses])
        text = notices[0].decode("ascii")
        for other, theirs in ADDRESSES.items():
            for address in theirs if other != customer else ():
                assert f'"{address}"' not in message.get_content(), f"{address} told to {customer}"
        assert "X-CertBund-Milter" not in text, "the mark is for the desk"
        identifiers.add(message["Message-ID"])
    equal(len(identifiers), len(ADDRESSES), "Message-IDs are different")


def check_original(stage, sent, box=ABUSE):
    same_bytes(mails.without_mark(mails.without_trace(stage.original(box))),
               mails.as_delivered(sent), "the desk's original")


def report_case(name, kind, make_rows, **arguments):
    @case(f"three customers, three notices: {name}")
    def test(stage):
        if make_rows is None:
            sent, rows = telnet_report(**arguments)
        else:
            rows = make_rows(MIXED)
            sent = mails.report(kind, rows, **arguments)
        with stage.daemon():
            stage.send(sent)
        mark = stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})
        check_notices(stage, kind[1], rows)
        check_original(stage, sent)
        ticket = stage.original().split(b"CB-Report#", 1)[1][:17].decode()
        wanted = {"ticket": f"CB-Report#{ticket}", "events": "9", "customers": "3", "notices": "3",
                  "unassigned": "0", "provenance": "client"}
        wanted["class"] = "open-telnet" if kind is TELNET else "open-portmapper"
        equal({key: mark.get(key) for key in wanted}, wanted, "mark")
        assert mark.get("id"), mark


report_case("open-telnet, odd cells", TELNET, None)
report_case("open-portmapper", PORTMAPPER, portmapper_rows)
report_case("base64, not signed", TELNET, None, encoding="base64", signed=False)
report_case("8bit, German only, critical", TELNET, None, encoding="8bit", bilingual=False,
            critical=True)
report_case("attachment events.csv", PORTMAPPER, portmapper_rows, attached=True)
report_case("scope is a network", TELNET, None, scope="Netzbereich 192.0.2.0/24")


@case("rows without a customer go to the desk as one list, with reasons")
def test_desk_list(stage):
    # Not more than 5 % unreadable rows, else the whole report is in doubt.
    rows = telnet_rows([f"198.51.100.{i}" for i in range(1, 41)] +
                       ["203.0.113.7", "192.0.2.161", "not an address", "192.0.2.130",
                        "192.0.2.150"])
    with stage.daemon():
        stage.send(mails.report(TELNET, rows))
    mark = stage.expect_status("attention", {ABUSE: 1, CARL: 1, DESK: 1})
    equal((mark["events"], mark["customers"], mark["notices"]), ("45", "1", "1"), "mark")
    equal(mails.table_of(mails.text_of(stage.mails(CARL)[0]))[1], rows[:40], "Carl's rows")
    message = mails.strict(stage.mails(DESK)[0])
    equal(message["Auto-Submitted"], "auto-generated")
    columns, listed = mails.table_of(mails.text_of(stage.mails(DESK)[0]), "fate")
    equal(columns, ["fate", "reason", "customer"] + TELNET[1], "columns of the list")
    equal([row[3:] for row in listed], rows[40:44], "rows of the list")
    equal([(row[0], row[2]) for row in listed],
          [("unassigned", ""), ("unassigned", "pool"), ("unreadable", ""), ("held", "hold")],
          "fates and customers")
    for row, reason in zip(listed, ("customer", "pool", "address", "hold")):
        assert reason in row[1], f"{reason!r} is not said of {row}"


@case("nobody's report: no notice, all rows to the desk")
def test_nobody(stage):
    with stage.daemon():
        stage.send(mails.report(TELNET, telnet_rows(["203.0.113.7", "203.0.113.8"])))
    mark = stage.expect_status("attention", {ABUSE: 1, DESK: 1})
    equal((mark["events"], mark["notices"], mark["unassigned"]), ("2", "0", "2"), "mark")


@case("deliver=none: accounted for, nobody is told")
def test_deliver_none(stage):
    with stage.daemon():
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.150", "192.0.2.5"])))
    mark = stage.expect_status("handled", {ABUSE: 1, ANNA: 1})
    equal((mark["events"], mark["notices"], mark["unassigned"]), ("2", "1", "0"), "mark")


@case("deliver=hold: counted as held, no notice")
def test_deliver_hold(stage):
    rows = telnet_rows(["192.0.2.130", "192.0.2.5", "192.0.2.131"])
    with stage.daemon() as daemon:
        stage.send(mails.report(TELNET, rows))
        assert "held" in daemon.log(), daemon.log()
    mark = stage.expect_status("attention", {ABUSE: 1, ANNA: 1, DESK: 1})
    equal((mark["notices"], mark["unassigned"], mark.get("held")), ("1", "0", "2"), "mark")
    listed = mails.table_of(mails.text_of(stage.mails(DESK)[0]), "fate")[1]
    equal([row[3:] for row in listed], [rows[0], rows[2]], "the desk's list")


@case("pilot: nothing leaves but the desk's summary")
def test_pilot(stage):
    sent, rows = telnet_report()
    with stage.daemon({"notices.mode": "pilot"}):
        stage.send(sent)
    equal(stage.boxes(), {ABUSE: 1, DESK: 1}, "mails")
    text = mails.text_of(stage.mails(DESK)[0])
    for customer in ("anna", "bert", "carl"):
        assert customer in text, f"{customer} is missing in the summary: {text}"
    assert any(row[1] in text for row in rows), "no sample in the summary"
    check_original(stage, sent)


@case("pilot is the default")
def test_pilot_default(stage):
    with stage.daemon({"notices.mode": None}):
        stage.send(telnet_report()[0])
    equal(stage.boxes(), {ABUSE: 1, DESK: 1}, "mails")


@case("redirect: every notice to one address, with its real recipients in the text")
def test_redirect(stage):
    sent, rows = telnet_report()
    with stage.daemon({"notices.mode": f"redirect:{REDIRECT}"}):
        stage.send(sent)
    equal(stage.boxes(), {ABUSE: 1, REDIRECT: 3}, "mails")
    left = dict(ADDRESSES)
    for notice in stage.mails(REDIRECT):
        message = mails.strict(notice)
        equal([a.addr_spec for a in message["To"].addresses], [REDIRECT], "To")
        customer = next(c for c in left if c in message.get_content())
        addresses = left.pop(customer)
        equal(mails.table_of(message.get_content())[1],
              [row for row in rows if row[1] in addresses], f"rows of {customer}")
    equal(left, {}, "customers without a notice")


@case("live-classes: the other classes stay a pilot")
def test_live_classes(stage):
    with stage.daemon({"notices.live-classes": "open-telnet"}):
        stage.send(mails.report(PORTMAPPER, portmapper_rows(MIXED)))
        equal(stage.boxes(), {ABUSE: 1, DESK: 1}, "mails of a class that is not live")
        stage.lab.clear()
        stage.send(telnet_report()[0])
        equal(stage.boxes(), {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1}, "mails of a live class")


@case("a report to a colleague first, then to abuse@, is found")
def test_colleague(stage):
    sent, rows = telnet_report()
    with stage.daemon():
        stage.send(sent, [COLLEAGUE, ABUSE], sender="list@lists.example.com")
    stage.expect_status("handled", {ABUSE: 1, COLLEAGUE: 1, ANNA: 1, BERT: 1, CARL: 1})
    check_notices(stage, TELNET[1], rows)
    check_original(stage, sent)
    check_original(stage, sent, COLLEAGUE)


@case("a report by its envelope sender alone is found")
def test_by_sender(stage):
    with stage.daemon():
        stage.send(telnet_report()[0], [COLLEAGUE])
    stage.expect_status("handled", {COLLEAGUE: 1, ANNA: 1, BERT: 1, CARL: 1}, COLLEAGUE)


@case("abuse@ is found however it is typed")
def test_typed(stage):
    with stage.daemon():
        stage.send(telnet_report()[0], ["ABUSE@Lab.Example.ORG"], sender="list@lists.example.com")
    stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})


@case("provenance: a client outside of clients= makes no notice")
def test_unverified(stage):
    sent = telnet_report()[0]
    with stage.daemon():
        stage.send(sent, address=OUTSIDE)
        stage.expect_status("unverified", {ABUSE: 1, DESK: 1})
    check_original(stage, sent)


@case("max-age: an older report makes no notice")
def test_old(stage):
    day = 24 * 3600
    with stage.daemon({"provenance.max-age": "3d"}):
        stage.send(telnet_report(age=4 * day)[0])
        stage.expect_status("old", {ABUSE: 1})
        stage.lab.clear()
        stage.send(telnet_report(age=2 * day)[0])
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})


@case("manual ticket that names no address: marked unread")
def test_unread(stage):
    sent = mails.manual(text="http://www.example.org/\n")
    with stage.daemon():
        stage.send(sent, sender="certbund@bsi.bund.de")
    mark = stage.expect_status("unread", {ABUSE: 1})
    equal(mark["ticket"], "CERT-Bund#2025021228001112")
    check_original(stage, sent)


def held_case(name, **arguments):
    @case(f"in doubt, hence held: {name}")
    def test(stage):
        sent = mails.report(TELNET, **arguments)
        with stage.daemon() as daemon:
            stage.send(sent)
            assert "held" in daemon.log(), daemon.log()
        mark = stage.mark()
        equal(mark["status"], "held", "status")
        equal(mark["notices"], "0", "notices")
        equal({box: n for box, n in stage.boxes().items() if box not in (ABUSE, DESK)}, {},
              "mail to others")
        check_original(stage, sent)


GOOD = telnet_rows(MIXED)
held_case("a ragged row", rows=GOOD[:3] + [GOOD[3][:4]] + GOOD[4:])
held_case("no column ip", table=mails.csv_text(["asn", "address", "timestamp", "port", "banner"],
                                               GOOD))
held_case("column ip twice", table=mails.csv_text(["asn", "ip", "timestamp", "port", "IP"], GOOD))
held_case("the end is missing", rows=GOOD, sign_off=False)
held_case("a quote is left open", table=mails.csv_text(TELNET[1], GOOD)[:-2])
held_case("more than 5 % unreadable", rows=GOOD + telnet_rows(["x"]))
held_case("no table at all", table="")


@case("brake-customers: a report that would mail too many is held")
def test_brake(stage):
    with stage.daemon({"notices.brake-customers": "2"}):
        stage.send(telnet_report()[0])
        equal(stage.mark()["status"], "held", "status")
        equal({b for b in stage.boxes()} - {ABUSE, DESK}, set(), "mail to others")
        stage.lab.clear()
        stage.send(mails.report(TELNET, telnet_rows(ANNA_ADDRESSES + BERT_ADDRESSES)))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})


@case("a class without template is held, or told by the neutral one")
def test_unknown_class(stage):
    rows = [["64500", address, "2025-02-11 11:10:25", "8080", "1.2.3.4"] for address in MIXED]
    with stage.daemon():
        stage.send(mails.report(FOO, rows))
        equal(stage.mark()["status"], "held", "status")
        equal({b for b in stage.boxes()} - {ABUSE, DESK}, set(), "mail to others")
    stage.lab.clear()
    with stage.daemon({"templates.unknown-class": "notify"}):
        stage.send(mails.report(FOO, rows))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1, DESK: 1})
        check_notices(stage, FOO[1], rows)
        assert "verwundbare-foo-server" in mails.text_of(stage.mails(DESK)[0]), "the class is told"
        stage.lab.clear()
        stage.send(mails.report(FOO, rows))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})  # once


@case("a column that comes or goes is logged once, and holds nothing")
def test_drift(stage):
    rows = [[*row[:4], "yes"] for row in telnet_rows(MIXED)]
    with stage.daemon() as daemon:
        for _ in range(2):
            stage.lab.clear()
            stage.send(mails.report((TELNET[0], [*TELNET[1][:4], "tls"]), rows))
            stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})
        log = daemon.log()
        for line in ('class open-telnet: column "banner" is missing',
                     'class open-telnet: column "tls" is new'):
            equal(log.count(line), 1, log)
        equal(daemon.ledger("SELECT name, expected, missing, reports FROM drift ORDER BY name"),
              [("asn", 1, 0, 2), ("banner", 1, 1, 0), ("ip", 1, 0, 2), ("port", 1, 0, 2),
               ("timestamp", 1, 0, 2), ("tls", 0, 0, 2)], "drift")


@case("handled-to: a handled original goes there, others stay")
def test_handled_to(stage):
    sent = telnet_report()[0]
    with stage.daemon({"original.handled-to": HANDLED}):
        stage.send(sent)
        stage.expect_status("handled", {HANDLED: 1, ANNA: 1, BERT: 1, CARL: 1}, HANDLED)
        check_original(stage, sent, HANDLED)
        stage.lab.clear()
        stage.send(mails.report(TELNET, telnet_rows(["203.0.113.7"])))
        stage.expect_status("attention", {ABUSE: 1, DESK: 1})
        stage.lab.clear()
        stage.send(telnet_report()[0], [COLLEAGUE, ABUSE])
        stage.expect_status("handled", {COLLEAGUE: 1, HANDLED: 1, ANNA: 1, BERT: 1, CARL: 1},
                            HANDLED)


@case("handled-to: an address of the intake, and a recipient already, loses nothing")
def test_handled_to_intake(stage):
    everybody = {ANNA: 1, BERT: 1, CARL: 1}
    with stage.daemon({"original.handled-to": ABUSE}):
        stage.send(telnet_report()[0])
        stage.expect_status("handled", {ABUSE: 1, **everybody})
    stage.lab.clear()
    with stage.daemon({"original.handled-to": HANDLED,
                       "intake.recipients": "@" + ABUSE.split("@")[1]}):
        stage.send(telnet_report()[0], [ABUSE, HANDLED])
        stage.expect_status("handled", {HANDLED: 1, **everybody}, HANDLED)


@case("several contacts of one customer stand in To of one notice")
def test_two_contacts(stage):
    customers = CUSTOMERS.replace(f"anna,{ANNA},Nordlicht Hosting GmbH,de en",
                                  f"anna,{ANNA};{BERT},Nordlicht Hosting GmbH,de en")
    with stage.daemon(customers=customers):
        stage.send(mails.report(TELNET, telnet_rows(ANNA_ADDRESSES)))
    stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})
    message = mails.strict(stage.mails(ANNA)[0])
    equal([a.addr_spec for a in message["To"].addresses], [ANNA, BERT], "To")


@case("language and order: de en, en alone, de alone")
def test_languages(stage):
    with stage.daemon():
        stage.send(telnet_report()[0])
    both, english = (mails.text_of(stage.mails(box)[0]) for box in (ANNA, CARL))
    assert both.startswith("[English version below]"), both[:200]
    assert "\n----\n" in both, "separator between the languages"
    assert "[English version below]" not in english and "\n----\n" not in english, english[:300]
