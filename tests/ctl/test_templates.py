# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl preview --template: a template as its author sees it."""

import html
import os
import re
import shutil
import subprocess

import mails
import tap
from tool import SOURCE

SAMPLED = """<template version="1" id="open-telnet">
  <match><title>Offene Telnet-Server</title></match>
  <sample>
    asn,ip,timestamp,port,banner
    64496,192.0.2.7,2025-02-11 11:10:25,23,&lt;b&gt;login
    64496,192.0.2.19,2025-02-11 11:12:01,2323,
  </sample>
  <notice xml:lang="de"><subject>Telnet auf <addresses/></subject>
    <p>Port <column name="port"/> in <networks/></p>
    <if field="customer-kind" is="reseller"><p>Ihre Kunden</p></if></notice>
  <notice xml:lang="en"><subject>Telnet on <addresses/></subject><p>Port</p></notice>
</template>
"""


@tap.case("preview --template: each language, one and several, resellers where it differs")
def test_preview_template(stage):
    os.mkdir(os.path.join(stage.path, "own"))
    shutil.copy(os.path.join(SOURCE, "templates", "default.xml"), os.path.join(stage.path, "own"))
    stage.write("own/telnet.xml", SAMPLED)
    status, out, err = stage.run("preview", "--template", f"{stage.path}/own/telnet.xml")
    tap.equal((status, err), (0, ""))
    heads = [line for line in out.splitlines() if line.startswith("====")]
    tap.equal(heads, ["==== de, one", "==== de, several", "==== de, one, reseller",
                      "==== de, several, reseller", "==== en, one", "==== en, several",
                      "==== de, en, one", "==== de, en, several", "==== de, en, one, reseller",
                      "==== de, en, several, reseller"])
    assert "Subject: [A-7F3K2Q] Telnet auf 192.0.2.7 und eine weitere\n" in out, out
    assert "Port 23, 2323 in 192.0.2.0/24\n" in out, out
    status, out, err = stage.run("preview", "--template", f"{stage.path}/own/telnet.xml",
                                "--html", f"{stage.path}/page.html")
    tap.equal((status, out, err), (0, "", ""))
    with open(f"{stage.path}/page.html", encoding="utf-8") as file:
        page = file.read()
    assert "&lt;b&gt;login" in page and "<b>" not in page and "src=" not in page, page


def layout_with(stage, form):
    """The shipped layout with this form, in a directory of the stage."""
    os.makedirs(os.path.join(stage.path, "own"))
    with open(os.path.join(SOURCE, "templates", "default.xml"), encoding="utf-8") as file:
        layout = file.read()
    changed = layout.replace('<table position="end" ', f'<table form="{form}" ')
    assert changed != layout
    stage.write("own/default.xml", changed)


def pages_of(stage, path):
    status, out, err = stage.run("preview", "--template", path, "--html", f"{stage.path}/page.html")
    tap.equal((status, out, err), (0, "", ""))
    with open(f"{stage.path}/page.html", encoding="utf-8") as file:
        page = file.read()
    return [html.unescape(found) for found in re.findall(r' srcdoc="([^"]*)"', page)]


@tap.case("preview --template: what is attached stands below its letter")
def test_preview_attached(stage):
    layout_with(stage, "attachment xarf")
    path = stage.write("own/telnet.xml", SAMPLED)
    status, out, err = stage.run("preview", "--template", path)
    tap.equal((status, err), (0, ""))
    several = out.split("==== de, several\n")[1].split("\n====")[0]
    tap.equal(re.findall(r"^\[attached: (.*)\]$", several, re.M),
              ["cert-bund-open-telnet-A-7F3K2Q.csv, text/csv"]
              + [f"xarf-A-7F3K2Q-{i}.json, application/json" for i in (1, 2)])
    assert '"192.0.2.19","2025-02-11 11:12:01","2323",""\r\n' in several, several
    assert '"source_identifier" : "192.0.2.19",' in several, several
    pages_of(stage, path)
    with open(f"{stage.path}/page.html", encoding="utf-8") as file:
        page = file.read()
    assert "<h3>xarf-A-7F3K2Q-2.json, application/json</h3>\n<pre>{" in page, page[:2000]


@tap.case("preview --template --html: the HTML beside the text, where the layout has it")
def test_preview_html(stage):
    layout_with(stage, "html")
    stage.write("own/telnet.xml", SAMPLED)
    pages = pages_of(stage, f"{stage.path}/own/telnet.xml")
    tap.equal(len(pages), 10)
    assert "<td>&lt;b&gt;login</td>" in pages[0] and "Ihre Kunden" not in pages[0], pages[0]
    assert "<p>Ihre Kunden</p>" in pages[2], pages[2]
    assert pages[4].startswith('<!DOCTYPE html>\n<html lang="en">'), pages[4]


@tap.case("HTML: tidy finds nothing in the pages of any shipped template")
def test_tidy(stage):
    if shutil.which("tidy") is None:
        raise tap.Skip("tidy is not installed (Debian package tidy)")
    layout_with(stage, "html")
    own, shipped, files = os.path.join(stage.path, "own"), os.path.join(SOURCE, "templates"), []
    for name in sorted(os.listdir(shipped)):
        if not name.endswith(".xml") or name in ("default.xml", "digest.xml", "report.xml"):
            continue
        shutil.copy(os.path.join(shipped, name), own)
        for i, page in enumerate(pages_of(stage, os.path.join(own, name))):
            files.append(stage.write(f"{name}.{i}.html", page))
    assert len(files) >= 40 * 6, len(files)
    done = subprocess.run(["tidy", "-errors", "-quiet", "-utf8", *files], check=False,
                          capture_output=True, text=True)
    tap.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


@tap.case("preview --template: without samples, or a file that no directory has in effect, exit 1")
def test_preview_no_samples(stage):
    os.mkdir(os.path.join(stage.path, "own"))
    shutil.copy(os.path.join(SOURCE, "templates", "default.xml"), os.path.join(stage.path, "own"))
    stage.write("own/telnet.xml", re.sub("<sample>.*</sample>", "", SAMPLED, flags=re.S))
    status, _, err = stage.run("preview", "--template", f"{stage.path}/own/telnet.xml")
    tap.equal(status, 1)
    assert "no <sample>" in err, err
    for words in (("--template", "x.xml", "mail.eml"), ("mail.eml", "--html", "x"), ()):
        tap.equal(stage.run("preview", *words)[0], 64)


# As abuse desks have sent them for years: a mail an address, which stands in the subject and
# alone on the first line.
SEED_LAYOUT = """<layout version="1" id="default"><languages>de</languages>
<text xml:lang="de"><subject>[<field name="reference"/>] <template/></subject>
<more>und <count/> weitere</more><signature><p>Gruß</p></signature></text></layout>
"""
SEED = """<template version="1" id="open-telnet">
<match><title>Offene Telnet-Server</title></match>
<notice xml:lang="de" group-by="address"><subject>Offener Telnet-Server - <addresses/></subject>
<p><addresses/></p><p>bitte prüfen.</p></notice></template>
"""


@tap.case("group-by=address: a mail an address, in the subject and alone on the first line")
def test_seed(stage):
    stage.write("own/default.xml", SEED_LAYOUT)
    stage.write("own/telnet.xml", SEED)
    stage.config = stage.write("certbund-milter.conf", stage.config_text(
        templates__directories=f"{stage.path}/own"))
    rows = mails.telnet_rows(["192.0.2.7", "192.0.2.9", "192.0.2.7"])
    tap.equal(stage.run("preview", "-", "-d", "notices", stdin=mails.report(rows=rows))[0], 0)
    found = {}
    for name in os.listdir(stage.path + "/notices"):
        with open(f"{stage.path}/notices/{name}", "rb") as file:
            notice = mails.strict(file.read())
        found[str(notice["Subject"]).split("] ", 1)[1]] = notice.get_content().replace("\r\n", "\n")
    head = '"asn","ip","timestamp","port","banner"\n'
    one, two, three = ('"' + '","'.join(row) + '"\n' for row in rows)
    tap.equal(found, {
        f"Offener Telnet-Server - {address}": f"{address}\n\nbitte prüfen.\n\nGruß\n\n{head}{own}"
        for address, own in (("192.0.2.7", one + three), ("192.0.2.9", two))})


# What is of no class has no samples.
SHIPPED = sorted(name[:-len(".xml")] for name in os.listdir(os.path.join(SOURCE, "templates"))
                 if name.endswith(".xml") and name not in ("default.xml", "digest.xml",
                                                           "report.xml"))
GOLDEN = os.path.join(SOURCE, "tests", "notices", "shipped")


def shown(stage, name):
    status, out, err = stage.run("preview", "--template", f"{SOURCE}/templates/{name}.xml")
    tap.equal((status, err), (0, ""), name)
    return out


@tap.case("shipped templates: no fault and no warning, and each class has one")
def test_shipped(stage):
    status, _, err = stage.run("check")
    tap.equal((status, err), (0, ""))
    classes = {line["id"]: line["template"] for line in stage.lines("classes")}
    tap.equal({name: name for name in SHIPPED},
              {name: classes.get(name) for name in SHIPPED})


@tap.case("shipped templates: the letters are those in tests/notices/shipped")
def test_golden(stage):
    for name in SHIPPED:
        path, got = os.path.join(GOLDEN, f"{name}.txt"), shown(stage, name)
        if os.environ.get("CERTBUND_UPDATE_NOTICES"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(got)
        with open(path, encoding="utf-8") as file:
            tap.equal(got, file.read(), name)
    tap.equal(sorted(os.listdir(GOLDEN)), sorted(f"{name}.txt" for name in SHIPPED))


@tap.case("shipped templates: lines of up to 72 characters but for links, and several "
          "languages, one and several, and resellers read something of their own")
def test_form(stage):
    for name in SHIPPED:
        out = shown(stage, name)
        letters = re.split(r"^==== (.*)\n", out, flags=re.M)[1:]
        heads = letters[0::2]
        for kind in ("de, one", "de, several", "en, one", "en, several", "de, en, one",
                     "de, en, several", "de, one, reseller", "en, several, reseller"):
            assert kind in heads, f"{name}: {kind} is not among {heads}"
        for head, letter in zip(heads, letters[1::2]):
            text = letter.split('\n"', 1)[0]  # the table is CERT-Bund's
            for line in text.splitlines()[1:]:
                # The subject is no line of the text.
                fits = len(line) <= 72 or "://" in line or line.startswith("Subject: ")
                assert fits, f"{name}, {head}: {line!r}"


@tap.case("shipped templates: no address stands in them but in samples: it may be a customer's")
def test_addresses(_):
    for name in SHIPPED:
        with open(f"{SOURCE}/templates/{name}.xml", encoding="utf-8") as file:
            text = re.sub("<sample>.*?</sample>", "", file.read(), flags=re.S)
        found = set(re.findall(r"(?<![\d.])\d+(?:\.\d+){3}(?![\d.])|2001:db8", text))
        assert found <= {"127.0.0.1", "127.0.0.0", "0.0.0.0"}, f"{name}: {found}"


def sentences(name):
    with open(f"{SOURCE}/templates/{name}.xml", encoding="utf-8") as file:
        text = re.sub(r"<!--.*?-->|<match>.*?</match>|<sample>.*?</sample>|<link.*?</link>", " ",
                      file.read(), flags=re.S)
    words = re.sub(r"<[^>]*>", " ", text)
    return {" ".join(part.split()) for part in re.split(r"[.:;!?]\s", words)
            if len(part.split()) >= 8}


@tap.case("shipped templates: none is another with the name changed")
def test_own_words(_):
    said = {name: sentences(name) for name in SHIPPED}
    for name in SHIPPED:
        for other in SHIPPED:
            if other > name:
                common = said[name] & said[other]
                assert len(common) * 4 <= min(len(said[name]), len(said[other])), \
                    f"{name} and {other} share {len(common)} sentences: {sorted(common)}"
