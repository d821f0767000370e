# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""Malformed mail, 200 a second, beside genuine reports: these come out as ever, and the
daemon neither ends nor grows.  10 seconds of it; CERTBUND_LOAD=full: 60.

The malformed go to the daemon by the milter protocol, as no MTA would hand over all of
them; a quarter is from a host that clients= names, and so is read.  Signatures are verified.
"""

import os
import pwd
import threading
import time
from collections import Counter

import flood
import mails
import milterclient
import pgp_maker
from daemon import ABUSE, ANNA, BERT, CARL, DESK
from mails import TELNET, telnet_rows
from stage import OUTSIDE
from tap import case, equal, note

WRAPPED = bool(os.environ.get("CERTBUND_WRAP"))  # valgrind: slow, and of a size of its own
RATE = 200
SECONDS = 1 if WRAPPED else 60 if os.environ.get("CERTBUND_LOAD") == "full" else 10
NUMBER = RATE * SECONDS
SENDERS = 8
TRUSTED_EVERY = 4
SEED = "flood 1"
TRUSTED = "127.0.0.1"
GENUINE_EVERY_SECS = 0.5

# Until then arenas, SQLite's pages and libcurl's buffers reach most of their size, which is
# all of it after some 10,000 mails.  What is more than this in the other half would be, in
# the full form, 2.7 KiB lost with each mail.
WARM_UP = NUMBER // 2
RSS_MARGIN = 16 << 20


class Flood:
    """NUMBER malformed mails at RATE, or as fast as it goes if that is slower."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.verdicts, self.failures = Counter(), []
        self.threads = [threading.Thread(target=self.send, args=(i,)) for i in range(SENDERS)]
        self.seconds = 0

    def send(self, first):
        try:
            clients = {address: milterclient.Client(self.path, address)
                       for address in (TRUSTED, OUTSIDE)}
            for number in range(first, NUMBER, SENDERS):
                mail = flood.malformed(SEED, number)
                time.sleep(max(0, self.begin + number / RATE - time.monotonic()))
                # number // 14 too: so that each maker's mails come from both hosts.
                trusted = (number + number // len(flood.MAKERS)) % TRUSTED_EVERY == 0
                verdict = clients[TRUSTED if trusted else OUTSIDE].send(
                    f"flood-{number}", mails.SENDER, [ABUSE], mail)
                with self.lock:
                    self.verdicts[verdict] += 1
            for client in clients.values():
                client.close()
        except Exception as why:  # pylint: disable=broad-except
            self.failures.append(repr(why))

    def sent(self):
        with self.lock:
            return sum(self.verdicts.values())

    def start(self):
        self.begin = time.monotonic()
        for thread in self.threads:
            thread.start()

    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def finish(self):
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.begin
        equal(self.failures, [], "what the filter's client met")


def rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS:"))


def send_genuine(stage, flooding, daemon):
    """Reports beside the flood: how many, and the daemon's memory after the warm-up."""
    number, warm = 0, None
    with stage.client() as client:
        while flooding.running():
            rows = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1"], banner=f"n{number}")
            equal(stage.transaction(client, mails.report(TELNET, rows)), 250, "genuine report")
            number += 1
            if warm is None and flooding.sent() >= WARM_UP:
                warm = rss(daemon.process.pid)
            time.sleep(GENUINE_EVERY_SECS)
    return number, warm


def check_notices(stage, number):
    """Each customer has one notice of each report, with his row and no other."""
    for box, address in ((ANNA, "192.0.2.5"), (BERT, "192.0.2.64"), (CARL, "198.51.100.1")):
        found = [mails.table_of(mails.text_of(mail))[1] for mail in stage.lab.mails(box)]
        wanted = Counter((address, f"n{i}") for i in range(number))
        equal(Counter((row[1], row[4]) for rows in found for row in rows), wanted, box)
        equal(len(found), number, f"notices to {box}")
    equal(set(stage.lab.all_mails()) - {ABUSE, DESK, ANNA, BERT, CARL}, set(), "other boxes")
    marks = Counter(mails.mark_of(mail)["status"] for mail in stage.lab.mails(ABUSE))
    equal(marks, Counter({"handled": number}), "marks of the genuine reports")


@case(f"{RATE} malformed mails a second for {SECONDS} s: genuine reports and memory stay as ever")
def test_flood(stage):
    daemon = stage.daemon({"provenance.clients": f"{TRUSTED}/32"})
    key = pgp_maker.make_home(daemon.path("gnupg"), b"", pwd.getpwuid(os.getuid()))
    daemon.write_config({"provenance.require": "client;pgp;smime", "provenance.keys": key,
                         "provenance.gnupg-home": daemon.path("gnupg")})
    # Freed memory that the sanitizer keeps, to find its use, would look like growth.
    daemon.environment["ASAN_OPTIONS"] = ":".join([
        os.environ.get("ASAN_OPTIONS", ""), "quarantine_size_mb=8",
        "thread_local_quarantine_size_kb=64"])
    with daemon:
        flooding = Flood(stage.lab.socket_path)
        flooding.start()
        number, before = send_genuine(stage, flooding, daemon)
        flooding.finish()
        daemon.settle()
        after = rss(daemon.process.pid)
        log = daemon.log()
    stage.lab.wait(600)
    read = Counter(line.rsplit("status=", 1)[1].split()[0].rstrip(":") for line in log.splitlines()
                   if ": flood-" in line and "status=" in line)
    note(f"{NUMBER} malformed mails, {NUMBER / flooding.seconds:.0f} a second, beside {number} "
         f"genuine ones; verdicts {dict(flooding.verdicts)}; read {dict(read)}; RSS "
         f"{(before or 0) >> 10} KiB after the warm-up, {after >> 10} KiB after all")
    equal(sum(flooding.verdicts.values()), NUMBER, "verdicts")
    equal(set(flooding.verdicts) - {"accept", "continue"}, set(), "other verdicts")
    check_notices(stage, number)
    assert "error: " not in log, [line for line in log.splitlines() if "error: " in line][:9]
    assert sum(read.values()) > 0, "not one of the malformed mails was read as a report"
    if not WRAPPED:
        assert after - before < RSS_MARGIN, f"it has grown from {before} to {after} bytes"
