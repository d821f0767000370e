# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""xarf_schema: files with JSON -> what is wrong with them, by the schema beside this file.

python3-jsonschema is Debian's, which Debian's own Python alone finds; so this file is also the
program that it runs."""

import json
import os
import subprocess
import sys

PYTHON = "/usr/bin/python3"
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "xarf-v4.schema.json")


def is_there():
    """FALSE: the Debian package python3-jsonschema is not there."""
    done = subprocess.run([PYTHON, "-c", "import jsonschema"], stderr=subprocess.DEVNULL,
                          check=False)
    return done.returncode == 0


def faults(paths):
    """A line for each; none when every report in these files, each one or an array, is valid."""
    done = subprocess.run([PYTHON, __file__], input="\n".join(paths), capture_output=True,
                          encoding="utf-8", check=True)
    return done.stdout.splitlines()


def main():
    import jsonschema  # pylint: disable=import-outside-toplevel # found by PYTHON only

    with open(SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)  # patterns, no formats: these want more
    for path in sys.stdin.read().splitlines():
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        for report in found if isinstance(found, list) else [found]:
            for fault in validator.iter_errors(report):
                print(f"{path}: {fault.json_path}: {fault.message}")


if __name__ == "__main__":
    main()
