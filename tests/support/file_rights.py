"""Tests of files that may not be read, also as root, who may read everything."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_VERSION_3 = 0x20080522  # of capget(2), with two words of 32 capabilities each
_READS_ALL = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """effective, permitted and inheritable capabilities, the lower 32 and the upper."""

    _fields_ = (("words", ctypes.c_uint32 * 6),)


@contextmanager
def rights_of_owner() -> Iterator[None]:
    """This thread has no more rights to files than their modes give, though it be root's."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), _Sets()
    if libc.capget(ctypes.byref(header), ctypes.byref(sets)):
        raise OSError(ctypes.get_errno(), "capget")
    before = sets.words[0]
    _set(libc, header, sets, before & ~_READS_ALL)
    try:
        yield
    finally:
        _set(libc, header, sets, before)


def _set(libc: ctypes.CDLL, header: _Header, sets: _Sets, effective: int) -> None:
    sets.words[0] = effective
    if libc.capset(ctypes.byref(header), ctypes.byref(sets)):
        raise OSError(ctypes.get_errno(), "capset")
