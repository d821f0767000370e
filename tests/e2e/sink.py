# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""sink: an SMTP server that takes notices, and fails in the ways a test asks for."""

import socket
import socketserver
import threading

from lab import HOST, free_port


class Sink:
    """with Sink() as sink: sink.port, sink.mails = [(sender, [recipients], bytes), ...]

    refuse(sender, recipient) -> a reply line such as "550 5.1.1 no such user", "drop" to hang
    up, or None to accept.  delay(mail) is called at the final dot, before the answer.
    """

    def __init__(self, port=None, refuse=None, delay=None):
        self.port = port or free_port()
        self.refuse = refuse or (lambda sender, recipient: None)
        self.delay = delay
        self.mails = []
        self.connections = 0
        self.lock = threading.Lock()

    def __enter__(self):
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with sink.lock:
                    sink.connections += 1
                try:
                    _serve(sink, self.rfile, self.wfile)
                except OSError:
                    pass  # the client is gone
                finally:
                    try:
                        self.request.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 100

        self.server = Server((HOST, self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def recipients(self):
        with self.lock:
            return sorted(recipient for _, recipients, _ in self.mails
                          for recipient in recipients)

    def to(self, address):
        """Mails to one address, LF line ends as in a Maildir."""
        with self.lock:
            return [mail.replace(b"\r\n", b"\n") for _, recipients, mail in self.mails
                    if address in recipients]


def _address(line):
    return line.split(":", 1)[1].split("<", 1)[1].split(">", 1)[0]


def _read_data(rfile):
    lines = []
    while (line := rfile.readline()) not in (b".\r\n", b""):
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines) if line else None


def _serve(sink, rfile, wfile):
    def say(*lines):
        wfile.write("".join(line + "\r\n" for line in lines).encode())
        wfile.flush()

    say("220 sink.example.org ESMTP")
    sender, recipients = "", []
    while raw := rfile.readline():
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            say("250-sink.example.org", "250-8BITMIME", "250-PIPELINING", "250 SIZE 100000000")
        elif verb == "MAIL":
            sender, recipients = _address(line), []
            say("250 2.1.0 ok")
        elif verb == "RCPT":
            reply = sink.refuse(sender, _address(line))
            if reply == "drop":
                return
            if reply is None:
                recipients.append(_address(line))
            say(reply or "250 2.1.5 ok")
        elif verb == "DATA" and not recipients:
            say("554 5.5.1 no valid recipients")
        elif verb == "DATA":
            say("354 go on")
            mail = _read_data(rfile)
            if mail is None:
                return
            if sink.delay:
                sink.delay(mail)
            with sink.lock:
                sink.mails.append((sender, recipients, mail))
            say("250 2.0.0 taken")
            sender, recipients = "", []
        elif verb == "QUIT":
            say("221 2.0.0 bye")
            return
        else:
            say("250 2.0.0 ok")
