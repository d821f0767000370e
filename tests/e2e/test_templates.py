# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""Templates and layouts of a running daemon: all of the shipped, a reload, one frame a brand."""

import os
import re

import mails
from daemon import ABUSE, ANNA, BERT, CARL, FROM, FROM_NAME, REPLY_TO, shipped_templates
from mails import TELNET, telnet_rows
from tap import case, equal

ROWS = telnet_rows(["192.0.2.5", "192.0.2.64"])
TEMPLATE = """<template version="1" id="open-telnet">
<match><title>Offene Telnet-Server</title></match>
<notice xml:lang="de"><subject>x</subject><p>WORD deutsch</p></notice>
<notice xml:lang="en"><subject>x</subject><p>WORD english</p>FAULT</notice>
</template>
"""


def write_template(daemon, word, fault=""):
    """Our own of Telnet, in each language with the word; the fault is on its line 4."""
    text = TEMPLATE.replace("WORD", word).replace("FAULT", fault)
    with open(daemon.path("shipped/open-telnet.xml"), "w", encoding="utf-8") as file:
        file.write(text)


def words_of(stage):
    """What of "first", "second" each notice says, in the order of the two customers."""
    found = []
    for box in (ANNA, BERT):
        text = mails.text_of(stage.original(box))
        found.append([word for word in ("first", "broken", "second") if word in text])
    # anna reads German and English, and both must be of one set
    assert all(f"{word} {language}" in mails.text_of(stage.original(ANNA))
               for word in found[0] for language in ("deutsch", "english")), found
    stage.lab.clear()
    return found


@case("all shipped templates: a daemon takes every one, and a reload does")
def test_all_shipped(stage):
    names = [name for name in os.listdir(shipped_templates()) if name.endswith(".xml")]
    with stage.daemon({"templates.directories": shipped_templates()}) as daemon:
        log = daemon.reload("reloaded: ")
        assert f" networks, {len(names) - 1} templates" in log, log  # one is the layout
        stage.send(mails.report(TELNET, ROWS))
    stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})


@case("SIGUSR1: a broken template keeps the old ones; mended, the new text is used")
def test_reload_template(stage):
    daemon = stage.daemon()
    write_template(daemon, "first")
    with daemon:
        write_template(daemon, "broken", "<blink>x</blink>")
        daemon.reload(f"{daemon.path('shipped/open-telnet.xml')}:4:")
        assert "reload refused" in daemon.log(), daemon.log()
        stage.send(mails.report(TELNET, ROWS))
        equal(words_of(stage), [["first"]] * 2, "templates while a broken one lies there")
        write_template(daemon, "second")
        daemon.reload("reloaded: ")
        stage.send(mails.report(TELNET, ROWS))
        equal(words_of(stage), [["second"]] * 2, "templates after it was mended")


@case("SIGUSR1 while a report is in hand: all its notices are of the templates it began with")
def test_reload_amid(stage):
    daemon = stage.daemon()
    write_template(daemon, "first")
    with daemon, stage.client() as client:
        client.ehlo()
        equal(client.mail(mails.SENDER, ["BODY=8BITMIME"])[0], 250, "MAIL")
        equal(client.rcpt(ABUSE)[0], 250, "RCPT")
        write_template(daemon, "second")
        daemon.reload("reloaded: ")
        equal(client.data(mails.report(TELNET, ROWS))[0], 250, "DATA")
        equal(words_of(stage), [["first"]] * 2, "templates of the report in hand")
        equal(stage.transaction(client, mails.report(TELNET, ROWS)), 250, "the next on the line")
        equal(words_of(stage), [["second"]] * 2, "templates of the next report")


# As the ticket systems want them: OTRS and Znuny, RT, Zammad.
HEADERS = {"nord": {"X-OTRS-Queue": "Abuse::Nord", "X-OTRS-Priority": "4 high"},
           "sued": {"X-RT-Queue": "abuse-süd", "X-Zammad-Ticket-Tag": "certbund"}}
NAMES = {"nord": "Nordlicht Störungsstelle", "sued": "Südkabel"}
BRANDED = """network,customer,email,name,language,brand
192.0.2.0/26,anna,{anna},Nordlicht Hosting GmbH,de en,nord
192.0.2.64/26,bert,{bert},"Müller & Söhne, Gartenbau KG",de,sued
198.51.100.0/25,carl,{carl},Träumerei AG,en,
"""


def write_layout(daemon, brand):
    """The shipped layout under the brand's name, address, field and signature."""
    with open(daemon.path("shipped/default.xml"), encoding="utf-8") as file:
        text = file.read()
    own = (f"<from>{NAMES[brand]} &lt;noc@{brand}.example.net&gt;</from>"
           f"<reply-to>answers@{brand}.example.net</reply-to>")
    own += "".join(f'<header name="{name}">{value}</header>'
                   for name, value in HEADERS[brand].items())
    for old, new in (('id="default"', f'id="{brand}"'), ('<text xml:lang="de">', own + '\\g<0>'),
                     ("Abuse Management</p>", f"Team {NAMES[brand]}</p>")):
        text, n = re.subn(old, new, text, count=0 if "Abuse" in old else 1)
        assert n > 0, old
    with open(daemon.path(f"shipped/{brand}.xml"), "w", encoding="utf-8") as file:
        file.write(text)


def expect_frame(stage, box, brand):
    mail = mails.strict(stage.original(box))
    name, address, reply_to = FROM_NAME, FROM, REPLY_TO
    if brand:
        name, address = NAMES[brand], f"noc@{brand}.example.net"
        reply_to = f"answers@{brand}.example.net"
    sender, = mail["From"].addresses
    equal((sender.display_name, sender.addr_spec), (name, address), f"From to {box}")
    equal(str(mail["Reply-To"]), reply_to, f"Reply-To to {box}")
    found = {field: str(mail[field]) for fields in HEADERS.values() for field in fields
             if field in mail}
    equal(found, HEADERS.get(brand, {}), f"further fields to {box}")
    text = mails.text_of(stage.original(box))
    equal([word for word in NAMES if f"Team {NAMES[word]}" in text], [brand] if brand else [],
          f"signatures to {box}")


def branded(stage):
    """A daemon whose customers have brands, with a layout for each."""
    daemon = stage.daemon(customers=BRANDED.format(anna=ANNA, bert=BERT, carl=CARL))
    for brand in HEADERS:
        write_layout(daemon, brand)
    return daemon


@case("brands: each customer of a report gets the frame, sender and ticket fields of his own")
def test_brands(stage):
    with branded(stage):
        stage.send(mails.report(TELNET, ROWS + telnet_rows(["198.51.100.1"])))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1, CARL: 1})
        for box, brand in ((ANNA, "nord"), (BERT, "sued"), (CARL, "")):
            expect_frame(stage, box, brand)


@case("brands: a reload that lacks a brand's layout is refused, and the old frame stays")
def test_brand_lost(stage):
    with branded(stage) as daemon:
        os.remove(daemon.path("shipped/sued.xml"))
        daemon.reload(f"{daemon.customers}:3: no layout 'sued'")
        stage.send(mails.report(TELNET, ROWS))
        stage.expect_status("handled", {ABUSE: 1, ANNA: 1, BERT: 1})
        expect_frame(stage, BERT, "sued")
