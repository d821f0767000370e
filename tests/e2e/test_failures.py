# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""When the submission, the desk's files or the daemon's life come in between."""

import os
import threading
import time

import mails
from daemon import ABUSE, ANNA, BERT, CARL, CUSTOMERS, DESK, ENVELOPE_FROM
from lab import free_port
from mails import TELNET, telnet_rows
from sink import Sink
from tap import case, equal

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1", "192.0.2.6"])
THREE = [ANNA, BERT, CARL]


@case("submission closed: 451 and nothing is sent; once it is open the same mail works")
def test_closed(stage):
    port, report = free_port(), mails.report(TELNET, ROWS)
    with stage.daemon(submission_port=port):
        stage.send(report, want=451)
        stage.send(mails.plain(), sender="a@example.com")  # other mail does not wait for it
        equal(stage.boxes(), {ABUSE: 1}, "mails")
        stage.lab.clear()
        with Sink(port) as sink:
            stage.send(report)
            equal(sink.recipients(), THREE, "notices")
            equal({sender for sender, _, _ in sink.mails}, {ENVELOPE_FROM}, "envelope sender")
        stage.expect_status("handled", {ABUSE: 1})


@case("one recipient refused for good: the desk is told, the rest goes")
def test_refused(stage):
    refuse = {BERT: "550 5.1.1 no such mailbox"}
    with Sink(refuse=lambda sender, recipient: refuse.get(recipient)) as sink:
        with stage.daemon(submission_port=sink.port):
            stage.send(mails.report(TELNET, ROWS))
        equal(sink.recipients(), [ANNA, CARL, DESK], "mails handed over")
        text = mails.text_of(sink.to(DESK)[0])
        assert "192.0.2.64" in text and "bert" in text, text
        assert "192.0.2.5" not in text and "198.51.100.1" not in text, text
        mark = stage.expect_status("attention", {ABUSE: 1})
        equal(mark["notices"], "2", "notices")


@case("the submission fails after some were handed over: the remaining go to the desk as one list")
def test_breaks(stage):
    def refuse(sender, recipient):
        return "drop" if recipient != DESK and sink.mails else None

    with Sink(refuse=refuse) as sink:
        with stage.daemon(submission_port=sink.port):
            stage.send(mails.report(TELNET, ROWS))
        handed = sink.recipients()
        equal(handed, [ANNA, DESK], "mails handed over")
        text = mails.text_of(sink.to(DESK)[0])
        assert "192.0.2.64" in text and "198.51.100.1" in text, text
        assert "192.0.2.5" not in text, text
        equal(stage.expect_status("attention", {ABUSE: 1})["notices"], "1", "notices")


@case("the submission is gone after some were handed over: accepted, marked, logged")
def test_gone(stage):
    def refuse(sender, recipient):
        return "drop" if sink.mails else None

    with Sink(refuse=refuse) as sink:
        with stage.daemon(submission_port=sink.port) as daemon:
            stage.send(mails.report(TELNET, ROWS))
            assert "warning" in daemon.log() or "error" in daemon.log(), daemon.log()
        equal(len(sink.mails), 1, "mails handed over")
        equal(stage.expect_status("attention", {ABUSE: 1})["notices"], "1", "notices")


@case("one customer's 450, first or later, is his alone: the others get theirs, the desk is told")
def test_one_later(stage):
    for later in THREE:
        with Sink(refuse=lambda _, recipient: {later: "450 4.2.2 full"}.get(recipient)) as sink:
            with stage.daemon(submission_port=sink.port):
                stage.send(mails.report(TELNET, ROWS))
            equal(sink.recipients(), sorted({*THREE, DESK} - {later}), "mails")
        equal(stage.expect_status("attention", {ABUSE: 1})["notices"], "2", "notices")
        stage.lab.clear()


@case("the submission refuses everybody for good, the desk too: 451, no report is lost")
def test_refused_all(stage):
    with Sink(refuse=lambda sender, recipient: "554 5.7.1 relay access denied") as sink:
        with stage.daemon(submission_port=sink.port):
            stage.send(mails.report(TELNET, ROWS), want=451)
    equal(stage.boxes(), {})


@case("the submission refuses everybody for the moment: 451, nothing is sent")
def test_busy(stage):
    report = mails.report(TELNET, ROWS)
    busy = ["451 4.3.2 try again later"]
    with Sink(refuse=lambda sender, recipient: busy[0]) as sink:
        with stage.daemon(submission_port=sink.port):
            stage.send(report, want=451)
            equal(sink.recipients(), [], "notices")
            busy[0] = None
            stage.send(report)
            equal(sink.recipients(), THREE, "notices")


@case("SIGTERM stops after the message in hand: it is answered by 250, all notices are out")
def test_terminate(stage):
    inside, answers = threading.Event(), []

    def delay(_):
        inside.set()
        time.sleep(1)

    with Sink(delay=delay) as sink, stage.daemon(submission_port=sink.port) as daemon:
        with stage.client() as client:
            sender = threading.Thread(target=lambda: answers.append(
                stage.transaction(client, mails.report(TELNET, ROWS))))
            sender.start()
            assert inside.wait(120), "no notice was handed over"
            daemon.terminate()
            sender.join()
        equal(answers, [250], "answers")
        equal(daemon.process.wait(90), 0, "exit status")
        equal(sink.recipients(), THREE, "notices")
    stage.expect_status("handled", {ABUSE: 1})


@case("SIGUSR1: good changes of config and customers take effect")
def test_reload(stage):
    with stage.daemon({"notices.mode": "pilot"}) as daemon:
        daemon.write_config({"notices.mode": "live"})
        daemon.write_customers(CUSTOMERS + f"203.0.113.0/24,dora,{BERT},Dora,,,\n")
        daemon.reload("reload")
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5", "203.0.113.1"])))
    stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})


@case("SIGUSR1: faulty files keep the old ones, the reason stands in the log")
def test_faulty_reload(stage):
    with stage.daemon() as daemon:
        daemon.write_customers(CUSTOMERS + "192.0.2.300/24,eve,eve@example.net\n")
        line = len(CUSTOMERS.splitlines()) + 1
        daemon.reload(f"{daemon.customers}:{line}: ")
        daemon.write_customers(CUSTOMERS)
        daemon.write_config({"notices.colour": "red"})
        daemon.reload(f"{daemon.config}:{daemon.config_line('colour')}: ")
        daemon.write_config({"notices.colour": None})
        # max-change: a file that lost more than 30 % of its networks is no update.
        daemon.write_customers("\n".join(CUSTOMERS.splitlines()[:3]) + "\n")
        daemon.reload(daemon.customers)
        stage.send(mails.report(TELNET, ROWS))
    stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})


def refusal(name, faulty, where):
    """The daemon must not start: exit 78 (EX_CONFIG) and the place of the fault."""
    @case(f"start is refused: {name}")
    def test(stage):
        daemon = stage.daemon()
        faulty(daemon)
        status, text = daemon.refused()
        place = where(daemon)
        assert place in text, f"{place!r} is not in: {text}"
        equal(status, 78, "exit status")


def _template(text):
    def write(daemon):
        os.mkdir(daemon.path("templates"))
        with open(daemon.path("templates/mine.xml"), "w", encoding="utf-8") as file:
            file.write(text)
        shipped = daemon.settings["templates.directories"]
        daemon.write_config({"templates.directories": f"{daemon.path('templates')};{shipped}"})
    return write


def _config(key, value):
    line = f"{key.split('.')[1]}={value}"
    return (lambda daemon: daemon.write_config({key: value}),
            lambda daemon: f"{daemon.config}:{daemon.config_line(line)}: ")


refusal("an unknown key", *_config("intake.recipient", ABUSE))
refusal("a word of provenance that is not there yet", *_config("provenance.require", "dkim;client"))
refusal("a key whose work is not there yet", *_config("original.disposition", "discard"))
refusal("a value out of range", *_config("intake.max-size", "-1"))
refusal("an unknown mode", *_config("notices.mode", "alive"))
refusal("a faulty customers file",
        lambda daemon: daemon.write_customers(CUSTOMERS + f"192.0.2.1/24,bad,{ANNA},,,,\n"),
        lambda daemon: f"{daemon.customers}:{len(CUSTOMERS.splitlines()) + 1}: ")
refusal("one network of two customers",
        lambda daemon: daemon.write_customers(CUSTOMERS + f"192.0.2.0/26,bad,{BERT},,,,\n"),
        lambda daemon: f"{daemon.customers}:{len(CUSTOMERS.splitlines()) + 1}: ")
refusal("a template that is no XML", _template("<template version='1' id='x'>\n<notice>\n"),
        lambda daemon: f"{daemon.path('templates/mine.xml')}:")
refusal("a template with an unknown element",
        _template("<template version='1' id='x'>\n<match><title>X</title></match>\n"
                  "<columns>asn ip timestamp</columns>\n<notice xml:lang='de'>"
                  "<subject>x</subject>\n<blink>x</blink></notice></template>\n"),
        lambda daemon: f"{daemon.path('templates/mine.xml')}:5: ")


@case("start is refused: no config file")
def test_no_config(stage):
    daemon = stage.daemon()
    os.remove(daemon.config)
    status, text = daemon.refused()
    assert daemon.config in text, text
    equal(status in (66, 78), True, f"exit status {status} is EX_NOINPUT or EX_CONFIG")


@case("the daemon is not there: the MTA defers, and goes on when it is back")
def test_absent(stage):
    report = mails.report(TELNET, ROWS)
    with stage.daemon():
        pass
    with stage.client() as client:
        client.ehlo()
        code = client.mail(mails.SENDER)[0]
        equal(code, 451, "MAIL while the milter is away")
    with stage.daemon():
        stage.send(report)
    stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})
