# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""tool: certbundctl in a directory of its own, with config, customers and a ledger."""

import json
import os
import subprocess
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CTL = os.path.abspath(os.environ.get("CERTBUND_CTL", "certbundctl"))
WORLD = os.path.join(os.path.dirname(CTL), "tests", "ledger-world")
CUSTOMERS = """network,customer,email,name,language,deliver,valid_from,valid_until
192.0.2.0/28,anna,noc@anna.example.net,Anna GmbH,de,,,
192.0.2.16/28,berta,abuse@berta.example.net,Berta Inc.,en,,,
2001:db8::/32,berta,,,,,,
192.0.2.32/28,carl,carl@example.com,,,hold,,
192.0.2.48/28,dora,dora@example.com,,,,,2025-02-01
192.0.2.48/28,emil,emil@example.com,,,,2025-02-01,
anna.example.net,anna,,,,,,
"""


class Stage:
    """A directory with a sound config and customers."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="certbund-ctl.")
        self.path = self.directory.name
        self.output = ""
        self.write("customers.csv", CUSTOMERS)
        self.config = self.write("certbund-milter.conf", self.config_text())

    def config_text(self, **changes):
        groups = {
            "intake": {"recipients": "abuse@lab.example.org"},
            "provenance": {"require": "client", "clients": "192.0.2.25"},
            "customers": {"source": f"csv:{self.path}/customers.csv"},
            "templates": {"directories": f"{SOURCE}/templates"},
            "notices": {"desk": "desk@lab.example.org"},
            "ledger": {"path": f"{self.path}/ledger.db"},
        }
        for name, value in changes.items():
            group, key = name.split("__")
            groups.setdefault(group, {})[key.replace("_", "-")] = value
        return "".join(f"[{group}]\n" + "".join(f"{k}={v}\n" for k, v in keys.items())
                       for group, keys in groups.items())

    def write(self, name, data):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return path

    def run(self, *words, config=True, stdin=b""):
        command = [CTL] + (["-c", self.config] if config else []) + list(words)
        done = subprocess.run(command, input=stdin, capture_output=True, cwd=self.path)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.output += f"$ {' '.join(command)}\n{out}{err}exit {done.returncode}\n"
        return done.returncode, out, err

    def lines(self, *words):
        """What --json prints: one object a line."""
        status, out, err = self.run(*words, "--json")
        if status != 0:
            raise AssertionError(f"exit {status}: {err}")
        return [json.loads(line) for line in out.splitlines()]

    def start(self, *words, **more):
        """The tool, running, with its output in a pipe."""
        return subprocess.Popen([CTL, "-c", self.config, *words], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, cwd=self.path, **more)

    @property
    def ledger(self):
        return self.path + "/ledger.db"

    def make_ledger(self, *words, **more):
        """See tests/ledger-world.c."""
        subprocess.run([WORLD, self.ledger, *words], stdout=subprocess.DEVNULL, check=True, **more)

    def hold_ledger(self):
        """A process that has the ledger open as the daemon has; ends with its stdin."""
        daemon = subprocess.Popen([WORLD, self.ledger, "hold"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        if daemon.stdout.readline() != b"ready\n":
            raise AssertionError("the ledger is not to be had")
        return daemon

    def reference(self, state):
        """Of the world's one notice in this state."""
        notices = self.lines("notices", "--state", state)
        if len(notices) != 1:
            raise AssertionError(f"{len(notices)} notices are {state}")
        return notices[0]["reference"]

    def describe(self):
        return self.output.encode(errors="replace").decode()

    def clean(self):
        self.directory.cleanup()


def has(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"'{part}' is not in:\n{text}")
