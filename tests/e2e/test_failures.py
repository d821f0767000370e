# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""When the submission, the desk's files or the daemon's life come in between."""

import os
import threading
import time

import mails
from daemon import ABUSE, ANNA, BERT, CARL, CUSTOMERS, DESK
from lab import free_port, wait_for
from mails import TELNET, telnet_rows
from sink import Sink
from tap import case, equal

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1", "192.0.2.6"])
THREE = [ANNA, BERT, CARL]


@case("submission closed: 250, the notices wait in the ledger and go when it is open")
def test_closed(stage):
    port, report = free_port(), mails.report(TELNET, ROWS)
    with stage.daemon(submission_port=port, settles=False) as daemon:
        stage.send(report)
        stage.send(mails.plain(), sender="a@example.com")  # other mail does not wait for it
        equal(stage.boxes(), {ABUSE: 2}, "mails")
        equal(daemon.states(), {"pending": 3}, "notices")
        with Sink(port) as sink:
            daemon.settle()
            equal(sink.recipients(), THREE, "notices")
        equal(daemon.states(), {"handed-over": 3}, "notices")


@case("what waits when the daemon ends is handed over by the next one")
def test_restart(stage):
    port = free_port()
    first = stage.daemon(submission_port=port, settles=False)
    first.own_directory = False
    with first:
        stage.send(mails.report(TELNET, ROWS))
        stage.expect_status("handled", {ABUSE: 1})
    with Sink(port) as sink, stage.daemon(submission_port=port, directory=first.directory) as next_:
        next_.settle()
        equal(sink.recipients(), THREE, "notices")
        next_.own_directory = True


@case("one recipient refused for good: the desk is told, the rest goes")
def test_refused(stage):
    refuse = {BERT: "550 5.1.1 no such mailbox"}
    with Sink(refuse=lambda sender, recipient: refuse.get(recipient)) as sink:
        with stage.daemon(submission_port=sink.port) as daemon:
            stage.send(mails.report(TELNET, ROWS))
            stage.wait()
            daemon.restart()  # it tells once a minute, and as it starts
            wait_for(lambda: sink.to(DESK), what="the desk is told")
            equal(daemon.states(), {"failed": 1, "handed-over": 2}, "notices")
        equal(sink.recipients(), [ANNA, CARL, DESK], "mails handed over")
        text = mails.text_of(sink.to(DESK)[0])
        assert BERT in text and "550 5.1.1" in text, text
        assert ANNA not in text and CARL not in text, text
        mark = stage.expect_status("handled", {ABUSE: 1})
        equal(mark["notices"], "3", "notices")


@case("the submission breaks in between: the others go when it is back, none twice")
def test_breaks(stage):
    broken = [True]

    def refuse(sender, recipient):
        return "drop" if broken[0] and sink.mails else None

    with Sink(refuse=refuse) as sink:
        with stage.daemon(submission_port=sink.port, settles=False) as daemon:
            stage.send(mails.report(TELNET, ROWS))
            wait_for(lambda: sink.mails, what="a notice")
            broken[0] = False
            # The notice at which the connection broke waits a minute.
            wait_for(lambda: daemon.ledger("SELECT count(*) FROM notice WHERE attempts = 1"
                                           " AND worker IS NULL")[0][0] == 3
                     or "pending" not in daemon.states(), 120, "each was tried")
            daemon.pass_time()
            wait_for(lambda: "pending" not in daemon.states(), 120, "all handed over")
        equal(sink.recipients(), THREE, "notices")
        stage.expect_status("handled", {ABUSE: 1})


@case("one customer's 450 is his alone: the others get theirs, his is tried again later")
def test_one_later(stage):
    for later in THREE:
        with Sink(refuse=lambda _, recipient: {later: "450 4.2.2 full"}.get(recipient)) as sink:
            with stage.daemon(submission_port=sink.port) as daemon:
                stage.send(mails.report(TELNET, ROWS))
                stage.wait()
                equal(daemon.ledger("SELECT recipients, attempts, reply FROM notice"
                                    " WHERE state = 'pending'"), [(later, 1, "450 4.2.2 full")])
                minute = daemon.ledger("SELECT (due - created) / 1000000 FROM notice"
                                       " WHERE state = 'pending'")[0][0]
                assert 60 <= minute < 3600, minute  # a busy machine may start late
            equal(sink.recipients(), sorted({*THREE} - {later}), "mails")
        stage.expect_status("handled", {ABUSE: 1})
        stage.lab.clear()


@case("the submission refuses everybody for good, the desk too: all is in the ledger, for retry")
def test_refused_all(stage):
    with Sink(refuse=lambda sender, recipient: "550 5.7.1 not here") as sink:
        with stage.daemon(submission_port=sink.port) as daemon:
            stage.send(mails.report(TELNET, ROWS))
            stage.wait()
            equal(daemon.states(), {"failed": 3}, "notices")
    stage.expect_status("handled", {ABUSE: 1})


@case("SIGTERM: the mail in hand is finished and marked, the rest goes with the next daemon")
def test_terminate(stage):
    inside, go_on = threading.Event(), threading.Event()

    def delay(_):
        inside.set()
        go_on.wait(120)

    with Sink(delay=delay) as sink:
        first = stage.daemon(submission_port=sink.port, settles=False)
        first.own_directory = False
        with first:
            stage.send(mails.report(TELNET, ROWS))
            assert inside.wait(120), "no notice was handed over"
            first.terminate()
            time.sleep(0.5)  # it is stopping by now; what it does must not depend on that
            go_on.set()
            equal(first.process.wait(120), 0, "exit status")
        with stage.daemon(submission_port=sink.port, directory=first.directory) as next_:
            next_.settle()
            next_.own_directory = True
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
refusal("a word that is no provenance", *_config("provenance.require", "spf;client"))
refusal("a word that is no disposition", *_config("original.disposition", "forward"))
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
        lambda daemon: f"{daemon.path('templates/mine.xml')}:5:1: ")


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
