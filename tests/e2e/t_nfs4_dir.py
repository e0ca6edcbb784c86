# SPDX-License-Identifier: GPL-2.0-only
"""Directory delegations by hand: changes of which the holder is notified."""
import functools
import os
import time

import nfs3
import nfs4
import nfs4_attr
import smb2
from harness import eq, put, test
from nfs4 import putfh
from nfs4_callback import ADDED, CHILD_ATTRS, DIR_ATTRS, REMOVED, RENAMED
from nfs4_callers import Caller, counts, files
from nfs4_status import BAD_STATEID, NOTDIR, OK

wire = functools.partial(test, server='ditto', squash='root-to-admin')

KINDS = [ADDED, REMOVED, RENAMED, DIR_ATTRS]


class Watcher(Caller):
    """A client with a directory delegation of the share's root."""

    def __init__(self, w, *kinds, ask=None, **kw):
        super().__init__(w, **kw)
        r = self.compound(putfh(self.root), nfs4.get_dir_delegation(*(kinds or KINDS),
                                                                    **(ask or {}))).ok()[-1]
        eq(r.nonfatal, 0, 'granted')
        self.sid, self.granted = r.stateid, r

    def told(self, count):
        """The next changes, from any number of callbacks."""
        got = []
        while len(got) < count:
            call = self.cb.wait(self.conn, 'notify')
            eq((call.stateid, call.fh), (self.sid, self.root))
            got += [c for c in call.changes if c[0] != DIR_ATTRS]
        return got

    def quiet(self, seconds=0.5):
        """Check that no entry changes; attributes of the directory may still arrive."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.conn.serve(max(end - time.monotonic(), 0.01))
        while not self.cb.calls.empty():
            call = self.cb.take('notify')
            eq([c for c in call.changes if c[0] != DIR_ATTRS], [], 'changes')

    def values(self, *changes):
        """The attributes that come with these changes, the last ones if they are repeated."""
        got = {}
        while set(changes) - set(got):
            call = self.cb.wait(self.conn, 'notify')
            got.update(zip(call.changes, call.attrs))
        return [got[c] for c in changes]


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
    """An entry that a rename replaces is reported as removed."""
    os.chmod(w.export, 0o777)
    a, n = Watcher(w), w.client.nfs()
    for name in 'abc':
        eq(n.create(n.root, name).status, nfs3.OK)
    eq(n.rename(n.root, 'a', n.root, 'b').status, nfs3.OK)
    b = nfs4.Session.make(nfs4.connect(w.client))
    eq(b.compound(putfh(a.root), nfs4.savefh(), putfh(a.root), nfs4.rename('b', 'c')).status, OK)
    eq(a.told(7), [(ADDED, b'a'), (ADDED, b'b'), (ADDED, b'c'),
                   (REMOVED, b'b'), (RENAMED, b'a', b'b'), (REMOVED, b'c'), (RENAMED, b'b', b'c')])
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
