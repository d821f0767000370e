# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""resolver: a DNS server on loopback (UDP) that has the TXT records a test gives it."""

import socketserver
import struct
import threading

from lab import HOST, free_port

NO_ERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
TXT, INTERNET = 16, 1


class Resolver:
    """with Resolver({name: text}) as resolver: resolver.server, resolver.asked = [name, ...]

    Until it is entered, and after it was left, nobody listens at resolver.server.
    fails: every question is answered by SERVFAIL.
    """

    def __init__(self, records):
        self.records = {name.lower(): text for name, text in records.items()}
        self.fails = False
        self.asked = []
        self.port = free_port()
        self.server = f"{HOST}:{self.port}"

    def __enter__(self):
        resolver = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                packet, server = self.request
                server.sendto(resolver.reply(packet), self.client_address)

        self.listener = socketserver.ThreadingUDPServer((HOST, self.port), Handler)
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()

    def reply(self, packet):
        """RFC 1035 section 4.1: header, the question again, the answer."""
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
            at += 1 + packet[at]
        name = ".".join(labels).lower()
        self.asked.append(name)
        text = None if self.fails else self.records.get(name)
        code = SERVFAIL if self.fails else NXDOMAIN if text is None else NO_ERROR
        head = packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, text is not None, 0, 0)
        return head + packet[12:at + 5] + (_record(text.encode()) if text is not None else b"")


def _record(text):
    strings = [text[i:i + 255] for i in range(0, len(text), 255)]
    data = b"".join(bytes([len(string)]) + string for string in strings)
    return struct.pack("!HHHIH", 0xc00c, TXT, INTERNET, 60, len(data)) + data
