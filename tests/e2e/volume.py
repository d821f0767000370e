# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""volume: a provider of many customers, and reports about all of them.

Addresses are those of 198.18.0.0/15 (RFC 2544), dealt out in order: each customer has
the same number of them, one behind the other.  Rows go round the customers, so that no
customer's rows lie together.
"""

import ipaddress
import smtplib
import time

import mails

DOMAIN = "customers.example.net"
BASE = int(ipaddress.ip_address("198.18.0.0"))
SIZE = 1 << 17

# So many customers are mailed on purpose.
UNBRAKED = {"notices.brake-customers": "0", "notices.brake-notices": "0"}


def address(customer, number, customers):
    """The number-th address of a customer."""
    size = SIZE // customers
    assert number < size, f"a customer has {size} addresses"
    return str(ipaddress.ip_address(BASE + customer * size + number))


def contact(customer):
    return f"c{customer}@{DOMAIN}"


def customers_csv(customers):
    """customers.csv: one range each; every language, as the default has it."""
    lines = ["network,customer,email,name,language,brand"]
    size = SIZE // customers
    for i in range(customers):
        lines.append(f"{address(i, 0, customers)}-{address(i, size - 1, customers)},"
                     f"c{i},{contact(i)},Customer {i} GmbH,,")
    return "\n".join(lines) + "\n"


def rows(number, customers):
    """So many rows for so many customers, each row an address of its own."""
    return mails.telnet_rows([address(i % customers, i // customers, customers)
                              for i in range(number)])


def quick_report(number, customers, **arguments):
    """A report of that size; 7bit, for the encoders of Python take seconds."""
    return mails.report(mails.TELNET, rows(number, customers), encoding="8bit", **arguments)


def send_timed(client, mail, recipient, sender=mails.SENDER, before_end=lambda: None):
    """One mail by smtplib.SMTP: (reply code, seconds from its last byte to the reply)."""
    client.ehlo_or_helo_if_needed()
    client.mail(sender, ["BODY=8BITMIME"])
    client.rcpt(recipient)
    client.putcmd("data")
    code, text = client.getreply()
    if code != 354:
        raise smtplib.SMTPDataError(code, text)
    data = smtplib._quote_periods(mail)  # pylint: disable=protected-access
    end = b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"
    client.sock.sendall(data)
    before_end()
    begin = time.monotonic()
    client.sock.sendall(end)
    code, _ = client.getreply()
    return code, time.monotonic() - begin
