"""Which certificates of a device are trusted."""

import re
import ssl

from urllib3.util.ssl_ import create_urllib3_context

from number_inventory.domain.devices import TlsSettings, TlsTrust
from number_inventory.domain.errors import DeviceRejectedError

_SHA256 = re.compile(r"[0-9a-f]{64}")


def tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """The TLS settings as OpenSSL takes them: TLS 1.2 or newer, and the trust of the device's settings.

    Raises:
        DeviceRejectedError: the CA bundle is no PEM text with certificates.
    """
    if tls.trust is not TlsTrust.CA:
        context = create_urllib3_context(cert_reqs=ssl.CERT_NONE)
        context.check_hostname = False
        return context
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    if not tls.ca_pem:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=tls.ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise DeviceRejectedError(
            "the device's CA bundle holds no certificate that can be read; give PEM text (-----BEGIN CERTIFICATE-----)"
        ) from error
    # A bundle of the device's own may be its self-signed certificate, and private CAs often lack the extensions that
    # Python 3.13 asks for by default; names, dates and signatures are verified all the same.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def pinned(tls: TlsSettings) -> str:
    """The pinned SHA-256 fingerprint, lower case without colons.

    Raises:
        DeviceRejectedError: it is not one.
    """
    digits = re.sub(r"[:\s]", "", tls.fingerprint).lower()
    if not _SHA256.fullmatch(digits):
        raise DeviceRejectedError("the device's pinned fingerprint must be SHA-256: 64 hexadecimal digits")
    return digits
