# SPDX-License-Identifier: GPL-2.0-only
"""Files that are committed by time: what nobody can do with them, and for how long."""
import contextlib
import errno
import os
import time

import json_schema
import nfs3
import nfs4
import nlm
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test
from nfs3 import sattr
from nfs4_callers import Caller
from nfs4_callers import files as make_files
from nfs4_holders import release_all
from nfs4_status import DELAY
from nlm import BOTH, READ, WRITE
from nlm_lockers import connect, file, machines, status
from processes import run
from server_events import listening
from smb2 import DELETE, GENERIC_READ, GENERIC_WRITE, OPEN, Smb2, refused
from smb_info import set_basic
from store_files import content
from stores import Store

AGE, DAY = 3600, 86400
ON = {'server': 'ditto', 'squash': 'root-to-admin', 'worm': AGE, 'worm_retention': 1}
RECORD, CLOCK = 'trusted.ditto.worm', 'trusted.ditto.worm-clock'


@contextlib.contextmanager
def later(seconds=2 * AGE):
    """Files that were made before are older by so much."""
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - seconds)


def opened(w):
    os.chmod(w.export, 0o777)
    return w.client.nfs()


def record(w, name='f'):
    """When the file was committed, until when, and the mode; None if it is not."""
    try:
        version, since, until, mode = os.getxattr(w.path(name), RECORD).split(b' ')
    except OSError as e:
        eq(e.errno, errno.ENODATA)
        return None
    eq(version, b'1')
    return int(since), int(until), mode.decode()


def changes(n, fh):
    """Every change that NFSv3 has for the file "f" of the root, but for its removal."""
    return {
        'write': lambda: n.write(fh, 0, b'x'),
        'append': lambda: n.write(fh, 4, b'x'),
        'mode': lambda: n.setattr(fh, sattr(mode=0o600)),
        'owner': lambda: n.setattr(fh, sattr(uid=77)),
        'group': lambda: n.setattr(fh, sattr(gid=77)),
        'size': lambda: n.setattr(fh, sattr(size=0)),
        'longer': lambda: n.setattr(fh, sattr(size=100)),
        'mtime': lambda: n.setattr(fh, sattr(mtime=(5, 0))),
        'atime': lambda: n.setattr(fh, sattr(atime=(5, 0))),
        'now': lambda: n.setattr(fh, sattr(atime='server', mtime='server')),
        'rename': lambda: n.rename(n.root, 'f', n.root, 'g'),
        'replace': lambda: n.rename(n.root, 'young', n.root, 'f'),
        'link': lambda: n.link(fh, n.root, 'l'),
        'create': lambda: n.create(n.root, 'f', attrs=sattr(size=0)),
    }


def all_refused(w, n, fh, when):
    put(w.path('young'), b'young')
    for name, change in changes(n, fh).items():
        eq((name, change().status), (name, nfs3.PERM), when)
    eq(n.remove(n.root, 'f').status, nfs3.PERM, when)
    eq((get(w.path('f')), os.path.exists(w.path('young'))), (b'data', True), when)
    os.unlink(w.path('young'))


@test(**ON)
def over_nfs3(w):
    """No procedure of NFSv3 changes or removes a committed file, whatever becomes of clock and share."""
    n = opened(w)
    fh = n.create(n.root, 'f').fh
    n.write(fh, 0, b'data')
    eq((n.setattr(fh, sattr(mode=0o644)).status, record(w)), (nfs3.OK, None), 'young')
    with later():
        all_refused(w, n, fh, 'old')
        since, until, mode = record(w)
        assert abs(since - time.time()) < AGE, since
        assert abs(until - (time.time() - 2 * AGE) - DAY) < AGE, until
        eq(mode, 'g')
        eq(n.read(fh, 0, 10).data, b'data')
        eq(n.access(fh).access & (nfs3.MAY_MODIFY | nfs3.MAY_EXTEND), 0, 'ACCESS')
    all_refused(w, n, fh, 'the clock is back')
    with later(9 * 365 * DAY):
        all_refused(w, n, fh, 'the clock is far ahead')
    with expect_errno(errno.EPERM):
        open(w.path('f'), 'ab').close()
    with expect_errno(errno.EPERM):
        os.unlink(w.path('f'))
    w.server.restart()
    n = opened(w)
    all_refused(w, n, fh, 'restarted')
    w.server.set('data', worm=0)
    all_refused(w, n, fh, 'without the option')
    w.server.set('data', worm=AGE)
    # A day of service later.
    os.setxattr(w.export, CLOCK, b'1 %d' % (until - AGE))
    w.server.restart()
    n = opened(w)
    all_refused(w, n, fh, 'before the end')
    os.setxattr(w.export, CLOCK, b'1 %d' % until)
    w.server.restart()
    n = opened(w)
    put(w.path('young'), b'young')
    for name, change in changes(n, fh).items():
        if name != 'replace':
            eq((name, change().status), (name, nfs3.PERM), 'afterwards')
    eq(n.remove(n.root, 'f').status, nfs3.OK, 'removed afterwards')


@test(**ON)
def replaced_afterwards(w):
    """After the retention, another file may be renamed over a committed one."""
    n = opened(w)
    put(w.path('f'), b'data')
    with later():
        eq(n.remove(n.root, 'f').status, nfs3.PERM)
    os.setxattr(w.export, CLOCK, b'1 %d' % record(w)[1])
    w.server.restart()
    n = opened(w)
    put(w.path('young'), b'young')
    eq(n.rename(n.root, 'young', n.root, 'f').status, nfs3.OK)
    eq((get(w.path('f')), record(w)), (b'young', None))


@test(**ON)
def directories(w):
    """Directories with files cannot be renamed; empty ones can; new files can be made anywhere."""
    n = opened(w)
    os.mkdir(w.path('full'))
    os.mkdir(w.path('empty'))
    put(w.path('full/f'), b'data')
    eq(n.rename(n.root, 'full', n.root, 'x').status, nfs3.PERM)
    eq(n.rmdir(n.root, 'full').status, nfs3.NOTEMPTY)
    eq(n.rename(n.root, 'empty', n.root, 'full/x').status, nfs3.ACCES)
    eq(n.rename(n.root, 'empty', n.root, 'y').status, nfs3.OK)
    with later():
        full = n.lookup(n.root, 'full').fh
        eq(n.create(full, 'new').status, nfs3.OK)
        eq(n.remove(full, 'f').status, nfs3.PERM)
        eq(n.remove(full, 'new').status, nfs3.OK)


@test(nfs4='worm', **ON)
def over_nfs4(w):
    """Nor does the kernel's client, also of NFSv4, with extended attributes."""
    opened(w)
    m = w.client.mount()
    put(f'{m}/f', b'data')
    os.chmod(w.path('f'), 0o666)
    put(f'{m}/held', b'data')
    held = os.open(f'{m}/held', os.O_RDWR)
    os.write(held, b'held')
    os.fsync(held)
    with later():
        put(f'{m}/young', b'young')
        for name, change in {
                'write': lambda p: open(p, 'r+b').close(),
                'append': lambda p: open(p, 'ab').close(),
                'truncate': lambda p: os.truncate(p, 0),
                'chmod': lambda p: os.chmod(p, 0o600),
                'chown': lambda p: os.chown(p, 77, 77),
                'utime': lambda p: os.utime(p, (5, 5)),
                'rename': lambda p: os.rename(p, f'{m}/g'),
                'replace': lambda p: os.rename(f'{m}/young', p),
                'link': lambda p: os.link(p, f'{m}/l'),
                'unlink': os.unlink}.items():
            # The client asks for access before it opens a file.
            with expect_errno(errno.EPERM, errno.EACCES):
                change(f'{m}/f')
                raise AssertionError(name)
        if w.vers == '4.2':
            with expect_errno(errno.EPERM, errno.EACCES):
                os.setxattr(f'{m}/f', 'user.x', b'x')
        eq(get(f'{m}/f'), b'data')
        # Nobody commits what somebody has open for writing, which NFSv3 does not tell.
        if w.vers != '3':
            os.chmod(f'{m}/held', 0o640)
            os.pwrite(held, b'more', 0)
            os.fsync(held)
            eq(record(w, 'held'), None)
        os.close(held)
    assert record(w), 'committed'
    eq(sorted(os.listdir(w.export)), ['f', 'held', 'young'])


@test(smb=True, **ON)
def over_smb(w):
    """Nor does SMB: no right to change a committed file is granted, and its streams stay as well."""
    opened(w)
    a = Smb2(w.client)
    for name in 'f', 'f:s', 'held':
        f = a.create(name)
        a.write(f, b'data')
        a.close(f)
    held = a.create('held')
    with later():
        a.close(a.create('young'))
        young = a.create('young', access=DELETE)
        for name in 'f', 'f:s', 'f:new':
            refused('ACCESS_DENIED', a.create, name, access=GENERIC_WRITE)
        refused('ACCESS_DENIED', a.create, 'f', access=DELETE, how=OPEN)
        for how in 0, 4, 5:
            refused('ACCESS_DENIED', a.create, 'f', how=how)
        refused('ACCESS_DENIED', a.rename, young, 'f', True)
        a.close(young)
        f = a.create('f', access=GENERIC_READ | 0x100, how=OPEN)
        eq(a.read(f, 10), b'data')
        refused('ACCESS_DENIED', set_basic, a, f, written=5)
        refused('ACCESS_DENIED', set_basic, a, f, flags=2)
        a.close(f)
        f = a.create('f', access=0x02000000, how=OPEN)
        eq(a.read(f, 10), b'data')
        refused('ACCESS_DENIED', a.write, f, b'x')
        refused('ACCESS_DENIED', a.delete_on_close, f)
        a.close(f)
        eq(a.read(a.create('f:s', access=GENERIC_READ, how=OPEN), 10), b'data')
        a.write(held, b'more')
        eq((record(w, 'held'), record(w)[2]), (None, 'g'))
    a.end()


@test(worm_retention_max=30, **ON)
def early(w):
    """A file made read-only with a time of access to come is committed until then, or longer."""
    n = opened(w)
    fh = n.create(n.root, 'f').fh
    now = int(time.time())
    eq(n.setattr(fh, sattr(mode=0o444)).status, nfs3.OK)
    eq(record(w), None, 'without a time')
    eq(n.setattr(fh, sattr(mode=0o644)).status, nfs3.OK)
    eq(n.setattr(fh, sattr(atime=(now + DAY // 2, 0))).status, nfs3.OK)
    eq(n.setattr(fh, sattr(mode=0o444)).status, nfs3.OK)
    eq(record(w), None, 'a time that is near')
    eq(n.setattr(fh, sattr(atime=(now + 9 * DAY, 0))).status, nfs3.OK)
    eq(n.setattr(fh, sattr(mode=0o400)).status, nfs3.OK)
    eq(record(w), None, 'it was read-only before')
    eq(n.setattr(fh, sattr(mode=0o644)).status, nfs3.OK)
    eq(n.setattr(fh, sattr(mode=0o444)).status, nfs3.OK)
    eq(record(w)[1], now + 9 * DAY)
    eq(n.setattr(fh, sattr(atime=(now + 8 * DAY, 0))).status, nfs3.PERM, 'shorter')
    eq(n.setattr(fh, sattr(atime=(now + 10 * DAY, 0), mode=0o644)).status, nfs3.PERM, 'with more')
    eq(n.setattr(fh, sattr(atime=(now + 10 * DAY, 0))).status, nfs3.OK, 'longer')
    eq(record(w)[1], now + 10 * DAY)
    eq(n.setattr(fh, sattr(atime=(now + 99 * DAY, 0))).status, nfs3.OK, 'more than is permitted')
    assert abs(record(w)[1] - now - 30 * DAY) < AGE, record(w)
    w.server.set('data', worm_retention_max=0)
    eq(n.setattr(fh, sattr(atime=(now + 99 * DAY, 0))).status, nfs3.PERM, 'nothing is permitted')
    eq(n.remove(n.root, 'f').status, nfs3.PERM)
    fh = n.create(n.root, 'g').fh
    eq(n.setattr(fh, sattr(atime=(now + 99 * DAY, 0), mode=0o444)).status, nfs3.OK)
    assert abs(record(w, 'g')[1] - now - DAY) < AGE, record(w, 'g')


@test(**ON)
def clock_set_back(w):
    """A file whose time is ahead, as the clock was set back, is committed as well."""
    n = opened(w)
    with later(4 * AGE):
        fh = n.create(n.root, 'f').fh
    with later():
        eq(n.setattr(fh, sattr(mode=0o600)).status, nfs3.PERM)
    assert record(w), 'committed'


@test(**ON)
def server_was_down(w):
    """A file is not committed because its writers could not reach the server."""
    n = opened(w)
    fh = n.create(n.root, 'f').fh
    now = int(time.time())
    # Nothing that is behind is stored over it.
    os.setxattr(w.export, CLOCK, b'1 %d %d' % (now + DAY, now))
    with later():
        w.server.restart()
        n = opened(w)
        eq((n.write(fh, 0, b'data').status, record(w)), (nfs3.OK, None), 'it was not old before')
    with later(4 * AGE):
        eq(n.write(fh, 0, b'x').status, nfs3.PERM, 'it is now')


@test(**ON)
def clock_is_damaged(w):
    """Without a clock no retention ends, and nothing is changed that is due to be committed."""
    n = opened(w)
    put(w.path('f'), b'data')
    put(w.path('g'), b'data')
    with later():
        eq(n.remove(n.root, 'f').status, nfs3.PERM)
    until = record(w)[1]
    w.server.set('data', worm=0)
    w.server.delete('data')
    os.setxattr(w.export, CLOCK, b'damaged')
    assert 'clock' in w.server.refused('share', 'add', 'bad', w.export, 'worm', str(AGE))
    w.server.add('data', w.export, squash='root-to-admin')
    n = opened(w)
    eq((n.remove(n.root, 'f').status, n.remove(n.root, 'g').status), (nfs3.PERM, nfs3.OK))
    eq(record(w)[1], until)


@test(locks='raw', timeout=120, **ON)
def reclaimed(w):
    """Who had a file open for writing before a restart gets it back, unless it was committed."""
    os.chmod(w.export, 0o777)
    for name in 'f', 'held':
        put(w.path(name), b'data', 0o666)
    s = nfs4.Session.make(nfs4.connect(w.client), name=b'reclaimer', verf=b'thesame!')
    fhs = {name: s.open(s.fh('data', name), None, nfs4.BOTH)[1] for name in ('f', 'held')}
    os.setxattr(w.path('f'), RECORD, b'1 1 0 g')
    w.server.lengthen_grace()
    w.server.restart()
    with later():
        s = nfs4.Session.make(nfs4.connect(w.client), name=b'reclaimer', verf=b'thesame!',
                              reclaimed=False)

        def reclaim(name, access):
            return s.patiently(nfs4.putfh(fhs[name]), nfs4.open(
                s.owner(), None, access, claim=nfs4.CLAIM_PREVIOUS)).status
        eq(reclaim('held', nfs4.READ), nfs4.OK)
        eq(reclaim('held', nfs4.BOTH), nfs4.OK)
        assert reclaim('f', nfs4.BOTH) != nfs4.OK
        # Who had it open for reading claims a delegation to write that it never had.
        r = s.patiently(nfs4.putfh(fhs['f']), nfs4.open(
            s.owner(), None, nfs4.READ, claim=nfs4.CLAIM_PREVIOUS, deleg=nfs4.DELEG_WRITE)).ok()
        eq(r[-1].deleg.type, nfs4.DELEG_NONE)
        s.patiently(nfs4.reclaim_complete()).ok()
        w.server.end_grace()
        eq(record(w, 'held'), None)
    release_all(w)


@test(locks='raw', timeout=120, **ON)
def upgraded(w):
    """An open for reading does not become one for writing, and one for writing is not committed."""
    n = opened(w)
    for name in 'f', 'held':
        put(w.path(name), b'data', 0o666)
    s = nfs4.Session.make(nfs4.connect(w.client))
    fhs = {name: s.fh('data', name) for name in ('f', 'held')}
    s.open(fhs['f'], None, nfs4.READ)
    got = s.open(fhs['held'], None, nfs4.BOTH)[0]
    held = n.lookup(n.root, 'held').fh
    soon = int(time.time()) + 9 * DAY
    eq(n.setattr(held, sattr(atime=(soon, 0))).status, nfs3.OK)
    assert n.setattr(held, sattr(mode=0o444)).status != nfs3.OK
    eq((record(w, 'held'), os.stat(w.path('held')).st_mode & 0o777), (None, 0o666))
    eq(s.compound(nfs4.putfh(fhs['held']), nfs4.close(got.stateid)).status, nfs4.OK)
    eq(n.setattr(held, sattr(mode=0o444)).status, nfs3.OK)
    assert record(w, 'held'), 'closed'
    with later():
        assert s.open(fhs['f'], None, nfs4.BOTH)[0].status != nfs4.OK
    assert record(w), 'committed'
    release_all(w)


@test(timeout=120, worm_retention_max=30, **ON)
def early_by_the_holder(w):
    """A client gives up its delegation to write to commit a file; its own opens stand in the way."""
    make_files(w, 'f', 'held')
    a = Caller(w)
    soon = int(time.time()) + 9 * DAY

    def commit(fh):
        return a.compound(nfs4.putfh(fh), nfs4.setattr(nfs4.ANON, {'mode': 0o444})).status

    def closed(name, want=0):
        r, fh = a.open(name, nfs4.BOTH | want)
        a.compound(nfs4.putfh(fh), nfs4.setattr(
            nfs4.ANON, {'time_access_set': (soon, 0)})).ok()
        return r, fh, lambda: a.compound(nfs4.putfh(fh), nfs4.close(r.stateid)).ok()
    r, fh, close = closed('f')
    eq(r.deleg.type, nfs4.DELEG_WRITE)
    close()
    eq(commit(fh), DELAY)
    eq(a.recall().stateid, r.deleg.stateid)
    a.give_back(r.deleg.stateid, fh)
    wait_for('the commit', lambda: commit(fh) == nfs4.OK)
    eq(record(w)[1], soon)
    r, fh, close = closed('held', nfs4.WANT_NO)
    assert commit(fh) not in (nfs4.OK, DELAY)
    eq((record(w, 'held'), os.stat(w.path('held')).st_mode & 0o222), (None, 0o222))
    close()
    eq(commit(fh), nfs4.OK)
    eq(record(w, 'held')[1], soon)


@test(smb=True, **ON)
def changed_by_the_writer(w):
    """Who has a file open for writing does not commit it by a change of its attributes."""
    opened(w)
    a = Smb2(w.client)
    f = a.create('f')
    a.write(f, b'data')
    with later():
        set_basic(a, f, written=5)
        eq(record(w), None)
        a.write(f, b'more')
        a.close(f)
    a.end()


@test(**ON)
def held_here(w):
    """A file that a process of the server has open for writing is not committed."""
    n = opened(w)
    put(w.path('f'), b'data')
    fh = n.lookup(n.root, 'f').fh
    writer = os.open(w.path('f'), os.O_RDWR)
    with later():
        eq((n.setattr(fh, sattr(mode=0o640)).status, record(w)), (nfs3.OK, None))
    os.close(writer)
    with later(4 * AGE):
        eq(n.setattr(fh, sattr(mode=0o600)).status, nfs3.PERM)
    assert record(w), 'committed'


@test(locks='raw', clients=2, **ON)
def reserved(w):
    """A share reservation to write keeps a file from being committed; an old file gets none."""
    os.chmod(w.export, 0o777)
    n = w.client.nfs()
    a, _ = machines(w)
    with later():
        status(a.share(1, nlm.NONE, READ), nlm.OK, 'to read')
        status(a.share(1, nlm.NONE, BOTH), nlm.ROFS, 'an old file')
        status(a.share(1, nlm.NONE, BOTH, reclaim=True), nlm.ROFS, 'no reclaim')
        assert record(w), 'committed'
        eq(n.remove(n.root, 'f').status, nfs3.PERM)
    status(a.unshare(1), nlm.OK)
    young = connect(w.client, file(w, 'young'))
    status(young.share(1, nlm.NONE, WRITE), nlm.OK, 'a young file')
    with later(4 * AGE):
        eq((n.setattr(young.fh, sattr(mode=0o640)).status, record(w, 'young')), (nfs3.OK, None))
    status(young.unshare(1), nlm.OK)
    with later(6 * AGE):
        eq(n.remove(n.root, 'young').status, nfs3.PERM, 'committed')


@test(locks='raw', clients=2, timeout=120, **ON)
def reserved_again(w):
    """A reservation to write is taken back after a restart, and keeps an old file as it is."""
    os.chmod(w.export, 0o777)
    a, _ = machines(w)
    status(a.share(1, nlm.NONE, WRITE), nlm.OK)
    w.server.lengthen_grace()
    w.server.restart()
    n = w.client.nfs()
    a = connect(w.clients[0], a.fh)
    with later():
        eq(n.setattr(a.fh, sattr(mode=0o640)).status, nfs3.JUKEBOX, 'before')
        status(a.share(1, nlm.NONE, WRITE, reclaim=True), nlm.OK, 'a reclaim')
        w.server.end_grace()
        eq((n.setattr(a.fh, sattr(mode=0o640)).status, record(w)), (nfs3.OK, None), 'behind it')
    a.free_all()


@test(smb=True, **ON)
def removed_late(w):
    """A file whose time comes before it is removed at its close stays; opens leave it immutable."""
    n = opened(w)
    a = Smb2(w.client)
    put(w.path('f'), b'data')
    f = a.create('f', access=DELETE, how=OPEN)
    a.delete_on_close(f)
    with later():
        a.close(f)
        wait_for('it is committed', lambda: record(w))
    eq(get(w.path('f')), b'data')
    a.end()
    with expect_errno(errno.EPERM):
        os.link(w.path('f'), w.path('l'))
    os.setxattr(w.export, CLOCK, b'1 %d' % record(w)[1])
    w.server.restart()
    n = opened(w)
    a = Smb2(w.client)
    a.close(a.create('f', access=DELETE, how=OPEN))
    with expect_errno(errno.EPERM):
        open(w.path('f'), 'ab').close()
    eq(n.rename(n.root, 'f', n.root, 'g').status, nfs3.PERM)
    with expect_errno(errno.EPERM):
        open(w.path('f'), 'ab').close()
    f = a.create('f', access=DELETE, how=OPEN)
    a.delete_on_close(f)
    a.close(f)
    wait_for('it is removed', lambda: not os.path.exists(w.path('f')))
    a.end()


@test(**ON)
def through_others(w):
    """Shares of the file system without the option obey what was committed in one with it."""
    n = opened(w)
    sub = w.path('sub')
    os.mkdir(sub)
    put(f'{sub}/f', b'data')
    with later():
        eq(n.remove(n.lookup(n.root, 'sub').fh, 'f').status, nfs3.PERM)
    w.server.add('two', sub, squash='root-to-admin')
    n = w.client.nfs(path=sub)
    put(f'{sub}/young', b'young')
    eq([r.status for r in (n.write(n.lookup(n.root, 'f').fh, 0, b'x'),
                           n.remove(n.root, 'f'),
                           n.rename(n.root, 'f', n.root, 'g'),
                           n.rename(n.root, 'young', n.root, 'f'))], [nfs3.PERM] * 4)
    with later():
        eq(n.rename(n.root, 'young', n.root, 'y').status, nfs3.OK, 'not committed here')
    eq(sorted(os.listdir(sub)), ['f', 'y'])


@test(offload=True, **ON)
def with_offload(w):
    """Where data may be offloaded, which has to write, a committed file is not immutable to that."""
    w.server.set('data', offload=True)
    n = opened(w)
    put(w.path('f'), b'data')
    fh = n.lookup(n.root, 'f').fh
    with later():
        all_refused(w, n, fh, 'old')
    open(w.path('f'), 'r+b').close()
    w.server.set('data', worm=0)
    all_refused(w, n, fh, 'without the option')


@test(smb=True, offload=True, fs='ext4', timeout=240, **ON)
def in_a_store(w):
    """The data of a committed file leaves for a store and comes back; the file stays committed."""
    n = opened(w)
    s = Store(w)
    s.configure('key-file = {folder}/key\n')
    s.ready()
    w.server.set('data', offload=True)
    data = content('f', 1 << 20)
    put(w.path('f'), data, 0o644)
    fh = n.lookup(n.root, 'f').fh
    with later():
        eq(n.remove(n.root, 'f').status, nfs3.PERM)
    before = record(w)
    eq((s.push(w.path('f'))['done'], s.states(w.path('f'))['offloaded']), (1, 1), 'pushed')
    for name, change in changes(n, fh).items():
        eq((name, change().status), (name, nfs3.NOENT if name == 'replace' else nfs3.PERM))
    eq(s.states(w.path('f'))['offloaded'], 1, 'refusals bring nothing back')
    eq(get(f'{w.client.mount()}/f'), data)
    eq(s.states(w.path('f'))['resident'], 1, 'read')
    eq((n.remove(n.root, 'f').status, record(w)), (nfs3.PERM, before))


@test(**ON)
def tool(w):
    """The tool shows and releases files; refusals are events; contradictions are refused."""
    n = opened(w)
    put(w.path('f'), b'data')
    shown = json_schema.load('dittoctl.json')['$defs']['worm show']
    eq(w.server.json('worm', 'show', w.path('f')),
       [{'path': w.path('f'), 'committed': False}])
    with listening(w) as told, later():
        eq(n.remove(n.root, 'f').status, nfs3.PERM)
        wait_for('the event', lambda: told('worm-refused', 'data: f'))
    e, = w.server.json('worm', 'show', w.path('f'))
    json_schema.check([e], shown, 'show')
    eq((e['committed'], e['mode']), (True, 'governance'))
    assert 'until' in w.server.ctl('worm', 'show', w.path('f'))
    w.server.ctl('worm', 'release', w.path('f'))
    eq((record(w), n.setattr(n.lookup(n.root, 'f').fh, sattr(mode=0o600)).status), (None, nfs3.OK))
    for words in ('trash', 'on'), ('nested', 'on'):
        assert 'worm' in w.server.refused('share', 'set', 'data', *words)
    w.server.set('data', worm_mode='compliance')
    for words in (('worm', '0'), ('worm', str(AGE + 1)), ('worm-mode', 'governance')):
        assert 'compliance' in w.server.refused('share', 'set', 'data', *words)
    w.server.set('data', worm=AGE - 1, worm_retention=0)
    with later():
        eq(n.remove(n.root, 'f').status, nfs3.PERM)
    eq(record(w)[1:], (0, 'c'))
    assert 'compliance' in w.server.refused('worm', 'release', w.path('f'))
    assert 'for ever' in w.server.ctl('worm', 'show', w.path('f'))
    # A share that is gone frees nothing.
    w.server.delete('data')
    w.server.add('data', w.export, squash='root-to-admin')
    n = opened(w)
    eq(n.remove(n.root, 'f').status, nfs3.PERM)
    run('chattr', '-i', w.path('f'))
    os.setxattr(w.path('f'), RECORD, b'nonsense')
    assert 'damaged' in w.server.ctl('worm', 'show', w.path('f'))
    eq(n.remove(n.root, 'f').status, nfs3.PERM)
