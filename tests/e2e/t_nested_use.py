# SPDX-License-Identifier: GPL-2.0-only
"""What clients use in file systems mounted within a share: opens, quotas; and one that hangs."""
import errno
import functools
import os

import smb2
import t_smb_durable
from harness import eq, get, put, run, test, wait_for
from smb2 import refused
from t_nested import cover, entered, handle, uncover
from t_smb_lease import H, R, W

nested = functools.partial(test, server='ditto', smb=True, squash='none', timeout=60)


def listed(w):
    share, = w.server.json('share', 'show', 'data')
    return {m['path']: m for m in share['mounted']}


@nested
def shown(w):
    """The administrator sees what is part of a share: where, what, its fsid, its state."""
    cover(w, 'at', b'below', above=b'above')
    cover(w, 'at/in', b'under', deep=b'deep')
    eq(listed(w), {})
    n = w.client.nfs()
    entered(w, n, 'at', 'at/in')
    found = listed(w)
    eq(sorted(found), [w.path('at'), w.path('at/in')])
    for path, one in found.items():
        fsid = n.getattr(handle(n, os.path.relpath(path, w.export))).attr.fsid
        eq(one, {'share': 'data', 'path': path, 'fs_type': 'tmpfs', 'fsid': f'{fsid:x}',
                 'state': 'writable'})
    line = f'mounted      {w.path("at")}, tmpfs, fsid {found[w.path("at")]["fsid"]}, writable'
    eq(line in w.server.ctl('share', 'show', 'data').splitlines(), True, line)
    # those of another share are not shown with this one
    os.mkdir(f'{w.base}/other')
    w.server.add('other', f'{w.base}/other', nested='on')
    eq(w.server.json('share', 'show', 'other')[0]['mounted'], [])
    w.server.set('data', nested='look')
    eq({m['state'] for m in listed(w).values()}, {'read-only'})
    w.server.set('data', nested='on')
    run('mount', '-o', 'remount,bind,ro', w.path('at/in'))
    wait_for('its new state', lambda: {p: m['state'] for p, m in listed(w).items()} ==
             {w.path('at'): 'writable', w.path('at/in'): 'read-only'})
    uncover(w, 'at/in')
    wait_for('its end', lambda: list(listed(w)) == [w.path('at')])
    w.server.set('data', nested='off')
    eq(listed(w), {})
    uncover(w, 'at')


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


def cable(w, client, state):
    run('ip', '-n', w.server_ns.name, 'link', 'set', f'veth{client.number}', state)


def unmounted(client, where):
    try:
        client.umount(where)
    except OSError as e:
        eq(e.errno, errno.EBUSY)
        return False
    return True


@nested(clients=2, timeout=120)
def hung(w):
    """A file system whose server does not answer holds up nothing but itself."""
    remote, local = w.path('remote'), w.path('local')
    os.mkdir(f'{w.base}/other')
    put(f'{w.base}/other/f', b'far away', 0o666)
    w.server.add('other', f'{w.base}/other', squash='none')
    os.makedirs(remote)
    w.clients[1].mount(path=f'{w.base}/other', where=remote, vers='3', opts='noac,lookupcache=none')
    cable(w, w.clients[1], 'down')
    try:
        w.server.set('data', nested='on')
        wait_for('the mount', lambda: remote in listed(w))
        # what was mounted later is told, and administration goes on
        cover(w, 'local', b'below', above=b'above')
        wait_for('the other mount', lambda: local in listed(w))
        w.server.set('data', comment='changed')
        n = w.client.nfs()
        eq(n.read(handle(n, 'local/above'), 0, 9).data, b'above')
    finally:
        cable(w, w.clients[1], 'up')
    s = smb2.Smb2(w.client)
    eq(s.read(s.create('remote\\f', access=smb2.GENERIC_READ, how=smb2.OPEN), 9), b'far away')
    s.end()
    w.server.set('data', nested='off')
    uncover(w, 'local')
    wait_for('the end of the mount', lambda: unmounted(w.clients[1], remote))
