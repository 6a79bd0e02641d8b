"""Files that are whole or not there at all: written beside and renamed, read with bounds.

An archive from elsewhere can be truncated, be something else, ask for a pickle to be run, or
declare sizes that no machine has. `load_npz` looks at what the archive declares before it unpacks
anything, never unpickles, and says in one line what is wrong.
"""

from __future__ import annotations

import errno
import math
import os
import secrets
import stat
import warnings
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

# Far above what the note's networks and their data need, and below what hurts a small machine.
LARGEST = 2**30
MOST_MEMBERS = 10_000
PIECE = 2**16
HEADER = 2**17  # bytes in which the header of an array must end


def write(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file so that a reader finds the old content or the new, never half of it.

    The content goes to a new file in the same folder, is brought to the disk, and takes the
    name over in one step. Text is written as UTF-8 with the newlines it has.

    Parameters
    ----------
    path
        The file; its folder must exist. A file that is there is replaced and keeps its
        permissions; a symbolic link is followed, so that what it names is replaced.
    content
        Text or bytes.

    Returns
    -------
    The path that was written.

    Raises
    ------
    OSError
        When the folder is missing or not writable, or the disk is full; the old file is untouched
        and nothing is left beside it.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    data = content.encode() if isinstance(content, str) else content
    if not target.parent.exists():  # else a name that is only ours would be told
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target.parent))
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return path


def npz_bytes(arrays: Mapping[str, NDArray[Any]], **texts: str) -> bytes:
    """Pack named arrays and texts as a compressed npz, the same bytes every time.

    Parameters
    ----------
    arrays
        What `np.load` will find under these names.
    **texts
        Further members, kept as UTF-8 text (``metadata`` is JSON in a weight file); `np.load`
        gives them as arrays of one string.

    Raises
    ------
    ValueError
        For an array of Python objects, which only a pickle could hold.
    """
    members: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    members |= {name: np.array(text) for name, text in texts.items()}
    for name, array in members.items():
        if array.dtype.hasobject:
            raise ValueError(f"array {name!r} holds Python objects; give numbers")
    packed = BytesIO()
    np.savez_compressed(packed, **members)
    return packed.getvalue()


def load_npz(path: str | os.PathLike[str], *, largest: int = LARGEST) -> dict[str, NDArray[Any]]:
    """Read every array of an npz file, without pickle and within bounds.

    Parameters
    ----------
    path
        A file made by `np.savez` or `np.savez_compressed`.
    largest
        Most bytes that the arrays may have together, unpacked.

    Returns
    -------
    The arrays by name.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        When it is no npz file, is truncated or damaged, holds Python objects, or declares more
        than `largest` bytes. Nothing in it is executed.
    """
    return unpack_npz(read(path, largest=largest), path, largest=largest)


def load_npy(path: str | os.PathLike[str], *, largest: int = LARGEST) -> NDArray[Any]:
    """Read the array of a .npy file, without pickle and within bounds.

    Raises
    ------
    OSError, ValueError
        As `load_npz`.
    """
    content = bytearray(read(path, largest=largest, wanted="a .npy file"))
    try:
        return _array(content, repr(os.fspath(path)))
    except _DamagedError as error:
        raise ValueError(str(error)) from error


def read(
    path: str | os.PathLike[str],
    *,
    largest: int = LARGEST,
    wanted: str = "an npz file (numpy.savez writes one)",
) -> bytes:
    """Read a whole file of at most `largest` bytes; a pipe or a device is never waited for.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        When it is no file, or has more bytes.
    """
    return regular(path, largest, wanted).read_bytes()


def regular(path: str | os.PathLike[str], largest: int, wanted: str = "a file") -> Path:
    """Return a path that can be opened without a wait, and has at most `largest` bytes.

    Raises
    ------
    OSError
        When it is not there.
    ValueError
        When it is a folder, a pipe or a device, or has more bytes.
    """
    path = Path(path)
    name = repr(os.fspath(path))
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):  # to open a pipe or a device could wait for ever
        kind = "folder" if stat.S_ISDIR(found.st_mode) else "device"
        raise ValueError(f"{name} is a {kind}; give {wanted}")
    if found.st_size > largest:
        raise ValueError(f"{name} has more than {largest:,} bytes; give a smaller file")
    return path


def unpack_npz(
    content: bytes, path: str | os.PathLike[str], *, largest: int = LARGEST
) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file's bytes; `path` is for the error, otherwise as `load_npz`.

    Raises
    ------
    ValueError
        As `load_npz`.
    """
    name = repr(os.fspath(path))
    try:
        return _members(content, largest)
    except _DamagedError as error:
        raise ValueError(f"{name}: {error}") from error
    except Exception as error:  # damaged bytes can make zipfile and zlib raise anything
        raise ValueError(
            f"{name} is truncated, damaged or no npz file ({str(error)[:200]}); "
            "give a file that numpy.savez or autograd-mini wrote"
        ) from error


class _DamagedError(Exception):
    """An archive can not be read, for a reason that is known."""


def _members(content: bytes, largest: int) -> dict[str, NDArray[Any]]:
    # zipfile makes an object of every entry in the directory, before anything can be asked.
    if content.count(b"PK\x01\x02") > MOST_MEMBERS:
        raise _DamagedError(f"more than {MOST_MEMBERS:,} arrays; give a file with fewer")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
        declared = sum(entry.file_size for entry in members)
        if declared > largest:
            raise _DamagedError(
                f"its arrays declare {declared:,} bytes, more than {largest:,}, the most that is "
                "read; give a smaller file"
            )
        return {
            entry.filename.removesuffix(".npy"): _array(_unpacked(archive, entry), entry.filename)
            for entry in members
        }


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytearray:
    """Read one member, piece by piece: what it declares may be less than what it unpacks to.

    `ZipFile.read` unpacks first and cuts to what is declared then; bzip2 and LZMA, which NumPy does
    not write, are unpacked without a bound however little is asked for.
    """
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _DamagedError(
            f"{entry.filename} is compressed by method {entry.compress_type}, which NumPy does not "
            "write; write the file again with numpy.savez_compressed"
        )
    found = bytearray()
    with archive.open(entry) as member:
        while piece := member.read(PIECE):
            found += piece
    return found


def _array(data: bytearray, name: str) -> NDArray[Any]:
    """Read one .npy member; NumPy's own reader would allocate what the header declares first."""
    stream = BytesIO(data[:HEADER])
    try:
        version = npy.read_magic(stream)
        if version not in {(1, 0), (2, 0)}:
            raise ValueError(f"npy format {version}")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of a header that is half Python 2, or a dtype that was
            shape, fortran, dtype = read(stream)
    except Exception as error:  # a forged header can make NumPy's parser raise anything
        raise _DamagedError(f"{name} is no array ({error}); write the file again") from error
    if dtype.hasobject:
        raise _DamagedError(
            f"{name} holds Python objects, which only a pickle could load; give arrays of numbers"
        )
    left = len(data) - stream.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left or not dtype.itemsize:
        raise _DamagedError(
            f"{name} declares shape {shape} of {dtype} and has {left} bytes; write the file again"
        )
    flat = np.frombuffer(data, dtype, math.prod(shape), offset=stream.tell() if left else 0)
    if not fortran and flat.flags.aligned:
        return flat.reshape(shape)  # of this member's own bytes, which nobody else has
    return flat.reshape(shape, order="F" if fortran else "C").copy()
