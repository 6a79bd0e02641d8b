r"""Pictures of training and of networks with matplotlib (``pip install "autograd-mini[plot]"``).

Every function takes ``ax=``, draws there and returns it. Without one it makes a figure of its own,
which is not registered with pyplot: a notebook shows what is returned, ``ax.figure.savefig`` saves
it, and nothing global is touched. `curves` draws a training run; `weight_tiles`, `digits`,
`decision_boundary` and `confusion_matrix` what a network does; `gradient_norms` and
`activation_histograms` how it fares layer by layer. `curves_svg` needs no matplotlib.

>>> import autograd_mini as ag
>>> ax = ag.plots.weight_tiles(ag.nn.Network([64, 25, 10]))
>>> ax.get_title()
'Θ^(1): what the 25 units of layer 2 look for\nblue +, orange −, each scaled to its largest'
"""

from __future__ import annotations

from ..charts.curves import curves_svg
from .classes import confusion_matrix, decision_boundary
from .images import digits, weight_tiles
from .layers import activation_histograms, gradient_norms
from .training import curves

__all__ = [
    "activation_histograms",
    "confusion_matrix",
    "curves",
    "curves_svg",
    "decision_boundary",
    "digits",
    "gradient_norms",
    "weight_tiles",
]
