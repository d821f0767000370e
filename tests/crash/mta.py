# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""mta: Postfix is killed, inbound and outbound at once, while the daemon hands over.

The daemon's shim does it at one of its own calls, so the moment is in the midst of what
it is about.  A notice whose connection broke waits a minute: the daemon's clock is put
ahead for that.
"""

import random
import signal
import time

import tap
from kills import measure
from lab import wait_for
from shim import Shim

FIGURES = {"kills": 0, "kills with a repeat": 0, "notices repeated": 0}
AHEAD_SECS = 3600  # more than any first pauses


class Clock:
    """The wall clock of one daemon."""

    def __init__(self, daemon, ahead=0):
        self.path = daemon.path("clock")
        self.set(ahead)

    def set(self, ahead):
        self.ahead = ahead
        with open(self.path, "w", encoding="ascii") as file:
            file.write(f"{ahead}\n")

    def now(self):
        """As the ledger has it: microseconds."""
        return int((time.time() + self.ahead) * 1e6)


def hurry(daemon, clock):
    """Until nothing is pending; what waits for a later time gets its time."""
    def done():
        waits = daemon.ledger("SELECT worker IS NULL AND due > ? FROM notice"
                              " WHERE state = 'pending'", clock.now())
        if waits and all(row[0] for row in waits):
            clock.set(clock.ahead + AHEAD_SECS)
            daemon.process.send_signal(signal.SIGUSR1)  # so that it looks
        return not waits
    wait_for(done, 300, "all handed over", step=0.2)


def kill_mta(world, phase, at, when):
    world.new_report()
    daemon = world.daemon(settles=False)
    clock = Clock(daemon)
    shim = Shim(daemon, phase=phase, at=at, when=when, victim=world.lab.master(),
                clock=clock.path)
    daemon.start()
    while world.offer() != 250:
        assert shim.struck(), f"not taken, and nobody was killed: {daemon.log()}"
        world.lab.restart()
    wait_for(lambda: shim.struck() or daemon.ledger("SELECT 1 FROM notice"
             " WHERE state = 'pending'") == [], 120, "the kill, or the end")
    if shim.struck() and not world.lab.running():
        world.lab.restart()
    hurry(daemon, clock)
    tried_again = {row[0] for row in daemon.ledger("SELECT message_id FROM notice"
                                                   " WHERE attempts > 1")}
    repeated = world.check(daemon, tried_again, exact=False)
    tap.equal(daemon.stop(), 0, "exit status")
    struck = shim.struck()
    if struck:
        note(repeated, struck)
    world.forget()
    return struck != ""


def note(repeated, struck):
    FIGURES["kills"] += 1
    FIGURES["kills with a repeat"] += repeated > 0
    FIGURES["notices repeated"] += repeated
    if repeated:
        tap.note(f"{repeated} again under the same Message-ID: MTA killed at {struck}")


def register(n):
    def add(phase, kills):
        @tap.case(f"the MTA is killed {kills} times while {phase}: all arrives, under one id each")
        def _(world):
            first, last = measure(world)[phase]
            for _ in range(kills):
                at = random.randint(first + 1, last)
                while not kill_mta(world, phase, at, random.choice(("before", "after"))):
                    at //= 2
                    assert at > 0, f"no call in phase {phase}"

    add("handing-over", n)
    add("answering", max(1, n // 10))
