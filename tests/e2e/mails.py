# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""mails: reports as CERT-Bund's mailer builds them, and mail that is none.

Built byte by byte and not with email.message, because what the milter must
cope with is just what that module would tidy up.  The grammar of a report
(marker lines, quoted CSV, two empty lines, sign-off) is that of real mails;
the words are ours.
"""

import base64
import csv
import email
import email.policy
import io
import itertools
import os
import quopri
import time

TELNET = ("Offene Telnet-Server", ["asn", "ip", "timestamp", "port", "banner"])
PORTMAPPER = ("Offene Portmapper-Dienste", ["asn", "ip", "timestamp", "rpc_response"])
FOO = ("Verwundbare Foo-Server", ["asn", "ip", "timestamp", "port", "version"])

SENDER = "reports@reports.cert-bund.de"

_numbers = itertools.count(10000001)


def new_ticket():
    return f"CB-Report#{time.strftime('%Y%m%d', time.gmtime())}-{next(_numbers)}"


def date(age_seconds=0):
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(time.time() - age_seconds))


def csv_text(columns, rows):
    """Every cell in quotes, LF line ends."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def telnet_rows(addresses, banner="login: "):
    return [["64500", address, f"2025-02-11 11:{i // 60 % 60:02d}:{i % 60:02d}", "23", banner]
            for i, address in enumerate(addresses)]


def portmapper_rows(addresses):
    return [["64500", address, f"2025-02-11 04:{i // 60 % 60:02d}:{i % 60:02d}",
             "100000 4 111/udp;100000 3 111/udp"] for i, address in enumerate(addresses)]


def _prose(bilingual, attached):
    german = ("Sehr geehrte Damen und Herren,\n\n"
              "in Ihrem Netz sind die unten aufgeführten Systeme aufgefallen. Nähere Hinweise:\n"
              "<https://reports.example.org/hinweise>\n\n"
              "Bitte prüfen Sie den Sachverhalt.\n\n")
    english = ("=" * 70 + "\n\nDear Sir or Madam,\n\n"
               "the systems listed below were seen on your network.\n\n")
    where = ("Die Liste finden Sie im Anhang / The list is attached.\n" if attached
             else "Bitte teilen Sie uns mit, wenn Sie einen Dateianhang bevorzugen.\n")
    text = "[English version below]\n\n" if bilingual else ""
    text += german + (english if bilingual else "")
    return text + "=" * 70 + "\n" + where + "=" * 70 + "\n\n"


def _encode(text, encoding):
    """One part's body with CRLF line ends; the soft breaks of quoted-printable fall anywhere."""
    raw = text.encode("utf-8")
    if encoding == "base64":
        return base64.encodebytes(raw.replace(b"\n", b"\r\n")).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(raw).replace(b"\n", b"\r\n")
    return raw.replace(b"\n", b"\r\n")


def report(kind=TELNET, rows=(), ticket=None, scope="AS64500", bilingual=True, critical=False,
           attached=False, encoding="quoted-printable", signed=True, age=0, to=None,
           sign_off=True, table=None, subject=None, headers=""):
    """The bytes of a report, CRLF line ends.  table replaces the CSV text."""
    topic, columns = kind
    ticket = ticket or new_ticket()
    table = table if table is not None else csv_text(columns, rows)
    text = _prose(bilingual, attached)
    if not attached:
        text += "Betroffene Systeme in Ihrem Netzbereich:\n"
        text += "Affected hosts on your networks:\n" if bilingual else ""
        text += "\n" + table
    if sign_off:
        text += ("\n\n" if not attached else "") + "Mit freundlichen Grüßen"
        text += (" / Kind regards" if bilingual else "") + "\nTeam CERT-Bund\n"
    part = (b'Content-Type: text/plain; charset="utf-8"\r\n'
            b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n"
            + _encode(text, encoding))
    if attached:
        part = _multipart("mixed", "=-inner", part, (
            b"Content-Type: text/csv; charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment; filename=\"events.csv\"\r\n\r\n"
            + _encode(table, "base64")))
    if signed:
        signature = (b"Content-Type: application/pgp-signature\r\n"
                     b"Content-Transfer-Encoding: 8bit\r\n\r\n"
                     b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEBCAAdFiEE\r\n"
                     b"-----END PGP SIGNATURE-----\r\n")
        part = _multipart('signed; protocol="application/pgp-signature"; micalg="pgp-sha256"',
                          "===============0042==", part, signature)
    if subject is None:
        subject = f"[{ticket}]{'[KRITISCH]' if critical else ''} {topic}\r\n in {scope}"
    head = (f"MIME-Version: 1.0\r\n{headers}From: CERT-Bund Reports <{SENDER}>\r\n"
            f"To: {to or 'abuse@lab.example.org'}\r\nSubject: {subject}\r\nDate: {date(age)}\r\n"
            f"Message-Id: <{ticket.split('#')[1]}@reports.example.org>\r\n")
    return head.encode() + part


def _multipart(subtype, boundary, *parts):
    line = b"--" + boundary.encode()
    return (f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
            + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n")


def manual(ticket="CERT-Bund#2025021228001112", text="IP: 192.0.2.10\n"):
    return (f"From: CERT-Bund <certbund@bsi.bund.de>\r\nTo: abuse@lab.example.org\r\n"
            f"Subject: [{ticket}] Hinweis auf ein kompromittiertes System\r\nDate: {date()}\r\n"
            f"Message-ID: <{ticket.split('#')[1]}@reports.example.org>\r\n"
            "X-Mailer: OTRS Mail Service (8.0.1)\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            "Sehr geehrte Damen und Herren,\r\n\r\n").encode() + \
        text.replace("\n", "\r\n").encode() + b"\r\nMit freundlichen Gr=C3=BC=C3=9Fen\r\n-- \r\n"


def plain(subject="Frage zur Rechnung", body="Guten Tag,\r\nwie besprochen.\r\n",
          sender="erika@example.com", to="abuse@lab.example.org", headers=""):
    return (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {date()}\r\n{headers}"
            f"Message-ID: <{os.urandom(8).hex()}@example.com>\r\n\r\n{body}").encode()


def other_mails():
    """{name: bytes} of mail that must come through as it is."""
    head = plain(body="")[:-2]
    attachment = base64.encodebytes(os.urandom(200_000)).replace(b"\n", b"\r\n")
    return {
        "plain": plain(),
        "8-bit body, no declaration": head + b"\r\nGr\xfc\xdfe \xff\xfe\x80\r\n",
        "UTF-8 in the header": head.replace(b"Frage", "Fräge ☃".encode()) + b"\r\nx\r\n",
        "long lines": head + b"\r\n" + b"x" * 5000 + b"\r\n" + b"y" * 998 + b"\r\n",
        "very long line": head + b"\r\n" + b"z" * 300_000 + b"\r\n",
        "no body": head,
        "no body, empty line": head + b"\r\n",
        "empty lines at the end": head + b"\r\ntext\r\n\r\n\r\n\r\n",
        "lines of dots": head + b"\r\n.\r\n..\r\n...\r\n.dot\r\n. \r\n",
        "From and >From lines": head + b"\r\nFrom here on\r\n>From there\r\n",
        "attachment": head + b"MIME-Version: 1.0\r\n" + _multipart(
            "mixed", "b=1", b"Content-Type: text/plain\r\n\r\nsee below\r\n",
            b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment; filename=events.csv\r\n\r\n" + attachment),
        "broken MIME": head + b"Content-Type: multipart/mixed; boundary=never\r\n\r\n--no\r\n",
        "control characters": head + b"\r\n\x01\x02\x1b[31m\x7f\t\x0b\x0c\r\n",
        "odd headers": b"X-Empty:\r\nX-Blanks:    three   and more   \r\nX-Tab:\t\ttabs\t\r\n"
                       b"x-case: a\r\nX-CASE: b\r\nX-Fold: one\r\n\ttwo\r\n    three\r\n"
                       b"X-Fold-First:\r\n on the next line\r\nX(odd)name: c\r\n" + head +
                       b"X-Last: =?utf-8?q?=C3=BC?= =?broken?x?\r\n\r\nbody\r\n",
        "many headers": b"".join(b"X-Header-%d: value %d\r\n" % (i, i) for i in range(500))
                        + head + b"\r\nbody\r\n",
        "no From, no Date": b"Subject: bare\r\nX-A: b\r\n\r\nbody\r\n",
        "huge": head + b"\r\n" + (b"0123456789abcdef" * 4 + b"\r\n") * 80_000,
        "a ticket in the body only": plain(body="Zu [CB-Report#20250212-10004759]: erledigt\r\n"),
        "a table like CERT-Bund's": plain(
            body='Betroffene Systeme in Ihrem Netzbereich:\r\n\r\n"asn","ip","timestamp"\r\n'
                 '"64500","192.0.2.10","2025-02-11 11:10:25"\r\n\r\n\r\n'),
    }


def replies():
    """{name: bytes} of what others write about a report: Re:, AW:, Fwd:, WG: before its ticket."""
    body = report(rows=telnet_rows(["192.0.2.10"])).split(b"\r\n\r\n", 1)[1].decode()
    return {word: plain(f"{word} [CB-Report#20250212-10004759] Offene Telnet-Server in AS64500",
                        body) for word in ("Re:", "AW:", "Fwd:", "WG:", "RE: AW:")}


def answers():
    """{name: bytes} of reports that programs seem to have sent, which CERT-Bund's never do."""
    marked = {"vacation": "Auto-Submitted: auto-replied\r\n",
              "our own kind": "Auto-Submitted: (a) auto-generated; x=no\r\n",
              "two that differ": "Auto-Submitted: no\r\nAuto-Submitted: auto-notified\r\n",
              "X-Autoreply": "X-Autoreply: yes\r\n", "X-Autorespond": "X-Autorespond: x\r\n",
              "Precedence": "Precedence: auto_reply\r\n"}
    rows = telnet_rows(["192.0.2.10"])
    found = {name: report(rows=rows, headers=headers) for name, headers in marked.items()}
    for word in ("Automatische Antwort:", "Auto:", "Out of Office", "Abwesenheit:",
                 "Undelivered Mail", "Unzustellbar:"):
        found[word] = report(rows=rows, subject=f"{word} [{new_ticket()}] Offene Telnet-Server")
    found["a reply without Re:"] = report(
        rows=rows, headers="In-Reply-To: <x@example.com>\r\n").replace(
            SENDER.encode(), b"erika@example.com")
    found["multipart/report"] = report(rows=rows).replace(
        b"multipart/signed;", b"multipart/report;", 1)
    return found


# Reading what came back


TRACE = (b"return-path:", b"x-original-to:", b"delivered-to:", b"received:")


def without_trace(mail):
    """A delivered mail without the fields that delivery put on top: one of each kind."""
    left = list(TRACE)
    while True:
        line = mail.split(b"\n", 1)[0].lower()
        kind = next((name for name in left if line.startswith(name)), None)
        if kind is None:
            return mail
        left.remove(kind)
        mail = mail.split(b"\n", 1)[1]
        while mail[:1] in (b" ", b"\t"):
            mail = mail.split(b"\n", 1)[1]


def strict(mail):
    """The mail read by the strictest reader there is: any defect raises."""
    message = email.message_from_bytes(mail, policy=email.policy.strict)
    for part in message.walk():
        for name in part.keys():
            assert not part[name].defects, (name, part[name].defects)
        if not part.is_multipart():
            part.get_content()
    return message


def text_of(mail):
    """Text of all text parts, attachments too."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    return "\n".join(part.get_content() for part in message.walk()
                     if part.get_content_maintype() == "text")


def table_of(text, first="asn"):
    """(columns, rows) of the CSV in a notice: from its header line to the next empty line."""
    at = text.index(f'"{first}",')
    found = []
    for row in csv.reader(io.StringIO(text[at:], newline=""), strict=True):
        if not row:
            break
        found.append(row)
    return found[0], found[1:]


def mark_of(mail):
    """The one X-CertBund-Milter field as a dictionary, or None; more than one is a failure."""
    message = email.message_from_bytes(mail, policy=email.policy.compat32)
    fields = [value for name, value in message.items() if name.lower() == "x-certbund-milter"]
    assert len(fields) < 2, fields
    if not fields:
        return None
    pairs = [pair.strip().split("=", 1) for pair in " ".join(fields[0].split()).split(";")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def without_mark(mail):
    """The mail without its X-CertBund-Milter fields, folds included; the body stays."""
    kept, dropping, lines = [], False, mail.split(b"\n")
    for i, line in enumerate(lines):
        if line in (b"", b"\r"):
            return b"\n".join(kept + lines[i:])
        if line[:1] not in (b" ", b"\t"):
            dropping = line.lower().startswith(b"x-certbund-milter:")
        if not dropping:
            kept.append(line)
    return b"\n".join(kept)


def as_delivered(mail):
    """What a Maildir holds of a mail sent over SMTP: LF line ends, and one at the end."""
    mail = mail.replace(b"\r\n", b"\n")
    return mail if mail.endswith(b"\n") else mail + b"\n"
