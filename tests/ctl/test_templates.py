# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""certbundctl preview --template: a template as its author sees it."""

import os
import re
import shutil

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
    <p>Port <column name="port"/></p>
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
    assert "Port 23, 2323\n" in out, out
    status, out, err = stage.run("preview", "--template", f"{stage.path}/own/telnet.xml",
                                "--html", f"{stage.path}/page.html")
    tap.equal((status, out, err), (0, "", ""))
    with open(f"{stage.path}/page.html", encoding="utf-8") as file:
        page = file.read()
    assert "&lt;b&gt;login" in page and "<b>" not in page and "src=" not in page, page


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
