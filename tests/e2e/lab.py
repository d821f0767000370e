# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""lab: a throw-away Postfix in a temporary directory.

One main SMTP port with milters, one port without any (where notices go in),
Maildirs, a log file; everything on 127.0.0.1 and below one directory.  The
machine's own mail system is never touched: master(8) is run directly on our
configuration directory, so neither /etc/postfix nor postfix-script is needed,
and an unpacked Postfix (CERTBUND_POSTFIX=DIRECTORY) does as well.  Needs root,
because master(8) refuses anybody else.
"""

import grp
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HOST = "127.0.0.1"
MAIL_UID = 65534  # owner of the Maildirs: nobody

# Below ip_local_port_range (32768...), so that no client's port is in the way.
PORTS = (20000, 32000)


class Unavailable(Exception):
    """The lab can't run here; the text says why."""


class Postfix:
    """Where the programs of a Postfix are: installed, or unpacked below root."""

    def __init__(self, root=None):
        root = root if root is not None else os.environ.get("CERTBUND_POSTFIX", "")
        self.root = root.rstrip("/")
        self.daemons = self.root + "/usr/lib/postfix/sbin"
        self.commands = self.root + "/usr/sbin"
        self.libraries = self.root + "/usr/lib/postfix"
        self.environment = {}
        if self.root:
            machine = [os.path.join(self.root, sub, name)
                       for sub in ("usr/lib", "lib")
                       for name in ("", os.uname().machine + "-linux-gnu")]
            path = [self.libraries] + [d for d in machine if os.path.isdir(d)]
            self.environment["LD_LIBRARY_PATH"] = ":".join(path)

    def accounts(self):
        """Owner of the queue and set-gid group; the latter must not be the owner's own.

        An unpacked Postfix made no accounts; daemon and mail are on every Debian.
        """
        for owner, group in (("postfix", "postdrop"), ("daemon", "mail")):
            try:
                pwd.getpwnam(owner)
                grp.getgrnam(group)
                return owner, group
            except KeyError:
                continue
        raise Unavailable("no account that Postfix could run as")

    def check(self):
        if os.geteuid() != 0:
            raise Unavailable("needs root: Postfix' master refuses to run otherwise")
        if not os.access(self.daemons + "/master", os.X_OK):
            raise Unavailable("Postfix is not installed (Debian package postfix)")
        self.accounts()


def free_port():
    """A port nobody listens on right now."""
    while True:
        port = random.randint(*PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
                return port
            except OSError:
                continue


def temporary_directory(prefix="certbund-lab-"):
    """A new directory that other users can walk into (mkdtemp's 0700 is not)."""
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path, open_to_all = os.path.realpath(base), True
        while path != "/":
            open_to_all = open_to_all and bool(os.stat(path).st_mode & 0o001)
            path = os.path.dirname(path)
        if open_to_all:
            directory = tempfile.mkdtemp(prefix=prefix, dir=os.path.realpath(base))
            os.chmod(directory, 0o755)
            return directory
    raise Unavailable("no temporary directory that user postfix could enter")


def wait_for(condition, seconds=60, what="condition", step=0.03):
    """Poll until condition() is true; the limit only ends what hangs."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: still not so after {seconds} s")
        time.sleep(step)


class Lab:
    """with Lab(...) as lab: lab.port, lab.notice_port, lab.mails(address)

    domains are delivered to Maildirs, one for each of addresses and one
    catch-all per domain for the others.  milters is smtpd_milters in Postfix'
    spelling.  listeners adds further ports: {port: milters}.
    """

    QUEUES = ("maildrop", "incoming", "active", "deferred")

    def __init__(self, milters="", addresses=(), domains=(), settings=None, listeners=None,
                 xclient=True, postfix=None, directory=None):
        self.postfix = postfix or Postfix()
        self.postfix.check()
        self.owner, self.group = self.postfix.accounts()
        self.directory = directory or temporary_directory()
        self.own_directory = directory is None
        self.addresses = list(addresses)
        self.domains = list(dict.fromkeys(list(domains) + [a.split("@")[1] for a in addresses]))
        self.milters = milters
        self.settings = dict(settings or {})
        self.listeners = dict(listeners or {})
        self.xclient = xclient
        self.port = self.notice_port = None
        self.log_path = self.path("log", "maillog")

    def path(self, *names):
        return os.path.join(self.directory, *names)

    # Making it

    def start(self):
        self._make_directories()
        for attempt in range(5):
            self.port, self.notice_port = free_port(), free_port()
            self._write_configuration()
            done = self._run_master("-w")
            if done.returncode == 0:
                return self
            if "in use" not in self.log():
                break
        raise RuntimeError(f"Postfix did not start: {done.stdout}{self.log()}")

    def resume(self):
        """Again what stop() has ended, on the same ports; for a lab in a directory not its own."""
        done = self._run_master("-w")
        if done.returncode != 0:
            raise RuntimeError(f"Postfix did not start again: {done.stdout}{self.log()}")

    def _make_directories(self):
        owner = pwd.getpwnam(self.owner).pw_uid
        group = grp.getgrnam(self.group).gr_gid
        for name in ("etc", "queue", "data", "mail", "log", "run", "queue/pid"):
            os.makedirs(self.path(name), exist_ok=True)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                     "incoming", "private", "saved", "trace"):
            os.makedirs(self.path("queue", name), mode=0o700, exist_ok=True)
            os.chown(self.path("queue", name), owner, -1)
        for name, mode in (("maildrop", 0o730), ("public", 0o710)):
            os.makedirs(self.path("queue", name), exist_ok=True)
            os.chown(self.path("queue", name), owner, group)
            os.chmod(self.path("queue", name), mode)
        os.chown(self.path("data"), owner, -1)
        os.chmod(self.path("data"), 0o700)
        os.chown(self.path("mail"), MAIL_UID, -1)
        os.chmod(self.path("run"), 0o1777)  # the milter's socket, whoever it runs as

    def _write_configuration(self):
        with open(self.path("etc", "main.cf"), "w", encoding="utf-8") as file:
            for name, value in (self._main() | self.settings).items():
                file.write(f"{name} = {value}\n")
        with open(self.path("etc", "mailboxes"), "w", encoding="utf-8") as file:
            for address in self.addresses:
                local, domain = address.split("@")
                file.write(f"{address} {domain}/{local}/\n")
            for domain in self.domains:
                file.write(f"@{domain} {domain}/catchall/\n")
        with open(self.path("etc", "master.cf"), "w", encoding="utf-8") as file:
            file.write(self._master())
        open(self.path("etc", "dynamicmaps.cf"), "w", encoding="utf-8").close()
        # Postfix waits with a file younger than two seconds until it is "stable".
        past = time.time() - 60
        for name in os.listdir(self.path("etc")):
            os.utime(self.path("etc", name), (past, past))

    def _main(self):
        return {
            "compatibility_level": "3.6",
            "mail_owner": self.owner,
            "setgid_group": self.group,
            "queue_directory": self.path("queue"),
            "data_directory": self.path("data"),
            "command_directory": self.postfix.commands,
            "daemon_directory": self.postfix.daemons,
            "shlib_directory": self.postfix.libraries,
            "meta_directory": self.path("etc"),
            "import_environment": "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH",
            "syslog_name": "lab",
            "maillog_file": self.log_path,
            "maillog_file_prefixes": self.path("log"),
            "myhostname": "mx.lab.example.org",
            "mydomain": "lab.example.org",
            "myorigin": "$myhostname",
            "mydestination": "",
            "local_recipient_maps": "",
            "local_transport": "error:no local delivery in the lab",
            "alias_maps": "",
            "alias_database": "",
            "inet_interfaces": HOST,
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            # No DNS and no outside world.
            "disable_dns_lookups": "yes",
            "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            "default_transport": "error:no outbound mail in the lab",
            "relay_transport": "error:no relay in the lab",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "smtpd_recipient_restrictions": "",
            # Else clients of 127.0.0.1 count as local and get missing header fields.
            "local_header_rewrite_clients": "",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0",
            "smtpd_client_message_rate_limit": "0",
            "smtpd_tls_security_level": "none",
            "smtp_tls_security_level": "none",
            "message_size_limit": str(100 * 1024 * 1024),
            "mailbox_size_limit": "0",
            "virtual_mailbox_limit": "0",
            "virtual_mailbox_domains": " ".join(self.domains),
            "virtual_mailbox_base": self.path("mail"),
            "virtual_mailbox_maps": "texthash:" + self.path("etc", "mailboxes"),
            "virtual_uid_maps": f"static:{MAIL_UID}",
            "virtual_gid_maps": f"static:{MAIL_UID}",
            "virtual_minimum_uid": "100",
            # Faults show at once, nothing waits.
            "minimal_backoff_time": "5s",
            "maximal_backoff_time": "10s",
            "queue_run_delay": "5s",
            "milter_default_action": "tempfail",
            "milter_content_timeout": "600s",
            "smtpd_milters": self.milters,
            "non_smtpd_milters": "",
        }

    def _master(self):
        # The chroot column is n throughout: else unix:/path is looked up below the queue.
        def listener(port, *options):
            lines = [f"{HOST}:{port} inet n - n - 200 smtpd"]
            return "\n".join(lines + [f"    -o {{ {option} }}" for option in options]) + "\n"

        xclient = ("smtpd_authorized_xclient_hosts=127.0.0.0/8",) if self.xclient else ()
        text = listener(self.port, *xclient)
        text += listener(self.notice_port, "smtpd_milters=",
                         "receive_override_options=no_milters", "syslog_name=lab/notices")
        for port, milters in self.listeners.items():
            text += listener(port, f"smtpd_milters={milters}", *xclient)
        return text + """\
pickup    unix  n  -  n  1     1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
verify    unix  -  -  n  -     1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  n  -     -  smtp
showq     unix  n  -  n  -     -  showq
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
discard   unix  -  -  n  -     -  discard
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
postlog   unix-dgram n - n -   1  postlogd
"""

    # Running it

    def _run_master(self, *options):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C",
                       **self.postfix.environment}
        return subprocess.run(
            [self.postfix.daemons + "/master", "-c", self.path("etc"), *options],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)

    def running(self):
        """By the lock on the pid file: a zombie of the master has lost it."""
        return self._run_master("-t").returncode != 0

    def master(self):
        """The pid of our own master, which leads its process group, by its pid file; or 0."""
        try:
            with open(self.path("queue", "pid", "master.pid"), encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def restart(self):
        """Start it again, on the same ports, after it was killed."""
        wait_for(lambda: not self.running(), 60, "Postfix is dead")
        # Of a mail that it had not taken yet half a file stays, without the bit for "whole";
        # Postfix ignores it, and would for a day and a half.
        for entry in os.scandir(self.path("queue", "incoming")):
            if entry.is_file() and not entry.stat().st_mode & 0o100:
                os.remove(entry.path)
        # Its children may hold the ports for a moment.
        wait_for(lambda: self._run_master("-w").returncode == 0, 60, "Postfix started again")

    def stop(self):
        """End our own master, and all of its children."""
        pid = self.master()
        if pid > 1 and self.running():
            os.kill(pid, signal.SIGTERM)
            try:
                wait_for(lambda: not self.running(), 10, "Postfix stopped")
            except TimeoutError:
                os.killpg(pid, signal.SIGKILL)
        if self.own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    # Looking at it

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def queued(self):
        return [name for queue in self.QUEUES
                for _, _, names in os.walk(self.path("queue", queue)) for name in names]

    def wait(self, seconds=120):
        """Until every mail is delivered; two looks, as files move between queues."""
        def empty():
            if self.queued():
                return False
            time.sleep(0.05)
            return not self.queued()
        wait_for(empty, seconds, "queue empty")

    def mails(self, address):
        """The mails in an address's Maildir, oldest first, as bytes."""
        local, domain = address.split("@")
        box = local if address in self.addresses else "catchall"
        directory = self.path("mail", domain, box, "new")
        if not os.path.isdir(directory):
            return []
        # Maildir names open with seconds, then .V<device>I<inode>M<microseconds>.
        files = [entry.path for entry in os.scandir(directory)]
        found = []
        for path in sorted(files, key=os.path.getmtime):
            with open(path, "rb") as file:
                found.append(file.read())
        return found

    def all_mails(self):
        """{mailbox: [mail, ...]} for every Maildir that has mail."""
        found = {}
        for domain in self.domains:
            for box in sorted(os.listdir(self.path("mail", domain))
                              if os.path.isdir(self.path("mail", domain)) else []):
                address = f"{box}@{domain}"
                directory = self.path("mail", domain, box, "new")
                for name in sorted(os.listdir(directory)):
                    with open(os.path.join(directory, name), "rb") as file:
                        found.setdefault(address, []).append(file.read())
        return found

    def purge(self):
        """Take what waits out of the queue."""
        subprocess.run([self.postfix.commands + "/postsuper", "-c", self.path("etc"), "-d", "ALL"],
                       env={**os.environ, **self.postfix.environment}, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def clear(self):
        """Forget all mail that was delivered, once none is under way."""
        self.wait()
        for domain in self.domains:
            shutil.rmtree(self.path("mail", domain), ignore_errors=True)
