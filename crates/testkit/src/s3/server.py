"""Serves moto's S3 on two ports of loopback, one plain and one with TLS, over the same objects.

Arguments: folder, plain port, TLS port. Writes ca.pem into the folder: the authority that signed the certificate for
localhost and 127.0.0.1.
"""

import datetime
import ipaddress
import pathlib
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def signed(name, key, issuer, issuer_key, ca):
    """Makes a certificate for a key."""
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def certificate(folder):
    """Makes an authority and a server's certificate that it signs; answers the server's certificate and key as files."""
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    ca = signed(name("testkit"), authority, name("testkit"), authority, True)
    made = signed(name("localhost"), server, name("testkit"), authority, False)
    key_file, file = folder / "key.pem", folder / "cert.pem"
    plain = serialization.NoEncryption()
    key_file.write_bytes(server.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    file.write_bytes(made.public_bytes(pem))
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    return str(file), str(key_file)


def farewell(server):
    """Has the server end each TLS connection as TLS wants it, or OpenSSL 3 tells its client of an unexpected end."""
    close = server.shutdown_request

    def shutdown_request(request):
        try:
            request.settimeout(2)
            request.unwrap()
        except (OSError, ValueError):
            pass  # The client was faster.
        close(request)

    server.shutdown_request = shutdown_request
    return server


def main():
    folder, plain, tls = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    objects = DomainDispatcherApplication(create_backend_app)
    secured = make_server("127.0.0.1", tls, objects, threaded=True, ssl_context=certificate(folder))
    threading.Thread(target=farewell(secured).serve_forever, daemon=True).start()
    make_server("127.0.0.1", plain, objects, threaded=True).serve_forever()


main()
