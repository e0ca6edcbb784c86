# SPDX-License-Identifier: GPL-2.0-only
"""Calls of NFSv3 that wait for offloaded data."""
import struct

import nfs3
import rpc
from nfs3 import NFS
from rpc import Enc

PIECE = 64


def read(xid, fh):
    """READ of a piece of the first range; each transaction reads another one."""
    args = Enc().opaque(fh).u64(xid * PIECE).u32(PIECE).bytes()
    return rpc.call_bytes(NFS, 3, nfs3.READ, args, xid=xid)


def status(body):
    return struct.unpack('>I', body[:4])[0]
