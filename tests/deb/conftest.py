from __future__ import annotations

import itertools

import pytest

from deb.target import Architecture, Release, Target

TARGETS = [Target(release, architecture) for release, architecture in itertools.product(Release, Architecture)]


@pytest.fixture(params=TARGETS, ids=lambda target: f"{target.release}-{target.architecture}")
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found
