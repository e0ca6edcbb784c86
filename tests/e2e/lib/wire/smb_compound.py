# SPDX-License-Identifier: GPL-2.0-only
"""Requests of SMB that are related to the one before (MS-SMB2 section 3.3.5.2.7.2)."""
import struct

import smbraw
from checks import SLOW
from smb2 import CLOSE, FLUSH, WRITE

SAME = b'\xff' * 16     # the FileId of the request before


def write(fid, data, offset=0):
    return WRITE, struct.pack('<HHIQ16sIIHHI', 49, 112, len(data), offset, fid, 0, 0, 0, 0,
                              0) + data


def flush(fid):
    return FLUSH, struct.pack('<HHI16s', 24, 0, 0, fid)


def close(fid, flags=0):
    return CLOSE, struct.pack('<HHI16s', 24, flags, 0, fid)


def statuses(s, numbers, seconds=20):
    return [smbraw.name(s.answer(n, seconds * SLOW)[0]) for n in numbers]
