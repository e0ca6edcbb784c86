# SPDX-License-Identifier: GPL-2.0-only
"""What clients use in file systems mounted within a share: opens, quotas; and one that hangs."""
import functools
import os

import smb2
import t_smb_durable
from harness import eq, get, test
from smb2 import refused
from t_nested import cover, entered, uncover
from t_smb_lease import H, R, W

nested = functools.partial(test, server='ditto', smb=True, squash='none', timeout=60)


@nested
def renamed_above_opens(w):
    """SMB renames no directory with opens below, in mounted file systems neither."""
    os.chmod(w.export, 0o777)
    os.mkdir(w.path('dir'))
    os.chmod(w.path('dir'), 0o777)
    cover(w, 'dir/at', b'below', above=b'above')
    cover(w, 'dir/at/in', b'under', deep=b'deep')
    entered(w, w.client.nfs(), 'dir/at', 'dir/at/in')
    s, other = smb2.Smb2(w.client), t_smb_durable.session(w, 2)
    d = s.create('dir', access=smb2.GENERIC_READ | smb2.DELETE, options=smb2.DIRECTORY_FILE)
    for name in ('dir\\at', 'dir\\at\\above', 'dir\\at\\in\\deep'):
        held = s.create(name, access=smb2.GENERIC_READ, how=smb2.OPEN)
        refused('ACCESS_DENIED', s.rename, d, 'new')
        s.close(held)
    # one that its client has closed and caches is broken first
    g = other.make('dir\\at\\in\\deep', t_smb_durable.lease_v2(b'l' * 16, R | W | H))
    other.close(g.fid)
    s.rename(d, 'new')
    eq((get(w.path('new/at/above')), get(w.path('new/at/in/deep'))), (b'above', b'deep'))
    eq(s.read(s.create('new\\at\\in\\deep', how=smb2.OPEN), 9), b'deep')
    other.end()
    s.end()
    for path in ('new/at/in', 'new/at'):
        uncover(w, path)
