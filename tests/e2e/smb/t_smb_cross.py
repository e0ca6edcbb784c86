# SPDX-License-Identifier: GPL-2.0-only
"""One file over SMB, over NFSv3 and by local processes."""
import errno
import fcntl
import os
import signal

import nfs3
import nfs4
import nlm
import smb
import smb2
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test
from lockers import READ, WRITE, Locker
from nlm_lockers import connect, free, status, taken
from one_file import ALL, setup
from processes import as_user
from smb2 import (AT_ONCE, DELETE, DELETE_ON_CLOSE, GENERIC_READ, GENERIC_WRITE, SHARED,
                  SHARE_READ, refused)


@test(smb=True, squash='none')
def written_here_read_there(w):
    s, n, fh = setup(w)
    fid = s.create('f')
    for i in range(50):
        s.write(fid, b'smb %03d' % i)
        eq(n.read(fh, 0, 7).data, b'smb %03d' % i)
        n.write(fh, 0, b'nfs %03d' % i)
        eq(s.read(fid, 7), b'nfs %03d' % i)
        put(w.path('f'), b'loc %03d' % i)
        eq(s.read(fid, 7), b'loc %03d' % i)
    s.close(fid)
    s.end()


@test(smb=True, squash='none')
def mounted_twice(w):
    """The kernel's clients of both protocols at the same time."""
    os.chmod(w.export, 0o777)
    a, b = w.client.mount_smb(opts='cache=none'), w.client.mount(opts='noac,lookupcache=none')
    put(f'{a}/f', b'by smb', ALL)
    eq(get(f'{b}/f'), b'by smb')
    eq(os.stat(f'{a}/f').st_ino, os.stat(f'{b}/f').st_ino)
    as_user(smb.UIDS['alice'], lambda: put(f'{b}/f', b'by nfs now'))
    eq(get(f'{a}/f'), b'by nfs now')
    os.rename(f'{a}/f', f'{a}/G')
    eq(os.listdir(b), ['G'])
    eq(get(f'{a}/g'), b'by nfs now')
    with expect_errno(errno.ENOENT):
        get(f'{b}/g')
    as_user(smb.UIDS['alice'], lambda: os.mkdir(f'{b}/dir'))
    put(f'{a}/DIR/below', b'x')
    eq(os.listdir(f'{b}/dir'), ['below'])
    as_user(smb.UIDS['alice'], lambda: os.unlink(f'{b}/dir/below'))
    eq(os.listdir(f'{a}/dir'), [])


@test(smb=True, squash='none', locks='raw')
def smb_lock_stops_nfs(w):
    """A mandatory range refuses NFS: an exclusive one all, a shared one writes."""
    s, n, fh = setup(w)
    l = connect(w.client, fh)
    fid = s.create('f')
    s.lock(fid, 10, 10)
    eq(n.read(fh, 0, 10).status, nfs3.OK)
    eq(n.read(fh, 15, 1).status, nfs3.JUKEBOX)
    eq(n.write(fh, 0, b'x' * 11).status, nfs3.JUKEBOX)
    eq(n.write(fh, 20, b'x').status, nfs3.OK)
    eq(n.setattr(fh, nfs3.sattr(size=12)).status, nfs3.JUKEBOX)
    holder = taken(l, (12, 1))
    eq((holder.exclusive, holder.where), (True, (10, 10)))
    free(l, (0, 10))
    s.unlock(fid, 10, 10)
    s.lock(fid, 10, 10, SHARED | AT_ONCE)
    eq(n.read(fh, 15, 1).status, nfs3.OK)
    eq(n.write(fh, 15, b'x').status, nfs3.JUKEBOX)
    s.close(fid)
    eq(n.write(fh, 15, b'x').status, nfs3.OK)
    free(l)
    s.end()


@test(smb=True, squash='none', locks='raw')
def nlm_lock_stops_smb(w):
    s, n, fh = setup(w)
    l = connect(w.client, fh)
    fid = s.create('f')
    status(l.lock((10, 10)), nlm.OK)
    refused('LOCK_NOT_GRANTED', s.lock, fid, 15, 1)
    refused('FILE_LOCK_CONFLICT', s.read, fid, 1, 12)
    refused('FILE_LOCK_CONFLICT', s.write, fid, b'x', 19)
    s.write(fid, b'x', 20)
    s.lock(fid, 20, 5)
    status(l.unlock((10, 10)), nlm.OK)
    status(l.lock((10, 10), exclusive=False), nlm.OK)
    eq(s.read(fid, 1, 12), b'2')
    refused('FILE_LOCK_CONFLICT', s.write, fid, b'x', 19)
    s.lock(fid, 10, 10, SHARED | AT_ONCE)
    status(l.unlock((0, 0)), nlm.OK)
    s.close(fid)
    s.end()


@test(smb=True, squash='none', locks='raw')
def smb_waits_for_nlm(w):
    """A blocking SMB lock is granted when the NLM lock ends, and can be cancelled."""
    s, n, fh = setup(w)
    l = connect(w.client, fh)
    fid = s.create('f')
    status(l.lock((0, 0)), nlm.OK)
    number = s.wait_lock(fid, 5, 1)
    eq(w.server.claims().get('waits'), 1)
    s.cancel(number)
    eq(smb2.NAMES[s.answer(number)[0]], 'CANCELLED')
    number = s.wait_lock(fid, 5, 1)
    status(l.unlock((0, 0)), nlm.OK)
    eq(s.answer(number)[0], smb2.OK)
    taken(l, (5, 1))
    s.close(fid)
    free(l)
    s.end()


@test(smb=True, squash='none')
def local_locks(w):
    """fcntl() on the server and a range of SMB exclude each other."""
    s, n, fh = setup(w)
    fid = s.create('f')
    p = Locker(w.path('f'))
    s.lock(fid, 0, 10)
    p.refused('lock', READ, 5, 1)
    p.lock(WRITE, 10, 10)
    refused('LOCK_NOT_GRANTED', s.lock, fid, 12, 1)
    refused('FILE_LOCK_CONFLICT', s.write, fid, b'x', 12)
    refused('FILE_LOCK_CONFLICT', s.read, fid, 1, 12)
    p.unlock()
    s.write(fid, b'x', 12)
    p.end()
    s.close(fid)
    s.end()


@test(smb=True, squash='none', locks='raw')
def deny_modes(w):
    s, n, fh = setup(w)
    l = connect(w.client, fh)
    fid = s.create('f', access=GENERIC_READ, share=SHARE_READ)
    eq(n.read(fh, 0, 1).status, nfs3.OK)
    eq(n.write(fh, 0, b'x').status, nfs3.ACCES)
    eq(n.setattr(fh, nfs3.sattr(size=3)).status, nfs3.ACCES)
    eq(n.remove(n.root, 'f').status, nfs3.ACCES)
    status(l.share(1, nlm.NONE, nlm.WRITE), nlm.DENIED)
    status(l.share(1, nlm.NONE, nlm.READ), nlm.OK)
    refused('SHARING_VIOLATION', s.create, 'f', access=GENERIC_WRITE)
    s.close(fid)
    eq(n.write(fh, 0, b'x').status, nfs3.OK)
    status(l.share(2, nlm.WRITE, nlm.READ), nlm.OK)
    refused('SHARING_VIOLATION', s.create, 'f', access=GENERIC_WRITE)
    fid = s.create('f', access=GENERIC_READ)
    s.close(fid)
    status(l.unshare(2), nlm.OK)
    status(l.unshare(1), nlm.OK)
    s.end()


@test(smb=True, squash='none')
def delete_pending(w):
    """A file with a pending deletion exists until its last handle closes."""
    s, n, fh = setup(w)
    a = s.create('f', access=GENERIC_READ | DELETE)
    b = s.create('f', access=GENERIC_READ)
    s.delete_on_close(a)
    refused('DELETE_PENDING', s.create, 'f')
    s.close(a)
    refused('DELETE_PENDING', s.create, 'f')
    eq(n.lookup(n.root, 'f').status, nfs3.OK)
    eq(s.read(b, 3), b'012')
    s.close(b)
    eq(n.lookup(n.root, 'f').status, nfs3.NOENT)
    eq(n.getattr(fh).status, nfs3.STALE)
    refused('OBJECT_NAME_NOT_FOUND', s.create, 'f', how=smb2.OPEN)
    c = s.create('g', access=GENERIC_WRITE | DELETE, options=DELETE_ON_CLOSE)
    eq(os.path.exists(w.path('g')), True)
    s.close(c)
    eq(os.path.exists(w.path('g')), False)
    s.end()


@test(smb=True, squash='none')
def connection_lost(w):
    """All state of a session ends with its last connection."""
    s, n, fh = setup(w)
    fid = s.create('f', share=0)
    s.lock(fid, 0, 10)
    eq(n.write(fh, 0, b'x').status in (nfs3.ACCES, nfs3.JUKEBOX), True)
    s.end()
    wait_for('claims go', lambda: w.server.claims() == {})
    eq(n.write(fh, 0, b'x').status, nfs3.OK)


@test(smb=True, squash='none')
def lock_list_names_the_holder(w):
    s, n, fh = setup(w)
    fid = s.create('f')
    s.lock(fid, 3, 4)
    ranges = [c for c in w.server.locks('--file', w.path('f')) if c['type'] == 'range']
    eq([(c['protocol'], c['first'], c['last']) for c in ranges], [('smb', 3, 6)])
    w.server.ctl('lock', 'release', str(ranges[0]['id']))
    refused('RANGE_NOT_LOCKED', s.unlock, fid, 3, 4)
    s.close(fid)
    s.end()


@test(smb=True, squash='none')
def opens_tell_local_leases(w):
    """An open by a client breaks a local lease, a look-up does not."""
    s, _, _ = setup(w)
    v4 = nfs4.Session.make(nfs4.connect(w.client))
    signal.signal(signal.SIGIO, signal.SIG_IGN)

    def leased():
        fd = os.open(w.path('f'), os.O_RDWR)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        return fd

    def smb_open(access):
        fid = s.create('f', access=access)
        return lambda: s.close(fid)

    def nfs_open(access):
        r, fh = v4.open(v4.fh('data'), 'f', access)
        return lambda: v4.compound(nfs4.putfh(fh), nfs4.close(r.stateid)).ok()
    for act, access, left in ((smb_open, 0x80, fcntl.F_WRLCK),
                              (smb_open, GENERIC_READ, fcntl.F_RDLCK),
                              (smb_open, GENERIC_READ | GENERIC_WRITE, fcntl.F_UNLCK),
                              (nfs_open, nfs4.READ, fcntl.F_RDLCK),
                              (nfs_open, nfs4.BOTH, fcntl.F_UNLCK)):
        fd = leased()
        end = act(access)
        eq(fcntl.fcntl(fd, fcntl.F_GETLEASE), left, f'{act.__name__} {access:#x}')
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.close(fd)
        end()
    s.end()
