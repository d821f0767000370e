# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""daemon: certbund-milter under test: its config, customers, start, reload and stop."""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import sqlite3
import stat
import struct
import subprocess
import time

from lab import HOST, temporary_directory, wait_for

ABUSE = "abuse@lab.example.org"
DESK = "desk@lab.example.org"
HANDLED = "handled@lab.example.org"
ENVELOPE_FROM = "abuse-notices@lab.example.org"
FROM_NAME, FROM = "Abuse-Team Nördlingen", "abuse-team@lab.example.org"
REPLY_TO = "abuse-replies@lab.example.org"

ANNA = "anna@customers.example.net"
BERT = "bert@customers.example.net"
CARL = "carl@customers.example.net"
HOLD = "hold@customers.example.net"
NONE = "none@customers.example.net"
POOL = "pool@customers.example.net"

CUSTOMERS = f"""\
network,customer,email,name,language,brand,deliver
192.0.2.0/26,anna,{ANNA},Nordlicht Hosting GmbH,de en,,
2001:db8:a::/48,anna,{ANNA},Nordlicht Hosting GmbH,de en,,
192.0.2.64/26,bert,{BERT},"Müller & Söhne, Gartenbau KG",,,notify
198.51.100.0/25,carl,{CARL},Träumerei AG,en,,
192.0.2.128/28,hold,{HOLD},Zaudermann OHG,de,,hold
192.0.2.144/28,none,{NONE},Schweiger e. V.,de,,none
192.0.2.160/27,pool,{POOL},Wechselstrom mbH,de,,pool
"""


def source_directory():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    return os.path.realpath(os.environ.get("CERTBUND_SRC", default))


def shipped_templates():
    return os.path.join(source_directory(), "templates")


# Of the classes that the mails here are of: to read all makes each start slower under valgrind.
USED_TEMPLATES = ("default", "digest", "report", "malware", "open-portmapper", "open-telnet")


class Daemon:
    """with Daemon(directory, port) as daemon: it runs and its socket is there.

    settings overrides keys as {"group.key": value}; None takes a key out.  directory holds
    the config, customers, ledger and the log and is made when not given.  settles: before it
    is stopped, what it has to hand over is waited for.
    """

    def __init__(self, submission_port, settings=None, customers=CUSTOMERS, directory=None,
                 socket_path=None, settles=True):
        self.settles = settles
        self.own_directory = directory is None
        self.directory = directory or temporary_directory("certbund-daemon-")
        self.config = self.path("certbund-milter.conf")
        self.customers = self.path("customers.csv")
        self.log_path = self.path("stderr")
        self.process = None
        self.environment = {}  # what it is started with beside our own
        self.wrap = []  # what it is run by
        self.last_log = ""
        self.settings = {
            "milter.socket": f"unix:{socket_path or self.path('milter.sock')}",
            "milter.mode": "0666",
            "milter.group": "",
            "milter.user": "",
            "intake.recipients": f"{ABUSE};abuse@other.example.org",
            "provenance.require": "client",
            "provenance.clients": "127.0.0.0/8",
            "customers.source": f"csv:{self.customers}",
            "templates.directories": self.path("shipped"),
            "notices.mode": "live",
            "notices.from": f"{FROM_NAME} <{FROM}>",
            "notices.reply-to": REPLY_TO,
            "notices.envelope-from": ENVELOPE_FROM,
            "notices.desk": DESK,
            "notices.throttle": "0",
            "notices.renotify-after": "0",  # tests report the same addresses again and again
            "submission.via": f"smtp://{HOST}:{submission_port}",
            "ledger.path": self.path("ledger.db"),
        }
        self._copy_templates()
        self.write_config(settings)
        self.write_customers(customers)

    def path(self, name):
        return os.path.join(self.directory, name)

    def _copy_templates(self):
        os.makedirs(self.path("shipped"), exist_ok=True)
        for name in USED_TEMPLATES:
            shutil.copyfile(os.path.join(shipped_templates(), name + ".xml"),
                            self.path(f"shipped/{name}.xml"))

    def write_config(self, settings=None):
        self.settings.update(settings or {})
        groups = {}
        for key, value in self.settings.items():
            group, name = key.split(".", 1)
            if value is not None:
                groups.setdefault(group, []).append(f"{name}={value}\n")
        with open(self.config, "w", encoding="utf-8") as file:
            for group, lines in groups.items():
                file.write(f"[{group}]\n" + "".join(lines) + "\n")

    def config_line(self, text):
        """Number of the config's first line that holds text."""
        with open(self.config, encoding="utf-8") as file:
            return next(i for i, line in enumerate(file, 1) if text in line)

    def write_customers(self, text):
        with open(self.customers, "w", encoding="utf-8") as file:
            file.write(text)

    # Running it

    def command(self):
        wrap = shlex.split(os.environ.get("CERTBUND_WRAP", ""))
        return self.wrap + wrap + [os.environ["CERTBUND_MILTER"], "-c", self.config, "-f"]

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd="/",
                                            env={**os.environ, **self.environment})
        wait_for(lambda: self.process.poll() is not None or self._answers(), 120, "milter's answer")
        if self.process.returncode is not None:
            raise RuntimeError(f"it ended with {self.process.returncode}: {self.log()}")
        return self

    def refused(self):
        """Run it expecting that it won't start: (exit status, what it said)."""
        try:
            done = subprocess.run(self.command(), stdin=subprocess.DEVNULL, text=True, cwd="/",
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                                  env={**os.environ, **self.environment}, check=False)
        except subprocess.TimeoutExpired as running:
            raise AssertionError(f"it started: {running.stdout}") from None
        return done.returncode, done.stdout

    def _connect(self):
        kind, _, place = self.settings["milter.socket"].partition(":")
        if kind == "inet":
            port, _, host = place.partition("@")
            return socket.create_connection((host, int(port)), 5)
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(place)
        except OSError:
            client.close()
            raise
        return client

    def _listens(self):
        """Somebody may connect; a unix socket is listened on before it has its mode."""
        kind, _, place = self.settings["milter.socket"].partition(":")
        try:
            if kind == "unix" and (stat.S_IMODE(os.stat(place).st_mode)
                                   != int(self.settings["milter.mode"], 8)):
                return False
            self._connect().close()
            return True
        except OSError:
            return False

    def _answers(self):
        """It answers a negotiation: connections are taken before it is all set up."""
        offer = struct.pack("!cIII", b"O", 6, 0x1ff, 0x1fffff)  # what Postfix and Sendmail offer
        if not self._listens():
            return False
        try:
            with self._connect() as client:
                client.settimeout(60)
                client.sendall(struct.pack("!I", len(offer)) + offer)
                return len(client.recv(5)) == 5
        except OSError:  # it has ended meanwhile
            return False

    def pass_time(self):
        """As if what is pending were due now."""
        with contextlib.closing(sqlite3.connect(self.settings["ledger.path"],
                                                timeout=60)) as ledger:
            ledger.execute("UPDATE notice SET due = 1, ready = 1"
                           " WHERE state = 'pending' AND worker IS NULL")
            ledger.commit()

    def restart(self):
        status = self.stop()
        assert status == 0, f"exit status {status}: {self.log()}"
        self.start()

    def reload(self, expect):
        """SIGUSR1, then wait for a new log line that holds expect."""
        before = len(self.log())
        self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: expect in self.log()[before:], 60, f"log says {expect!r}")
        return self.log()[before:]

    def running(self):
        return self.process is not None and self.process.poll() is None

    def ledger(self, query, *values):
        """The rows that a query finds; sqlite3 reads while the daemon writes."""
        with contextlib.closing(sqlite3.connect(f"file:{self.settings['ledger.path']}?mode=ro",
                                                uri=True, timeout=60)) as ledger:
            return ledger.execute(query, values).fetchall()

    def states(self):
        """{state: how many notices to customers have it}"""
        rows = self.ledger("SELECT state, count(*) FROM notice WHERE customer <> ''"
                           " GROUP BY state")
        return dict(rows)

    def settle(self, seconds=300):
        """Until nothing is pending but what waits for a later time."""
        def settled():
            return not self.running() or self.ledger(
                "SELECT count(*) FROM notice WHERE state = 'pending'"
                " AND (worker IS NOT NULL OR due <= ?)", int(time.time() * 1e6)) == [(0,)]
        wait_for(settled, seconds, "notices handed over")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """SIGTERM and the exit status; -9 if it hangs, which fails the test."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.terminate()
        try:
            return self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, kind, *_):
        if kind is None and self.settles:
            self.settle()
        status, log = self.stop(), self.log()
        self.remove()
        if kind is None and (status != 0 or " **: " in log):  # GLib-CRITICAL **: ...
            raise AssertionError(f"certbund-milter's exit status is {status}, its log:\n{log}")

    def remove(self):
        self.stop()
        self.last_log = self.log() or self.last_log
        if self.own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""
