# SPDX-License-Identifier: GPL-2.0-only
"""A file system that hangs does not hold up the others."""
import os

import nfs3
from fault_points import Point
from harness import eq, put, test
from t_offload_kernel import RANGE, helper, offloaded
from t_offload_wait import read, status


@test(server='ditto', offload=True, share=False)
def others_are_read(w):
    """While a file is stuck in its first read, other files are read for the first time."""
    with helper(w) as h:
        w.server.add('data', w.export, offload=True)
        offloaded(w, h, 'f')
        w.server.delete('data')
        # Its record, which is longer now, is written again when it is read.
        os.truncate(w.path('f'), RANGE + 5)
        names = [f'f{i}' for i in range(200)]
        for name in names:
            put(w.path(name), b'x')
        w.server.add('data', w.export, offload=True)
        n, other = (w.client.nfs() for _ in range(2))
        fh = n.lookup(n.root, 'f').fh
        point = Point('stored-replaced', None)
        try:
            n.rpc.send(read(1, fh))
            point.wait()
            for name in names:
                eq(other.read(other.lookup(other.root, name).fh, 0, 1).data, b'x', name)
        finally:
            point.go_on()
        eq(status(n.rpc.recv().body), nfs3.JUKEBOX, 'the first one')
