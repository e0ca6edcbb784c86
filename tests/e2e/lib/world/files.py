# SPDX-License-Identifier: GPL-2.0-only
"""Files and what is in them."""
import os
import stat

KIB, MIB = 1 << 10, 1 << 20


def put(path, data=b'', mode=None):
    """Write a file; its content becomes durable at the close of an NFS mount."""
    with open(path, 'wb') as f:
        f.write(data.encode() if isinstance(data, str) else data)
    if mode is not None:
        os.chmod(path, mode)
    return path


def get(path):
    with open(path, 'rb') as f:
        return f.read()


def pattern(seed, size):
    """Bytes that show where they belong: each 16-byte line has its seed and its offset."""
    lines = (b'%07x %07x' % (seed & 0xfffffff, i) + b'\n' for i in range(size // 16 + 1))
    return b''.join(lines)[:size]


def file_type(path):
    return stat.S_IFMT(os.lstat(path).st_mode)
