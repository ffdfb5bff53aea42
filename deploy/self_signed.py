"""`python deploy/self_signed.py FOLDER [HOST]`: a self-signed certificate, with which a proxy can start at once.

Writes fullchain.pem and privkey.pem where there is no certificate yet; browsers will warn of it. The folder is for the
proxy and for whoever renews the certificate alone: the key's file can be read by all who can reach it.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = timedelta(days=398)


def main() -> None:
    """Make the certificate for HOST, or for the host of JOULEMARK_ORIGIN."""
    folder = Path(sys.argv[1])
    origin = os.environ.get("JOULEMARK_ORIGIN", "")
    host = sys.argv[2] if len(sys.argv) > 2 else urlsplit(origin).hostname or "localhost"
    if (folder / "fullchain.pem").exists() and (folder / "privkey.pem").exists():
        print("there is a certificate")
        return
    key = ec.generate_private_key(ec.SECP256R1())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "fullchain.pem").write_bytes(_certificate(key, host).public_bytes(serialization.Encoding.PEM))
    print(f"made a certificate of our own for {host}; browsers warn of it until a real one is here")


def _certificate(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


if __name__ == "__main__":
    main()
