# SPDX-License-Identifier: GPL-2.0-only
"""What clients use in file systems mounted within a share: opens, quotas; and one that hangs."""
import errno
import functools
import os

import nfs3
import nfs4
import rpc
import smb
import smb2
import smb_acl
import smb_contexts
import smb_durable
import smb_lasting
from checks import eq, one_of, wait_for
from files import MIB, get, put
from harness import test
from nested_mounts import cover, entered, handle, uncover
from nfs4 import getattr, putfh
from processes import run
from quotas import (ALICE, BOB, GROUP, NO_QUOTA, OK, PROJECT, TEAM, USER, WORK, ask, fill, limit,
                    prepare)
from smb2 import refused
from smb_acl import (ALL, ALLOW, AUTHENTICATED, DENY, EVERYONE, EXECUTE, READ_ACL, READ_DATA,
                     WRITE_ACL, descriptor, set_sd)
from smb_cachers import H, R, W
from smb_quota import quotas

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
    line = f'{"mounted":24} {w.path("at")}, tmpfs, fsid {found[w.path("at")]["fsid"]}, writable'
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
    s, other = smb2.Smb2(w.client), smb_durable.session(w, 2)
    d = s.create('dir', access=smb2.GENERIC_READ | smb2.DELETE, options=smb2.DIRECTORY_FILE)
    for name in ('dir\\at', 'dir\\at\\above', 'dir\\at\\in\\deep'):
        held = s.create(name, access=smb2.GENERIC_READ, how=smb2.OPEN)
        refused('ACCESS_DENIED', s.rename, d, 'new')
        s.close(held)
    # one that its client has closed and caches is broken first
    g = other.make('dir\\at\\in\\deep', smb_contexts.lease_v2(b'l' * 16, R | W | H))
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


def unmounted(client, where):
    try:
        client.umount(where)
    except OSError as e:
        eq(e.errno, errno.EBUSY)
        return False
    return True


@nested(timeout=120)
def quotas_within(w):
    """Quotas are those of the mounted file system, and its end is DQUOT, not that of the share."""
    where, device = prepare(w, 'xfs', w.path('at'))
    limit(device, USER, ALICE, 2 * MIB, 4 * MIB, files=10)
    limit(device, GROUP, TEAM, 0, 32 * MIB)
    limit(device, PROJECT, WORK, 0, 8 * MIB)
    fill(f'{where}/f', ALICE, MIB, TEAM)
    cred = rpc.auth_sys(ALICE, ALICE)
    n = w.client.nfs(cred)
    entered(w, n, 'at')
    c = w.client.connect()
    for path in ('data/at', '/data/at', where):
        for kind in (None, USER):
            r = ask(c, path, ALICE, kind)
            eq((r.status, r.hard, r.soft, r.files), (OK, 4096, 2048, 1), path)
    member = rpc.auth_sys(BOB, BOB, (TEAM,))
    eq(ask(c, where, TEAM, GROUP, member).hard, 32 << 10)
    eq(ask(c, f'{where}/work', WORK, PROJECT, member).hard, 8192)
    eq(ask(c, 'data', ALICE).status, NO_QUOTA)
    at = handle(n, 'at')
    r = n.fsstat(at)
    one_of(r.abytes, range(2 * MIB, 3 * MIB + 1))
    eq((r.afiles, n.fsstat(n.root).abytes == r.abytes), (9, False))
    v4 = nfs4.Session.make(nfs4.connect(w.client), cred=cred)
    a = v4.compound(putfh(v4.fh('data', 'at')), getattr('quota_avail_hard', 'quota_used')).ok()
    eq(sum(a[-1].attrs.values()), 4 * MIB)
    user = smb.UIDS['alice']
    limit(device, USER, user, 3 * MIB, 5 * MIB)
    s = smb2.Smb2(w.client)
    root = s.create('at', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    eq(quotas(s, root, user)[user], (0, 3 * MIB, 5 * MIB))
    s.end()
    for vers in '3', '4.2':
        w.vers = vers
        n = w.client.nfs(cred)
        fh = n.create(handle(n, 'at'), f'f{vers}').fh
        got = [n.write(fh, i * 65536, bytes(65536)).status for i in range(64)]
        eq((got[0], got[-1]), (nfs3.OK, nfs3.DQUOT), vers)
        eq(n.remove(handle(n, 'at'), f'f{vers}').status, nfs3.OK)
    w.vers = '3'
    w.server.set('data', nested='off')
    uncover(w, 'at')


@nested
def durable(w):
    """A durable open outlives its connection, and does not keep the file system."""
    cover(w, 'at', b'below', f=b'0123456789')
    entered(w, w.client.nfs(), 'at')
    s = smb_durable.session(w)
    g = s.lasting('at\\f')
    s.lock(g.fid, 0, 3)
    smb_durable.away(w, s)
    s = smb_durable.session(w)
    again = s.back(g.fid, 'at\\f')
    eq((again.action, again.fid[:8]), (1, g.fid[:8]))
    s.unlock(again.fid, 0, 3)
    smb_durable.away(w, s)
    uncover(w, 'at')
    wait_for('the end of the open', lambda: not w.server.json('open', 'list'))
    s = smb_durable.session(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, again.fid, 'at\\f')
    s.end()
    smb_durable.gone(w)
    w.server.set('data', nested='off')


@nested
def streams_of_inner_shares(w):
    """A file's streams in a mounted file system go with it, though another share removes it."""
    cover(w, 'at', b'below')
    os.mkdir(w.path('at/sub'))
    os.chmod(w.path('at/sub'), 0o777)
    entered(w, w.client.nfs(), 'at')
    w.server.add('inner', w.path('at/sub'), squash='root-to-admin')
    outer, inner = smb2.Smb2(w.client), smb2.Smb2(w.client, share='inner')
    outer.close(outer.create('at\\sub\\f:s'))
    inner.close(inner.create('f:s'))
    places = w.path('at/.ditto/streams'), w.path('at/sub/.ditto/streams')
    eq([len(os.listdir(place)) for place in places], [1, 1], 'directories of streams')
    n = w.client.nfs(path=w.path('at/sub'))
    fh = n.lookup(n.root, 'f').fh
    eq(n.setattr(fh, nfs3.sattr(uid=1234)).status, nfs3.OK)
    eq({os.stat(f'{place}/{name}/s').st_uid for place in places for name in os.listdir(place)},
       {1234}, 'owners of the streams')
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    wait_for('the directories of streams go', lambda: not any(map(os.listdir, places)))
    for s in outer, inner:
        s.end()
    w.server.delete('inner')
    w.server.set('data', nested='off')
    uncover(w, 'at')


@nested(timeout=120)
def persistent(w):
    """A persistent open is restored when its file system is mounted, which may be later."""
    smb_lasting.available(w)
    image = w.volume(w.path('at'), 'ext4', '32m', f'{w.base}/at.img')
    os.chmod(image.where, 0o777)
    put(f'{image.where}/f', b'0123456789', 0o666)
    os.chmod(f'{image.where}/f', 0o666)
    entered(w, w.client.nfs(), 'at')
    s = smb_lasting.client(w)
    g = s.lasting('at\\f', share=smb2.SHARE_READ)
    s.write(g.fid, b'before')
    eq(smb_lasting.records(w), 1)
    w.server.restart()
    s.end()
    wait_for('it waits', lambda: len(smb_durable.waiting(w)) == 1)
    s = smb_lasting.client(w)
    again = s.back(g.fid, 'at\\f')
    eq((again.action, s.read(again.fid, 6)), (1, b'before'))
    s.close(again.fid)
    s.end()
    smb_lasting.gone(w)
    w.server.set('data', nested='off')


@nested(clients=2, timeout=120)
def lists_that_cannot_be_stored(w):
    """Where a list cannot be stored, its mode gives guests nothing that only users have."""
    remote, there = w.path('remote'), f'{w.base}/other'
    os.mkdir(there)
    os.chmod(there, 0o777)
    f = put(f'{there}/f', b'far away', 0o600)
    os.chown(f, smb.UIDS['alice'], smb.UIDS['alice'])
    w.server.add('other', there, squash='none')
    os.mkdir(remote)
    w.clients[1].mount(path=there, where=remote, vers='3', opts='noac,lookupcache=none')
    w.server.set('data', nested='on')
    wait_for('the mount', lambda: remote in listed(w))
    s = smb2.Smb2(w.client)
    fid = s.create('remote\\f', access=READ_ACL | WRITE_ACL, how=smb2.OPEN)
    own = ALLOW, 0, ALL, smb_acl.user('alice')
    for entries, mode in (([(ALLOW, 0, READ_DATA, EVERYONE)], 0o744),
                          ([(ALLOW, 0, READ_DATA, AUTHENTICATED)], 0o700),
                          ([(ALLOW, 0, EXECUTE, EVERYONE),
                            (ALLOW, 0, READ_DATA, AUTHENTICATED)], 0o711),
                          ([(DENY, 0, READ_DATA, smb_acl.sid(5, 7)),
                            (ALLOW, 0, ALL, EVERYONE)], 0o733)):
        set_sd(s, fid, descriptor(own, *entries))
        eq(oct(os.stat(f).st_mode & 0o777), oct(mode), entries)
    made = s.create('remote\\new', access=READ_ACL, how=smb2.MAKE, context=(
        b'SecD', descriptor(own, (ALLOW, 0, READ_DATA, AUTHENTICATED))))
    eq(oct(os.stat(f'{there}/new').st_mode & 0o777), oct(0o700))
    s.close(made)
    s.end()
    w.server.set('data', nested='off')
    wait_for('the end of the mount', lambda: unmounted(w.clients[1], remote))
