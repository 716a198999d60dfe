from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from deb.fresh_system import System, fresh_system, layer_of_memory, make_package, package_name, speak_aarch64
from deb.stand_in import MAKE_READER_IMAGE, PI, Stock, make_stock
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


@pytest.fixture(scope="session")
def installed_layers(
    packages: Packages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Target], Path]]:
    """What the installation of the package changes in a fresh system, each made once."""
    with ExitStack() as stack:

        @cache
        def layer(target: Target) -> Path:
            into = stack.enter_context(layer_of_memory(tmp_path_factory.mktemp("installed")))
            with fresh_system(target, tmp_path_factory.mktemp("system"), into=into) as system:
                system.install(packages(target, 1))
            return into

        yield layer


@pytest.fixture
def installed(target: Target, installed_layers: Callable[[Target], Path], tmp_path: Path) -> Iterator[System]:
    """A fresh system with the package installed."""
    with fresh_system(target, tmp_path, over=installed_layers(target)) as system:
        yield system


@pytest.fixture
def models(installed: System) -> str:
    """The demonstration's people need faces, which no package carries; the weights are the package's own."""
    return installed.bring_models()


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """What stands in for Raspberry Pi OS's image; nobody writes to it."""
    return make_stock(tmp_path_factory.mktemp("stock"))


@pytest.fixture(scope="session")
def reader_image(stock: Stock, packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image made from it; nobody writes to it."""
    made = tmp_path_factory.mktemp("image") / "reader.img"
    with speak_aarch64():
        subprocess.run([MAKE_READER_IMAGE, stock.image, packages(PI, 1), made], check=True)
    return made
