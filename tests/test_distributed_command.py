"""`autograd-mini train --dask`: clusters by name, the same digits, Ctrl-C, errors in one line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograd_mini.cli import main
from autograd_mini.distributed import connecting
from docs.document import blocks
from tests.clusters import cluster_of
from tests.documents import ROOT

SHORT = ["--layers", "64-6-10", "--no-progress"]


def weights(folder: Path) -> list[bytes]:
    with np.load(folder / "weights.npz") as file:
        return [file[name].tobytes() for name in ("theta1", "theta2")]


@pytest.mark.parametrize("text", ["local:1", "local:1000", "tcp://10.0.0.7:8786", "tls://h:1"])
def test_clusters_have_names(text: str) -> None:
    assert connecting.read(text) == text


@pytest.mark.parametrize(
    "text", ["", "local", "local:", "local:0", "local:1001", "local:two", "2", "tcp://here",
             "http://here:80", "local:٣"],
)  # fmt: skip
def test_what_names_no_cluster_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"is no cluster; give local:N .* or a scheduler's addr"):
        connecting.read(text)
    with pytest.raises(SystemExit, match="2"):
        main(["train", f"--dask={text}"])
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "is no cluster; give local:N for N worker processes" in told


def test_a_scheduler_that_does_not_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(connecting, "SECONDS", 0.5)
    with socket.socket() as free:  # bound, and nobody listens
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        status = main(["train", *SHORT, "--dask", address, "--out", str(tmp_path)])
    told = capsys.readouterr().err
    assert status == 2
    assert told.count("\n") == 1
    assert f"no scheduler answers at {address} within 0.5 s; start one with `dask sched" in told


def test_without_dask_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["train", *SHORT, "--dask", "local:2", "--out", str(tmp_path)]) == 2
    assert 'pip install "autograd-mini[distributed]"' in capsys.readouterr().err


def test_a_scheduler_s_workers_give_the_digits_of_one_process(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with cluster_of(2) as client:
        address = client.scheduler.address
        asked = ["train", *SHORT, "--epochs", "2", "--batch-size", "200"]
        assert main([*asked, "--dask", address, "--out", str(tmp_path / "there")]) == 0
        told = capsys.readouterr().out
        assert f"2 at {address}, 16 shards of the examples" in told
        assert main([*asked, "--shards", "16", "--out", str(tmp_path / "here")]) == 0
    assert weights(tmp_path / "there") == weights(tmp_path / "here")


@pytest.mark.slow
def test_the_page_s_program_runs(tmp_path: Path) -> None:
    (program,) = blocks((ROOT / "docs" / "distributed.md").read_text("utf-8"), "python")
    lines = program.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("client = "))
    guarded = [*lines[:first], 'if __name__ == "__main__":', *(f"    {s}" for s in lines[first:])]
    (tmp_path / "page.py").write_text("\n".join([*guarded, "    print(float(J), D)"]), "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "page.py"],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Network([30, 12, 4]" in done.stdout


@pytest.mark.slow
def test_local_processes_train_by_l_bfgs_and_are_gone(tmp_path: Path) -> None:
    asked = ["train", *SHORT, "--optimizer", "l-bfgs", "--epochs", "3", "--json"]
    command = [sys.executable, "-m", "autograd_mini", *asked, "--dask", "local:2"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "there")],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["workers"] == 2
    assert main([*asked, "--shards", "16", "--out", str(tmp_path / "here")]) == 0
    assert weights(tmp_path / "there") == weights(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a terminal's Ctrl-C goes to a group of processes")
def test_ctrl_c_ends_the_run_and_closes_the_workers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "autograd_mini", "train", "--layers", "64-6-10"]
    running = subprocess.Popen(
        [*command, "--dask", "local:2", "--epochs", "100000", "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert running.stderr is not None
        seen = ""
        while not re.search(r"[1-9]\d*/100000", seen):  # an epoch is done
            seen += running.stderr.read(1)
        members = group(running.pid)
        assert len(members) >= 3
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
        out, err = running.communicate(timeout=60)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 0
    assert "Stopped     by Ctrl-C; the best weights so far are kept" in out
    assert "Traceback" not in err
    assert (tmp_path / "out" / "weights.npz").exists()
    end = time.monotonic() + 20
    while group(running.pid):
        assert time.monotonic() < end, group(running.pid)
        time.sleep(0.05)


def group(leader: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgid = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it has ended
        if int(pgid) == leader and state != "Z":
            found.append(int(folder.name))
    return found
