# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""kills: the daemon is killed at its N-th call of a phase, started again, and all is there."""

import random
import signal

import tap
from shim import PHASES, Shim
from world import look_at_the_dead, wait_dead

FIGURES = {"points": 0, "points with a repeat": 0, "notices repeated": 0,
           "repeated at most at a point": 0}


class Run:
    """One report through a daemon that may be killed on its way."""

    def __init__(self, world, options):
        self.world = world
        self.daemon = world.daemon()
        self.shim = Shim(self.daemon, **options)
        self.unmarked = set()

    def start(self):
        try:
            self.daemon.start()
        except RuntimeError:
            self.revive()

    def revive(self):
        """It is dead, and by us: start it again, as it is without the shim."""
        wait_dead(self.daemon)
        tap.equal(self.daemon.process.returncode, -signal.SIGKILL, "exit status")
        assert self.shim.struck() and self.daemon.environment, "it died of something else"
        self.unmarked = look_at_the_dead(self.daemon)
        self.daemon.environment = {}
        self.daemon.start()

    def go(self):
        """Start, answer, hand over, stop: the number of notices that came twice."""
        self.start()
        self.before = self.shim.counts()
        while self.world.offer() != 250:
            self.revive()
        self.daemon.settle()
        if not self.daemon.running():
            self.revive()
            self.daemon.settle()
        if self.daemon.stop() != 0:
            self.revive()
            self.daemon.settle()
            tap.equal(self.daemon.stop(), 0, "exit status")
        return self.world.check(self.daemon, self.unmarked)


def count_calls(world):
    """A run that nobody kills: {phase: (calls before the mail, and all)}"""
    run = Run(world, {})
    run.go()
    tap.equal(run.shim.struck(), "", "struck")
    after = run.shim.counts()
    world.forget()
    return {phase: (run.before[phase], after[phase]) for phase in PHASES}


def spread(calls, phase, n):
    """n places (number of the call, before or after it) all over a phase, in their order."""
    first, last = calls[phase]
    # At the start the daemon is of interest from its first call on.
    first = 0 if phase == "starting" else first
    places = [(at, when) for at in range(first + 1, last + 1) for when in ("before", "after")]
    step = len(places) / n
    return [places[min(len(places) - 1, int((i + random.random()) * step))] for i in range(n)]


def kill_at(world, phase, at, when):
    """One point.  A run that has fewer calls is none: it is killed at an earlier one."""
    while at > 0:
        world.new_report()
        run = Run(world, {"phase": phase, "at": at, "when": when})
        try:
            repeated = run.go()
        except Exception:
            tap.note(f"at {phase} {at} {when}: {run.shim.struck() or 'not killed'}")
            raise
        struck = run.shim.struck()
        world.forget()
        if struck:
            note(repeated, struck)
            return
        at //= 2
    raise AssertionError(f"no call in phase {phase}")


def note(repeated, struck):
    FIGURES["points"] += 1
    FIGURES["points with a repeat"] += repeated > 0
    FIGURES["notices repeated"] += repeated
    FIGURES["repeated at most at a point"] = max(FIGURES["repeated at most at a point"], repeated)
    if repeated:
        tap.note(f"{repeated} again under the same Message-ID after a kill at {struck}")


_calls = {}


def measure(world):
    """count_calls(), once."""
    if not _calls:
        _calls.update(count_calls(world))
    return _calls


def register(points):
    """One case for each phase; points in all of them together."""
    @tap.case("nobody is killed: the calls of each phase are counted")
    def _(world):
        for phase, (before, after) in measure(world).items():
            tap.note(f"{phase}: {after} calls, {after - before} of them with the mail")
            assert after > before or phase == "starting", f"no calls in phase {phase}"

    def add(phase, n):
        @tap.case(f"killed {n} times while {phase}: nothing lost, nothing twice without need")
        def _(world):
            for at, when in spread(measure(world), phase, n):
                kill_at(world, phase, at, when)

    for i, phase in enumerate(PHASES):
        add(phase, points * (i + 1) // len(PHASES) - points * i // len(PHASES))
