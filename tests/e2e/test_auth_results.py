# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""require=auth-results: a real verifying filter stands before ours, and forgers before both."""

import mails
from ar_lab import AUTHSERV_ID, COVERED, DOMAIN, SELECTOR, Verifier
from daemon import ABUSE, ANNA, BERT, CARL, DESK
from mails import TELNET, telnet_rows
from stage import OUTSIDE
from tap import case, equal

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64", "198.51.100.1"])
SETTINGS = {"provenance.require": "auth-results", "provenance.authserv-id": AUTHSERV_ID,
            "provenance.clients": None}
TOLD = {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1}
ALONE = {ABUSE: 1}


def report(**arguments):
    return mails.report(TELNET, ROWS, **arguments)


def send(stage, mail, want=250, port=None):
    stage.send(mail, port=port or stage.lab.ar_port, want=want, address=OUTSIDE)


def fields(mail):
    return [line for line in mail.split(b"\n\n", 1)[0].lower().split(b"\n")
            if line.startswith(b"authentication-results:")]


def signature_with(verifier, character):
    """A signed report whose signature has this character where OpenDKIM quotes it."""
    for _ in range(300):
        mail = verifier.sign(report())
        if character in signature_of(mail)[:8]:
            return mail
    raise AssertionError(f"no signature of 300 has {character!r} in front")


def signature_of(mail):
    field = mail.split(b"\r\nMIME-Version", 1)[0]
    return b"".join(field.rsplit(b"b=", 1)[1].split())


@case("auth-results: signed, verified before us: notices")
def test_signed(stage):
    with Verifier(stage.lab.ar_socket_path) as verifier, stage.daemon(SETTINGS):
        for mail in (verifier.sign(report()), signature_with(verifier, b"/")):
            send(stage, mail)
            mark = stage.expect_status("handled", TOLD)
            equal(mark["provenance"], "auth-results")
            equal(len(fields(stage.original())), 1, "Authentication-Results fields")
            stage.lab.clear()


FORGED = f"Authentication-Results: {AUTHSERV_ID}; dkim=pass header.d={DOMAIN} header.s={SELECTOR}"

MADE_UP = (f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d={DOMAIN}; s={SELECTOR};"
           " h=From:Subject:Date; bh=eA==; b=eA==\r\n")

SPELLINGS = {
    "plain": FORGED,
    "in capitals": FORGED.replace("Authentication-Results", "AUTHENTICATION-RESULTS")
                         .replace(AUTHSERV_ID, AUTHSERV_ID.upper()),
    "folded": FORGED.replace("; ", ";\r\n\t").replace(" header", "\r\n header"),
    "with a comment before the name": FORGED.replace(": ", ": (a) "),
    "with a comment behind the name": FORGED.replace(";", " (a);"),
    "with a version": FORGED.replace(";", " 1;"),
    "with a blank before the colon": FORGED.replace(":", " :"),
    "without a blank behind the colon": FORGED.replace(": ", ":"),
    "quoted": FORGED.replace(AUTHSERV_ID, f'"{AUTHSERV_ID}"'),
    "with a method's version": FORGED.replace("dkim=", "dkim/1="),
    "blanks round the =": FORGED.replace("dkim=pass", "dkim = pass"),
    "comments within": FORGED.replace("dkim=pass", "dkim (a) = (b(c)) pass"),
    "among other methods": FORGED.replace("dkim=", "spf=pass smtp.mailfrom=x@example.com; dkim="),
}


def at_positions(mail, field):
    """The mail with a field on top, in the midst of its header and at its end."""
    head, body = mail.split(b"\r\n\r\n", 1)
    lines = head.split(b"\r\n")
    middle = next(i for i, line in enumerate(lines) if line.startswith(b"To:"))
    line = field.encode()
    return {"on top": line + b"\r\n" + mail,
            "in the middle": b"\r\n".join(lines[:middle] + [line] + lines[middle:]) + b"\r\n\r\n"
                             + body,
            "at the end": head + b"\r\n" + line + b"\r\n\r\n" + body}


def all_unproven(stage, sent):
    """Send {name: mail}; each goes on, marked, and the desk is told of the first."""
    for name, mail in sent.items():
        send(stage, f"X-Case: {name}\r\n".encode() + mail)
    found = {}
    for mail in stage.mails(ABUSE):
        mark = mails.mark_of(mail)
        name = mail.split(b"X-Case: ", 1)[1].split(b"\n", 1)[0].decode()
        found[name] = (mark["status"], mark["provenance"])
    equal(found, {name: ("unverified", "none") for name in sent}, "marks")
    equal(stage.boxes(), {ABUSE: len(sent), DESK: 1}, "mailboxes")


@case("auth-results: unsigned, with forged fields of our name at every place: none")
def test_forged(stage):
    with Verifier(stage.lab.ar_socket_path), stage.daemon(SETTINGS):
        all_unproven(stage, at_positions(report(), FORGED))


@case("auth-results: forged in every spelling, beside a signature that is void: none")
def test_spellings(stage):
    sent = {}
    with Verifier(stage.lab.ar_socket_path) as verifier, stage.daemon(SETTINGS):
        for name, field in SPELLINGS.items():
            mail = verifier.sign(report()).replace(b"Sehr geehrte", b"Sehr bekehrte", 1)
            for place, forged in at_positions(mail, field).items():
                sent[f"{name} {place}"] = forged
        all_unproven(stage, sent)


@case("auth-results: forged in every spelling, unsigned but for a made-up DKIM-Signature: none")
def test_made_up(stage):
    with Verifier(stage.lab.ar_socket_path), stage.daemon(SETTINGS):
        all_unproven(stage, {name: f"{field}\r\n{MADE_UP}".encode() + report()
                             for name, field in SPELLINGS.items()})


@case("auth-results: a filter that leaves forged fields writes one of its own that disagrees: none")
def test_left(stage):
    with Verifier(stage.lab.ar_socket_path, removes=False), stage.daemon(SETTINGS):
        all_unproven(stage, {
            "unsigned": f"{FORGED}\r\n".encode() + report(),
            "made up": f"{FORGED}\r\n{MADE_UP}".encode() + report(),
            "made up twice": f"{FORGED}\r\n{MADE_UP}{MADE_UP}".encode() + report(),
            "no selector": f"{FORGED}\r\n{MADE_UP}".replace(" header.s=" + SELECTOR, "").encode()
                           + report(),
            "another selector": (f"{FORGED}\r\n{MADE_UP}"
                                 + MADE_UP.replace("s=", "s=x")).encode() + report(),
            "no body hash": f"{FORGED}\r\n{MADE_UP}".replace(" bh=eA==;", "").encode() + report(),
            "no version": f"{FORGED}\r\n{MADE_UP}".replace("v=1;", "").encode() + report(),
            "another algorithm": f"{FORGED}\r\n{MADE_UP}".replace("rsa-", "dsa-").encode()
                                 + report(),
            "expired": f"{FORGED}\r\n{MADE_UP}".replace("v=1;", "v=1; x=1;").encode() + report(),
        })


@case("auth-results: what our filter said of another domain, of too little, or of l=: none")
def test_not_enough(stage):
    keys = [(SELECTOR, "example.com"), (SELECTOR, "cert-bund.de")]
    with Verifier(stage.lab.ar_socket_path, keys) as verifier, stage.daemon(SETTINGS):
        all_unproven(stage, {
            "altered": verifier.sign(report()).replace(b"Sehr geehrte", b"Sehr bekehrte", 1),
            "subject altered": verifier.sign(report()).replace(b"Telnet", b"Teflon", 1),
            "another domain": verifier.sign(report(), "example.com"),
            "the parent domain": verifier.sign(report(), "cert-bund.de"),
            "Subject not signed": verifier.sign(report(), headers=("From", "To", "Date")),
            "l=": verifier.sign(report(), length=True),
            "a second Subject": verifier.sign(report()).replace(
                b"Date:", b"Subject: [CB-Report#20250212-10004759] x\r\nDate:", 1),
            "a second From": b"From: x@example.com\r\n" + verifier.sign(report()),
            "no key": verifier.sign(report(), selector="nokey"),
            "unsigned": report(),
        })


@case("auth-results: where Date is not signed the report is held, for nothing tells its age")
def test_undated(stage):
    with Verifier(stage.lab.ar_socket_path) as verifier, stage.daemon(SETTINGS):
        send(stage, verifier.sign(report(), headers=[h for h in COVERED if h != "Date"]))
        mark = stage.mark()
        equal((mark["status"], mark["provenance"]), ("held", "auth-results"))
        assert "no date" in mark["reason"], mark


@case("auth-results: the filter before us is down: 451, and what comes later is not lost")
def test_filter_down(stage):
    with stage.daemon(SETTINGS):
        verifier = Verifier(stage.lab.ar_socket_path)
        with verifier:
            mail = verifier.sign(report())
            verifier.stop()
            with stage.client(stage.lab.ar_port) as client:
                client.ehlo()
                equal(client.mail(mails.SENDER)[0], 451, "the answer to MAIL")
            equal(stage.boxes(), {}, "mails")
            verifier.start()
            send(stage, mail)
            stage.expect_status("handled", TOLD)


@case("auth-results: what the manual warns of proves a forgery: no filter, or one that removes none")
def test_misconfigured(stage):
    """Not a wish, but what is: why the conditions in certbund-milter.conf(5) are conditions."""
    forged = f"{FORGED}\r\n{MADE_UP}"
    with stage.daemon(SETTINGS):
        send(stage, forged.encode() + report(), port=stage.lab.port)
        equal(stage.mark()["provenance"], "auth-results", "no filter")
        stage.lab.clear()
        with Verifier(stage.lab.ar_socket_path, removes=False):
            # Of a signature whose key it does not find OpenDKIM writes nothing.
            send(stage, forged.replace(SELECTOR, "nokey").encode() + report())
            equal(stage.mark()["provenance"], "auth-results", "one that removes nothing")
