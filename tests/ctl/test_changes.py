# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl release, drop, retry, exempt and contact: what persons decide."""

import os
import pwd

import tap
from tool import has

TICKET = "CB-Report#20250212-0000000"


def last_change(stage, what):
    row = [row for row in stage.lines("show", what) if row["record"] == "change"][-1]
    return tuple(row[name] for name in ("item", "from", "to", "person", "why"))


@tap.case("release: a held notice becomes pending; person and reason are kept")
def _(stage):
    stage.make_ledger()
    reference = stage.reference("held")
    status, out, err = stage.run("release", reference, "--by", "J\u00fcrgen", "--reason", "checked")
    tap.equal((status, err), (0, ""))
    has(out, f"{reference}: released", "within seconds")
    tap.equal(last_change(stage, reference),
              (reference, "held", "pending", "J\u00fcrgen", "checked"))
    tap.equal({row["fate"] for row in stage.lines("show", reference) if row["record"] == "event"},
              {"notified"})
    status, out, err = stage.run("release", reference)
    tap.equal((status, out), (1, ""))
    has(err, f"notice {reference} is pending, not held")


@tap.case("release: each id is tried, each failure told, the worst status counts")
def _(stage):
    stage.make_ledger()
    reference = stage.reference("held")
    status, out, err = stage.run("release", "A-NONE", stage.reference("pilot"), TICKET + "4",
                                 reference)
    tap.equal(status, 1)
    has(err, "no notice and no report A-NONE", "is pilot, not held", "is unverified, not held")
    tap.equal(len(err.splitlines()), 3)
    has(out, f"{reference}: released")


@tap.case("release: the name of a state is no id")
def _(stage):
    stage.make_ledger()
    status, out, err = stage.run("release", "held")
    tap.equal((status, out), (1, ""))
    has(err, "no notice and no report held")


@tap.case("drop: notices and reports, by reference, ticket or id")
def _(stage):
    stage.make_ledger()
    held, failed, pending = (stage.reference(state) for state in ("held", "failed", "pending"))
    report = [row["id"] for row in stage.lines("reports") if row["state"] == "unverified"][0]
    status, out, err = stage.run("drop", held, failed, pending, TICKET + "3", report,
                                 "--by", "anna", "--reason", "agreed by phone")
    tap.equal((status, err, len(out.splitlines())), (0, "", 5))
    tap.equal([row["reference"] for row in stage.lines("notices", "--state", "dropped")],
              [held, pending, failed])
    tap.equal([row["ticket"] for row in stage.lines("reports", "--state", "dropped")],
              [TICKET + "4", TICKET + "3"])
    tap.equal(last_change(stage, TICKET + "3")[1:], ("held", "dropped", "anna", "agreed by phone"))
    for what, state in ((stage.reference("handed-over"), "handed-over"), (TICKET + "1", "done")):
        status, out, err = stage.run("drop", what)
        tap.equal((status, out), (1, ""))
        has(err, f"is {state} and can't become dropped")


@tap.case("retry: a failed notice only")
def _(stage):
    stage.make_ledger()
    failed, held = stage.reference("failed"), stage.reference("held")
    status, out, err = stage.run("retry", held, TICKET + "3", failed)
    tap.equal(status, 1)
    has(err, f"notice {held} is held", "is held: only a failed notice can be tried again")
    has(out, f"{failed}: tried again")
    tap.equal(last_change(stage, failed)[1:3], ("failed", "pending"))
    tap.equal([row["attempts"] for row in stage.lines("notices", "--state", "pending")
               if row["reference"] == failed], [0])


@tap.case("--by: who has logged in, behind sudo or not; never nobody")
def _(stage):
    stage.make_ledger()
    tap.equal(stage.run("drop", TICKET + "3")[0], 0)
    try:
        person = os.getlogin()
    except OSError:
        person = os.environ.get("SUDO_USER") if os.getuid() == 0 else None
    tap.equal(last_change(stage, TICKET + "3")[3], person or pwd.getpwuid(os.getuid()).pw_name)


@tap.case("--by and --reason: 500 bytes, no control characters, not empty")
def _(stage):
    stage.make_ledger()
    for words, wrong in ((("--by", ""), "--by is empty"), (("--reason", ""), "--reason is empty"),
                         (("--reason", "a\nb"), "--reason has control characters"),
                         (("--by", "\x1b[2J"), "--by has control characters"),
                         (("--by", os.fsdecode(b"\xff")), "--by has control characters or is no UTF-8"),
                         (("--reason", "x" * 501), "--reason has 501 bytes, at most 500")):
        status, _, err = stage.run("drop", TICKET + "3", *words)
        tap.equal(status, 64, str(words))
        has(err, wrong)
    tap.equal(stage.run("drop", TICKET + "3", "--reason", "x" * 500)[0], 0)
    tap.equal(last_change(stage, TICKET + "3")[4], "x" * 500)


@tap.case("exempt: made, listed, ended; recorded with who and when")
def _(stage):
    stage.make_ledger()
    status, out, err = stage.run("exempt", "--list")
    tap.equal((status, out), (0, ""))
    has(err, "no exemption")
    status, out, err = stage.run("exempt", "192.0.2.0/28", "--class", "open-telnet", "--until",
                                 "2199-01-01", "--reason", "honeypots", "--by", "anna")
    tap.equal((status, err), (0, ""))
    has(out, "X1: 192.0.2.0/28 is exempt from class open-telnet until 2199-01-01T00:00:00Z")
    status, out, _ = stage.run("exempt", "2001:db8::1", "--class", "all", "--until",
                               "2199-01-01T01:00:00+01:00", "--reason", "moves", "--by", "bert")
    tap.equal(status, 0)
    has(out, "X2: 2001:db8::1 is exempt from every class until 2199-01-01T00:00:00Z")
    rows = stage.lines("exempt", "--list")
    tap.equal([(row["id"], row["network"], row["class"], row["until"], row["reason"], row["person"],
                row["ended"]) for row in rows],
              [("X1", "192.0.2.0/28", "open-telnet", "2199-01-01T00:00:00Z", "honeypots", "anna",
                None),
               ("X2", "2001:db8::1", None, "2199-01-01T00:00:00Z", "moves", "bert", None)])
    status, out, _ = stage.run("exempt", "--end", "X1", "--by", "carl")
    tap.equal((status, out), (0, "X1: ended\n"))
    ended = stage.lines("exempt", "--list")[0]
    tap.equal((ended["ended_by"], ended["ended"] is None), ("carl", False))
    has(stage.run("exempt", "--list")[1], "honeypots", "carl")
    for wrong in ("X1", "X9", "anna"):
        status, out, err = stage.run("exempt", "--end", wrong)
        tap.equal((status, out), (1, ""), wrong)
        has(err, f"no exemption {wrong} that has not ended")


@tap.case("exempt: faults in each word, exit 64 and nothing made")
def _(stage):
    stage.make_ledger()
    good = {"--class": "open-telnet", "--until": "2199-01-01", "--reason": "so"}
    for change, wrong in (({"network": "192.0.2.1/24"}, "is no network"),
                          ({"network": "anna"}, "'anna' is no network"),
                          ({"--class": "Open Telnet"}, "'Open Telnet' is no class"),
                          ({"--class": ""}, "'' is no class"),
                          ({"--until": "tomorrow"}, "'tomorrow' is no date"),
                          ({"--until": "2020-01-01"}, "'2020-01-01' is not in the future"),
                          ({"--reason": ""}, "--reason is empty"),
                          ({"--by": "a\nb"}, "--by has control characters")):
        words = {**good, **change}
        network = words.pop("network", "192.0.2.0/24")
        status, out, err = stage.run("exempt", network, *(w for pair in words.items() for w in pair))
        tap.equal((status, out), (64, ""), str(change))
        has(err, wrong)
    for missing in good:
        words = [w for pair in good.items() if pair[0] != missing for w in pair]
        status, _, err = stage.run("exempt", "192.0.2.0/24", *words)
        tap.equal(status, 64, missing)
        has(err, "are all needed")
    tap.equal(stage.lines("exempt", "--list"), [])


@tap.case("contact: the bounced ones, and ok when one works again")
def _(stage):
    stage.make_ledger()
    rows = stage.lines("contact", "list")
    tap.equal([(row["address"], row["customer"], row["status"]) for row in rows],
              [("abuse@c-2.example.org", "C-2", "5.1.1")])
    has(stage.run("contact", "list")[1], "abuse@c-2.example.org")
    status, out, err = stage.run("contact", "ok", "Abuse@C-2.example.org", "x@example.org",
                                 "--by", "anna")
    tap.equal(status, 1)
    has(out, "Abuse@C-2.example.org: mailed again")
    has(err, "no mail to x@example.org has bounced")
    status, out, err = stage.run("contact", "list")
    tap.equal((status, out), (0, ""))
    has(err, "no contact")
    changes = stage.lines("show", "abuse@c-2.example.org")
    tap.equal([(row["to"], row["person"]) for row in changes], [("ok", "anna")])
