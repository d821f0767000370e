# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""faults: the disk, the ledger's file, the clock: a clear word, 451, and nothing is lost.

Each case ends the same way: the fault is gone, the same mail is taken, and everybody has
his notice once.
"""

import contextlib
import os
import pwd
import shutil
import signal
import sqlite3

import tap
from kills import measure
from lab import HOST, free_port, wait_for
from mta import Clock, hurry
from shim import Shim
from world import NOTICES, look_at_the_dead

DAY, YEAR = 86400, 365 * 86400
OSERR, CONFIG = 71, 78  # sysexits.h: start it again later; mend something first
OUTSIDE = "nothing is handed over until it works again"
USER = "nobody"


class Fault:
    """Calls on the ledger of this daemon fail while it is on."""

    def __init__(self, daemon, error, **options):
        self.path = daemon.path("fault")
        Shim(daemon, error=error, **{"while": self.path}, **options)

    def on(self):
        open(self.path, "w", encoding="ascii").close()

    def off(self):
        os.remove(self.path)


def told(daemon, *words):
    """Wait for a line of the log that names the ledger and says one of the words."""
    path = daemon.settings["ledger.path"]

    def found():
        return any(path in line and any(word in line for word in words)
                   for line in daemon.log().splitlines())
    wait_for(found, 60, f"log names {path} and says one of {words}")


def refused(daemon, status, *words):
    """It must not start: its exit status, and a line as for told()."""
    got, text = daemon.refused()
    tap.equal(got, status, f"exit status; it said: {text}")
    path = daemon.settings["ledger.path"]
    assert any(path in line and any(word in line for word in words)
               for line in text.splitlines()), f"{path} and one of {words} is not in: {text}"


def all_is_well(world, daemon, unmarked=()):
    """The mail is taken now if it was not, all is handed over, and the daemon ends well."""
    if world.accepted == 0:
        world.taken()
    daemon.settle()
    world.check(daemon, unmarked)
    tap.equal(daemon.stop(), 0, "exit status")


# ---- calls that fail

# What is said is SQLite's word and the system's.
ERRORS = {"ENOSPC": ("No space left on device", "database or disk is full"),
          "EIO": ("disk I/O error",), "EROFS": ("Read-only file system", "disk I/O error")}
CALLS = [("ENOSPC", "write"), ("EIO", "write"), ("EIO", "sync"), ("EIO", "write sync read"),
         ("EROFS", "write sync")]


def add_under_way(error, calls):
    @tap.case(f"{error} on {calls} of the ledger: 451, and the mail is taken when it is over")
    def _(world):
        daemon = world.daemon()
        fault = Fault(daemon, error, calls=calls)
        daemon.start()
        fault.on()
        world.deferred()
        told(daemon, *ERRORS[error])
        world.deferred()
        fault.off()
        all_is_well(world, daemon)


def add_at_start(error, calls):
    @tap.case(f"{error} on {calls} of the ledger at start: refused, and it starts when it is over")
    def _(world):
        daemon = world.daemon()
        fault = Fault(daemon, error, calls=calls)
        fault.on()
        refused(daemon, OSERR, *ERRORS[error])
        fault.off()
        daemon.start()
        all_is_well(world, daemon)


def add_in_outbox(error, phase):
    @tap.case(f"{error} on the ledger while {phase}: all waits, and goes once when it is over")
    def _(world):
        daemon = world.daemon()
        fault = Fault(daemon, error, calls="write sync", error_phase=phase)
        daemon.start()
        fault.on()
        world.taken()
        told(daemon, OUTSIDE)
        fault.off()
        all_is_well(world, daemon)


def add_single(step):
    @tap.case("one call alone fails with EIO, whichever: told once")
    def _(world):
        first, last = measure(world)["committing"]
        for at in range(first + 1, last + 1, step):
            single_fault(world, at)


def single_fault(world, at):
    """The mail is taken sooner or later; sooner where SQLite does without the call."""
    world.new_report()
    daemon = world.daemon()
    fault = Fault(daemon, "EIO", calls="write sync", error_phase="committing", error_at=at)
    daemon.start()
    fault.on()
    codes = []
    while not codes or codes[-1] != 250:
        codes.append(world.offer())
        assert codes[-1] in (250, 451) and len(codes) <= 2, codes
    all_is_well(world, daemon)
    world.forget()


def marks_given_up(world):
    """The ledger takes no marks, and the daemon is told to end: the one window without a crash."""
    daemon = world.daemon()
    fault = Fault(daemon, "EIO", calls="write sync", error_phase="marking")
    daemon.start()
    fault.on()
    world.taken()
    told(daemon, OUTSIDE)
    tap.equal(daemon.stop(), 0, "exit status")
    assert "it will go again under the same Message-ID" in daemon.log(), daemon.log()
    unmarked = look_at_the_dead(daemon)
    fault.off()
    daemon.start()
    all_is_well(world, daemon, unmarked)


# ---- the file

def unprivileged(world):
    """A daemon without root, whom read-only files would not hinder; its files are there."""
    daemon = world.daemon({"milter.user": USER})
    account = pwd.getpwnam(USER)
    os.chown(daemon.directory, account.pw_uid, account.pw_gid)
    daemon.start()
    tap.equal(daemon.stop(), 0, "exit status")
    return daemon


def read_only_file(world):
    daemon = unprivileged(world)
    path = daemon.settings["ledger.path"]
    os.chmod(path, 0o400)
    refused(daemon, OSERR, "is read-only")
    os.chmod(path, 0o600)
    daemon.start()
    all_is_well(world, daemon)


def read_only_directory(world):
    daemon = unprivileged(world)
    os.chmod(daemon.directory, 0o500)
    refused(daemon, OSERR, "unable to open database file", "read-only", "readonly")
    os.chmod(daemon.directory, 0o700)
    daemon.start()
    all_is_well(world, daemon)


def _checkpoint(path):
    """All into the file itself, and whoever reads next reads it anew."""
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as ledger:
        with ledger:
            ledger.execute("INSERT OR REPLACE INTO value VALUES ('crash-test', 'x')")
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _spoil(path, start):
    """Nonsense from there to the file's end, which stays where it is."""
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(start)
        file.write(b"\x5a" * (size - start))


def add_corrupt_at_start(name, start, status, words):
    @tap.case(f"a ledger with a spoilt {name} at start: refused, and good again from a copy")
    def _(world):
        daemon = world.daemon()
        path = daemon.settings["ledger.path"]
        daemon.start()
        tap.equal(daemon.stop(), 0, "exit status")
        shutil.copyfile(path, path + ".copy")
        _spoil(path, start)
        refused(daemon, status, *words)
        shutil.copyfile(path + ".copy", path)
        daemon.start()
        all_is_well(world, daemon)


def corrupt_under_way(world):
    daemon = world.daemon()
    path = daemon.settings["ledger.path"]
    daemon.start()
    _checkpoint(path)
    shutil.copyfile(path, path + ".copy")
    _spoil(path, 8192)  # all but the page with the schema's root
    world.deferred()
    told(daemon, "malformed", "damaged")
    world.deferred()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait(120)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path + suffix)
    shutil.copyfile(path + ".copy", path)
    daemon.start()
    all_is_well(world, daemon)


def second_daemon(world):
    first = world.daemon()
    first.start()
    second = world.daemon({"ledger.path": first.settings["ledger.path"]}, socket_path=None)
    second.write_config({"milter.socket": f"unix:{second.path('milter.sock')}"})
    refused(second, OSERR, f"another certbund-milter uses it (process {first.process.pid})")
    all_is_well(world, first)


# ---- the clock

def add_clock(name, jump):
    @tap.case(f"the clock jumps {name} while notices wait: all go once")
    def _(world):
        daemon = world.daemon(port=free_port(), settles=False)
        clock = Clock(daemon)
        Shim(daemon, clock=clock.path)
        daemon.start()
        world.taken()
        clock.set(jump)
        world.taken()  # once more, by the other clock: a duplicate
        tap.equal(daemon.stop(), 0, "exit status")
        daemon.start()  # what is due is purged now
        daemon.write_config({"submission.via": f"smtp://{HOST}:{world.lab.notice_port}"})
        daemon.reload("reloaded")
        hurry(daemon, clock)  # back by less than LEDGER_AHEAD_SECS: they wait for their time
        world.check(daemon)
        tap.equal(daemon.ledger("SELECT count(*) FROM notice"), [(NOTICES,)], "notices")
        tap.equal(daemon.stop(), 0, "exit status")

    @tap.case(f"the clock jumps {name} in the midst of the hand-over: all go once")
    def _(world):
        daemon = world.daemon(settles=False)
        clock = Clock(daemon)
        fault = Fault(daemon, "EIO", calls="write sync", error_phase="marking",
                      clock=clock.path)
        daemon.start()
        fault.on()
        world.taken()
        told(daemon, OUTSIDE)  # handed over, claimed, and not yet marked
        clock.set(jump)
        daemon.reload("reloaded")
        fault.off()
        hurry(daemon, clock)
        world.check(daemon)
        tap.equal(daemon.stop(), 0, "exit status")


JUMPS = (("a year ahead", YEAR), ("a day back", -DAY), ("a day ahead", DAY),
         ("a year back", -YEAR))
SHORT_STEP = 8  # of the calls that fail alone, in the short form


def register(full):
    """full: else two of the jumps, some of the single calls, and one error in the outbox."""
    for error, calls in CALLS:
        add_under_way(error, calls)
    for error, calls in CALLS:
        add_at_start(error, calls)
    for error in ("ENOSPC", "EIO") if full else ("ENOSPC",):
        for phase in ("claiming", "marking"):
            add_in_outbox(error, phase)
    add_single(1 if full else SHORT_STEP)
    tap.case("no marks, and a stop: again under the same Message-ID")(marks_given_up)
    tap.case("a read-only ledger: refused, and it starts when it is over")(read_only_file)
    tap.case("a read-only directory: refused, and it starts when it is over")(read_only_directory)
    add_corrupt_at_start("head", 0, CONFIG, ("not a database",))
    add_corrupt_at_start("page", 8192, OSERR, ("malformed", "damaged"))
    tap.case("a ledger that is spoilt under way: 451, and good again from a copy")(
        corrupt_under_way)
    tap.case("a second daemon on the same ledger: refused, the first goes on")(second_daemon)
    for name, jump in JUMPS if full else JUMPS[:2]:
        add_clock(name, jump)
