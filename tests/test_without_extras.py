"""Where nothing but what `pip install autograd-mini` brings is there: it trains, and says the rest.

The interpreter sees a folder of links to those packages alone, and no site-packages.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autograd_mini.cli import doctor

ROOT = Path(__file__).parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="links to folders are POSIX"),
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of links to the packages that are always installed."""
    folder = tmp_path_factory.mktemp("bare")
    for name in doctor.PACKAGES:
        try:
            files = importlib.metadata.distribution(name).files
        except importlib.metadata.PackageNotFoundError:
            continue  # the drawing engine has no wheel for this machine
        for top in {file.parts[0] for file in files or ()} - {"..", "__pycache__"}:
            source = importlib.metadata.distribution(name).locate_file(top)
            (folder / top).symlink_to(Path(os.fspath(source)))
    return folder


def command(bare: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-W", "error", "-m", "autograd_mini", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": f"{bare}{os.pathsep}{ROOT}", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_it_trains_predicts_and_says_what_each_extra_would_give(bare: Path, tmp_path: Path) -> None:
    trained = command(bare, tmp_path, "train", "--epochs", "2", "--layers", "64-10")
    assert trained.returncode == 0, trained.stderr
    assert "report.html" in trained.stdout
    assert "cost.png" not in trained.stdout
    weights = "autograd-mini-train/weights.npz"
    np.save(tmp_path / "x.npy", np.zeros((1, 64)))
    found = command(bare, tmp_path, "predict", weights, "x.npy", "--json")
    assert len(json.loads(found.stdout)["predictions"][0]["probabilities"]) == 10
    Image.new("L", (9, 9)).save(tmp_path / "x.png")
    for arguments, extra in (
        (["predict", weights, "x.png"], "images"),
        (["train", "--optimizer", "l-bfgs", "--epochs", "1"], "scipy"),
        (["train", "--data", "mnist5k"], "mnist5k"),
    ):
        refused = command(bare, tmp_path, *arguments)
        assert refused.returncode == 2
        assert f'pip install "autograd-mini[{extra}]"' in refused.stderr
        assert "Traceback" not in refused.stderr


def test_doctor_names_every_extra_and_what_it_gives(bare: Path, tmp_path: Path) -> None:
    told = command(bare, tmp_path, "doctor")
    assert told.returncode == 0, told.stdout + told.stderr
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    users = {*project["optional-dependencies"]} - {"test", "lint", "docs", "dev"}
    assert users == {extra for extra, _ in doctor.EXTRAS.values()}
    for package, (extra, use) in doctor.EXTRAS.items():
        line = f'{package:<15} not installed (pip install "autograd-mini[{extra}]", for {use})'
        assert line in told.stdout.splitlines()
        (needs,) = project["optional-dependencies"][extra]
        assert re.split("[>=]", needs)[0] == package
    assert "training        ✓ works" in told.stdout
