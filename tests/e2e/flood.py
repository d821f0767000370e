# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""flood: malformed mail that looks like a report, the same for the same seed.

Each maker takes a source of random numbers and a report about addresses that are no
customer's, and returns what has become of it.
"""

import base64
import random
import time

import mails
from daemon import ABUSE
from mails import PORTMAPPER, TELNET, portmapper_rows, telnet_rows

DEPTH_MAX = 2000       # levels of multipart/mixed
HEADER_MAX = 70_000    # bytes of one field: an MTA cuts it at 60,000
COLUMNS_MAX = 3000


def split(report):
    head, _, body = report.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


def garbage(rng, size):
    return rng.randbytes(size).replace(b"\r", b"?").replace(b"\n", b"\r\n")


def without_type(head):
    """Its header without Content-Type and what is folded below."""
    return head[:head.index(b"Content-Type:")]


def truncated(rng, report):
    return report[:rng.randrange(len(report))]


def nested(rng, report):
    depth = rng.randrange(50, DEPTH_MAX)
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i)
                     for i in range(depth))
    return without_type(split(report)[0]) + parts + split(report)[1]


def bad_charset(rng, report):
    charset = rng.choice([b"utf-7", b"x-unknown", b"utf-16", b"iso-2022-kr", b"=?", b'"' * 50,
                          garbage(rng, 12).replace(b"\r\n", b"")])
    head, body = split(report.replace(b'charset="utf-8"', b"charset=" + charset))
    return head + body.replace(b"=", rng.choice([b"=", b"\xff\xfe", b"=F"]))


def null_bytes(rng, report):
    head, body = split(report)
    cut = sorted(rng.randrange(len(body)) for _ in range(20))
    return head + b"\0".join(body[a:b] for a, b in zip([0] + cut, cut + [len(body)]))


def huge_header(rng, report):
    fields = b"".join(b"X-%d: %s\r\n" % (i, b"x" * rng.randrange(200)) for i in range(300))
    long = b"References: " + b"<a@b> " * (rng.randrange(HEADER_MAX) // 6)
    return fields + long + b"\r\n" + report


def garbage_signature(rng, report):
    start, end = b"-----BEGIN PGP SIGNATURE-----\r\n\r\n", b"-----END PGP SIGNATURE-----"
    lines = base64.encodebytes(rng.randbytes(rng.randrange(1, 4000))).replace(b"\n", b"\r\n")
    return (report[:report.index(start)] + start + lines + b"=AAAA\r\n" + end
            + report.split(end, 1)[1])


def smime_signature(rng, report):
    return garbage_signature(rng, report).replace(b"pgp-signature", b"pkcs7-signature").replace(
        b"-----BEGIN PGP SIGNATURE-----\r\n\r\n", b"")


def half_table(rng, report):
    at = report.index(b"203.0.113.")
    end = report.index(b"Mit freundlichen", at)
    quotes = rng.choice([b"", b'"', b'","', b'"' * 99])
    return report[:rng.randrange(at, end)] + quotes + report[end:]


def base64_garbage(rng, report):
    head = split(report)[0]
    return (without_type(head) + b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + garbage(rng, rng.randrange(20_000)))


def near_ticket(rng, report):
    ticket = report[report.index(b"[CB-Report#"):].split(b"]", 1)[0] + b"]"
    number = ticket[11:-1]
    return report.replace(ticket, rng.choice([
        b"[CB-Report#" + number[:-1] + b"]", b"[CB-Report #" + number + b"]",
        b"[CB\xe2\x80\x91Report#" + number + b"]", b"CB-Report#" + number,
        b"[CB-Report#" + number + number + b"]", ticket * 40, ticket.lower(),
        b"=?utf-8?q?" + ticket + b"?=", b"=?utf-8?b?" + base64.b64encode(ticket)[:-3] + b"?="]))


def wide_table(rng, report):
    names = b",".join(b'"c%d"' % rng.randrange(COLUMNS_MAX) for _ in range(COLUMNS_MAX))
    return report.replace(b'"asn","ip"', names + b',"asn","ip"')


def flipped(rng, report):
    mail = bytearray(report)
    for _ in range(rng.randrange(1, 60)):
        mail[rng.randrange(len(mail))] = rng.randrange(256)
    return bytes(mail)


def pure_garbage(rng, report):
    return split(report)[0] + garbage(rng, rng.randrange(300_000))


def header_only(rng, report):
    return split(report)[0][:-2] if rng.randrange(2) else split(report)[0]


MAKERS = (truncated, nested, bad_charset, null_bytes, huge_header, garbage_signature,
          smime_signature, half_table, base64_garbage, near_ticket, wide_table, flipped,
          pure_garbage, header_only)


def malformed(seed, number):
    """The number-th mail of a flood."""
    rng = random.Random(f"{seed} {number}")
    addresses = [f"203.0.113.{rng.randrange(1, 255)}" for _ in range(rng.randrange(1, 40))]
    ticket = f"CB-Report#{time.strftime('%Y%m%d', time.gmtime())}-{20_000_000 + number}"
    kind, rows = rng.choice([(TELNET, telnet_rows), (PORTMAPPER, portmapper_rows)])
    report = mails.report(kind, rows(addresses), ticket=ticket, to=ABUSE, encoding="8bit")
    return MAKERS[number % len(MAKERS)](rng, report)
