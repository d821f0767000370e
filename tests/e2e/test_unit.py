# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""Privilege: the daemon and GnuPG do their work under the systemd unit, whose filter is real,
and what they write is nobody else's.

The filter is the strict one: a call that the unit would let fail kills the process.
"""

import grp
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import mails
import pgp_maker
from daemon import ABUSE, ANNA, BERT, CARL, shipped_templates, source_directory
from lab import temporary_directory
from mails import TELNET, telnet_rows
from tap import Skip, case, equal
from test_signing import check_pgp

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = os.path.join(source_directory(), "contrib", "certbund-milter.service.in")
CONFINE = os.path.join(HERE, "confine")
ACCOUNT = pwd.getpwnam("nobody")
ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1"])
ALL = {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1}


def confined(*command, strict=True, write=()):
    options = (["--strict"] if strict else []) + [f"--write={path}" for path in write]
    return [CONFINE, *options, "--user", ACCOUNT.pw_name, UNIT, *command]


def run(*command, **arguments):
    """Exit status and output of a confined command."""
    with tempfile.TemporaryFile("w+") as output:  # a pipe would wait for an agent's end
        done = subprocess.run(confined(*command, **arguments), stdin=subprocess.DEVNULL,
                              stdout=output, stderr=output, cwd="/", check=False)
        output.seek(0)
        said = output.read()
    if done.returncode == 77:
        raise Skip(said.strip())
    return done.returncode, said


def need_confinement(**arguments):
    status, said = run("/bin/true", **arguments)
    equal(status, 0, f"/bin/true: {said}")


# What the unit is for: (what it forbids, Python that tries it, how it fails).
FORBIDDEN = (
    ("another owner", "os.chown('/tmp', 1, 1)", "EPERM"),
    ("a higher priority", "os.setpriority(os.PRIO_PROCESS, 0, 5)", "EPERM"),
    ("a raw socket", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "EAFNOSUPPORT"),
    ("the kernel's routes", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", "EAFNOSUPPORT"),
    ("pages to write and run", "mmap.mmap(-1, 4096, prot=7)", "EPERM"),
    ("a set-uid file", "os.close(os.open('x', os.O_CREAT | os.O_WRONLY, 0o4700))", "EPERM"),
    ("a namespace", "fail(libc.unshare(0x10000000))", "EPERM"),
    ("tracing", "fail(libc.ptrace(0, 0, 0, 0))", "EPERM"),
    ("a key ring", "fail(libc.syscall(250, 0, -3, 0))", "EPERM"),
)
TRY = """\
import ctypes, errno, mmap, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def fail(code):
    if code < 0:
        raise OSError(ctypes.get_errno(), "")
os.chdir(sys.argv[1])
try:
    exec(sys.argv[2])
    print("done")
except OSError as why:
    print(errno.errorcode[why.errno])
"""


@case("the unit: what it forbids fails, and nothing is killed")
def test_forbidden(stage):
    directory = temporary_directory("certbund-unit-")
    try:
        os.chown(directory, ACCOUNT.pw_uid, -1)
        for what, attempt, want in FORBIDDEN:
            if "250" in attempt and os.uname().machine != "x86_64":
                continue  # keyctl's number is another one
            status, said = run("/usr/bin/python3", "-c", TRY, directory, attempt, strict=False)
            equal((status, said.strip()), (0, want), what)
        status, said = run("/usr/bin/python3", "-c", TRY, directory, FORBIDDEN[0][1])
        equal((status, said), (-signal.SIGSYS, ""), "the strict filter's outcome")
    finally:
        shutil.rmtree(directory)


class Manager:
    """systemd's end of sd_notify(3)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(60)
        os.chmod(path, 0o777)

    def expect(self, word):
        equal(self.socket.recv(100), word, "what the service manager is told")


def confined_daemon(stage, files=False, strict=True):
    """A daemon under the unit, whose socket's directory is as tmpfiles.d makes it."""
    if os.environ.get("CERTBUND_WRAP"):
        raise Skip("what wraps the daemon needs more than the unit gives")
    socket_group = grp.getgrnam(stage.lab.postfix.accounts()[0])
    daemon = stage.daemon({"milter.user": ACCOUNT.pw_name, "milter.mode": "0660",
                           "milter.group": socket_group.gr_name})
    write = [daemon.directory, stage.lab.path("run")] if files else []
    need_confinement(write=write)
    os.chown(daemon.directory, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
    for name in os.listdir(stage.lab.path("run")):  # other daemons', who are root
        os.remove(stage.lab.path("run", name))
    os.chown(stage.lab.path("run"), ACCOUNT.pw_uid, socket_group.gr_gid)
    os.chmod(stage.lab.path("run"), 0o2750)
    daemon.wrap = confined(write=write, strict=strict)
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    daemon.environment = {
        "ASAN_OPTIONS": f"{sanitizer}:detect_leaks=0",  # it finds them by tracing itself
        "NOTIFY_SOCKET": daemon.path("notify")}
    return daemon


def give_back(stage):
    """The lab's directory of sockets, as other cases want it."""
    os.chown(stage.lab.path("run"), 0, 0)
    os.chmod(stage.lab.path("run"), 0o1777)


def work(stage, daemon):
    """Start, a report, a reload, a report, a stop: all of it, and nothing to complain of."""
    manager = Manager(daemon.path("notify"))
    try:
        with daemon:
            manager.expect(b"READY=1")
            found = os.stat(stage.lab.socket_path)
            equal((oct(stat.S_IMODE(found.st_mode)), grp.getgrgid(found.st_gid).gr_name),
                  ("0o660", daemon.settings["milter.group"]), "mode and group of the socket")
            stage.send(mails.report(TELNET, ROWS))
            stage.expect_status("handled", ALL)
            stage.lab.clear()
            daemon.reload("reloaded: ")
            stage.send(mails.report(TELNET, ROWS))
            stage.expect_status("handled", ALL)
        for word in ("warning: ", "error: "):
            assert word not in daemon.last_log, daemon.last_log
    finally:
        manager.socket.close()
        give_back(stage)


@case("the unit: reports, notices, a reload and a stop, under its system call filter")
def test_daemon(stage):
    work(stage, confined_daemon(stage))


@case("the unit: the same, where only its own directories can be written to")
def test_files(stage):
    work(stage, confined_daemon(stage, files=True))


@case("the unit: a socket whose directory is of another group stops the start, and why")
def test_group(stage):
    daemon = confined_daemon(stage, strict=False)
    daemon.write_config({"milter.socket": f"unix:{daemon.path('milter.sock')}"})
    try:
        status, said = daemon.refused()
        equal(status, 78, said)
        assert "Operation not permitted; expected a start as root, or" in said, said
    finally:
        give_back(stage)


# What a daemon or sign-key= may start, each with a word of what it says.
GNUPG = (
    ("gpg --batch --no-autostart --status-fd 1 --verify mail.asc mail", "GOODSIG"),
    ("gpg --batch --no-autostart --list-keys", pgp_maker.OPERATOR),
    ("gpgsm --batch --disable-dirmngr --list-keys", ""),
    ("gpg-connect-agent KILLAGENT /bye", "closing"),
    ("gpg-agent --daemon gpg --batch --yes --output signed.asc --detach-sign mail", ""),
    ("gpg --batch --no-autostart --status-fd 1 --verify signed.asc mail", "GOODSIG"),
    ("gpgconf --kill all", ""),
)


@case("the unit: gpg, gpgsm and gpg-agent under its system call filter")
def test_gnupg(stage):
    for program in ("gpg", "gpgsm", "gpgconf", "gpg-connect-agent"):
        if not shutil.which(program):
            raise Skip(f"{program} is not there (Debian package gnupg)")
    need_confinement()
    home = temporary_directory("certbund-gpg-")  # short: an agent's socket lies in it
    try:
        pgp_maker.make_home(home, b"A report.\n", ACCOUNT)
        for line, word in GNUPG:
            status, said = run("/bin/sh", "-c", f"cd {home} && GNUPGHOME={home} exec {line}")
            assert status == 0 and word in said, f"{line}: exit status {status}: {said}"
    finally:
        shutil.rmtree(home)


@case("the unit: a report that only its PGP signature vouches for, verified by the daemon's gpg")
def test_pgp(stage):
    daemon = confined_daemon(stage, files=True)
    manager = Manager(daemon.path("notify"))
    try:
        home = daemon.path("gnupg")
        report = mails.report(TELNET, ROWS)
        line = b"\r\n--===============0042=="
        signed, old = report.split(line + b"\r\n", 2)[1:]  # RFC 3156: without the last CRLF
        key = pgp_maker.make_home(home, signed, ACCOUNT)
        with open(os.path.join(home, "mail.asc"), "rb") as file:
            signature = file.read().replace(b"\n", b"\r\n")
        start = old.index(b"-----BEGIN")
        good = report.replace(old, old[:start] + signature + line + b"--\r\n")
        daemon.write_config({"provenance.require": "pgp", "provenance.keys": key,
                             "provenance.clients": None, "provenance.gnupg-home": home})
        with daemon:
            stage.send(good)
            mark = stage.expect_status("handled", ALL)
            equal(mark["provenance"], "pgp", "what vouches")
            stage.lab.clear()
            stage.send(report)
            equal(stage.mark()["status"], "unverified", "of a signature that is none")
    finally:
        manager.socket.close()
        give_back(stage)


@case("the unit: notices that the daemon's gpg signs, with the agent that it starts")
def test_sign(stage):
    daemon = confined_daemon(stage, files=True)
    manager = Manager(daemon.path("notify"))
    home = daemon.path("gnupg")
    try:
        key = pgp_maker.make_home(home, b"A text.\n", ACCOUNT)
        daemon.write_config({"notices.sign-key": key.lower(), "provenance.gnupg-home": home})
        with daemon:
            stage.send(mails.report(TELNET, ROWS))
            stage.expect_status("handled", ALL)
            for box in (ANNA, BERT, CARL):
                equal(check_pgp(stage.mails(box)[0], daemon.directory, home), key, f"key for {box}")
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
        manager.socket.close()
        give_back(stage)


def modes_below(directory):
    """{path: mode, with the kind of file in it}"""
    return {os.path.join(path, name): os.lstat(os.path.join(path, name)).st_mode
            for path, folders, files in os.walk(directory) for name in folders + files}


# The socket's mode is a key of the config.
FINE = {stat.S_IFSOCK | 0o666, stat.S_IFDIR | 0o700, stat.S_IFDIR | 0o750,
        stat.S_IFREG | 0o600, stat.S_IFREG | 0o640}


@case("what daemon and certbundctl write is 0600 or 0640, whatever the umask")
def test_modes(stage):
    daemon = stage.daemon({"milter.mode": "0666"}, socket_path=None)
    shutil.rmtree(daemon.path("shipped"))  # the test's own, which anybody may read
    daemon.write_config({"milter.socket": f"unix:{daemon.path('milter.sock')}",
                         "templates.directories": shipped_templates(),
                         "ledger.path": daemon.path("state/ledger.db")})
    os.chmod(daemon.config, 0o600)
    os.chmod(daemon.customers, 0o600)
    report = mails.report(TELNET, ROWS)
    mask = os.umask(0)
    try:
        with open(os.open(daemon.path("report.eml"), os.O_CREAT | os.O_WRONLY, 0o600),
                  "wb") as file:
            file.write(report)
        check_modes(stage, daemon)
    finally:
        os.umask(mask)


def ctl(daemon, *words):
    done = subprocess.run([os.environ["CERTBUND_CTL"], "-c", daemon.config, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    equal(done.returncode, 0, f"{words}: {done.stdout}")


def check_modes(stage, daemon):
    os.close(os.open(daemon.log_path, os.O_CREAT | os.O_WRONLY, 0o600))  # the test's own
    with daemon:
        ctl(daemon, "process", daemon.path("report.eml"), "--reason", "a test")
        (ticket,), = daemon.ledger("SELECT ticket FROM report")
        ctl(daemon, "release", ticket, "--reason", "a test")
        daemon.settle()
        (reference,), = daemon.ledger("SELECT reference FROM notice WHERE customer = 'anna'")
        ctl(daemon, "proof", reference, "-d", daemon.path("proofs"))
        ctl(daemon, "preview", daemon.path("report.eml"), "-d", daemon.path("preview"))
        found = modes_below(daemon.directory)
        equal(daemon.stop(), 0, "exit status")
        ctl(daemon, "purge")
        found.update(modes_below(daemon.directory))
    wrong = {path: oct(mode) for path, mode in found.items() if mode not in FINE}
    equal(wrong, {}, "modes that let others in")
    names = {os.path.relpath(path, daemon.directory) for path in found}
    for name in ("state/secret", "state/ledger.db", "state/ledger.db-wal", "state/ledger.db-shm",
                 "state/ledger.db.lock", "milter.sock.lock", f"proofs/proof-{reference}/proof.json",
                 f"proofs/proof-{reference}/notice.eml"):
        assert name in names, f"{name} is not among {sorted(names)}"
    assert any(name.startswith("preview/") and name.endswith(".eml") for name in names), names
