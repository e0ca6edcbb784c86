# SPDX-License-Identifier: GPL-2.0-only
"""One file that clients of SMB and NFS have in sight."""
import os

from files import put
from smb2 import Smb2

ALL = 0o666


def setup(w, data=b'0123456789' * 10, name='f'):
    """A file, a session of SMB, a raw NFS client and the file's handle."""
    os.chmod(w.export, 0o777)
    put(w.path(name), data, ALL)
    n = w.client.nfs()
    return Smb2(w.client), n, n.lookup(n.root, name).fh
