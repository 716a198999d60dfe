"""The package's list of parts in CycloneDX's form (SBOM): what tools compare with lists of known weaknesses."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from deb.licences import Licensed
from deb.wheels import Wheel
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.manifest import ModelSpec

_NAMESPACE = uuid.UUID("6c9cf6c8-6f1b-5a63-9a53-7a3a1a6f5e0e")
"""Ours, so that the same parts give the same serial number."""


def listed(
    *,
    version: str,
    architecture: str,
    wheels: Iterable[Wheel],
    works: Mapping[str, Licensed],
    models: Iterable[ModelSpec],
    epoch: int,
) -> str:
    """Return the list as JSON. Raise Fault when the form's own schema refuses it."""
    ours = Component(
        type=ComponentType.APPLICATION,
        name="uketsuke",
        version=version,
        bom_ref="uketsuke",
        licenses=[DisjunctiveLicense(id="Apache-2.0")],
        properties=[Property(name="uketsuke:architecture", value=architecture)],
    )
    parts = [*(_wheel(wheel, works[wheel.name]) for wheel in wheels), *map(_model, models)]
    bom = Bom(components=parts, version=1)
    bom.metadata.component = ours
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, UTC)
    bom.register_dependency(ours, parts)
    bom.serial_number = uuid.uuid5(
        _NAMESPACE, f"{version} {architecture} {sorted(str(part.hashes[0].content) for part in parts)}"
    )
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise Fault(f"the list of parts is not in its form: {wrong}", part="package", reason=Reason.INTERNAL_FAULT)
    return text


def _wheel(wheel: Wheel, work: Licensed) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=wheel.name,
        version=wheel.version,
        bom_ref=f"pypi:{wheel.name}",
        purl=PackageURL("pypi", name=wheel.name.lower().replace("_", "-"), version=wheel.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        licenses=[DisjunctiveLicense(name=work.terms)],
        properties=[Property(name="uketsuke:wheel", value=wheel.file)],
        external_references=(
            [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(work.home))]
            if work.home.startswith("https://")
            else []
        ),
    )


def _model(model: ModelSpec) -> Component:
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=model.name,
        version=model.version,
        bom_ref=f"model:{model.name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=model.sha256)],
        licenses=[DisjunctiveLicense(id=model.licence)],
        properties=[Property(name="uketsuke:role", value=model.role.value)],
    )
