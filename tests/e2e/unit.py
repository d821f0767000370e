# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""unit: what the systemd unit allows, laid upon this process without systemd.

Its system call filter and the options that systemd makes one of are built by libseccomp
from the unit itself; which calls a group such as @system-service has, systemd-analyze says.
The read-only file system needs a mount namespace, and so CAP_SYS_ADMIN.
"""

import ctypes
import errno
import os
import resource
import shutil
import socket
import subprocess

from lab import Unavailable

ALLOW, KILL_PROCESS, ERRNO = 0x7fff0000, 0x80000000, 0x00050000  # seccomp.h
NOT_EQUAL, EQUAL, GREATER, MASKED_EQUAL = 1, 4, 6, 7
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
CLONE_NEWNS, CLONE_NAMESPACES = 0x00020000, 0x7e020080
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1


class Unit:
    """The [Service] section of a unit file."""

    def __init__(self, path):
        self.values = {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, equals, value = line.strip().partition("=")
                if equals and not line.startswith("#"):
                    self.values.setdefault(name, []).append(value)

    def __getitem__(self, name):
        return self.values[name][-1]

    def on(self, name):
        return self.values.get(name, ["no"])[-1] == "yes"

    def system_calls(self):
        """The names that SystemCallFilter= lets through, and all that systemd knows."""
        allowed = group("@default")  # systemd.exec(5): implicitly allowed
        for line in self.values["SystemCallFilter"]:
            for word in line.lstrip("~").split():
                names = group(word) if word.startswith("@") else {word}
                allowed = allowed - names if line.startswith("~") else allowed | names
        return allowed, group("@known")


def group(name):
    """All calls of a group, of the groups within it too."""
    if not shutil.which("systemd-analyze"):
        raise Unavailable("systemd-analyze is not there (Debian package systemd)")
    done = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Unavailable(f"systemd-analyze does not know {name}: {done.stderr.strip()}")
    found = set()
    for word in (line.strip() for line in done.stdout.splitlines()[1:]):
        if word.startswith("@"):
            found |= group(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


class Compare(ctypes.Structure):
    """struct scmp_arg_cmp"""
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """One seccomp filter: what is not said of a call is default."""

    def __init__(self, default):
        try:
            self.library = ctypes.CDLL("libseccomp.so.2")
        except OSError:
            raise Unavailable("libseccomp is not there (Debian package libseccomp2)") from None
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.default = default
        self.context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action, name, *comparisons):
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number < 0 or action == self.default:  # not a call of this machine
            return
        array = (Compare * max(1, len(comparisons)))(*(Compare(*c) for c in comparisons))
        failed = self.library.seccomp_rule_add_array(
            self.context, ctypes.c_uint32(action), number, len(comparisons), array)
        assert failed == 0, (name, failed)

    def load(self):
        failed = self.library.seccomp_load(self.context)
        assert failed == 0, f"seccomp_load: {failed}"


def filters(unit, strict):
    """The filters in the order in which they can be loaded.

    strict: what the unit lets fail ends the process, so that nobody can overlook it.
    """
    number = getattr(errno, unit["SystemCallErrorNumber"])
    denied = KILL_PROCESS if strict else ERRNO | number
    rules = Filter(ALLOW)
    if unit.on("RestrictNamespaces"):
        rules.add(ERRNO | errno.ENOSYS, "clone3")  # its flags can't be seen: libc takes clone
        rules.add(denied, "setns")
        for bit in (1 << n for n in range(32) if CLONE_NAMESPACES >> n & 1):
            for name in ("clone", "unshare"):
                rules.add(denied, name, (0, MASKED_EQUAL, bit, bit))
    if unit.on("MemoryDenyWriteExecute"):
        both = PROT_WRITE | PROT_EXEC
        rules.add(denied, "mmap", (2, MASKED_EQUAL, both, both))
        for name in ("mprotect", "pkey_mprotect"):
            rules.add(denied, name, (2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
        rules.add(denied, "shmat", (2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))
    if unit.on("RestrictSUIDSGID"):
        add_set_id(rules, denied)
    if unit.on("LockPersonality"):
        rules.add(denied, "personality", (0, NOT_EQUAL, 0xffffffff, 0))
    yield rules
    families = Filter(ALLOW)
    allowed = sorted(getattr(socket, name) for name in unit["RestrictAddressFamilies"].split())
    for family in range(allowed[-1]):
        if family not in allowed:
            families.add(ERRNO | errno.EAFNOSUPPORT, "socket", (0, EQUAL, family, 0))
    families.add(ERRNO | errno.EAFNOSUPPORT, "socket", (0, GREATER, allowed[-1], 0))
    yield families
    allowed, known = unit.system_calls()
    calls = Filter(ERRNO | errno.ENOSYS)
    for name in sorted(allowed | known):
        calls.add(ALLOW if name in allowed else denied, name)
    yield calls  # last, for it lets no filter be loaded


def add_set_id(rules, denied):
    modes = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "mkdir": 1, "mkdirat": 2, "mknod": 1,
             "mknodat": 2, "creat": 1}
    rules.add(ERRNO | errno.ENOSYS, "openat2")
    for bit in (0o4000, 0o2000):
        for name, argument in modes.items():
            rules.add(denied, name, (argument, MASKED_EQUAL, bit, bit))
        for name, flags in (("open", 1), ("openat", 2)):
            rules.add(denied, name, (flags, MASKED_EQUAL, os.O_CREAT, os.O_CREAT),
                      (flags + 1, MASKED_EQUAL, bit, bit))


def libc_call(function, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def set_read_only(path, read_only):
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY if read_only else 0,
                                       0 if read_only else MOUNT_ATTR_RDONLY, 0, 0)
    libc_call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE, attributes,
              ctypes.sizeof(attributes))


def protect_files(unit, writable):
    """ProtectSystem=strict, PrivateTmp=, ProtectProc= and ProcSubset=.

    /tmp is read-only here, for the tests live there; /var/tmp is a new one.  ProtectHome= is
    left out: the sources may be anywhere.
    """
    try:
        libc_call("unshare", CLONE_NEWNS)
        libc_call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
        for path in writable:
            libc_call("mount", path.encode(), path.encode(), None, MS_BIND, None)
        libc_call("mount", b"tmpfs", b"/var/tmp", b"tmpfs", 0, b"mode=1777")
        options = f"hidepid={unit['ProtectProc']},subset={unit['ProcSubset']}"
        libc_call("mount", b"proc", b"/proc", b"proc", 0, options.encode())
        set_read_only("/", True)
        for path in writable + ["/var/tmp"]:
            set_read_only(path, False)
    except OSError as why:
        raise Unavailable(f"no mount namespace of our own: {why}") from None


def become(unit, account):
    for name, limit in (("LimitNOFILE", resource.RLIMIT_NOFILE), ("LimitCORE",
                                                                  resource.RLIMIT_CORE)):
        wanted = min(int(unit[name]), resource.getrlimit(limit)[1] % (1 << 63))
        resource.setrlimit(limit, (wanted, wanted))
    assert unit["CapabilityBoundingSet"] == "" and unit.on("NoNewPrivileges")
    for capability in range(64):
        try:
            libc_call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:  # the kernel has no more of them
            break
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    libc_call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.umask(int(unit["UMask"], 8))
