"""The simulator's own certificate authority and the certificates that its devices show, kept in the state directory."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from simulator.errors import SimulatorError
from simulator.private_files import write_private

_HOSTS = ("localhost", "127.0.0.1")
_OTHER_HOST = "sbc.example.net"


class Certificates:
    """A CA and one device certificate, made at the first start and kept, so that a pinned fingerprint lasts.

    Raises:
        SimulatorError: the state directory cannot be used.
    """

    def __init__(self, state_dir: Path) -> None:
        self.ca_path = state_dir / "ca.pem"
        self._ca_key_path = state_dir / "ca-key.pem"
        self._device_path = state_dir / "device.pem"
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._ca = self._load_or_make_authority()
            if not self._device_path.exists():
                self._issue()
            context = _context(self._device_path)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise SimulatorError(
                f"the certificates in {state_dir} cannot be used ({reason}): remove it and start again"
            ) from error
        self._contexts = {"": context}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the device certificate in DER, 64 hexadecimal digits in lower case."""
        pem = self._device_path.read_text()
        first = pem[pem.index("-----BEGIN CERTIFICATE-----") : pem.index("-----END CERTIFICATE-----")]
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f"{first}-----END CERTIFICATE-----\n")).hexdigest()

    def context(self, kind: str) -> ssl.SSLContext:
        """What a listener serves with: `""` for the good certificate, or `expired`, `self-signed` or `other-host`."""
        if kind not in self._contexts:
            path = self._device_path.with_name(f"{kind}.pem")
            write_private(path, self._spoilt(kind))
            self._contexts[kind] = _context(path)
        return self._contexts[kind]

    def _load_or_make_authority(self) -> trustme.CA:
        if self.ca_path.exists() and self._ca_key_path.exists():
            return trustme.CA.from_pem(self.ca_path.read_bytes(), self._ca_key_path.read_bytes())
        authority = trustme.CA(organization_name="Number Inventory device simulator")
        write_private(self._ca_key_path, authority.private_key_pem.bytes())
        authority.cert_pem.write_to_path(self.ca_path)
        self._device_path.unlink(missing_ok=True)
        return authority

    def _issue(self) -> None:
        leaf = self._ca.issue_cert(*_HOSTS, common_name="Simulated SBC")
        write_private(self._device_path, leaf.private_key_and_cert_chain_pem.bytes())

    def _spoilt(self, kind: str) -> bytes:
        if kind == "self-signed":
            nobody = trustme.CA(organization_name="Self-signed SBC")
            return nobody.private_key_pem.bytes() + nobody.cert_pem.bytes()
        now = datetime.now(UTC)
        if kind == "expired":
            leaf = self._ca.issue_cert(*_HOSTS, not_before=now - timedelta(30), not_after=now - timedelta(1))
        else:
            leaf = self._ca.issue_cert(_OTHER_HOST)
        return leaf.private_key_and_cert_chain_pem.bytes()


def _context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(path)
    return context
