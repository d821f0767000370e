# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""The daemon as a process: sockets, users, sizes, the secret."""

import grp
import os
import pwd
import stat
import subprocess

import mails
from daemon import ABUSE, ANNA, BERT, CARL
from lab import HOST
from mails import TELNET, telnet_rows
from tap import case, equal, same_bytes

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1"])
ALL = {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1}


@case("a mail above max-size goes on unchanged, marked too-large, with a warning")
def test_too_large(stage):
    limit = 64 * 1024
    report = mails.report(TELNET, telnet_rows([f"198.51.100.{i % 127}" for i in range(2000)]))
    assert len(report) > limit
    with stage.daemon({"intake.max-size": "64 KiB"}) as daemon:
        stage.send(report)
        assert "warning" in daemon.log(), daemon.log()
        stage.expect_status("too-large", {ABUSE: 1})
        same_bytes(mails.without_mark(mails.without_trace(stage.original())),
                   mails.as_delivered(report), "the original")
        stage.lab.clear()
        stage.send(mails.report(TELNET, ROWS))
        stage.expect_status("handled", ALL)


@case("unix socket: mode and group as asked for")
def test_unix_socket(stage):
    group = stage.lab.postfix.accounts()[0]  # smtpd's own group, so that it may connect
    with stage.daemon({"milter.mode": "0660", "milter.group": group}):
        found = os.stat(stage.lab.socket_path)
        equal((oct(stat.S_IMODE(found.st_mode)), grp.getgrgid(found.st_gid).gr_name),
              ("0o660", group), "mode and group of the socket")
        stage.send(mails.report(TELNET, ROWS))
    stage.expect_status("handled", ALL)


@case("inet socket")
def test_inet_socket(stage):
    with stage.daemon({"milter.socket": f"inet:{stage.lab.inet_milter_port}@{HOST}"}):
        stage.send(mails.report(TELNET, ROWS), port=stage.lab.inet_port)
    stage.expect_status("handled", ALL)


@case("a second daemon on the same socket is refused and the first goes on")
def test_two(stage):
    with stage.daemon():
        second = stage.daemon()
        status, text = second.refused()
        assert status != 0 and text, (status, text)
        stage.send(mails.report(TELNET, ROWS))
    stage.expect_status("handled", ALL)


@case("a socket that a killed daemon left behind is no obstacle")
def test_left_socket(stage):
    first = stage.daemon().start()
    first.process.kill()
    first.process.wait()
    with stage.daemon():
        stage.send(mails.report(TELNET, ROWS))
    stage.expect_status("handled", ALL)


@case("user=: root is given up for good")
def test_user(stage):
    daemon = stage.daemon({"milter.user": "nobody", "milter.group": ""})
    account = pwd.getpwnam("nobody")
    os.chown(daemon.directory, account.pw_uid, account.pw_gid)
    with daemon:
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        equal(fields["Uid"].split(), [str(account.pw_uid)] * 4, "user ids")
        equal(fields["Gid"].split(), [str(account.pw_gid)] * 4, "group ids")
        assert "0" not in fields["Groups"].split(), fields["Groups"]
        equal(int(fields["CapEff"], 16), 0, "capabilities")
        stage.send(mails.report(TELNET, ROWS))
    stage.expect_status("handled", ALL)


@case("user=: the ledger's directory is made for it, parents and all")
def test_state_directory(stage):
    daemon = stage.daemon({"milter.user": "nobody", "milter.group": ""})
    account = pwd.getpwnam("nobody")
    state = os.path.join(daemon.directory, "a", "b")
    daemon.write_config({"ledger.path": os.path.join(state, "ledger.db")})
    with daemon:
        status = os.stat(state)
        equal((status.st_uid, status.st_mode & 0o7777), (account.pw_uid, 0o750), "directory")
        equal(os.stat(os.path.join(state, "secret")).st_uid, account.pw_uid, "secret")


@case("user=: a file that a reload could not read stops the start")
def test_unreadable(stage):
    daemon = stage.daemon({"milter.user": "nobody", "milter.group": ""})
    os.chmod(daemon.customers, 0o600)
    status, text = daemon.refused()
    equal(status, 78, "exit status")
    assert "customers.csv" in text and "can't read it" in text, text


@case("the secret is made at the first start, 0600, and kept")
def test_secret(stage):
    def secrets(daemon):
        found = {}
        for name in os.listdir(daemon.directory):
            if "secret" in name:
                mode = stat.S_IMODE(os.stat(daemon.path(name)).st_mode)
                with open(daemon.path(name), "rb") as file:
                    found[name] = (oct(mode), file.read())
        return found

    daemon = stage.daemon().start()
    before = secrets(daemon)
    equal([mode for mode, _ in before.values()], ["0o600"], "the secret's mode")
    daemon.stop()
    daemon.start()
    equal(secrets(daemon), before, "the secret after a restart")
    equal(daemon.stop(), 0, "exit status")


@case("certbundctl check, events and preview agree with what the daemon did")
def test_ctl(stage):
    ctl = os.environ["CERTBUND_CTL"]
    report = mails.report(TELNET, ROWS)
    with stage.daemon() as daemon:
        stage.send(report)
        stage.expect_status("handled", ALL)
        path = daemon.path("report.eml")
        with open(path, "wb") as file:
            file.write(report)

        def run(*arguments):
            done = subprocess.run([ctl, "-c", daemon.config, *arguments], text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            equal(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
            return done.stdout

        run("check")
        equal(len(run("events", path).splitlines()), len(ROWS), "events")
        run("preview", path, "-d", daemon.path("preview"))
        previews = sorted(os.listdir(daemon.path("preview")))
        equal(len([name for name in previews if name.endswith(".eml")]), 3, "previews")
        assert "anna" in run("lookup", "192.0.2.5")
