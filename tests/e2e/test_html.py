# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""<table form="html"/>: each notice as it lies in the mailbox has its text and a page with the
same rows, signed or not, with a file or without; the text is that of a notice without a page."""

import base64
import contextlib
import csv
import html.parser
import io
import json
import os
import re
import tempfile

import mails
from daemon import ABUSE, ANNA, BERT, CARL, source_directory
from tap import case, equal
from test_reports import ADDRESSES, telnet_report
from test_rewrite import ANNA_ROWS, SINGLE, annas_report
from test_signing import check_pgp, check_smime, key_home, make_pem


class Page(html.parser.HTMLParser):
    """Rows of the table, and the links; HTML as a browser reads it, which is no XML parser."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.links, self.cell = [], [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.cell = ""
        elif tag == "a":
            self.links.append(dict(attrs)["href"])
        elif self.cell is not None or tag in ("script", "img", "link", "iframe"):
            raise AssertionError(f"<{tag}> in {self.rows}")

    def handle_endtag(self, tag):
        if tag == "td":
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


@contextlib.contextmanager
def templates(table):
    """A directory with the shipped layout, its table this one."""
    with open(f"{source_directory()}/templates/default.xml", encoding="utf-8") as file:
        layout = file.read()
    layout = re.sub("<table [^>]*/>", table, layout)
    assert table in layout
    with tempfile.TemporaryDirectory(prefix="certbund-html.") as directory:
        os.chmod(directory, 0o755)
        with open(f"{directory}/default.xml", "w", encoding="utf-8") as file:
            file.write(layout)
        yield f"{directory};{source_directory()}/templates"


def own_rows(rows, box):
    return [row for row in rows if row[1] in ADDRESSES[box]]


def check_alternative(part, rows):
    """Text first, page last; the rows of both; the text."""
    equal(part.get_content_type(), "multipart/alternative")
    text, page = part.iter_parts()
    equal([p.get_content_type() for p in (text, page)], ["text/plain", "text/html"])
    equal(mails.table_of(text.get_content())[1], rows, "rows of the text")
    found = Page(page.get_content())
    equal(found.rows[1:], rows, "rows of the page")
    assert all(link.startswith("https://www.bsi.bund.de/") for link in found.links), found.links
    return text.get_content()


def reference_of(message):
    """Ours, which is another in each notice."""
    return re.match(r"\[(A-[0-9A-Z]+)\]", message["Subject"]).group(1)


@case("HTML: text and page have the same rows; the text is as without a page")
def test_alternative(stage):
    texts = []
    for table in ("<table/>", '<table form="html"/>'):
        sent, rows = telnet_report(ticket="CB-Report#20250212-10004759")
        with templates(table) as directories:
            with stage.daemon({"templates.directories": directories}):
                stage.send(sent)
        found = {}
        for box in (ANNA, BERT, CARL):
            message = mails.strict(stage.mails(box)[0])
            text = check_alternative(message, own_rows(rows, box)) if "html" in table \
                else message.get_content()
            found[box] = text.replace(reference_of(message), "A-REFERENCE")
        texts.append(found)
        stage.clean()
    equal(texts[1], texts[0], "texts with and without a page")


def check_reports(files, rows):
    """XARF: one for each row."""
    equal([file.get_content_type() for file in files], ["application/json"] * len(rows))
    reports = [json.loads(file.get_payload(decode=True)) for file in files]
    equal([report["source_identifier"] for report in reports], [row[1] for row in rows])
    for report, row in zip(reports, rows):
        payload = base64.b64decode(report["evidence"][0]["payload"], validate=True)
        table = csv.reader(io.StringIO(payload.decode(), newline=""), strict=True)
        equal(list(table)[1:], [row], "the row in evidence")


@case("HTML: with attached files, the two and the files in a multipart/mixed")
def test_mixed(stage):
    sent, rows = telnet_report()
    with templates('<table form="attachment html xarf"/>') as directories:
        with stage.daemon({"templates.directories": directories}):
            stage.send(sent)
    for box in (ANNA, BERT, CARL):
        message = mails.strict(stage.mails(box)[0])
        equal(message.get_content_type(), "multipart/mixed")
        both, file, *reports = message.iter_parts()
        check_alternative(both, own_rows(rows, box))
        equal(file.get_content_type(), "text/csv")
        check_reports(reports, own_rows(rows, box))
        assert both.get_boundary() != message.get_boundary(), "boundaries are the same"


@case("HTML: too many rows stand neither in the text nor in the page")
def test_many(stage):
    with templates('<table form="html" max-rows="2"/>') as directories:
        with stage.daemon({"templates.directories": directories}):
            stage.send(telnet_report()[0])
    for box, shown in ((ANNA, False), (BERT, True), (CARL, False)):
        body = mails.strict(stage.mails(box)[0]).get_body(("html",)).get_content()
        equal("<table" in body, shown, f"a table for {box}")


@case("HTML: sign-key signs text and page together, PGP/MIME")
def test_signed(stage):
    sent, rows = telnet_report()
    with key_home() as (maker, directory), \
            templates('<table form="attachment html"/>') as directories:
        key = maker.key("abuse-desk")
        with stage.daemon({"notices.sign-key": key.lower(), "provenance.gnupg-home": maker.home,
                           "templates.directories": directories}):
            stage.send(sent)
        for box in (ANNA, BERT, CARL):
            mail = stage.mails(box)[0]
            equal(check_pgp(mail, directory, maker.home), key, "signed by")
            signed = next(mails.strict(mail).iter_parts())
            equal(signed.get_content_type(), "multipart/mixed")
            check_alternative(next(signed.iter_parts()), own_rows(rows, box))


@case("HTML: sign-key signs text and page together, S/MIME")
def test_signed_smime(stage):
    sent, rows = telnet_report()
    with tempfile.TemporaryDirectory(prefix="certbund-html.") as directory, \
            templates('<table form="html"/>') as directories:
        pem, certificate = make_pem(directory)
        with stage.daemon({"notices.sign-key": pem, "templates.directories": directories}):
            stage.send(sent)
        for box in (ANNA, BERT, CARL):
            mail = stage.mails(box)[0]
            check_smime(mail, certificate)
            check_alternative(next(mails.strict(mail).iter_parts()), own_rows(rows, box))


@case("HTML: rewrite-single, the mail becomes the customer's notice with its page")
def test_single(stage):
    with templates('<table form="html"/>') as directories:
        with stage.daemon({**SINGLE, "templates.directories": directories}):
            stage.send(annas_report())
    equal(stage.boxes(), {ABUSE: 1, ANNA: 1}, "mails")
    check_alternative(mails.strict(stage.mails(ANNA)[0]), ANNA_ROWS)
