# SPDX-License-Identifier: GPL-2.0-only
"""Directory delegations by hand: changes of which the holder is notified."""
import functools
import os
import time

import nfs3
import nfs4
import nfs4_attr
import smb2
from checks import SLOW, WAIT_LIMIT, eq, wait_for
from files import put
from harness import test
from nfs4 import putfh
from nfs4_callback import ADDED, CHILD_ATTRS, DIR_ATTRS, REMOVED, RENAMED
from nfs4_callers import Caller, counts, files
from nfs4_dir_watcher import KINDS, Watcher
from nfs4_status import BAD_STATEID, DELAY, GRACE, NOTDIR, OK, STALE

wire = functools.partial(test, server='ditto', squash='root-to-admin')


@wire(smb=True, squash='none')
def directory_changes(w):
    """Changes over NFS, over SMB and on the server are reported in their order."""
    os.chmod(w.export, 0o777)
    a, n = Watcher(w), w.client.nfs()
    eq(a.granted.notify, [nfs4_attr.NAMES[k] for k in sorted(KINDS)], 'as bits of a bitmap')
    eq(n.create(n.root, 'one').status, nfs3.OK)
    eq(n.mkdir(n.root, 'dir').status, nfs3.OK)
    eq(n.rename(n.root, 'one', n.root, 'two').status, nfs3.OK)
    eq(n.remove(n.root, 'two').status, nfs3.OK)
    eq(a.told(4), [(ADDED, b'one'), (ADDED, b'dir'), (RENAMED, b'one', b'two'), (REMOVED, b'two')])
    s = smb2.Smb2(w.client)
    s.close(s.create('three'))
    s.close(s.create('three', access=smb2.DELETE, options=smb2.DELETE_ON_CLOSE))
    s.end()
    eq(a.told(2), [(ADDED, b'three'), (REMOVED, b'three')])
    put(w.path('four'), b'x')
    os.rename(w.path('four'), w.path('five'))
    os.unlink(w.path('five'))
    eq(a.told(3), [(ADDED, b'four'), (RENAMED, b'four', b'five'), (REMOVED, b'five')])
    # its own doing it knows
    eq(a.compound(putfh(a.root), nfs4.create(nfs4.DIR, 'mine')).status, OK)
    a.quiet()
    eq(counts(w)['recalled'], 0)
    a.give_back(a.sid, a.root)
    put(w.path('six'), b'x')
    a.cb.none(a.conn)


@wire
def process_before_client(w):
    """What a process has done is reported before what a client does next, under the same name."""
    os.chmod(w.export, 0o777)
    os.mkdir(w.path('away'))
    put(w.path('name'), b'x')
    a, n = Watcher(w), w.client.nfs()
    for turn in range(5):
        # the server looks out for the new name of a file that goes away, for a moment
        os.rename(w.path('name'), w.path(f'away/{turn}'))
        eq(n.create(n.root, 'name').status, nfs3.OK)
        eq(a.told(2), [(REMOVED, b'name'), (ADDED, b'name')])
    eq(counts(w)['recalled'], 0)
    a.give_back(a.sid, a.root)


@wire
def directory_attributes(w):
    """The requested attributes are sent, with their present values."""
    os.chmod(w.export, 0o777)
    put(w.path('old'), b'12345', 0o644)
    child = ['type', 'size', 'mode', 'fileid', 'time_modify', 'filehandle']
    dirs = ['change', 'numlinks', 'time_modify']
    a = Watcher(w, CHILD_ATTRS, *KINDS,
                ask={'child': [*child, 'owner', 'maxname', 'time_modify_set'],
                     'dirs': [*dirs, 'owner_group', 'space_free']})
    eq(set(a.granted.child), set(child))
    eq(set(a.granted.dirs), set(dirs))
    n = w.client.nfs()

    def entry(name):
        fh = a.s.fh('data', name)
        return a.compound(putfh(fh), nfs4.getattr(*child)).ok()[-1].attrs

    def own():
        return a.compound(putfh(a.root), nfs4.getattr(*dirs)).ok()[-1].attrs

    eq(n.mkdir(n.root, 'new').status, nfs3.OK)
    new, top = a.values((ADDED, b'new'), (DIR_ATTRS, b''))
    eq((new, top), (entry('new'), own()))
    eq(n.rename(n.root, 'old', n.root, 'young').status, nfs3.OK)
    young, top = a.values((RENAMED, b'old', b'young'), (DIR_ATTRS, b''))
    eq((young, top), (entry('young'), own()))
    eq(n.write(n.lookup(n.root, 'young').fh, 5, b'67890').status, nfs3.OK)
    eq(n.setattr(n.lookup(n.root, 'young').fh, nfs3.sattr(mode=0o600)).status, nfs3.OK)
    got = {}
    while got.get('mode') != 0o600:
        got, = a.values((CHILD_ATTRS, b'young'))
    eq(got, entry('young'))
    eq((got['size'], got['type']), (10, nfs4.REG))
    # by a process of the server
    put(w.path('local'), b'123')
    while got.get('size') != 3:
        got, = a.values((CHILD_ATTRS, b'local'))
    eq(got, entry('local'))
    eq(n.remove(n.root, 'young').status, nfs3.OK)
    eq(a.values((REMOVED, b'young')), [{}])
    eq(counts(w)['recalled'], 0)
    a.give_back(a.sid, a.root)
    # without the kinds they come with there is none
    r = a.compound(putfh(a.root), nfs4.get_dir_delegation(REMOVED, child=child, dirs=dirs)).ok()
    eq((r[-1].nonfatal, r[-1].child, r[-1].dirs), (0, [], []))


@wire
def directory_batches(w):
    """Many changes come in few callbacks, none is lost, and each fits the client's buffer."""
    os.chmod(w.export, 0o777)
    a = Watcher(w)
    names = [b'%03d' % i + b'n' * 200 for i in range(100)]
    for name in names:
        put(w.path(name.decode()), b'')
    got = a.told(100)
    eq([g[1] for g in got if g[0] == ADDED], names)
    eq(w.server.calls('nfs4-delegations')['notify'] < 60, True, 'fewer callbacks than changes')
    a.give_back(a.sid, a.root)


@wire
def directory_replaced(w):
    """An entry that a rename replaces is reported with the rename."""
    os.chmod(w.export, 0o777)
    a, n = Watcher(w), w.client.nfs()
    for name in 'abc':
        eq(n.create(n.root, name).status, nfs3.OK)
    eq(n.rename(n.root, 'a', n.root, 'b').status, nfs3.OK)
    b = nfs4.Session.make(nfs4.connect(w.client))
    eq(b.compound(putfh(a.root), nfs4.savefh(), putfh(a.root), nfs4.rename('b', 'c')).status, OK)
    eq(a.told(5), [(ADDED, b'a'), (ADDED, b'b'), (ADDED, b'c'),
                   (RENAMED, b'a', b'b'), (RENAMED, b'b', b'c')])
    a.give_back(a.sid, a.root)
    # one that asked for renames alone misses nothing by it
    eq(n.create(n.root, 'd').status, nfs3.OK)
    a = Watcher(w, RENAMED)
    eq(n.rename(n.root, 'c', n.root, 'd').status, nfs3.OK)
    eq(a.told(1), [(RENAMED, b'c', b'd')])
    eq(counts(w)['recalled'], 0)
    a.give_back(a.sid, a.root)


def placed(a, entry, name, known):
    """Check that a new entry has the place that READDIR gives it, and note the cookies."""
    names = a.listing()
    at = [n for n, _ in names].index(name)
    eq(entry.name, name)
    eq(entry.cookie, [names[at][1]], 'its cookie')
    eq(entry.before, names[at - 1:at] if at else [], 'the entry before it')
    eq(entry.last, at == len(names) - 1, 'last entry')
    eq([n for n, _ in a.listing(entry.cookie[0])], [n for n, _ in names[at + 1:]], 'the rest')
    known.update(entry.before + [names[at]])


def places(w):
    os.chmod(w.export, 0o777)
    for name in ('one', 'two', 'three', 'four'):
        put(w.path(name), b'x', 0o666)
    a, n = Watcher(w), w.client.nfs()
    known = dict(a.listing())

    def new(name):
        entry, = a.entries(1)
        if entry.old:
            eq(entry.old[1], known.pop(entry.old[0]), 'cookie of the old name')
        for old, cookie in entry.replaced:
            eq(cookie, known.pop(old), 'cookie of the replaced entry')
        placed(a, entry, name, known)
        return entry

    def gone(name):
        eq(n.remove(n.root, name).status, nfs3.OK)
        entry, = a.entries(1)
        eq(entry.old, (name, known.pop(name)))

    eq(n.create(n.root, 'five').status, nfs3.OK)
    eq(new(b'five').replaced, [])
    put(w.path('local'), b'')
    new(b'local')
    gone(b'two')
    eq(n.rename(n.root, 'one', n.root, 'uno').status, nfs3.OK)
    eq(new(b'uno').old[0], b'one')
    eq(n.rename(n.root, 'uno', n.root, 'four').status, nfs3.OK)
    entry = new(b'four')
    eq((entry.old[0], [name for name, _ in entry.replaced]), (b'uno', [b'four']))
    for name in [name for name, _ in a.listing()]:
        gone(name)
    eq(n.create(n.root, 'alone').status, nfs3.OK)
    entry = new(b'alone')
    eq((entry.before, entry.last), ([], True))
    # the holder adds an entry, and no notification has given it a cookie
    eq(a.compound(putfh(a.root), nfs4.create(nfs4.DIR, 'mine')).status, OK)
    eq(n.rmdir(n.root, 'mine').status, nfs3.OK)
    entry, = a.entries(1)
    eq(entry.old, (b'mine', 0))
    eq(counts(w)['recalled'], 0)
    a.give_back(a.sid, a.root)


@wire
def directory_places(w):
    """Cookies and neighbours in notifications are those of READDIR."""
    places(w)


@test(server='ditto', squash='root-to-admin', fs='ext4')
def directory_places_hashed(w):
    """The same where the file system lists names in the order of their hashes."""
    places(w)


@test(server='ditto', squash='root-to-admin', fs='ext4')
def directory_long(w):
    """In a long directory a place may not be known; what is said is true."""
    os.chmod(w.export, 0o777)
    for i in range(1100):
        os.symlink('x', w.path(f'f{i}'))
    a, n = Watcher(w), w.client.nfs()
    known = dict(a.listing())
    for i in range(8):
        old, new = b'f%d' % (1099 - i), b'g%d' % i
        eq(n.rename(n.root, old, n.root, new).status, nfs3.OK)
        entry, = a.entries(1)
        eq(entry.old in ((old, known[old]), (old, 0)), True, 'cookie of the old name')
        if entry.cookie:
            placed(a, entry, new, known)
        else:
            eq((entry.name, entry.before, entry.last), (new, [], False))
    eq(counts(w)['recalled'], 0)
    a.give_back(a.sid, a.root)


@wire
def directory_slow_holder(w):
    """A holder that does not take notifications is recalled once too many changes wait for it."""
    os.chmod(w.export, 0o777)
    a = Watcher(w, notify=DELAY)
    seen = []
    # All changes at once might be too many before the first are sent.
    for op, names in ('notify', range(10)), ('recall', range(10, 1100)):
        for i in names:
            os.symlink('x', w.path(f's{i}'))
        end = time.monotonic() + WAIT_LIMIT * SLOW
        while op not in seen and time.monotonic() < end:
            a.conn.serve(1)
            while not a.cb.calls.empty():
                call = a.cb.calls.get()
                seen.append(call.op)
                if call.op == 'notify':
                    eq([e.name for e in call.entries if e][0], b's0', 'the oldest first')
        eq(op in seen, True, op)
    eq(seen[-1], 'recall')
    a.give_back(a.sid, a.root)


@wire
def directory_recalled(w):
    """A change that cannot be reported recalls the delegation."""
    os.chmod(w.export, 0o777)
    a = Watcher(w, ADDED)
    put(w.path('f'), b'x')
    eq(a.told(1), [(ADDED, b'f')])
    os.unlink(w.path('f'))
    eq(a.recall().stateid, a.sid)
    a.give_back(a.sid, a.root)
    os.mkdir(w.path('d'))
    b = Caller(w)
    fh = b.s.fh('data', 'd')
    r = b.compound(putfh(fh), nfs4.get_dir_delegation()).ok()[-1]
    eq(r.nonfatal, 0)
    n = w.client.nfs()
    eq(n.create(n.lookup(n.root, 'd').fh, 'x').status, nfs3.JUKEBOX)
    eq(b.recall().stateid, r.stateid)
    b.give_back(r.stateid, fh)
    eq(n.create(n.lookup(n.root, 'd').fh, 'x').status, nfs3.OK)


@wire
def process_changes_the_directory(w):
    """A process that changes a directory's attributes, moves or removes it recalls the delegation."""
    os.mkdir(w.path('away'))
    changes = {'chmod': lambda d: os.chmod(d, 0o711), 'chown': lambda d: os.chown(d, 7, 7),
               'utime': lambda d: os.utime(d, (1, 1)),
               'setxattr': lambda d: os.setxattr(d, 'user.a', b'x'),
               'rename': lambda d: os.rename(d, w.path('moved')),
               'move': lambda d: os.rename(d, w.path('away/d'))}
    for name, change in changes.items():
        os.mkdir(w.path(name))
        a = Watcher(w, below=(name,))
        change(w.path(name))
        eq(a.recall().stateid, a.sid, name)
        a.give_back(a.sid, a.root)
    replaces = {'rmdir': os.rmdir, 'replace': lambda d: os.rename(w.path('moved'), d)}
    for name, remove in replaces.items():
        os.mkdir(w.path(name))
        a = Watcher(w, below=(name,))
        remove(w.path(name))
        eq(a.recall().stateid, a.sid, name)
        a.gone_when_returned()
    # its own client knows
    os.mkdir(w.path('own'), 0o777)
    a = Watcher(w, below=('own',))
    eq(a.compound(putfh(a.root), nfs4.setattr(nfs4.ANON, {'mode': 0o700})).status, OK)
    a.quiet()
    a.give_back(a.sid, a.root)


@wire
def removed_directory_gets_nothing(w):
    """The handle of a removed directory is good, but no other delegation keeps it so."""
    os.mkdir(w.path('d'), 0o777)
    os.chmod(w.path('d'), 0o777)
    a = Watcher(w, below=('d',))
    b = Caller(w)
    os.rmdir(w.path('d'))
    eq(a.recall().stateid, a.sid)
    for _ in range(2):
        eq(b.compound(putfh(a.root), nfs4.get_dir_delegation(REMOVED)).ok()[-1].nonfatal, 1)
    eq(b.compound(putfh(a.root), nfs4.create(nfs4.DIR, 'x')).status, STALE)
    eq(b.compound(putfh(a.root), nfs4.open(b.s.owner(), 'x', nfs4.BOTH,
                                                how=nfs4.UNCHECKED)).status, STALE)
    # a named attribute goes with the directory
    named = b.compound(putfh(a.root), nfs4.openattr(True), nfs4.getfh()).ok()[-1].fh
    r = b.compound(putfh(named), nfs4.open(b.s.owner(), 'x', nfs4.BOTH, how=nfs4.UNCHECKED),
                   nfs4.getfh()).ok()
    eq(len(os.listdir(w.path('.ditto/streams'))), 1)
    b.compound(putfh(r[-1].fh), nfs4.close(r.of('open').stateid)).ok()
    a.gone_when_returned()
    eq(b.compound(putfh(a.root)).status, STALE)
    wait_for('it goes', lambda: not os.listdir(w.path('.ditto/streams')))


@wire(smb=True, squash='none')
def removed_directory_that_is_open(w):
    """The delegation of a removed directory can be returned before and after its last close."""
    os.chmod(w.export, 0o777)
    for name in 'before', 'after':
        os.mkdir(w.path(name))
        os.chmod(w.path(name), 0o777)
        a = Watcher(w, below=(name,))
        s = smb2.Smb2(w.client)
        f = s.create(name, options=smb2.DIRECTORY_FILE)
        os.rmdir(w.path(name))
        eq(a.recall().stateid, a.sid, name)
        if name == 'before':
            a.give_back(a.sid, a.root)
            eq(a.compound(putfh(a.root)).status, OK)
        s.close(f)
        if name == 'before':
            eq(a.compound(putfh(a.root)).status, STALE)
        else:
            a.gone_when_returned()
        s.end()


@wire
def directory_refused_notify(w):
    """A holder that refuses a notification loses the delegation."""
    os.chmod(w.export, 0o777)
    a = Watcher(w, notify=BAD_STATEID)
    put(w.path('f'), b'x')
    a.cb.wait(a.conn, 'notify')
    eq(a.recall().stateid, a.sid)
    a.give_back(a.sid, a.root)


@wire
def directory_unavailable(w):
    """None for files, without a callback channel, or a second time."""
    files(w)
    a = Watcher(w)
    fh = a.s.fh('data', 'f')
    eq(a.compound(putfh(fh), nfs4.get_dir_delegation(*KINDS)).status, NOTDIR)
    eq(a.compound(putfh(a.root), nfs4.get_dir_delegation(*KINDS)).ok()[-1].nonfatal, 1)
    a.give_back(a.sid, a.root)
    s = nfs4.Session.make(nfs4.connect(w.client))
    eq(s.compound(putfh(a.root), nfs4.get_dir_delegation(*KINDS)).ok()[-1].nonfatal, 1)


@wire
def not_before_the_reclaims(w):
    """Before RECLAIM_COMPLETE the answer is GRACE, whether the client can be called back or not."""
    a = Caller(w)
    for conn in a.cb.on(nfs4.connect(w.client)), nfs4.connect(w.client):
        s = nfs4.Session.make(conn, reclaimed=False)
        ask = putfh(a.root), nfs4.get_dir_delegation(*KINDS)
        eq(s.patiently(*ask).status, GRACE)
        s.compound(nfs4.reclaim_complete()).ok()
        s.patiently(*ask).ok()
