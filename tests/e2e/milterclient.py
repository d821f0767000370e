# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""milterclient: an MTA's end of the milter protocol, for mail that no MTA would pass on as it is.

Version 6, as libmilter's mfdef.h has it: packets of a length, a command and its data.
"""

import socket
import struct

VERSION, ACTIONS, PROTOCOL = 6, 0x1ff, 0x1fffff
CHUNK = 65535  # libmilter takes no more
VALUE_MAX = 60000  # Postfix cuts a longer header field, see smtpd's milter client

# (what the filter does not want to see, what it does not answer), by command
STEPS = {b"C": (0x1, 0x1000), b"H": (0x2, 0x2000), b"M": (0x4, 0x4000), b"R": (0x8, 0x8000),
         b"T": (0x200, 0x10000), b"L": (0x20, 0x80), b"N": (0x40, 0x40000), b"B": (0x10, 0x80000)}
VERDICTS = {b"a": "accept", b"d": "discard", b"r": "reject", b"t": "tempfail", b"y": "reply",
            b"c": "continue"}
SKIP = b"s"


class Client:
    """One SMTP client's connection through a filter's unix socket."""

    def __init__(self, path, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(600)
        self.socket.connect(path)
        self.socket.sendall(self.packet(b"O", struct.pack("!III", VERSION, ACTIONS, PROTOCOL)))
        kind, data = self.read()
        assert kind == b"O", kind
        self.protocol = struct.unpack("!III", data[:12])[2]
        self.step(b"C", b"client.example.org\0004" + struct.pack("!H", 25) + address.encode()
                  + b"\0")
        self.step(b"H", b"client.example.org\0")

    @staticmethod
    def packet(command, data):
        return struct.pack("!I", len(data) + 1) + command + data

    def read(self):
        size, = struct.unpack("!I", self.take(4))
        data = self.take(size)
        return data[:1], data[1:]

    def take(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the filter has hung up")
            data += more
        return data

    def step(self, command, data):
        """The filter's answer to one event: continue where it wants none."""
        unwanted, unanswered = STEPS[command]
        if self.protocol & unwanted:
            return b"c"
        self.socket.sendall(self.packet(command, data))
        return b"c" if self.protocol & unanswered else self.read()[0]

    def events(self, identifier, sender, recipients, mail):
        head, _, body = mail.partition(b"\r\n\r\n")
        self.socket.sendall(self.packet(b"D", b"Mi\0" + identifier.encode() + b"\0"))
        yield b"M", f"<{sender}>".encode() + b"\0"
        for recipient in recipients:
            yield b"R", f"<{recipient}>".encode() + b"\0"
        yield b"T", b""
        for name, value in fields(head):
            yield b"L", name + b"\0" + value[:VALUE_MAX] + b"\0"
        yield b"N", b""
        for start in range(0, len(body), CHUNK):
            yield b"B", body[start:start + CHUNK]

    def send(self, identifier, sender, recipients, mail):
        """One mail: the verdict."""
        skipping = False
        for command, data in self.events(identifier, sender, recipients, mail):
            if skipping and command == b"B":
                continue
            answer = self.step(command, data)
            skipping = answer == SKIP
            if answer not in (b"c", SKIP):
                return VERDICTS[answer]
        self.socket.sendall(self.packet(b"E", b""))
        while True:
            kind, _ = self.read()
            if kind in VERDICTS:  # else an edit, or progress
                return VERDICTS[kind]

    def close(self):
        self.socket.sendall(self.packet(b"Q", b""))
        self.socket.close()


def fields(head):
    """(name, value) of each field, as an MTA hands them over: folds by LF, no NUL."""
    found = []
    for line in head.replace(b"\0", b"").split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1] += b"\n" + line
        elif b":" in line:
            name, _, value = line.partition(b":")
            found.append([name, value.removeprefix(b" ")])
    return found
