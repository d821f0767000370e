# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""Every shipped template's notices, read by another library: no defect, and the rows put in."""

import csv
import email
import email.policy
import io
import os
import re

import mails
import tap
from test_templates import SHIPPED
from tool import SOURCE

LANGUAGES = ("de", "en", "de en")
COUNTS = (1, 4)  # "one", and "many": one more than MAX_ROWS
MAX_ROWS = 3
# Where the rows stand, by brand: in the text, or attached above MAX_ROWS, or always attached and
# made for a spreadsheet.
FORMS = {"": "", "limit": f'max-rows="{MAX_ROWS}"',
         "sheet": f'form="attachment" max-rows="{MAX_ROWS}" bom="yes" formula-safe="yes"'}
# What a spreadsheet runs, and the apostrophe itself, which else could not be undone.
RUN = ("=", "+", "-", "@", "\t", "\r", "'")
LONG = "x" * 998 + " äöü€ " + "y" * 20000
HOSTILE = ["=1+1", "+49 911", "-2", "@SUM(A1)", "'quoted'", 'say "hi", then; leave', ",", '"',
           "Grüße aus Nürnberg ☃ 日本", "two\nlines", "From here", ".", LONG, " blanks  ", "",
           "-- ", "<b>&amp;</b>", "=?utf-8?q?x?=", "\tTab", "soft=\nbreak=3D"]


class World:
    """A customer for each language, form and number of rows, and a report about them all."""

    def __init__(self, name):
        with open(f"{SOURCE}/templates/{name}.xml", encoding="utf-8") as file:
            text = file.read()
        self.title = re.search("<title>(.*?)</title>", text)[1]
        self.columns = re.search(r"<sample>\s*(\S+)", text)[1].split(",") + ["remark"]
        self.customers = [(language, form, count) for language in LANGUAGES for form in FORMS
                          for count in COUNTS]
        self.rows = {f"k{i}": [self.row(i, row) for row in range(count)]
                     for i, (_, _, count) in enumerate(self.customers)}

    def row(self, customer, row):
        fixed = {"asn": "64496", "ip": f"192.0.2.{customer * 8 + row}",
                 "timestamp": f"2025-02-11 11:10:{row:02d}", "time": f"2025-02-11 11:10:{row:02d}",
                 "email": f"x{row}@k{customer}.example.net"}
        # Each template meets every cell, each customer with another one in front.
        return [fixed.get(column.lower(), HOSTILE[(customer * 5 + row * 3 + i) % len(HOSTILE)])
                for i, column in enumerate(self.columns)]

    def customers_csv(self):
        lines = ["network,customer,email,name,language,brand"]
        for i, (language, form, _) in enumerate(self.customers):
            lines += [f"192.0.2.{i * 8}/29,k{i},abuse@k{i}.example.net,Küchen & Co. {i},"
                      f"{language},{form}", f"k{i}.example.net,k{i},,,,"]
        return "\n".join(lines) + "\n"

    def report(self):
        rows = [row for rows in self.rows.values() for row in rows]
        return mails.report(kind=(self.title, self.columns), rows=rows, attached=True)


def write_layouts(stage):
    with open(f"{SOURCE}/templates/default.xml", encoding="utf-8") as file:
        shipped = file.read()
    for brand, form in FORMS.items():
        text, n = re.subn("<table [^>]*/>", f'<table position="end" {form}/>', shipped)
        tap.equal(n, 1, "tables of the shipped layout")
        if brand:
            text = text.replace('id="default"', f'id="{brand}"')
        stage.write(f"templates/{brand or 'default'}.xml", text)
    stage.config = stage.write("certbund-milter.conf", stage.config_text(
        templates__directories=f"{stage.path}/templates;{SOURCE}/templates"))


def preview(stage, world, directory):
    """{customer: notice}, read by policy.strict, where any defect is an error."""
    stage.write("customers.csv", world.customers_csv())
    status, _, err = stage.run("preview", "-", "-d", directory, stdin=world.report())
    tap.equal((status, err), (0, ""), directory)
    found = {}
    for name in os.listdir(os.path.join(stage.path, directory)):
        with open(os.path.join(stage.path, directory, name), "rb") as file:
            notice = mails.strict(file.read())
        found[notice["To"].addresses[0].domain.split(".")[0]] = notice
    return found


def undone(cell):
    """A cell as it was before formula-safe; none that a spreadsheet would run may be left."""
    assert not cell.startswith(RUN[:-1]), f"a formula: {cell[:20]!r}"
    return cell.removeprefix("'")


def tables(notice, form):
    """(from the text or None, from the file or None): lists of rows, the columns first."""
    text, *files = [part for part in notice.walk() if not part.is_multipart()]
    body, from_text, from_file = text.get_content(), None, None
    at = re.search('^".*"ip"', body, re.M | re.I)  # a line of names, in the template's order
    if at:
        from_text = list(csv.reader(io.StringIO(body[at.start():], newline=""), strict=True))
    assert len(files) <= 1, files
    for part in files:
        tap.equal((part.get_content_type(), part.get_content_disposition()),
                  ("text/csv", "attachment"))
        data = part.get_payload(decode=True)
        tap.equal(data.startswith(b"\xef\xbb\xbf"), form == "sheet", "a byte order mark")
        table = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        from_file = [[undone(cell) if form == "sheet" else cell for cell in row] for row in table]
    return from_text, from_file


def by_column(table, columns):
    """The table with its columns in the report's order, for a template may have its own."""
    tap.equal(sorted(table[0]), sorted(columns), "columns")
    at = [table[0].index(column) for column in columns]
    assert all(len(row) == len(at) for row in table), table
    # Line ends within a cell may come as CRLF, as they stood in the report.
    return [[row[i].replace("\r\n", "\n") for i in at] for row in table]


def check_notice(world, customer, notice):
    language, form, count = world.customers[int(customer[1:])]
    tap.equal(notice["Content-Language"], language.replace(" ", ", "), customer)
    tap.equal(notice["To"].addresses[0].display_name, f"Küchen & Co. {customer[1:]}")
    subject = str(notice["Subject"])
    assert re.match(r"\[A-\w{6}\] \S", subject), subject
    tap.equal([len(notice.get_all(name, [])) for name in ("From", "To", "Subject", "Date",
                                                          "Message-ID")], [1] * 5)
    got = [table and by_column(table, world.columns) for table in tables(notice, form)]
    want = [world.columns] + world.rows[customer]
    many = form != "" and count > MAX_ROWS
    tap.equal(got[0], None if many else want, f"{customer}: rows in the text")
    tap.equal(got[1], want if many or form == "sheet" else None, f"{customer}: rows in the file")


@tap.case("shipped templates: each notice reads without a defect, and gives back its rows")
def test_rows(stage):
    write_layouts(stage)
    for name in SHIPPED:
        world = World(name)
        notices = preview(stage, world, name)
        tap.equal(sorted(notices), sorted(world.rows), name)
        for customer, notice in notices.items():
            try:
                check_notice(world, customer, notice)
            except AssertionError as reason:
                raise AssertionError(f"{name}, {reason}") from None


@tap.case("max-rows: so many rows stand in the text; one more, and all are attached")
def test_max_rows(stage):
    write_layouts(stage)
    world = World("open-telnet")
    world.customers = [("de", "limit", MAX_ROWS), ("de", "limit", MAX_ROWS + 1)]
    world.rows = {f"k{i}": [world.row(i, row) for row in range(count)]
                  for i, (_, _, count) in enumerate(world.customers)}
    for customer, notice in sorted(preview(stage, world, "limit").items()):
        at_limit = customer == "k0"
        from_text, from_file = tables(notice, "limit")
        tap.equal((from_text is None, from_file is None), (not at_limit, at_limit), customer)
        tap.equal(len(from_text or from_file), MAX_ROWS + (1 if at_limit else 2), customer)
