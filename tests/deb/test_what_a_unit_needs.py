"""What the lock gives each system, and what the package says of it."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from deb import licences, parts
from deb.layout import HOUSE
from deb.licences import Licensed
from deb.target import Architecture, Release, Target
from deb.wheels import Wheel, locked, needed
from device.app.assets.place import MODELS_DIR
from device.app.assets.store import load_manifest
from device.domain.errors import Fault

OURS = {"device", "clinic", "provisioning"}
PROVIDERS = packages_distributions()
LOCK = (HOUSE / "requirements.lock").read_text(encoding="utf-8")


def test_every_system_gets_what_a_unit_imports_and_no_tool_of_ours(target: Target) -> None:
    names = needed(target)
    assert {"onnxruntime", "numpy", "opencv-python-headless", "paho-mqtt", "msgspec", "rpi-lgpio"} <= names
    assert names.isdisjoint({"pytest", "mypy", "matplotlib", "sqlalchemy", "pyscard", "uketsuke"})


def test_whatever_the_units_modules_import_when_they_are_loaded_is_in_the_package() -> None:
    inside = needed(Target(Release.BOOKWORM, Architecture.ARM64)) | {"uketsuke", "pyscard"}
    modules = sorted(path for package in ("device", "clinic") for path in (HOUSE / package).rglob("*.py"))
    wanted = {
        name: module
        for module in modules
        for name in imported_at_once(ast.parse(module.read_text(encoding="utf-8")).body)
        if name not in sys.stdlib_module_names | OURS
    }
    absent = {
        name: str(module.relative_to(HOUSE))
        for name, module in wanted.items()
        if inside.isdisjoint(canonicalize_name(one) for one in PROVIDERS.get(name, ()))
    }
    assert not absent


def imported_at_once(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield the packages that are imported on the way, and not first inside a function or for the type checker."""
    for statement in statements:
        match statement:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]
            case ast.Try(body=body):
                yield from imported_at_once(body)
            case _:
                pass


def test_each_has_its_exact_version_and_digests_in_the_lock(target: Target) -> None:
    lines = locked(LOCK, needed(target), target).splitlines()
    assert {canonicalize_name(line.partition("==")[0]) for line in lines} == needed(target)
    for line in lines:
        assert re.fullmatch(r"[\w.-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+", line)


def test_of_two_versions_the_one_for_the_targets_python_is_taken() -> None:
    lock = "".join(
        f"numpy=={version} ; python_version {condition} \\\n    --hash=sha256:{version}\n    # via uketsuke\n"
        for version, condition in (("2.4", "< '3.12'"), ("2.5", ">= '3.12'"))
    )
    old, new = (locked(lock, {"numpy"}, Target(release, Architecture.AMD64)) for release in Release)
    assert (old, new) == ("numpy==2.4 --hash=sha256:2.4\n", "numpy==2.5 --hash=sha256:2.5\n")


def test_a_name_that_is_not_locked_is_told() -> None:
    with pytest.raises(Fault, match="no flying-carpet: run `make lock`"):
        locked(LOCK, {"numpy", "flying-carpet"}, Target(Release.TRIXIE, Architecture.AMD64))


def test_a_package_for_a_later_debian_is_a_later_version() -> None:
    twelve, thirteen = (Target(release, Architecture.ARM64).version("1.2.0", 3) for release in Release)
    assert (twelve, thirteen) == ("1.2.0-3+deb12", "1.2.0-3+deb13")
    assert twelve < thirteen


def test_wheels_are_asked_for_the_targets_processor_and_no_newer_c_library() -> None:
    asked = Target(Release.BOOKWORM, Architecture.ARM64).platforms
    assert asked[0] == "manylinux_2_36_aarch64"
    assert all(one.endswith("_aarch64") for one in asked)


def distribution(site: Path, name: str, *said: str, texts: dict[str, str] | None = None) -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *said, ""]))
    files = ["METADATA,,"]
    for text, content in (texts or {}).items():
        (folder / text).parent.mkdir(exist_ok=True)
        (folder / text).write_text(content)
        files.append(f"{folder.name}/{text},,")
    (folder / "RECORD").write_text("\n".join([*files, ""]))


def test_terms_and_texts_are_taken_from_what_each_distribution_says(tmp_path: Path) -> None:
    site = tmp_path / "site"
    texts = {"licenses/LICENSE": "be free", "licenses/COPYING.txt": "be free", "licenses/NOTICE": "by us"}
    distribution(site, "modern", "License-Expression: MIT", "Project-URL: Home, https://new.example", texts=texts)
    distribution(site, "older", "Classifier: License :: OSI Approved :: BSD License", "Home-page: https://old.example")
    distribution(site, "oldest", "License: Apache 2.0")
    works = licences.distributions(site)
    assert [(work.name, work.terms, work.home) for work in works] == [
        ("modern", "MIT", "https://new.example"),
        ("older", "BSD License", "https://old.example"),
        ("oldest", "Apache 2.0", "unknown"),
    ]
    documents = tmp_path / "doc"
    documents.mkdir()
    with pytest.raises(Fault, match="no text of its licence comes with older"):
        licences.collect(works, documents, HOUSE / "LICENSE")
    licences.collect([work for work in works if work.name != "older"], documents, HOUSE / "LICENSE")
    said = (documents / "copyright").read_text(encoding="utf-8")
    assert "Comment: modern 1.0\n Terms: MIT" in said
    named = re.findall(r"Text: /usr/share/doc/uketsuke/(\S+)", said)
    assert {(documents / one).read_text() for one in named} == {"be free", "by us"}
    assert len(named) == 2
    assert (
        "Comment: oldest 1.0\n Terms: Apache 2.0\n Home: unknown\n Text: /usr/share/common-licenses/Apache-2.0" in said
    )


def test_a_distribution_without_terms_stops_the_build(tmp_path: Path) -> None:
    distribution(tmp_path, "silent")
    with pytest.raises(Fault, match="no licence is named by silent"):
        licences.distributions(tmp_path)


def test_the_list_of_parts_names_wheels_and_weights_by_digest_and_is_the_same_each_time() -> None:
    wheel = Wheel("numpy", "2.0", "numpy-2.0-cp311-cp311-manylinux_2_28_x86_64.whl", "ab" * 32)
    work = Licensed("numpy", "2.0", "BSD-3-Clause", "https://numpy.org")
    models = load_manifest(MODELS_DIR / "manifest.toml").model

    def made() -> str:
        return parts.listed(
            version="1-1+deb12",
            architecture="amd64",
            wheels=[wheel],
            works={"numpy": work},
            models=models,
            epoch=1_790_000_000,
        )

    assert made() == made()
    found = {part["name"]: part for part in json.loads(made())["components"]}
    assert found["numpy"]["purl"] == "pkg:pypi/numpy@2.0"
    assert {model.sha256 for model in models} < {part["hashes"][0]["content"] for part in found.values()}
