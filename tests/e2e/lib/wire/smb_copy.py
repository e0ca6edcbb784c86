# SPDX-License-Identifier: GPL-2.0-only
"""Copies that the SMB server makes: chunks, clones and tokens (MS-FSCC section 2.3)."""
import struct
import time

from checks import eq

RESUME_KEY, COPYCHUNK, DUPLICATE, DUPLICATE_EX, OFFLOAD_READ, OFFLOAD_WRITE = (
    0x140078, 0x1440f2, 0x98344, 0x983e8, 0x94264, 0x98268)
COPYCHUNK_WRITE = 0x1480f2


def offload_read(s, fid, pos, count, ttl=0):
    """(bytes, token)"""
    out = s.ioctl(fid, OFFLOAD_READ, struct.pack('<IIIIQQ', 32, 0, ttl, 0, pos, count))
    eq((len(out), struct.unpack_from('<II', out)), (528, (528, 0)))
    return struct.unpack_from('<Q', out, 8)[0], out[16:]


def offload_write(s, fid, token, pos, count, skip=0):
    out = s.ioctl(fid, OFFLOAD_WRITE, struct.pack('<IIQQQ', 544, 0, pos, count, skip) + token)
    size, flags, written = struct.unpack('<IIQ', out)
    eq((size, flags), (16, 0))
    return written


def settle():
    """Wait until a token for what was just written would outlive its way to the disk, on xfs."""
    time.sleep(0.1)
