# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""deliver=digest and unassigned=daily: one mail a day that grows with each report."""

import contextlib
import sqlite3

import mails
from daemon import ABUSE, ANNA, BERT, CARL, CUSTOMERS, DESK
from mails import PORTMAPPER, TELNET, portmapper_rows, telnet_rows
from tap import case, equal
from test_html import templates
import test_shadowserver

DIGEST = CUSTOMERS.replace("Nordlicht Hosting GmbH,de en,,", "Nordlicht Hosting GmbH,de en,,digest")
INFECTED = ("Schadprogramm-Infektionen", ["asn", "ip", "timestamp", "malware"])


def waiting(daemon):
    return daemon.ledger("SELECT count(*) FROM notice WHERE state = 'pending'")[0][0]


@case("deliver=digest: all classes of a day in one mail, others' notices at once")
def test_digest(stage):
    with stage.daemon(customers=DIGEST) as daemon:
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5", "192.0.2.64"])))
        stage.send(mails.report(PORTMAPPER, portmapper_rows(["192.0.2.6", "198.51.100.1"])))
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5", "2001:db8:a::17"])))
        equal(stage.boxes(), {ABUSE: 3, BERT: 1, CARL: 1}, "mails before digest-at")
        equal(waiting(daemon), 1, "digests that wait")
        equal([mails.mark_of(mail)["status"] for mail in stage.mails(ABUSE)], ["handled"] * 3)
        daemon.pass_time()
        equal(stage.boxes(), {ABUSE: 3, ANNA: 1, BERT: 1, CARL: 1}, "mails")
        text = mails.text_of(stage.mails(ANNA)[0])
        columns, rows = mails.table_of(text, "ticket")
        equal(columns, ["ticket", "class", "ip", "timestamp", "asn", "port", "proto", "details"])
        equal([(row[1], row[2]) for row in rows],
              [("open-telnet", "192.0.2.5"), ("open-portmapper", "192.0.2.6"),
               ("open-telnet", "192.0.2.5"), ("open-telnet", "2001:db8:a::17")])
        assert "192.0.2.64" not in text and "198.51.100.1" not in text, text
        assert "3 Adressen" in " ".join(text.split()), text
        # Every row is notified, by this one notice.
        equal(daemon.ledger("SELECT count(DISTINCT notice), count(*) FROM event"
                            " WHERE customer = 'anna' AND fate = 0"), [(1, 4)])
        # What comes later goes into the next day's.
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.7"])))
        equal(stage.boxes()[ANNA], 1, "mails")
        equal(waiting(daemon), 1, "digests that wait")


@case("deliver=digest: [KRITISCH] and infected systems go at once")
def test_urgent(stage):
    with stage.daemon(customers=DIGEST) as daemon:
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5"]), critical=True))
        equal(stage.boxes(), {ABUSE: 1, ANNA: 1}, "mails")
        daemon.write_config({"templates.unknown-class": "notify"})
        daemon.reload("reloaded")
        stage.send(mails.report(INFECTED, [["64500", "192.0.2.5", "2025-02-11 11:10:25", "x"]]))
        equal(stage.boxes(), {ABUSE: 2, ANNA: 2}, "mails")
        equal(waiting(daemon), 0, "digests")


def shadowserver_rows(address, name):
    """Shadowserver's report of this address alone."""
    row = [address if cell == "192.0.2.5" else cell for cell in test_shadowserver.ROWS[0]]
    content = mails.csv_text(test_shadowserver.COLUMNS, [row]).encode()
    return test_shadowserver.report(f"2025-02-11-scan_telnet-{name}-asn.csv", content=content,
                                    message_id=name)


@case("deliver=digest: text, file and the desk's subject say whose reports the rows are of")
def test_sources(stage):
    rounds = [
        (["192.0.2.5", "203.0.113.5"], [], "cert-bund-digest-", "CERT-Bund: 1 row",
         "Hinweise des CERT-Bund: 192.0.2.5", ["CERT-Bund im Bundesamt", "from CERT-Bund at the"]),
        ([], ["192.0.2.6", "203.0.113.6"], "shadowserver-digest-", "Shadowserver: 1 row",
         "Hinweise der Shadowserver Foundation: 192.0.2.6",
         ["von der Shadowserver Foundation seit", "from the Shadowserver Foundation on"]),
        (["192.0.2.7", "203.0.113.7"], ["192.0.2.8", "203.0.113.8"],
         "cert-bund-shadowserver-digest-", "CERT-Bund, Shadowserver: 2 rows",
         "Hinweise von CERT-Bund und Shadowserver: 192.0.2.7",
         ["(BSI) und von der Shadowserver Foundation seit",
          "(BSI) and the Shadowserver Foundation on"]),
    ]
    with templates('<table form="csv attachment"/>') as directories:
        settings = {**test_shadowserver.SETTINGS, "templates.directories": directories,
                    "original.unassigned": "daily"}
        for certbund, shadowserver, file, desk, subject, words in rounds:
            with stage.daemon(settings, customers=DIGEST) as daemon:
                if certbund:
                    stage.send(mails.report(TELNET, telnet_rows(certbund)))
                for i, address in enumerate(shadowserver):
                    test_shadowserver.send(stage, shadowserver_rows(address, f"filter{i}"))
                daemon.pass_time()
                mail = mails.strict(stage.mails(ANNA)[0])
                assert subject in str(mail["Subject"]), mail["Subject"]
                [attached] = list(mail.iter_attachments())
                assert attached.get_filename().startswith(file), attached.get_filename()
                text = " ".join(mail.get_body(("plain",)).get_content().split())
                for word in words:
                    assert word in text, text
                equal("Shadowserver" in text.replace('"Shadowserver#', ""), bool(shadowserver), text)
                to_desk = mails.strict(stage.mails(DESK)[0])
                assert str(to_desk["Subject"]).startswith(desk), to_desk["Subject"]
            stage.lab.clear()


DIGEST_OF_NETWORKS = """<template version="1" id="digest"><columns/><notice xml:lang="de">
<subject>Tag: <networks max="9"/></subject><p>Siehe Tabelle.</p></notice></template>"""


@case("deliver=digest: <networks/> of all rows, without those whose line is gone since")
def test_networks(stage):
    with templates('<table position="end"/>') as directories:
        with open(directories.split(";", 1)[0] + "/digest.xml", "w", encoding="utf-8") as file:
            file.write(DIGEST_OF_NETWORKS)
        with stage.daemon({"templates.directories": directories}, customers=DIGEST) as daemon:
            stage.send(mails.report(TELNET, telnet_rows(["2001:db8:a::17", "192.0.2.5"])))
            daemon.write_customers("".join(line for line in DIGEST.splitlines(True)
                                           if not line.startswith("2001:db8:a::/48")))
            daemon.reload("reloaded")
            stage.send(mails.report(TELNET, telnet_rows(["192.0.2.6"])))
            daemon.pass_time()
            subject = str(mails.strict(stage.mails(ANNA)[0])["Subject"])
            equal(subject.split("] ")[1], "Tag: 192.0.2.0/26")


def digest_of_networks(stage, rows, customers):
    """Anna's digest of these rows, by a template that names networks."""
    with templates('<table position="end" hide="asn"/>') as directories:
        with open(directories.split(";", 1)[0] + "/digest.xml", "w", encoding="utf-8") as file:
            file.write(DIGEST_OF_NETWORKS)
        with stage.daemon({"templates.directories": directories}, customers=customers) as daemon:
            stage.send(mails.report(TELNET, rows))
            daemon.pass_time()
            return mails.strict(stage.mails(ANNA)[0])


@case("deliver=digest: a network that another's address is written with is not named")
def test_nested_networks(stage):
    customers = (DIGEST + f"192.0.2.0/30,bert,{BERT},\"Müller & Söhne, Gartenbau KG\",,,notify\n")
    rows = telnet_rows(["192.0.2.5", "2001:db8:a::17", "192.0.2.0"])
    subject = str(digest_of_networks(stage, rows, customers)["Subject"])
    equal(subject.split("] ")[1], "Tag: 2001:db8:a::/48")
    equal(len(stage.mails(BERT)), 1, "mails to the other")


@case("deliver=digest: what layout or customer hides stands in no column of the digest")
def test_hidden(stage):
    customers = "".join(
        line + (",form" if i == 0 else ",hide=banner hide=port" if ",anna," in line else ",") + "\n"
        for i, line in enumerate(DIGEST.splitlines()))
    rows = telnet_rows(["192.0.2.5", "192.0.2.6"], banner="SECRET")
    mail = digest_of_networks(stage, rows, customers)
    columns, got = mails.table_of(mail.get_content(), "ticket")
    equal(columns, ["ticket", "class", "ip", "timestamp", "proto", "details"])
    equal([row[2:] for row in got], [[row[1], row[2], "", ""] for row in rows])
    assert "SECRET" not in mail.get_content(), mail.get_content()


@case("a digest that a person drops is not sent; the next rows begin another")
def test_dropped(stage):
    with stage.daemon(customers=DIGEST) as daemon:
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5"])))
        with contextlib.closing(sqlite3.connect(daemon.settings["ledger.path"])) as ledger:
            ledger.execute("UPDATE notice SET state = 'dropped'")
            ledger.commit()
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.6"])))
        equal(daemon.states(), {"dropped": 1, "pending": 1}, "notices")


@case("unassigned=daily: the desk gets one list a day of rows that are nobody's")
def test_daily(stage):
    with stage.daemon({"original.unassigned": "daily"}) as daemon:
        stage.send(mails.report(TELNET, telnet_rows(["192.0.2.5", "203.0.113.9"])))
        stage.send(mails.report(TELNET, telnet_rows(["203.0.113.10"])))
        equal(stage.boxes(), {ABUSE: 2, ANNA: 1}, "mails")
        equal({mails.mark_of(mail)["status"] for mail in stage.mails(ABUSE)}, {"attention"})
        daemon.pass_time()
        equal(stage.boxes(), {ABUSE: 2, ANNA: 1, DESK: 1}, "mails")
        columns, rows = mails.table_of(mails.text_of(stage.mails(DESK)[0]), "fate")
        equal(columns[:5], ["fate", "reason", "ticket", "class", "ip"])
        equal([(row[0], row[4]) for row in rows],
              [("unassigned", "203.0.113.9"), ("unassigned", "203.0.113.10")])
