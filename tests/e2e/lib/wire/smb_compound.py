# SPDX-License-Identifier: GPL-2.0-only
"""Requests of SMB that are related to the one before (MS-SMB2 section 3.3.5.2.7.2)."""
import smbraw
from checks import SLOW
from smb2 import CLOSE, FLUSH, WRITE
from smb_bodies import Close, Flush, Write

SAME = b'\xff' * 16     # the FileId of the request before


def write(fid, data, offset=0):
    return WRITE, bytes(Write(length=len(data), offset=offset, fid=fid)) + data


def flush(fid):
    return FLUSH, bytes(Flush(fid=fid))


def close(fid, flags=0):
    return CLOSE, bytes(Close(flags=flags, fid=fid))


def statuses(s, numbers, seconds=20):
    return [smbraw.name(s.answer(n, seconds * SLOW)[0]) for n in numbers]
