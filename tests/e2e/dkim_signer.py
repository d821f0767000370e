# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors

"""dkim_signer: a mail -> the same, signed by dkimpy.

dkimpy is Debian's (python3-dkim), which Debian's own Python alone finds; so this file is also the
program that Python runs: options as JSON in one line, then the mail, on stdin.
"""

import json
import subprocess
import sys

PYTHON = "/usr/bin/python3"
SELECTOR = "202501"
# Made for these tests, of no use elsewhere.
RECORD = ("v=DKIM1; k=rsa; p="
          "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0gote6O2ildCzciiTbq5flmhEuHTVeHgj3va"
          "8i1TiiJNvV65qPwQBE52PpU3VaWTTP9zMcsDnMTlT9p6swbSHN2k4SHn85W5RUj0Rejxz0HeYdpFcbcI"
          "lHHmsR9itm/zKOZp39G/BqktqNVdgNdjHobs/oasL1g6L5VX+4K3YQIN3ntf9vTr+6MlTfo8ACDTUbfT"
          "KeXw9oMjC9RXJL8tm7yRHbcLrdte3Or+HsU8L9v1pkBeDgtNNjdZol/eA3IjTTTtoRb6+yfcItMVetqt"
          "U3quCAAw+dru/XxDvz8D6xR7G69QNhlZw9EPKyRy5gqUogiKY1BQclDQ48WVe5CVNQIDAQAB")
KEY = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIIEogIBAAKCAQEA0gote6O2ildCzciiTbq5flmhEuHTVeHgj3va8i1TiiJNvV65
qPwQBE52PpU3VaWTTP9zMcsDnMTlT9p6swbSHN2k4SHn85W5RUj0Rejxz0HeYdpF
cbcIlHHmsR9itm/zKOZp39G/BqktqNVdgNdjHobs/oasL1g6L5VX+4K3YQIN3ntf
9vTr+6MlTfo8ACDTUbfTKeXw9oMjC9RXJL8tm7yRHbcLrdte3Or+HsU8L9v1pkBe
DgtNNjdZol/eA3IjTTTtoRb6+yfcItMVetqtU3quCAAw+dru/XxDvz8D6xR7G69Q
NhlZw9EPKyRy5gqUogiKY1BQclDQ48WVe5CVNQIDAQABAoIBAEdYJ6zopheFnm5x
6ReIBnvxi/Hy/Ssd5341buB2Hvs7vbZGV8AbpoEf+bA2VS5laIxt9L4EHH0CsHWY
W7c16ObfLqM+NiCaSe1L45Vfk8t3r0cDsjT3HBX4PokJhSk9C5Zn9ayN/VoQ2y6P
EwyxnLyAzj2ClzgZuuHw04reEtYDFAQD32fHvtpOyPlFXzX3YBXXBK3tbu+UNezC
uzUY6VgaVxeiax4bbwsh4Io92Gnm4tmcZ5hMGmoLBBIFwqOaAYKpegie5FPt9oIr
OCxTxAbNNKdUvS8svRLXR6joIS4idzhkxl79oPu2Et+Qp4savqFVFwOxITXLj+iV
hnReA90CgYEA7rkDcgwrrCAf5/mF4m2UqZch293squvRgG6HILuhKJcFmvC2U/cZ
RfeK3mzQlDQBFbXd3OF4HqAMprIl4n78x8zZ0DEWuMtwaWNXN35O+vII8qB+Gzsz
uu06PokWrfZlaYug/OVYNpo7c7p1IFuq+QBGAUfxMZS6RAz3SKkvaZ8CgYEA4T28
D8bkoo+PTL059Y272kX5rQrWOS9I9QAUF74FGBuvBkDD65tnrtwwHYgjM0wBjUiE
cELakLyhDhMtPpSzTmgjIBTUlRdp9OcXvqp4q/3dGgf2UgFgax5XW8T3VWOmmb8d
HfhO92DXRs4JBUloM5Fu53GBIILMegvoVeKN+KsCgYAb8hytJS+XnssdZOB/eUSF
9eNI0dn6yFBmMIoxEsXy8nr9gGBXw/15a1keYK6qKsxVtkyapupg62uPuBsnQKZm
3VxCOvzl9Srbq31ySZ8FUYAqpw8cMPoFT/AZkgLNqqKEkIvwDwkcm0GKcrFzcEe7
joSjccCShU6o2Lu6DdQ3EQKBgCROkzXn1YruoSa5idIvGozAotJl4Mou+Q+lB5gc
JS4RqFDVt78OudPR4l+gRixKoCVp/w8pd5nFDiD6rlxcE9sbpi3RrcKql4XGimlN
iU4QCcfcaLQnTKd3qJU+VrAI9B3sVIE0OWZe0dSz+XhEsOs/EiV0gl//NX6m1Lij
YEcpAoGASCGiKeoy2liI7D8V2CDOzgnKZ4H35Ag2TnoM9rJI+rHkcgjZfiJ2aTuc
CxiIVzqVUZwZt+X7eij0gPN64Yx7zpPL0HTR/yhs7EaX9wWWB75wAwWjbRCqP0ji
rV22h05mA8VBOkK/iUYrozIFqfKySDJZT0NgYkSJoY9/KD4Nhsk=
-----END RSA PRIVATE KEY-----
"""


def available():
    """FALSE: the Debian package python3-dkim is not there."""
    done = subprocess.run([PYTHON, "-c", "import dkim"], stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def sign(mail, domain="reports.cert-bund.de", canonicalize="relaxed/simple", length=False,
         expires=None, names=None, algorithm="rsa-sha256"):
    """mail with a signature on top.  length: with l=; expires: x=, seconds since the epoch;
    names: what h= holds, None for what dkimpy thinks right."""
    options = {"domain": domain, "canonicalize": canonicalize, "length": length,
               "expires": expires, "names": names, "algorithm": algorithm}
    done = subprocess.run([PYTHON, __file__], input=json.dumps(options).encode() + b"\n" + mail,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout


def _main():
    import dkim  # pylint: disable=import-outside-toplevel # found by PYTHON only

    options = json.loads(sys.stdin.buffer.readline())
    mail = sys.stdin.buffer.read()

    class Signer(dkim.DKIM):
        """One that writes x=, which dkimpy has no option for."""

        def gen_header(self, fields, *arguments, **named):
            if options["expires"] is not None:
                fields.insert(-3, (b"x", str(options["expires"]).encode()))
            return super().gen_header(fields, *arguments, **named)

    signer = Signer(mail, signature_algorithm=options["algorithm"].encode())
    signature = signer.sign(SELECTOR.encode(), options["domain"].encode(), KEY,
                            canonicalize=tuple(options["canonicalize"].encode().split(b"/")),
                            include_headers=options["names"], length=options["length"])
    sys.stdout.buffer.write(signature + mail)


if __name__ == "__main__":
    _main()
