# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""require=dkim: a report that is signed makes notices, and no other one does."""

import contextlib
import time

import dkim_signer
import mails
from daemon import ABUSE, ANNA, BERT, DESK
from dkim_signer import RECORD, SELECTOR, sign
from mails import TELNET, telnet_rows
from resolver import Resolver
from stage import CUSTOMERS, OUTSIDE
from tap import Skip, case, equal

DOMAIN = "reports.cert-bund.de"
ROWS = telnet_rows(["192.0.2.5", "192.0.2.64"])
NOTICES = {ABUSE: 1, ANNA: 1, BERT: 1}
WITHOUT_SUBJECT = ["From", "To", "Date"]


def key_name(domain):
    return f"{SELECTOR}._domainkey.{domain}"


def make_resolver():
    if not dkim_signer.available():
        raise Skip("dkimpy is not there (Debian package python3-dkim)")
    return Resolver({key_name(domain): RECORD for domain in
                     (DOMAIN, "bsi.bund.de", "example.com", "mail." + DOMAIN)})


@contextlib.contextmanager
def make_daemon(stage, resolver, require="dkim"):
    with stage.daemon({"provenance.require": require,
                       "provenance.nameservers": resolver.server}) as daemon:
        if "built without libopendkim" in daemon.log():
            raise Skip("the program was built without libopendkim")
        yield daemon


def report():
    return mails.report(TELNET, ROWS)


def proven(name, **options):
    @case(f"dkim: a signed report makes notices: {name}")
    def test(stage):
        with make_resolver() as resolver, make_daemon(stage, resolver):
            stage.send(sign(report(), **options))
        equal(stage.expect_status("handled", NOTICES)["provenance"], "dkim", "provenance")
        equal(set(resolver.asked), {key_name(DOMAIN)}, "what DNS was asked for")


# The fields and the body reach the filter as they were sent: `simple` shows each blank.
for canonicalize in ("relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"):
    proven(canonicalize, canonicalize=canonicalize)
proven("x= in the future", expires=int(time.time()) + 86400)


def unproven(name, make, asked=()):
    @case(f"dkim: no notice by a report that is {name}")
    def test(stage):
        with make_resolver() as resolver, make_daemon(stage, resolver):
            stage.send(make())
        mark = stage.mark()
        equal((mark["status"], mark["provenance"]), ("unverified", "none"), "mark")
        told = [box for box in stage.boxes() if box in CUSTOMERS]
        equal(told, [], "customers who were told")
        equal(set(resolver.asked), set(asked), "what DNS was asked for")


unproven("not signed", report)
unproven("altered in the body", lambda: sign(report()).replace(b"192.0.2.64", b"192.0.2.65"),
         asked=[key_name(DOMAIN)])
unproven("altered in the title", lambda: sign(report()).replace(b"Telnet-Server", b"Ports", 1),
         asked=[key_name(DOMAIN)])
unproven("longer than what was signed", lambda: sign(report()) + b"Freundlich\r\n",
         asked=[key_name(DOMAIN)])
unproven("expired", lambda: sign(report(), expires=int(time.time()) - 10))
unproven("signed with l=", lambda: sign(report(), length=True))
unproven("signed without its title", lambda: sign(report(), names=WITHOUT_SUBJECT))
unproven("signed with SHA-1", lambda: sign(report(), algorithm="rsa-sha1"))
unproven("signed by another domain", lambda: sign(report(), domain="example.com"))
unproven("signed by a domain below", lambda: sign(report(), domain="mail." + DOMAIN))
unproven("signed by CERT-Bund's other domain", lambda: sign(report(), domain="bsi.bund.de"))
unproven("From twice", lambda: b"From: certbund@bsi.bund.de\r\n" + sign(report()))
unproven("Subject twice",
         lambda: sign(report()).replace(b"Date:", b"Subject: x\r\nDate:", 1))


def nothing_recorded(stage, daemon):
    equal(daemon.ledger("SELECT count(*) FROM report"), [(0,)], "reports in the ledger")
    equal(stage.boxes(), {}, "mails")


@case("dkim: nobody answers, or with SERVFAIL: 451 and nothing recorded; the retry makes notices")
def test_dns_down(stage):
    resolver = make_resolver()
    sent = sign(report())
    with make_daemon(stage, resolver) as daemon:
        stage.send(sent, want=451)
        nothing_recorded(stage, daemon)
        with resolver:
            resolver.fails = True
            stage.send(sent, want=451)
            nothing_recorded(stage, daemon)
            assert "DNS" in daemon.log(), daemon.log()
            resolver.fails = False
            stage.send(sent)
    stage.expect_status("handled", NOTICES)


@case("dkim: trouble with DNS does not matter where the client is trusted")
def test_dns_down_client(stage):
    resolver = make_resolver()
    with make_daemon(stage, resolver, "dkim;client"):
        stage.send(sign(report()))
        mark = stage.expect_status("handled", NOTICES)
        equal(mark["provenance"], "client", "provenance")
        stage.send(sign(report()), address=OUTSIDE, want=451)


@case("dkim: both are demanded, one is trouble: 451; one fails: unverified")
def test_both(stage):
    resolver = make_resolver()
    with make_daemon(stage, resolver, "dkim+client"):
        stage.send(sign(report()), want=451)
        stage.send(sign(report()), address=OUTSIDE)
        stage.expect_status("unverified", {ABUSE: 1, DESK: 1})
        stage.lab.clear()
        with resolver:
            stage.send(sign(report()))
    equal(stage.expect_status("handled", NOTICES)["provenance"], "dkim,client", "provenance")
