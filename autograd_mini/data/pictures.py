"""A user's picture as grey levels: PGM by ourselves, PNG, JPEG and others through Pillow."""

from __future__ import annotations

import os
import re
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .files import read

Array = NDArray[Any]

LARGEST_FILE: Final = 2**26
MOST_PIXELS: Final = 2**25
FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
PILLOW: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
PGM: Final = re.compile(rb"P([25])" + rb"(?:\s+#[^\n]*|\s)+([0-9]{1,9})" * 3 + rb"\s", re.DOTALL)


def read_grey(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Read a picture as grey levels.

    Parameters
    ----------
    path
        A PGM file; or, with Pillow (``pip install "autograd-mini[images]"``), PNG, JPEG, GIF,
        BMP, TIFF or WebP, of any colours: they become grey by their brightness, what is
        transparent becomes white paper, and a camera's rotation is undone.

    Returns
    -------
    (height, width), 0 black to 1 white.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        When it is no picture, truncated, damaged, or has more than 2²⁵ pixels.
    ImportError
        When Pillow is needed and not installed.
    """
    name = repr(os.fspath(path))
    content = read(path, largest=LARGEST_FILE, wanted="a picture")
    if content[:2] in (b"P2", b"P5"):
        return _pgm(content, name)
    if Path(path).suffix.lower() == ".pgm":
        raise ValueError(f"{name} is no PGM picture (it begins with {content[:8]!r})")
    return _pillow(content, name)


def _pgm(content: bytes, name: str) -> NDArray[np.float64]:
    header = PGM.match(content[:2_000])
    if header is None:
        raise ValueError(f"{name} is a damaged PGM picture: no width, height and greatest value")
    width, height, most = (int(number) for number in header.groups()[1:])
    if not 0 < width * height <= MOST_PIXELS or not 0 < most < 65536:
        raise ValueError(
            f"{name} declares {width}x{height} pixels of 0 to {most}; give 1 to {MOST_PIXELS:,} "
            "pixels of 0 to at most 65535"
        )
    rest = content[header.end() :]
    if header[1] == b"5":
        dtype = np.dtype(np.uint8) if most < 256 else np.dtype(">u2")
        values: Array = np.frombuffer(rest[: width * height * dtype.itemsize], dtype)
    else:
        words = rest.split(maxsplit=width * height)[: width * height]
        if not all(word.isdigit() and len(word) < 6 for word in words):
            raise ValueError(f"{name} is a damaged PGM picture: it holds something but numbers")
        values = np.array([int(word) for word in words])
    if len(values) != width * height or values.max() > most:
        raise ValueError(
            f"{name} is a truncated or damaged PGM picture: {len(values):,} of {width * height:,} "
            f"pixels, of 0 to {values.max(initial=0)} where {most} is the most"
        )
    return values.reshape(height, width).astype(np.float64) / most


def _pillow(content: bytes, name: str) -> NDArray[np.float64]:
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError(
            f"{name}: PNG, JPEG and others are read by Pillow: pip install "
            '"autograd-mini[images]"; PGM pictures and arrays (.npy, .npz, .csv) need nothing'
        ) from error
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(BytesIO(content), formats=FORMATS) as image,
        ):
            pixels = image.width * image.height
            if pixels <= MOST_PIXELS:
                return _grey(ImageOps.exif_transpose(image))
    except Exception as error:  # damaged bytes can make Pillow raise anything
        raise ValueError(
            f"{name} is truncated, damaged or no picture ({str(error)[:120]}); give PNG, JPEG, "
            "GIF, BMP, TIFF, WebP or PGM"
        ) from error
    raise ValueError(f"{name} has {pixels:,} pixels; give a picture of at most {MOST_PIXELS:,}")


def _grey(image: Any) -> NDArray[np.float64]:
    if image.mode.startswith(("I", "F")):  # 16 bits: Pillow's own conversion would cut them off
        levels = np.asarray(image, np.float64)
        if image.mode == "F" or levels.min() < 0 or levels.max() > 65535:
            raise ValueError("its levels are not whole numbers from 0 to 65535")
        return levels / 65535
    from PIL import Image

    colours = image.convert("RGBA")
    paper = Image.new("RGBA", colours.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, colours).convert("L"))
    return grey.astype(np.float64) / 255
