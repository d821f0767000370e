# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""shim: crash-shim.so as Python sees it: its environment, its page of counts."""

import os
import re
import struct
import subprocess

PHASES = ("starting", "reading", "committing", "answering", "claiming", "handing-over", "marking")
_PAGE = struct.Struct(f"={len(PHASES)}Q64s")


def library():
    """The shim that make check has built; the driver's caller names it."""
    return os.environ.get("CERTBUND_CRASH_SHIM", "")


def _sanitizer():
    """The run-time library of a build with sanitizers: it insists on being loaded first."""
    done = subprocess.run(["ldd", os.environ["CERTBUND_MILTER"]], stdout=subprocess.PIPE,
                          text=True, check=False)
    found = re.search(r"=> (\S*/lib[at]san\.so\S*)", done.stdout)
    return [found.group(1)] if found else []


class Shim:
    """One daemon's: environment is what it is started with, counts() what it has done."""

    def __init__(self, daemon, **options):
        """options: error="EIO" for CRASH_ERROR and so on, see crash-shim.c."""
        self.page = daemon.path("counts")
        with open(self.page, "wb") as file:
            file.write(bytes(_PAGE.size))
        os.chmod(self.page, 0o666)  # for a daemon that has given up root
        self.environment = {"LD_PRELOAD": " ".join(_sanitizer() + [library()]),
                            "CRASH_LEDGER": daemon.settings["ledger.path"],
                            "CRASH_COUNTS": self.page}
        self.environment.update({f"CRASH_{name.upper()}": str(value)
                                 for name, value in options.items()})
        daemon.environment = self.environment

    def _read(self):
        with open(self.page, "rb") as file:
            return _PAGE.unpack(file.read(_PAGE.size))

    def counts(self):
        """{phase: calls so far}"""
        return dict(zip(PHASES, self._read()))

    def struck(self):
        """The call it struck at, "marking 3 before pwrite64", or ""."""
        return self._read()[-1].split(b"\0")[0].decode()
