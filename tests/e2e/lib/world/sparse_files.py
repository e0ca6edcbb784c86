# SPDX-License-Identifier: GPL-2.0-only
"""Files with holes, and where their data lies on the disk."""
import os
import re

from files import MIB
from processes import run


def sparse(path, size=4 * MIB, *data):
    """A file with data only at (offset, bytes)."""
    with open(path, 'wb') as f:
        f.truncate(size)
        for at, piece in data:
            f.seek(at)
            f.write(piece)
        os.fsync(f.fileno())
    os.chmod(path, 0o666)


def used(path):
    return os.stat(path).st_blocks * 512


def extents(path):
    """Physical extents of a file: (logical, physical, length), in blocks."""
    out = run('filefrag', '-v', '-e', path)
    return [tuple(map(int, m.groups())) for m in
            re.finditer(r'^ *\d+: +(\d+)\.\. *\d+: +(\d+)\.\. *\d+: +(\d+):', out, re.M)]
