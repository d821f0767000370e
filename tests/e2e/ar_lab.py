# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""ar_lab: a verifying filter before ours: OpenDKIM, with keys from a file instead of DNS.

Mails are signed by dkimpy (Debian package python3-dkim), so that signer and verifier have
no code in common.
"""

import os
import shutil
import socket
import subprocess
import sys

from lab import temporary_directory, wait_for
from tap import Skip

AUTHSERV_ID = "mx.lab.example.org"
DOMAIN = "reports.cert-bund.de"
SELECTOR = "test1"
COVERED = ("From", "To", "Subject", "Date", "Message-Id", "MIME-Version", "Content-Type")

OPENDKIM = "/usr/sbin/opendkim"
PYTHON = "/usr/bin/python3"  # the one that Debian's packages are for

SIGN = """\
import sys, dkim
domain, selector, key, headers, length = sys.argv[1:]
mail = sys.stdin.buffer.read()
field = dkim.sign(mail, selector.encode(), domain.encode(), open(key, "rb").read(),
                  canonicalize=(b"relaxed", b"simple"), length=length == "l",
                  include_headers=[name.encode() for name in headers.split(":")])
sys.stdout.buffer.write(field + mail)
"""


def _run(*command, **arguments):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120,
                          **arguments).stdout


def need():
    """Skip where the machine lacks what these cases use."""
    if not os.access(OPENDKIM, os.X_OK):
        raise Skip("OpenDKIM is not installed (Debian package opendkim)")
    if not shutil.which("openssl"):
        raise Skip("no openssl")
    if subprocess.run([PYTHON, "-c", "import dkim"], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        raise Skip("dkimpy is not installed (Debian package python3-dkim)")


class Verifier:
    """with Verifier(socket_path) as verifier: OpenDKIM answers there; verifier.sign(mail)

    keys: further (selector, domain) that its "DNS" has, all with the same key.
    removes: it takes away what strangers wrote under its name.
    """

    def __init__(self, socket_path, keys=(), removes=True):
        need()
        self.socket_path = socket_path
        self.directory = temporary_directory("certbund-opendkim-")
        self.process = None
        self.key = self.path("key.pem")
        _run("openssl", "genrsa", "-out", self.key, "2048", stderr=subprocess.DEVNULL)
        public = _run("openssl", "rsa", "-in", self.key, "-pubout", stderr=subprocess.DEVNULL)
        record = "".join(public.decode().splitlines()[1:-1])
        with open(self.path("dns"), "w", encoding="ascii") as file:
            for selector, domain in ((SELECTOR, DOMAIN), *keys):
                file.write(f"{selector}._domainkey.{domain} v=DKIM1; k=rsa; p={record}\n")
        with open(self.path("conf"), "w", encoding="ascii") as file:
            file.write("\n".join((
                "Mode v", f"Socket local:{socket_path}", "Syslog no", "UMask 000",
                f"AuthservID {AUTHSERV_ID}", "RemoveARAll yes",
                f"RemoveARFrom {AUTHSERV_ID if removes else 'mx.example.org'}",
                "InternalHosts 203.0.113.1",  # so that no client of the lab is one to sign for
                f"TestDNSData file:{self.path('dns')}")) + "\n")

    def path(self, name):
        return os.path.join(self.directory, name)

    def sign(self, mail, domain=DOMAIN, selector=SELECTOR, headers=COVERED, length=False):
        return _run(PYTHON, "-c", SIGN, domain, selector, self.key, ":".join(headers),
                    "l" if length else "-", input=mail)

    def _answers(self):
        if self.process.poll() is not None:
            return True
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket_path) == 0

    def start(self):
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen([OPENDKIM, "-f", "-x", self.path("conf")], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self._answers, 60, "OpenDKIM's answer")
        if self.process.returncode is not None:
            raise RuntimeError(f"OpenDKIM ended with {self.process.returncode}: {self.log()}")
        return self

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with socket.socket(socket.AF_UNIX) as probe:  # it looks at once, not in 5 s
                probe.connect_ex(self.socket_path)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        if os.path.exists(self.socket_path):
            os.remove(self.socket_path)


if __name__ == "__main__":
    sys.exit("ar_lab.py is used by test_auth_results.py")
