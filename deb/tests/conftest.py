from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deb.fresh_system import System, fresh_system, make_package, package_name
from deb.target import Architecture, Release, Target

Packages = Callable[[Target, int], Path]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Packages of what lies here now, each built once; DEB_PACKAGES names a folder with such as were built before."""
    built = os.environ.get("DEB_PACKAGES")
    folder = Path(built) if built else tmp_path_factory.mktemp("packages")

    def package(target: Target, revision: int = 1) -> Path:
        known = folder / package_name(target, revision)
        return known if known.exists() else make_package(target, revision, folder)

    return package


@pytest.fixture(params=[f"{release}-amd64" for release in Release])
def target(request: pytest.FixtureRequest) -> Target:
    release, _, architecture = request.param.partition("-")
    return Target(Release(release), Architecture(architecture))


@pytest.fixture
def package(target: Target, packages: Packages) -> Path:
    return packages(target, 1)


@pytest.fixture
def system(target: Target, tmp_path: Path) -> Iterator[System]:
    with fresh_system(target, tmp_path) as system:
        yield system


@pytest.fixture
def models(system: System) -> str:
    """The demonstration's people need faces, which no package carries; the weights are the package's own."""
    return system.bring_models()
