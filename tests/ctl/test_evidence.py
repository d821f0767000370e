# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl proof, export, erase and purge: what can be shown, and what must be gone."""

import hashlib
import json
import os
import pty
import sqlite3
import subprocess

import tap
from tool import CTL, has

TICKET = "CB-Report#20250212-0000000"
BODY = b"Subject: Offener Telnet-Server\r\n\r\nWir haben einen Hinweis erhalten.\r\n"


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def make_proof(stage, reference, want=0):
    """certbundctl's error output, and the bundle's directory and JSON."""
    status, out, err = stage.run("proof", reference, "-d", "out/here")
    tap.equal(status, want, err)
    tap.equal(out, f"out/here/proof-{reference}\n")
    bundle = os.path.join(stage.path, out.strip())
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=bundle, check=True)
    return err, bundle, json.loads(read(bundle, "proof.json"))


@tap.case("proof: mail, all that was recorded, and how to verify it")
def _(stage):
    stage.make_ledger()
    reference = stage.reference("handed-over")
    err, bundle, proof = make_proof(stage, reference)
    tap.equal(err, "")
    tap.equal(sorted(os.listdir(bundle)), ["README", "SHA256SUMS", "notice.eml", "proof.json"])
    tap.equal(read(bundle, "notice.eml"), BODY)
    digest = hashlib.sha256(BODY).hexdigest()
    tap.equal((proof["reference"], proof["mail"], proof["mail_sha256"]),
              (reference, "notice.eml", digest))
    notice, report = proof["notice"][0], proof["report"][0]
    want = {"customer": "C-0", "class": "open-telnet", "ticket": TICKET + "1",
            "state": "handed-over", "created": "2025-02-12T11:10:25Z",
            "handed_over": "2025-02-12T11:10:26Z", "reply": "250 2.0.0 Ok: queued as 4YtY",
            "queue_id": "4YtY", "sha256": digest, "template": "t", "config": "c",
            "customer_line": 2, "recipients": "abuse@c-0.example.org"}
    tap.equal({name: notice[name] for name in want}, want)
    tap.equal((report["ticket"], report["provenance"], report["message_id"]),
              (TICKET + "1", "dkim", "<1@reports.example.org>"))
    tap.equal([event["address"] for event in proof["events"]], ["192.0.2.1", "192.0.2.2"])
    tap.equal([change["to"] for change in proof["changes"]], ["handed-over"])
    has(read(bundle, "README").decode(), reference, digest, "sha256sum -c SHA256SUMS",
        "The MTA took it: 2025-02-12T11:10:26Z")
    tap.equal(os.stat(bundle).st_mode & 0o007, 0)
    names = (bundle + "/" + name for name in os.listdir(bundle))
    tap.equal([name for name in names if os.stat(name).st_mode & 0o007], [])


@tap.case("proof: a bundle is never written over; one that can't be written is told")
def _(stage):
    stage.make_ledger()
    reference = stage.reference("handed-over")
    _, bundle, _ = make_proof(stage, reference)
    before = read(bundle, "proof.json")
    status, out, err = stage.run("proof", reference, "-d", "out/here")
    tap.equal((status, out), (73, ""))  # EX_CANTCREAT
    has(err, "never written over")
    tap.equal(read(bundle, "proof.json"), before)
    stage.write("file", "x")
    status, _, err = stage.run("proof", reference, "-d", "file/below")
    tap.equal(status, 73)
    has(err, "file/below")
    status, out, _ = stage.run("proof", reference)
    tap.equal((status, out), (0, f"./proof-{reference}\n"))


@tap.case("proof: nobody was told, the mail is another, the mail is gone: each is said")
def _(stage):
    stage.make_ledger()
    for state in ("pending", "held", "pilot"):
        err, bundle, proof = make_proof(stage, stage.reference(state), want=1)
        has(err, "was never handed to the MTA")
        has(read(bundle, "README").decode(), "The MTA took it: it did not")
        tap.equal(proof["notice"][0]["handed_over"], None)
    bounced, told = stage.reference("bounced"), stage.reference("handed-over")
    _, _, proof = make_proof(stage, bounced)
    tap.equal(proof["notice"][0]["bounce"], "5.1.1")
    database = sqlite3.connect(stage.ledger, isolation_level=None)
    database.execute("UPDATE body SET bytes = x'6162' WHERE notice ="
                     " (SELECT n FROM notice WHERE reference = ?)", (told,))
    err, bundle, _ = make_proof(stage, told, want=1)
    has(err, "is not the one that was handed over", hashlib.sha256(b"ab").hexdigest(),
        hashlib.sha256(BODY).hexdigest())
    database.execute("DELETE FROM body")
    database.close()
    os.rename(bundle, bundle + "-other")
    err, bundle, proof = make_proof(stage, told)
    has(err, "kept no longer")
    tap.equal((sorted(os.listdir(bundle)), proof["mail"]),
              (["README", "SHA256SUMS", "proof.json"], None))
    has(read(bundle, "README").decode(), "is not here", hashlib.sha256(BODY).hexdigest())


@tap.case("proof: of an unknown reference or of a report there is none, exit 1")
def _(stage):
    stage.make_ledger()
    for what, words in (("A-NONE", "no notice and no report"), (TICKET + "1", "is a report"),
                        ("handed-over", "no notice and no report")):
        status, out, err = stage.run("proof", what, "-d", "out")
        tap.equal((status, out), (1, ""))
        has(err, words)
        tap.equal(os.path.exists(stage.path + "/out"), False)


@tap.case("export: all of one customer as JSON Lines, nothing of another; nobody is exit 1")
def _(stage):
    stage.make_ledger()
    status, out, err = stage.run("export", "--customer", "C-2")
    tap.equal((status, err), (0, ""))
    rows = [json.loads(line) for line in out.splitlines()]
    tap.equal([row["kind"] for row in rows],
              ["notice", "event", "event", "told", "told", "contact"])
    tap.equal(rows[0]["mail"], BODY.decode())
    tap.equal([row.get("address") for row in rows[1:3]], ["192.0.2.5", "192.0.2.6"])
    tap.equal(any(other in out for other in ("C-0", "C-1", "192.0.2.1", "192.0.2.3")), False)
    tap.equal(stage.run("export", "--customer", "C-2", "--json")[1], out)
    status, out, err = stage.run("export", "--customer", "C-9")
    tap.equal((status, out), (1, ""))
    has(err, "nothing of a customer C-9")


def in_files(stage, text):
    return any(text.encode() in read(stage.path, name) for name in os.listdir(stage.path)
               if name.startswith("ledger.db"))


@tap.case("erase: gone from the file, recorded without the name; needs --yes or a terminal")
def _(stage):
    stage.make_ledger()
    status, _, err = stage.run("erase", "--customer", "C-2")
    tap.equal(status, 64)
    has(err, "--yes is needed")
    tap.equal(in_files(stage, "abuse@c-2.example.org"), True)
    status, out, err = stage.run("erase", "--customer", "C-2", "--yes", "--by", "anna")
    tap.equal((status, err), (0, ""))
    has(out, "C-2: 6 records erased", "held")
    tap.equal(in_files(stage, "abuse@c-2.example.org"), False)
    item = "customer sha256:" + hashlib.sha256(b"C-2").hexdigest()
    tap.equal([(row["to"], row["person"]) for row in stage.lines("show", item)],
              [("erased", "anna")])
    status, _, err = stage.run("erase", "--customer", "C-2", "--yes")
    tap.equal(status, 1)
    has(err, "nothing of a customer C-2")
    tap.equal(len(stage.lines("show", item)), 1)


def answer(stage, text):
    """erase at a terminal, where text is typed: exit status and error output."""
    try:
        controller, terminal = pty.openpty()
    except OSError as reason:  # a container without /dev/pts
        raise tap.Skip(f"no pseudo terminal: {reason}") from None
    os.write(controller, text)
    done = subprocess.run([CTL, "-c", stage.config, "erase", "--customer", "C-2"], stdin=terminal,
                          capture_output=True)
    os.close(controller)
    os.close(terminal)
    return done.returncode, done.stderr.decode()


@tap.case("erase at a terminal: the customer's id must be typed again")
def _(stage):
    stage.make_ledger()
    for text in (b"y\n", b"\n", b"C-20\n", b"\x04"):
        status, err = answer(stage, text)
        tap.equal(status, 1, str(text))
        has(err, "6 records of customer C-2", "nothing is erased")
    tap.equal(len(stage.lines("export", "--customer", "C-2")), 6)
    tap.equal(answer(stage, b"C-2\n")[0], 0)
    tap.equal(stage.run("export", "--customer", "C-2")[0], 1)


@tap.case("purge: by keep-content and keep-proof; 0 is for ever")
def _(stage):
    stage.make_ledger()
    for content, proof in (("0", "0"), ("90y", "90y")):
        stage.config = stage.write("certbund-milter.conf", stage.config_text(
            ledger__keep_content=content, ledger__keep_proof=proof))
        status, out, err = stage.run("purge")
        tap.equal((status, err), (0, ""))
        has(out, "purged: 0 records\n", "content is kept: f", "proof is kept: f")
    tap.equal(stage.run("drop", stage.reference("pending"))[0], 0)
    stage.config = stage.write("certbund-milter.conf", stage.config_text(
        ledger__keep_content="30d", ledger__keep_proof="90y"))
    tap.equal(stage.run("purge")[0], 0)
    tap.equal(in_files(stage, "abuse@c-0.example.org"), False)
    tap.equal(stage.run("show", "192.0.2.1")[0], 1)
    tap.equal([row["state"] for row in stage.lines("notices") if row["customer"] == "C-0"],
              ["pilot", "dropped", "handed-over"])
    has(str(stage.lines("show", TICKET + "3")), "keep-content has passed")
    stage.config = stage.write("certbund-milter.conf", stage.config_text(
        ledger__keep_content="30d", ledger__keep_proof="30d"))
    tap.equal(stage.run("purge")[0], 0)
    tap.equal((stage.lines("reports"), stage.lines("notices")), ([], []))
