# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl over a ledger: lists, show, check --ledger, and who may open it."""

import os
import pwd
import sqlite3
import subprocess

import tap
from tool import CTL, has

TICKET = "CB-Report#20250212-0000000"
NOBODY = 65534  # a user without rights, on every system


@tap.case("reports: a table and JSON Lines, all or of one state")
def _(stage):
    stage.make_ledger()
    status, out, err = stage.run("reports")
    tap.equal((status, err), (0, ""))
    lines = out.splitlines()
    tap.equal(len(lines), 7)
    tap.equal(lines[0].split()[:4], ["received", "ticket", "class", "state"])
    tap.equal(lines[-1].split()[:6],
              ["2025-02-12T11:10:25Z", TICKET + "1", "open-telnet", "done", "handled", "8"])
    starts = {line.index(word) for line in lines for word in ("open-telnet", "class")
              if word in line}
    tap.equal(len(starts), 1, out)
    rows = stage.lines("reports", "--state", "held")
    tap.equal([row["ticket"] for row in rows], [TICKET + "3"])
    tap.equal({name: rows[0][name] for name in ("class", "state", "events", "held", "notices",
                                                "reason", "received", "critical")},
              {"class": "open-telnet", "state": "held", "events": 4, "held": 4, "notices": 0,
               "reason": None, "received": "2025-02-12T11:10:25Z", "critical": None})


@tap.case("notices: by state; none is told, an unknown state is wrong usage")
def _(stage):
    stage.make_ledger()
    rows = stage.lines("notices")
    tap.equal([row["state"] for row in rows],
              ["pilot", "held", "pending", "bounced", "failed", "handed-over"])
    told = rows[-1]
    tap.equal((told["customer"], told["recipients"], told["queue_id"], told["events"],
               told["handed_over"], told["customer_line"], len(told["sha256"])),
              ("C-0", "abuse@c-0.example.org", "4YtY", 2, "2025-02-12T11:10:26Z", 2, 64))
    status, out, err = stage.run("notices", "--state", "failed")
    tap.equal(status, 0)
    has(out, "abuse@c-1.example.org", "550 5.1.1 no such user")
    tap.equal(len(out.splitlines()), 2)
    status, out, err = stage.run("notices", "--state", "dropped")
    tap.equal((status, out), (0, ""))
    has(err, "no notice in state dropped")
    status, out, err = stage.run("notices", "--state", "dropped", "--json")
    tap.equal((status, out, err), (0, "", ""))
    status, out, err = stage.run("notices", "--state", "lost")
    tap.equal((status, out), (64, ""))
    has(err, "'lost' is no state", "pending, held, pilot, handed-over")


@tap.case("tables: what stood in a mail can't steer the terminal; wide letters stay in line")
def _(stage):
    stage.make_ledger()
    for words in (("reports",), ("show", TICKET + "6"), ("unassigned",)):
        status, out, _ = stage.run(*words)
        tap.equal(status, 0)
        tap.equal([c for c in out if not c.isprintable() and c != "\n"], [], str(words))
    has(stage.run("reports")[1], "?]0;evil????Telnet?rm -rf")
    lines = stage.run("unassigned")[1].splitlines()
    wide = "m\u00fcller@\u4f8b.example"
    tap.equal(lines[1].index("unreadable"), lines[2].index("unassigned") - 1)  # one takes two
    has(lines[1], wide)
    tap.equal(stage.lines("reports")[0]["title"], "\x1b]0;evil\x07\u202eTelnet\nrm -rf")


@tap.case("tables: a cell of 64 columns is whole, one of 65 is cut; the last of a row never is")
def _(stage):
    stage.make_ledger()
    database = sqlite3.connect(stage.ledger, isolation_level=None)
    wide = "\u4f8b"  # takes two columns
    for account, shown in (("x" * 64, "x" * 64), ("x" * 65, "x" * 61 + "..."),
                           (wide * 32, wide * 32), (wide * 33, wide * 30 + "..."),
                           ("e\u0301" * 64, "e\u0301" * 64), ("e\u0301" * 65, "e\u0301" * 61 + "...")):
        database.execute("UPDATE event SET account = ? WHERE row = 1 AND fate = 4", (account,))
        has(stage.run("unassigned")[1], f" {shown} ")
    database.execute("UPDATE report SET reason = ?", ("y" * 1000,))
    database.close()
    has(stage.run("reports")[1], " " + "y" * 1000 + "\n")


@tap.case("unassigned: all or of a ticket, rows counted from 1; none of a named ticket is exit 1")
def _(stage):
    stage.make_ledger()
    rows = stage.lines("unassigned")
    tap.equal([(row["ticket"], row["row"], row["address"], row["fate"]) for row in rows],
              [(TICKET + "6", 1, None, "unreadable"), (TICKET + "6", 2, "198.51.100.1", "unassigned"),
               (TICKET + "6", 3, "198.51.100.2", "unassigned")])
    tap.equal(stage.lines("unassigned", TICKET + "6"), rows)
    for ticket in (TICKET + "1", TICKET + "9"):
        status, out, err = stage.run("unassigned", ticket)
        tap.equal((status, out), (1, ""))
        has(err, ticket)


@tap.case("held: reports and notices that wait; then nothing")
def _(stage):
    stage.make_ledger()
    rows = stage.lines("held")
    tap.equal([(row["kind"], row["ticket"], row["state"]) for row in rows],
              [("report", TICKET + "3", "held"), ("report", TICKET + "4", "unverified"),
               ("notice", TICKET + "2", "held")])
    tap.equal("n" in rows[0], False)
    has(stage.run("held")[1], rows[2]["id"], TICKET + "4")
    tap.equal(stage.run("drop", *(row["id"] for row in rows))[0], 0)
    status, out, err = stage.run("held")
    tap.equal((status, out), (0, ""))
    has(err, "nothing waits")


@tap.case("show: a ticket, a reference, an address in any spelling, a customer; else exit 1")
def _(stage):
    stage.make_ledger()
    reference = stage.reference("handed-over")
    cases = {  # what: records of each kind, first and last address
        TICKET + "1": ((1, 4, 8, 5), "192.0.2.1", "192.0.2.8"),
        reference: ((0, 1, 2, 1), "192.0.2.1", "192.0.2.2"),
        "::ffff:192.0.2.5": ((0, 1, 1, 2), "192.0.2.5", "192.0.2.5"),
        "C-1": ((0, 1, 4, 1), "192.0.2.3", "192.0.2.4"),
        TICKET + "4": ((1, 0, 0, 1), None, None),
    }
    for what, (counts, first, last) in cases.items():
        rows = stage.lines("show", what)
        kinds = [row["record"] for row in rows]
        tap.equal(tuple(kinds.count(kind) for kind in ("report", "notice", "event", "change")),
                  counts, what)
        events = [row for row in rows if row["record"] == "event"]
        if events:
            tap.equal((events[0]["address"], events[-1]["address"]), (first, last))
        status, out, err = stage.run("show", what)
        tap.equal((status, err), (0, ""))
        tap.equal(out.count("\nchanges:\n"), 1)
    has(stage.run("show", TICKET + "1")[1], "reports:\n", "\n\nnotices:\n", "\n\nevents:\n",
        reference, "250 2.0.0 Ok", "handed-over")
    for what in ("held", "192.0.2.77", "nobody", "CB-Report#1"):
        status, out, err = stage.run("show", what)
        tap.equal((status, out), (1, ""), what)
        has(err, f"no ticket, notice, address or customer {what}")


@tap.case("show: who was told stays when content is purged")
def _(stage):
    stage.make_ledger()
    stage.config = stage.write("certbund-milter.conf", stage.config_text(
        ledger__keep_content="30d", ledger__keep_proof="90y"))
    tap.equal(stage.run("drop", stage.reference("pending"))[0], 0)
    tap.equal(stage.run("purge")[0], 0)
    for what in (TICKET + "1", "C-0"):
        rows = [row for row in stage.lines("show", what) if row["record"] == "notice"]
        told = [row for row in rows if row["state"] == "handed-over"]
        tap.equal([(row["customer"], row["queue_id"], row["recipients"]) for row in told],
                  [("C-0", "4YtY", None)], what)


@tap.case("tables end at 10,000 rows and say so; JSON has all")
def _(stage):
    for rows, cut in ((10000, False), (10001, True)):
        stage.make_ledger("rows", str(rows))
        status, out, err = stage.run("unassigned")
        tap.equal((status, len(out.splitlines())), (0, 10001))
        tap.equal("only the first 10000 rows are shown; --json has all" in err, cut, err)
        tap.equal(len(stage.lines("unassigned")), rows)
        os.unlink(stage.ledger)


@tap.case("check --ledger: fine; a wrong sum, a torn page and no ledger at all are found")
def _(stage):
    status, _, err = stage.run("check", "--ledger")
    tap.equal(status, 66)  # EX_NOINPUT
    has(err, "ledger.db: there is none")
    stage.make_ledger()
    status, out, err = stage.run("check", "--ledger")
    tap.equal((status, err), (0, ""))
    has(out, "fine: 7 networks", "ledger.db: fine: every page, key and sum")
    with open(stage.ledger, "rb") as file:
        good = file.read()
    for change in ("UPDATE event SET fate = 1 WHERE row = 0 AND fate = 0",
                   "DELETE FROM event WHERE row = 0"):
        database = sqlite3.connect(stage.ledger, isolation_level=None)
        changed = database.execute(change).rowcount
        database.close()
        tap.equal(changed > 0, True)
        status, out, err = stage.run("check", "--ledger")
        tap.equal(status, 1, change)
        has(out, "the sums of report CB-Report#")
        with open(stage.ledger, "wb") as file:
            file.write(good)
    with open(stage.ledger, "wb") as file:
        file.write(good[:5 * 8192] + b"\xff" * 8192 + good[6 * 8192:])
    status, out, err = stage.run("check", "--ledger")
    tap.equal(status in (1, 70), True, str(status))
    has(out + err, "ledger.db")


@tap.case("check --ledger: erased customers leave sums as they were, and that is fine")
def _(stage):
    stage.make_ledger()
    tap.equal(stage.run("erase", "--customer", "C-0", "--yes")[0], 0)
    tap.equal(stage.run("check", "--ledger")[0], 0)


@tap.case("a ledger that is none, a newer one, one that is busy: each has its words")
def _(stage):
    status, out, err = stage.run("reports")
    tap.equal((status, out), (66, ""))
    has(err, "ledger.db: there is none; certbund-milter makes it")
    stage.write("ledger.db", "not a database at all, whatever it may be\n" * 100)
    status, out, err = stage.run("reports")
    tap.equal((status, out), (65, ""))  # EX_DATAERR
    os.unlink(stage.ledger)
    stage.make_ledger()
    database = sqlite3.connect(stage.ledger, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    status, out, err = stage.run("drop", TICKET + "3")
    tap.equal((status, out), (75, ""))  # EX_TEMPFAIL
    has(err, "locked")
    tap.equal(stage.run("reports")[0], 0)  # who only reads need not wait
    database.execute("ROLLBACK")
    database.execute("PRAGMA user_version = 99")
    database.close()
    status, _, err = stage.run("reports")
    tap.equal(status, 65)
    has(err, "newer certbund-milter")
    stage.config = stage.write("certbund-milter.conf", "[ledger]\npath=here\n")
    tap.equal(stage.run("reports")[0], 78)  # EX_CONFIG


@tap.case("a running daemon is no obstacle, and sees what was done")
def _(stage):
    stage.make_ledger()
    daemon = stage.hold_ledger()
    try:
        tap.equal(len(stage.lines("reports")), 6)
        tap.equal(stage.run("release", stage.reference("held"))[0], 0)
        tap.equal(stage.run("check", "--ledger")[0], 0)
        tap.equal(len(stage.lines("notices", "--state", "pending")), 2)
    finally:
        daemon.communicate()


def give_away(stage):
    """The directory and the ledger become nobody's."""
    for name in (stage.path, stage.ledger, stage.ledger + ".lock"):
        os.chown(name, NOBODY, NOBODY)


@tap.case("as root: the ledger is opened as its owner, who is not locked out")
def _(stage):
    if os.geteuid() != 0:
        return tap.note("not root: nothing to test")
    stage.make_ledger("rows", "3000")
    give_away(stage)
    tool = stage.start("unassigned", "--json")
    tool.stdout.readline()  # it is in the middle: the pipe is full long before the end
    with open(f"/proc/{tool.pid}/status") as file:
        ids = dict(line.split(":", 1) for line in file)["Uid"].split()
    tap.equal(ids[:2], ["0", str(NOBODY)])
    for end in ("-wal", "-shm"):
        tap.equal(os.stat(stage.ledger + end).st_uid, NOBODY, end)
    tool.kill()  # the log stays behind
    tool.communicate()
    tap.equal(os.path.exists(stage.ledger + "-shm"), True)
    stage.make_ledger("hold", user=NOBODY, group=NOBODY, extra_groups=[],
                      stdin=subprocess.DEVNULL)


@tap.case("as root: a bundle is written as root, where the ledger's owner may not")
def _(stage):
    if os.geteuid() != 0:
        return tap.note("not root: nothing to test")
    stage.make_ledger()
    give_away(stage)
    os.mkdir(stage.path + "/private", 0o700)
    reference = stage.reference("handed-over")
    tap.equal(stage.run("proof", reference, "-d", "private")[0], 0)
    names = [f"{stage.path}/private/proof-{reference}"]
    names += [f"{names[0]}/{name}" for name in os.listdir(names[0])]
    tap.equal({(os.stat(name).st_uid, os.stat(name).st_gid) for name in names},
              {(os.getuid(), os.getgid())})


@tap.case("output that can't be written: exit 74, from a table and from JSON")
def _(stage):
    stage.make_ledger()
    for words in (("notices",), ("notices", "--json"), ("export", "--customer", "C-0")):
        with open("/dev/full", "w") as full:
            done = subprocess.run([CTL, "-c", stage.config, *words], stdout=full,
                                  stderr=subprocess.PIPE)
        tap.equal(done.returncode, 74, str(words))  # EX_IOERR
        has(done.stderr.decode(), "standard output")


@tap.case("as another user: says which user may, exit 77")
def _(stage):
    if os.geteuid() != 0:
        return tap.note("not root: nothing to test")
    owner = pwd.getpwuid(NOBODY).pw_name
    stage.make_ledger()
    os.chmod(stage.path, 0o755)
    tool = stage.start("reports", user=1, group=1, extra_groups=[])
    out, err = tool.communicate()
    tap.equal((tool.returncode, out), (77, b""))  # EX_NOPERM
    has(err.decode(), f"user {pwd.getpwuid(1).pw_name} may not", "as user root")
    give_away(stage)
    tool = stage.start("reports", user=1, group=1, extra_groups=[])
    out, err = tool.communicate()
    tap.equal((tool.returncode, out), (77, b""))
    has(err.decode(), f"as root or as user {owner}", f"sudo -u {owner} certbundctl")


@tap.case("drift: columns of all classes or of one; none of a named class is exit 1")
def _(stage):
    stage.make_ledger()
    status, out, err = stage.run("drift")
    tap.equal((status, out), (0, ""))
    has(err, "no report of a known class has come yet")
    database = sqlite3.connect(stage.ledger, isolation_level=None)
    second = 1739358625000000  # 2025-02-12T11:10:25Z
    for row in (("open-telnet", "ip", 1, second, second + 1000000, 7, 0, 0),
                ("open-telnet", "banner", 1, 0, 0, 0, 1, 2),
                ("open-telnet", "tls\x1b[31m", 0, second, second, 1, 0, 1),
                ("malware", "ip", 1, second, second, 1, 0, 0)):
        database.execute("INSERT INTO drift VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    database.close()
    rows = stage.lines("drift", "open-telnet")
    tap.equal(rows, [
        {"class": "open-telnet", "column": "banner", "state": "missing", "first_seen": None,
         "last_seen": None, "reports": 0},
        {"class": "open-telnet", "column": "ip", "state": "expected",
         "first_seen": "2025-02-12T11:10:25Z", "last_seen": "2025-02-12T11:10:26Z", "reports": 7},
        {"class": "open-telnet", "column": "tls\x1b[31m", "state": "new",
         "first_seen": "2025-02-12T11:10:25Z", "last_seen": "2025-02-12T11:10:25Z", "reports": 1}])
    status, out, err = stage.run("drift")
    tap.equal((status, err), (0, ""))
    tap.equal(out.splitlines()[0].split(),
              ["class", "column", "state", "first_seen", "last_seen", "reports"])
    tap.equal(len(out.splitlines()), 5)
    tap.equal("\x1b" in out, False)
    status, out, err = stage.run("drift", "open-foo")
    tap.equal((status, out), (1, ""))
    has(err, "no report of a known class open-foo")


@tap.case("classes: the table with each one's template; without a config as well")
def _(stage):
    rows = {row["id"]: row for row in stage.lines("classes")}
    telnet = rows["open-telnet"]
    tap.equal({name: telnet[name] for name in ("kind", "severity", "titles_de", "ports",
                                               "account_column", "template")},
              {"kind": "open-service", "severity": "low", "titles_de": ["Offene Telnet-Server"],
               "ports": ["23/tcp"], "account_column": None, "template": "open-telnet"})
    tap.equal([column["name"] for column in telnet["columns"]],
              ["asn", "ip", "timestamp", "port", "banner"])
    tap.equal(rows["open-memcached"]["columns"][3],
              {"name": "memcached_version", "optional": False, "label_de": "Memcached-Version",
               "label_en": "Memcached version", "aliases": ["version"]})
    tap.equal(rows["open-portmapper"]["columns"][3]["optional"], True)
    tap.equal(rows["malware"]["severity"], "high")
    tap.equal(rows["manual-spam"]["template"], None)
    status, out, err = stage.run("classes")
    tap.equal((status, err), (0, ""))
    lines = out.splitlines()
    tap.equal(len(lines), len(rows) + 1)
    tap.equal(lines[0].split(), ["id", "severity", "ports", "template", "columns", "titles"])
    line = next(line for line in lines if line.startswith("open-portmapper "))
    has(line, "111/tcp 111/udp", " open-portmapper ", "asn ip timestamp rpc_response?",
        "Offene Portmapper-Dienste; ")
    os.rename(stage.config, stage.config + ".away")
    status, out, err = stage.run("classes", "--json")
    tap.equal((status, len(out.splitlines())), (0, len(rows)))
    has(err, "no template is known")
    stage.write("certbund-milter.conf", "[templates]\ndirectories=/nowhere\n")
    status, out, err = stage.run("classes")
    tap.equal((status, out), (78, ""))
    has(err, "/nowhere")


@tap.case("wrong calls of the ledger's verbs: exit 64, and what was expected")
def _(stage):
    stage.make_ledger()
    calls = ("reports x", "reports --state", "notices --stat held", "show", "show a b",
             "unassigned a b", "held x", "drift a b", "classes x", "release", "release --by", "drop --why x", "retry",
             "exempt", "exempt 192.0.2.0/24", "exempt --end", "exempt --list --end X1",
             "exempt --list 192.0.2.0/24", "exempt --class x --list", "contact", "contact ok",
             "contact list x", "contact ok --json a@example.org", "contact bad a@example.org",
             "purge x", "proof", "proof a b", "proof a -d", "export", "export C-0", "erase",
             "erase --customer", "erase --customer C-0", "check --ledger x", "release -- ")
    for call in calls:
        words = call.split()
        status, out, err = stage.run(*words)
        tap.equal((status, out), (64, ""), call)
        has(err, f"expected certbundctl {words[0]}")
    tap.equal(len(stage.lines("notices")), 6)
