# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""keyring: a GnuPG home with one key, as an operator's is."""

import os
import shutil
import subprocess

from tap import Skip

NAME = "abuse-desk@lab.example.org"


def make(home, text, account):
    """A key in a new home, and its detached signature of a text: account owns all.

    The key's fingerprint.
    """
    def gpg(*words):
        # No pipe: the agent that it starts would keep it open.
        subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", *words], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    if not shutil.which("gpg-agent"):
        raise Skip("gpg-agent is not there (Debian package gpg-agent)")
    os.makedirs(home, mode=0o700, exist_ok=True)
    os.chmod(home, 0o700)
    with open(os.path.join(home, "mail"), "wb") as file:
        file.write(text)
    try:
        gpg("--passphrase", "", "--quick-gen-key", NAME, "ed25519", "sign", "never")
        gpg("--armor", "--output", f"{home}/mail.asc", "--detach-sign", f"{home}/mail")
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    listed = subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--with-colons",
                             "--list-keys"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for path, folders, files in os.walk(home):
        for name in [path] + [os.path.join(path, name) for name in folders + files]:
            os.chown(name, account.pw_uid, account.pw_gid)
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
