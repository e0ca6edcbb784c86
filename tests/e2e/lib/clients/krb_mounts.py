# SPDX-License-Identifier: GPL-2.0-only
"""Mounts of NFS with Kerberos."""
import os

import volumes
from kdc import HOST


def mount(w, client, sec, vers='4.1', opts=''):
    """Mount by the name in the server's key."""
    where = f'{w.base}/c{client.number}.{len(client.mounts)}'
    os.makedirs(where, exist_ok=True)
    with client:
        volumes.mount(f'{HOST}:/data', where, 'nfs', 0,
                      f'vers={vers},sec={sec},{client._options4()}{opts}')
    client.mounts.append(where)
    return where


def write(path, data, mode=0o666):
    """Write through to the server, because under a delegation the client would keep the data."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, mode)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
