# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl beside the running daemon: what waits, and what persons make of it."""

import json
import os
import subprocess

import mails
from daemon import ABUSE, ANNA, BERT, CARL, DESK, HOLD
from mails import TELNET, telnet_rows
from stage import OUTSIDE
from tap import case, equal

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1", "192.0.2.6"])
ALL = {ANNA: 1, BERT: 1, CARL: 1}


def ctl(daemon, *arguments, want=0):
    """certbundctl's output; its exit status must be want."""
    done = subprocess.run([os.environ["CERTBUND_CTL"], "-c", daemon.config, *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == want, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def lines(daemon, *arguments):
    return [json.loads(line) for line in ctl(daemon, *arguments, "--json").splitlines()]


def to_customers(stage):
    return {box: n for box, n in stage.boxes().items() if box not in (ABUSE, DESK)}


@case("manual ticket: prepared and held; released by a person it is told")
def test_manual_ticket(stage):
    ticket = "CERT-Bund#2025021228001112"
    with stage.daemon() as daemon:
        stage.send(mails.manual(), sender="certbund@bsi.bund.de")
        mark = stage.expect_status("held", {ABUSE: 1, DESK: 1})
        equal((mark["ticket"], mark["events"]), (ticket, "1"))
        stage.lab.clear()
        ctl(daemon, "release", ticket, "--by", "eva")
        equal(stage.boxes(), {ANNA: 1})
    assert "192.0.2.10" in mails.strict(stage.mails(ANNA)[0]).get_content()


@case("a braked report is held with its bytes; release sends it, once, and says who")
def test_release(stage):
    ticket = mails.new_ticket()
    with stage.daemon({"notices.brake-customers": "2"}) as daemon:
        stage.send(mails.report(TELNET, ROWS, ticket=ticket))
        equal(stage.mark()["status"], "held")
        equal(to_customers(stage), {}, "notices")
        text = ctl(daemon, "release", ticket, "--by", "eva", "--reason", "looked at")
        assert "3 notices" in text and "brake-customers=2" in text, text
        assert "unverified" not in text, text
        equal(to_customers(stage), ALL, "notices")
        ctl(daemon, "release", ticket, want=1)
        changes = [row for row in lines(daemon, "show", ticket) if row["record"] == "change"]
        assert any((row["from"], row["to"], row["person"], row["why"])
                   == ("held", "done", "eva", "looked at") for row in changes), changes
        equal([row["state"] for row in lines(daemon, "reports")], ["done"])


@case("TLP:AMBER in CERT-Bund's text holds, TLP:RED in a cell does not; release lets it go")
def test_tlp(stage):
    ticket = mails.new_ticket()
    with stage.daemon() as daemon:
        marked = mails.report(TELNET, ROWS, ticket=ticket).replace(
            b"Dear Sir or Madam,", b"Dear Sir or Madam,\r\n\r\n[TLP:=C2=AD\r\nAMBER]", 1)
        stage.send(marked)
        mark = stage.mark()
        assert mark["status"] == "held" and "TLP:AMBER: not to be" in mark["reason"], mark
        equal(to_customers(stage), {}, "notices")
        assert "TLP:AMBER" in ctl(daemon, "release", ticket)
        equal(to_customers(stage), ALL, "notices")
        stage.lab.clear()
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.6"], banner="TLP:RED")))
        equal(stage.mark()["status"], "handled")
        equal(to_customers(stage), {ANNA: 1}, "notices")


@case("brake-notices: what would be too many in a day waits for release")
def test_brake_notices(stage):
    first, second = mails.new_ticket(), mails.new_ticket()
    with stage.daemon({"notices.brake-notices": "3"}) as daemon:
        stage.send(mails.report(TELNET, ROWS, ticket=first))
        equal(to_customers(stage), ALL, "notices")
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS[:1], ticket=second))
        mark = stage.mark()
        assert mark["status"] == "held" and "brake-notices=3" in mark["reason"], mark
        equal(to_customers(stage), {}, "notices")
        ctl(daemon, "release", second)
        equal(to_customers(stage), {ANNA: 1}, "notices")


@case("drop: nobody is told")
def test_drop(stage):
    ticket = mails.new_ticket()
    with stage.daemon({"notices.brake-customers": "2"}) as daemon:
        stage.send(mails.report(TELNET, ROWS, ticket=ticket))
        ctl(daemon, "drop", ticket, "--by", "eva")
        ctl(daemon, "release", ticket, want=1)
        equal(to_customers(stage), {}, "notices")


@case("deliver=hold: the notice waits with its finished bytes; release sends it")
def test_held_notice(stage):
    with stage.daemon() as daemon:
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5", "192.0.2.130"])))
        equal(to_customers(stage), {ANNA: 1}, "notices")
        held = [row for row in lines(daemon, "notices", "--state", "held")]
        equal(len(held), 1, "held notices")
        text = mails.text_of(stage.mails(DESK)[0])
        assert held[0]["reference"] in text, text
        ctl(daemon, "release", held[0]["reference"])
        equal(to_customers(stage), {ANNA: 1, HOLD: 1}, "notices")
        equal([row["fate"] for row in lines(daemon, "show", held[0]["reference"])
               if row["record"] == "event"], ["notified"])


@case("accept: an unproven report is kept; a person vouches, sees it held, and releases it")
def test_accept(stage):
    ticket = mails.new_ticket()
    with stage.daemon() as daemon:
        stage.send(mails.report(TELNET, ROWS, ticket=ticket), address=OUTSIDE)
        equal(stage.mark()["status"], "unverified")
        ctl(daemon, "release", ticket, want=1)
        ctl(daemon, "accept", ticket, want=64)  # without a reason
        text = ctl(daemon, "accept", ticket, "--by", "eva", "--reason", "called CERT-Bund")
        assert "held" in text and "unverified" in text, text
        equal(to_customers(stage), {}, "notices")
        equal({row["fate"] for row in lines(daemon, "show", ticket) if row["record"] == "event"},
              {"held"})
        ctl(daemon, "release", ticket)
        equal(to_customers(stage), ALL, "notices")
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS, ticket=ticket))  # the genuine one comes late
        equal(stage.mark()["status"], "duplicate")
        equal(to_customers(stage), {}, "notices")


@case("accept: when the genuine one came meanwhile, the copy is dropped")
def test_accept_late(stage):
    ticket = mails.new_ticket()
    with stage.daemon() as daemon:
        stage.send(mails.report(TELNET, ROWS, ticket=ticket), address=OUTSIDE)
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS, ticket=ticket))
        equal(to_customers(stage), ALL, "notices")
        text = ctl(daemon, "accept", ticket, "--reason", "late", want=1)
        assert "dropped" in text, text
        equal(sorted(row["state"] for row in lines(daemon, "reports")), ["done", "dropped"])
        equal(to_customers(stage), ALL, "notices")


@case("process: a saved mail is held, released, and known when it comes again")
def test_process_file(stage):
    ticket = mails.new_ticket()
    with stage.daemon() as daemon:
        path = daemon.path("saved.eml")
        with open(path, "wb") as file:
            file.write(mails.report(TELNET, ROWS, ticket=ticket))
        ctl(daemon, "process", path, want=64)
        ctl(daemon, "process", path, "--by", "eva", "--reason", "by post")
        equal(to_customers(stage), {}, "notices")
        ctl(daemon, "process", path, "--reason", "again", want=1)
        ctl(daemon, "release", ticket)
        equal(to_customers(stage), ALL, "notices")
        with open(path, "wb") as file:
            file.write(mails.plain())
        ctl(daemon, "process", path, "--reason", "no report", want=1)


@case("exempt: rows of the network are told to nobody until it ends")
def test_exempt(stage):
    with stage.daemon() as daemon:
        ctl(daemon, "exempt", "192.0.2.0/26", "--class", "open-telnet", "--until", "2099-01-01",
            "--reason", "honeypot")
        stage.send(mails.report(TELNET, ROWS))
        equal(to_customers(stage), {BERT: 1, CARL: 1}, "notices")
        equal(stage.mark()["exempt"], "2")
        identity = lines(daemon, "exempt", "--list")[0]["id"]
        ctl(daemon, "exempt", "--end", identity)
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS))
        equal(to_customers(stage), ALL, "notices")


@case("renotify-after: told lately is not told again; what is new says what is still open")
def test_renotify(stage):
    with stage.daemon({"notices.renotify-after": "7d"}):
        stage.send(mails.report(TELNET, ROWS))
        equal(to_customers(stage), ALL, "notices")
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS + telnet_rows(["192.0.2.7"])))
        equal(to_customers(stage), {ANNA: 1}, "notices")
        equal(stage.mark()["suppressed"], "4")
        text = mails.text_of(stage.mails(ANNA)[0])
        equal([row[1] for row in mails.table_of(text)[1]], ["192.0.2.7"], "rows")
        assert "2 weitere Ihrer Adressen" in " ".join(text.split()), text
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS[:2], critical=True))
        equal(to_customers(stage), {ANNA: 1, BERT: 1}, "[KRITISCH] counts for itself")
