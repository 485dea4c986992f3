"""Two independent path validators to agree with: pyhanko-certvalidator, and cryptography's own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509 import verification
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.policy_decl import PKIXValidationParams

AUTH = frozenset({"1.2.392.200149.8.5.1.3.30"})
SIGN = frozenset({"1.2.392.200149.8.5.1.1.20"})


def pyhanko_accepts(certificate: bytes, roots: Path, crl: Path, now: datetime, policies: frozenset[str] = AUTH) -> bool:
    """Path, policy and revocation, hard-fail, nothing fetched."""
    pems = list(pem.unarmor(roots.read_bytes(), multiple=True))
    lists = list(pem.unarmor(crl.read_bytes(), multiple=True)) if crl.exists() else []
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(der) for _, _, der in pems],
        crls=[asn1_crl.CertificateList.load(der) for _, _, der in lists],
        allow_fetching=False,
        revocation_mode="require",
        moment=now,
    )
    usage = {"digital_signature"} if policies == AUTH else {"digital_signature", "non_repudiation"}
    try:
        validator = CertificateValidator(
            asn1_x509.Certificate.load(certificate),
            validation_context=context,
            pkix_params=PKIXValidationParams(user_initial_policy_set=policies, initial_explicit_policy=True),
        )
        purpose = {"client_auth"} if policies == AUTH else None
        checked = validator.async_validate_usage(usage, extended_key_usage=purpose, extended_optional=True)
        with ThreadPoolExecutor(1) as aside:  # this thread may already run the browser's event loop
            aside.submit(asyncio.run, checked).result()
    except (PathError, ValidationError, ValueError):
        return False
    return True


def cryptography_accepts(certificate: bytes, roots: Path, now: datetime, policies: frozenset[str] = AUTH) -> bool:
    """Path and policy; it knows no revocation."""

    def asserted(_policy: verification.Policy, _leaf: x509.Certificate, value: x509.CertificatePolicies) -> None:
        if policies.isdisjoint(one.policy_identifier.dotted_string for one in value):
            raise ValueError("policy")

    criticality = verification.Criticality
    leaf = verification.ExtensionPolicy.permit_all().require_present(
        x509.CertificatePolicies, criticality.AGNOSTIC, asserted
    )
    authority = verification.ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, criticality.AGNOSTIC, None
    )
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(x509.load_pem_x509_certificates(roots.read_bytes())))
        .time(now)
        .max_chain_depth(0)
        .extension_policies(ee_policy=leaf, ca_policy=authority)
        .build_client_verifier()
    )
    try:
        verifier.verify(x509.load_der_x509_certificate(certificate), [])
    except verification.VerificationError:
        return False
    return True
