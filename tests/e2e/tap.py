# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""tap: test functions by decorator, their outcome in the Test Anything Protocol."""

import sys
import traceback

CASES = []


def case(name):
    """Make a function that takes the stage (see stage.py) a test of this name."""
    def register(function):
        CASES.append((name, function))
        return function
    return register


class Skip(Exception):
    """This machine lacks what the case needs; the text says what."""


def skip_all(reason):
    print(f"1..0 # SKIP {reason}", flush=True)


def note(text):
    for line in text.splitlines():
        print(f"# {line}", flush=True)


def run(cases, make_stage):
    """Run the cases one after the other; TRUE when none failed."""
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(cases, 1):
        stage = make_stage()
        try:
            function(stage)
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            note(traceback.format_exc())
            note(stage.describe())
        finally:
            stage.clean()
    return failed == 0


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what or 'value'}\n  got:  {_short(got)}\n  want: {_short(want)}")


def same_bytes(got, want, what):
    """Equal, or an error that shows where they part."""
    if got == want:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    start = max(0, at - 60)
    raise AssertionError(f"{what}: {len(got)} and {len(want)} bytes differ at {at}\n"
                         f"  got:  {got[start:at + 60]!r}\n  want: {want[start:at + 60]!r}")


def _short(value):
    text = repr(value)
    return text if len(text) < 2000 else text[:2000] + " ..."


if __name__ == "__main__":
    sys.exit("tap.py is used by ./run")
