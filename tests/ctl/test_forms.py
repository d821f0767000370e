# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""How a customer's rows are shown, from the report to the mail as another program reads it."""

import csv
import email
import email.policy
import io
import os

import mails
import tap
from tool import SOURCE

COLUMNS = mails.TELNET[1]
HOSTILE = ["", "login: ", "a \"b\", c;d", "=1+1", "'=1", "line\nend", "Grüße 路由器", "-", " x ",
           "http://192.0.2.5/x", "go to www.example.org", "x" * 501, "ü" * 500,
           "-- \nend", "</td><b>&amp;", "\u202eabc",
           "x\uffff", "http://x\ufffe\uffff", "\ufffd" * 501]
LAYOUT = """<layout version="1" id="{id}"><languages>de</languages><table {table}/>
<text xml:lang="de"><more>und <count/></more><attached>Im Anhang <count/>.</attached>
<greeting><p>Hallo,</p></greeting></text></layout>
"""
TEMPLATE = """<template version="1" id="open-telnet">
<match><title>Offene Telnet-Server</title></match><columns {columns}>ip port</columns>
<notice xml:lang="de"><subject>Telnet</subject><p>Rat.</p></notice></template>
"""


def rows_of(addresses, banners):
    return [["64500", address, f"2025-02-11 11:10:{i % 60:02d}", "23", banners[i % len(banners)]]
            for i, address in enumerate(addresses)]


def notices(stage, rows, customers="", layout=None, columns=None, brand="default"):
    """The mails by recipient, strictly parsed."""
    directories = f"{SOURCE}/templates"
    if layout is not None:
        stage.write("own/layout.xml", LAYOUT.format(id=brand, table=layout))
        stage.write("own/telnet.xml", TEMPLATE.format(columns=columns or ""))
        directories = f"{stage.path}/own"
    stage.write("customers.csv", "network,customer,email,language,brand,form\n" + (
        customers or f"192.0.2.0/24,anna,noc@anna.example.net,de,{brand},\n"))
    stage.config = stage.write("certbund-milter.conf",
                               stage.config_text(templates__directories=directories))
    status, out, err = stage.run("preview", "-", "-d", "notices", stdin=mails.report(rows=rows))
    tap.equal((status, err), (0, ""), out)
    found = {}
    for name in sorted(os.listdir(stage.path + "/notices")):
        with open(f"{stage.path}/notices/{name}", "rb") as file:
            mail = email.message_from_binary_file(file, policy=email.policy.strict)
        os.unlink(f"{stage.path}/notices/{name}")
        found[mail["To"].addresses[0].addr_spec] = mail
    return found


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def file_of(mail):
    """Header and rows of the attached file, or None."""
    files = list(mail.iter_attachments()) if mail.is_multipart() else []
    if not files:
        return None
    tap.equal((len(files), files[0].get_content_type()), (1, "text/csv"))
    data = files[0].get_payload(decode=True).decode("utf-8")
    return list(csv.reader(io.StringIO(data, newline=""), strict=True))


def in_order(rows, columns):
    return [[row[COLUMNS.index(name)] for name in columns] for row in rows]


@tap.case("forms: 20 rows stand in the text, 21 in the attached file alone, as they were reported")
def test_max_rows(stage):
    for n in (20, 21):
        rows = rows_of([f"192.0.2.{i}" for i in range(1, n + 1)], ["login: "])
        mail = notices(stage, rows)["noc@anna.example.net"]
        if n == 20:
            tap.equal(mail.get_content_type(), "text/plain")
            tap.equal(mails.table_of(text_of(mail)), (COLUMNS, rows))
        else:
            tap.equal(file_of(mail), [COLUMNS] + rows)
            assert '"192.0.2.' not in text_of(mail)
            assert "enthält die 21 Zeilen" in text_of(mail), text_of(mail)


@tap.case("forms: whatever a cell holds, the notice gives back exactly its rows")
def test_hostile(stage):
    for form in ("csv", "table", "labels", "csv attachment", "table attachment",
                 "table html"):
        for banner in HOSTILE:
            rows = rows_of(["192.0.2.5", "192.0.2.6"], [banner, "login: "])
            mail = notices(stage, rows, f"192.0.2.0/24,anna,noc@anna.example.net,de,,{form}\n"
                           )["noc@anna.example.net"]
            cut = "://" in banner or "www." in banner or len(banner) > 500
            attached = file_of(mail)
            tap.equal(attached is not None, cut or "attachment" in form, (form, banner))
            if attached is not None:
                tap.equal(attached, [COLUMNS] + rows, (form, banner))
            if form == "csv" and not cut:
                tap.equal(mails.table_of(text_of(mail)), (COLUMNS, rows), banner)
            assert "://192" not in text_of(mail) and " www.example" not in text_of(mail)


@tap.case("forms: the customer's, else the template's, else the layout's")
def test_whose(stage):
    rows = rows_of(["192.0.2.5", "192.0.2.20"], ["login: "])
    customers = ("192.0.2.0/28,anna,noc@anna.example.net,de,,labels\n"
                 "192.0.2.16/28,berta,abuse@berta.example.net,de,,hide=banner\n")
    seen = notices(stage, rows, customers, layout='form="csv attachment" max-rows="20"',
                   columns='form="table"')
    assert "IP-Adresse: 192.0.2.5\nPort: 23\n" in text_of(seen["noc@anna.example.net"])
    other = text_of(seen["abuse@berta.example.net"])
    assert "\nIP-Adresse  Port  ASN    Zeitpunkt (UTC)\n----------  ----  " in other, other
    seen = notices(stage, rows, customers, layout='form="csv attachment" max-rows="20"')
    other = seen["abuse@berta.example.net"]
    tap.equal(file_of(other), [["ip", "port", "asn", "timestamp"],
                               *in_order(rows[1:], ["ip", "port", "asn", "timestamp"])])
    assert '"192.0.2.20","23"' in text_of(other), text_of(other)


@tap.case("forms: what layout, template or customer hides stands nowhere in the notice")
def test_hide(stage):
    rows = rows_of(["192.0.2.5", "192.0.2.20"], ["secret"])
    customers = ("192.0.2.0/28,anna,noc@anna.example.net,de,,hide=asn\n"
                 "192.0.2.16/28,berta,abuse@berta.example.net,de,,\n")
    seen = notices(stage, rows, customers, layout='hide="banner" form="attachment"',
                   columns='form="hide=timestamp"')
    tap.equal(file_of(seen["noc@anna.example.net"]), [["ip", "port"], ["192.0.2.5", "23"]])
    tap.equal(file_of(seen["abuse@berta.example.net"]),
              [["ip", "port", "asn"], ["192.0.2.20", "23", "64500"]])
    for mail in seen.values():
        assert "secret" not in text_of(mail) and "2025-02-11" not in text_of(mail)


@tap.case("forms: rows before the advice, behind the greeting")
def test_position(stage):
    mail = notices(stage, rows_of(["192.0.2.5"], ["x"]),
                   layout='position="after-greeting" form="labels"')["noc@anna.example.net"]
    tap.equal(text_of(mail), "Hallo,\n\nIP-Adresse: 192.0.2.5\nPort: 23\nASN: 64500\n"
              "Zeitpunkt (UTC): 2025-02-11 11:10:00\nBegrüßung des Dienstes (banner): \"x\"\n\nRat.\n")


@tap.case("forms: for a spreadsheet, a BOM and an apostrophe that can be taken off again")
def test_formula_safe(stage):
    rows = rows_of(["192.0.2.5", "192.0.2.6", "192.0.2.7"], ["=1+1", "'=1", "@x"])
    mail = notices(stage, rows, layout='form="attachment" bom="yes" formula-safe="yes"'
                   )["noc@anna.example.net"]
    data = list(mail.iter_attachments())[0].get_payload(decode=True)
    assert data.startswith(b"\xef\xbb\xbf"), data
    got = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    tap.equal([row[-1] for row in got[1:]], ["'=1+1", "''=1", "'@x"])
    undone = [[cell[1:] if cell.startswith("'") else cell for cell in row] for row in got[1:]]
    tap.equal(undone, in_order(rows, got[0]))


@tap.case("forms: words that are none are named, with the line, by check")
def test_check(stage):
    stage.write("customers.csv", "network,customer,email,form\n"
                "192.0.2.0/28,anna,noc@anna.example.net,pdf\n")
    status, out, _ = stage.run("check")
    tap.equal(status, 1)
    assert "customers.csv:2: form \"pdf\": unknown word \"pdf\"; csv, table or labels" in out, out
