# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""XARF: of every class the reports of its rows, read by another library, against the schema."""

import base64
import csv
import io
import json
import os
import re

import mails
import tap
import xarf_schema
from test_rows import HOSTILE
from test_templates import SHIPPED
from tool import SOURCE

FORMS = {"k0": "xarf", "k1": "table xarf-bundle", "k2": "xarf hide=asn attachment"}
FIXED = {"asn": "64496", "timestamp": "2025-02-11 11:10:25", "time": "2025-02-11 11:10:25",
         "cve": "CVE-2024-21410, CVE-2021-34473", "port": "4433"}


def data(name):
    with open(f"{SOURCE}/src/{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cell_of(column, customer, row, salt):
    if column.lower() == "ip":
        return f"192.0.2.{int(customer[1:]) * 8 + row}"
    if column.lower() == "email":
        return f"x{row}@{customer}.example.net"
    return FIXED.get(column.lower(), HOSTILE[(salt + row * 3) % len(HOSTILE)])


def template_of(name):
    """Title and columns, with one that no class knows."""
    with open(f"{SOURCE}/templates/{name}.xml", encoding="utf-8") as file:
        text = file.read()
    return re.search("<title>(.*?)</title>", text)[1], \
        re.search(r"<sample>\s*(\S+)", text)[1].split(",") + ["remark"]


def notices(stage, title, columns, rows, forms=None):
    """{customer: notice}"""
    stage.write("customers.csv", "network,customer,email,form\n" + "".join(
        f"192.0.2.{int(customer[1:]) * 64 if forms else int(customer[1:]) * 8}/{26 if forms else 29},"
        f"{customer},abuse@{customer}.example.net,{form}\n{customer}.example.net,{customer},,\n"
        for customer, form in (forms or FORMS).items()))
    report = mails.report(kind=(title, columns), attached=True,
                          rows=[row for each in rows.values() for row in each])
    status, _, err = stage.run("preview", "-", "-d", "out", stdin=report)
    tap.equal((status, err), (0, ""), title)
    found = {}
    for name in os.listdir(f"{stage.path}/out"):
        with open(f"{stage.path}/out/{name}", "rb") as file:
            notice = mails.strict(file.read())
        os.unlink(f"{stage.path}/out/{name}")
        found[notice["To"].addresses[0].domain.split(".")[0]] = notice
    return found


def json_files(notice):
    """[(name, bytes)]"""
    parts = [part for part in notice.walk() if part.get_content_type() == "application/json"]
    tap.equal([part.get_content_disposition() for part in parts], ["attachment"] * len(parts))
    return [(part.get_filename(), part.get_payload(decode=True)) for part in parts]


def reports_of(notice, form):
    files = [json.loads(data) for _, data in json_files(notice)]
    if "bundle" not in form:
        return files
    tap.equal(len(files), 1, "a bundle")
    return files[0]


def evidence_rows(report):
    payload = base64.b64decode(report["evidence"][0]["payload"], validate=True)
    return list(csv.reader(io.StringIO(payload.decode("utf-8"), newline=""), strict=True))


def check_notice(notice, form, columns, rows, known):
    found = reports_of(notice, form)
    tap.equal({(one["category"], one["type"]) for one in found}, {known})
    account = next((i for i, name in enumerate(columns) if name == "email"), None)
    affected = account if account is not None else [c.lower() for c in columns].index("ip")
    tap.equal([one["source_identifier"] for one in found], [row[affected] for row in rows])
    for one, row in zip(found, rows):
        names, cells = evidence_rows(one)
        shown = [name for name in columns if name.lower() != "asn" or "hide=asn" not in form]
        tap.equal(sorted(names), sorted(shown), form)
        want = {name: cell for name, cell in zip(columns, row) if name in shown}
        got = {name: cell.replace("\r\n", "\n") for name, cell in zip(names, cells)}
        tap.equal(got, want, form)
    tap.equal(len({one["report_id"] for one in found}), len(rows), "ids")


def keep_files(stage, name, notice):
    """Their paths, for the schema."""
    return [stage.write(f"json/{name}.{file}", data) for file, data in json_files(notice)]


@tap.case("xarf: the reports of every class have its rows, and are valid")
def test_classes(stage):
    if not xarf_schema.is_there():
        raise tap.Skip("python3-jsonschema is not there")
    known = {row["class"]: (row["category"], row["type"]) for row in data("xarf")}
    with_port = {row["id"] for row in data("classes")
                 if len(set(re.findall(r"(\d+)/", row["ports"]))) == 1}
    paths = []
    for salt, name in enumerate(SHIPPED):
        title, columns = template_of(name)
        rows = {customer: [[cell_of(column, customer, row, salt + i)
                            for i, column in enumerate(columns)] for row in range(3)]
                for customer in FORMS}
        for customer, notice in notices(stage, title, columns, rows).items():
            form = FORMS[customer]
            types = [part.get_content_type() for part in notice.walk()]
            if name in known and (known[name][0] != "vulnerability" or "port" in columns
                                  or name in with_port):
                check_notice(notice, form, columns, rows[customer], known[name])
                assert "attachment" not in form or "text/csv" in types, f"{name}: a table, too"
            else:
                tap.equal((types.count("text/csv"), types.count("application/json")), (1, 0), name)
            paths += keep_files(stage, f"{name}.{customer}", notice)
    assert len(paths) > 150, len(paths)
    tap.equal(xarf_schema.faults(paths), [])


@tap.case("xarf: more rows than people open files for are in one")
def test_many(stage):
    title, columns = template_of("open-telnet")
    forms = {"k0": "xarf", "k1": "xarf"}
    rows = {customer: [["64496", f"192.0.2.{int(customer[1:]) * 64 + i}", "2025-02-11 11:10:25",
                        "23", "x", "y"] for i in range(n)]
            for customer, n in (("k0", 50), ("k1", 51))}
    found = notices(stage, title, columns, rows, forms)
    tap.equal([len(json_files(found[customer])) for customer in forms], [50, 1])
    names = [name for name, _ in json_files(found["k0"])]
    assert re.fullmatch(r"xarf-A-\w{6}-50\.json", names[49]), names
    for customer, form in (("k0", "xarf"), ("k1", "xarf-bundle")):
        tap.equal([one["source_identifier"] for one in reports_of(found[customer], form)],
                  [row[1] for row in rows[customer]], customer)


@tap.case("xarf: the schema finds what is wrong with a report")
def test_schema(stage):
    if not xarf_schema.is_there():
        raise tap.Skip("python3-jsonschema is not there")
    with open(f"{SOURCE}/tests/notices/xarf.open-telnet.json", encoding="utf-8") as file:
        sound = json.load(file)
    changes = [{"xarf_version": "3"}, {"report_id": "x"}, {"timestamp": "2025-02-11 11:10:25"},
               {"reporter": {"org": "x"}}, {"category": "x"}, {"type": "cve"},
               {"service_port": 0}, {"evidence": []}, {"tags": ["x"]}, {"remark": "x"},
               {"category": "connection"}, {"category": "infrastructure", "type": "botnet"},
               {"timestamp": "2025-99-99T99:99:99Z"}, {"source_identifier": ""},
               {"sender": {**sound["sender"], "domain": "no host! at all"}},
               {"sender": {**sound["sender"], "org": ""}},
               {key: value for key, value in sound.items() if key != "service_port"}]
    for i, change in enumerate(changes):
        changed = change if len(change) > 2 else {**sound, **change}
        path = stage.write(f"{i}.json", json.dumps(changed))
        assert xarf_schema.faults([path]), change
    tap.equal(xarf_schema.faults([stage.write("sound.json", json.dumps([sound]))]), [])
