# SPDX-License-Identifier: GPL-2.0-only
"""Persistent opens of SMB whose names change, or of which the name is deleted."""
import os

import nfs3
from checks import eq, wait_for
from files import get, put
from harness import test
from processes import process_stopped
from smb2 import DELETE, DELETE_ON_CLOSE, refused
from smb_cachers import R, key
from smb_contexts import lease_v2
from smb_durable import RWH, away, close_all, waiting
from smb_lasting import available, client, gone, recorded


@test(smb=True, squash='none', timeout=120, fs='ext4')
def names_outlive_the_machine(w):
    """A restored open deletes the name that it has, and no other one."""
    available(w)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    put(w.path('d', 'single'), b'x')
    os.chmod(w.path('d', 'single'), 0o666)
    for name in 'renamed', 'replaced', 'd/several':
        os.link(w.path('f'), w.path(name))
    s = client(w)
    fids = {name: s.lasting(name, n, state=0, options=DELETE_ON_CLOSE).fid
            for n, name in enumerate(('d\\several', 'd\\single', 'renamed', 'replaced'), 1)}
    s.rename(fids['renamed'], 'd\\moved')
    s.end()
    wait_for('they wait', lambda: len(waiting(w)) == 4)
    shares, w.server.shares = w.server.shares, {}
    w.server.helper_stop()
    w.server.unload()
    os.rename(w.path('replaced'), w.path('kept'))
    put(w.path('replaced'), b'new')
    # the machine starts anew and knows no names
    put('/proc/sys/vm/drop_caches', b'2')
    w.server.load()
    w.server.key()
    w.server.serve('data', shares['data'][0], **shares['data'][1])
    w.server.helper_start(w.server.conf)
    w.server.listen()
    wait_for('they are restored', lambda: len(waiting(w)) == 4)
    s = client(w)
    for n, name in enumerate(fids, 1):
        fid = s.back(fids[name], name, n, lease=0).fid
        if name == 'replaced':
            refused('ACCESS_DENIED', s.rename, fid, 'other')
            refused('CANNOT_DELETE', s.delete_on_close, fid)
        s.close(fid)
    eq(os.listdir(w.path('d')), [])
    eq(sorted(set(os.listdir(w.export)) - {'.ditto', 'lost+found', 'd'}), ['f', 'kept', 'replaced'])
    eq((get(w.path('replaced')), os.stat(w.path('f')).st_nlink), (b'new', 2))
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def of_a_removed_name(w):
    """A client with a lease comes back by the name that others have removed or replaced."""
    available(w)
    for replaced in (False, True):
        put(w.path('f'), b'0123456789', 0o666)
        os.chmod(w.path('f'), 0o666)
        s = client(w)
        g = s.lasting()
        away(w, s)
        if replaced:
            put(w.path('new'), b'another', 0o666)
            os.rename(w.path('new'), w.path('f'))
        else:
            os.unlink(w.path('f'))
        s = client(w)
        again = s.back(g.fid)
        eq((again.fid[:8], again.state, s.read(again.fid, 10)), (g.fid[:8], 0, b'0123456789'))
        s.close(again.fid)
        s.end()
        gone(w)


def renames(w):
    """Ways in which others rename a file."""
    n = w.client.nfs()

    def by_smb(old, new):
        other = client(w, 2)
        h = other.make(old, access=DELETE)
        other.rename(h.fid, new)
        other.close(h.fid)
        other.end()

    def by_nfs(old, new):
        wait_for('the rename', lambda: n.rename(n.root, old, n.root, new).status == nfs3.OK)

    def locally(old, new):
        os.rename(w.path(old), w.path(new))
    return by_smb, by_nfs, locally


def comes_back(w, fid, known, unknown, **kw):
    """A client comes back by each of the names that are known, and by no other one."""
    for name in known:
        s = client(w)
        for other in unknown:
            refused('INVALID_PARAMETER', s.back, fid, other, **kw)
        again = s.back(fid, name, **kw)
        eq(again.fid[:8], fid[:8])
        s.write(again.fid, name.encode())
        away(w, s, len(waiting(w)) + 1)


@test(smb=True, squash='none', timeout=180)
def of_a_name_that_others_changed(w):
    """A client with a lease comes back by the name that it knows, and by the one that others gave."""
    for rename in renames(w):
        available(w)
        s = client(w)
        g = s.lasting()
        away(w, s)
        rename('f', 'moved')
        # another file, even
        put(w.path('f'), b'another', 0o666)
        comes_back(w, g.fid, ('f', 'F', 'moved'), ('other', 'move', 'f:s'))
        eq((get(w.path('f')), get(w.path('moved'))[:5]), (b'another', b'moved'))
        close_all(w)
        gone(w)
        os.unlink(w.path('moved'))
    # while it is there, and over a restart
    available(w)
    s = client(w)
    g = s.lasting(state=R)
    os.rename(w.path('f'), w.path('moved'))
    away(w, s)
    wait_for('it is recorded', lambda: recorded(w, 'moved') == 1)
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['moved'])
    comes_back(w, g.fid, ('f', 'F', 'moved'), ('other',))
    close_all(w)
    gone(w)


@test(smb=True, squash='none', timeout=180)
def of_a_name_that_it_changed(w):
    """A rename by a client with the lease changes the name that it knows, for all its opens."""
    available(w)
    os.link(w.path('f'), w.path('link'))
    s = client(w)
    first = s.lasting('f', 1)
    # an open that is not persistent has the lease, too
    plain = s.make('f', lease_v2(key(1), RWH))
    second = s.lasting('F', 2, lease=1)
    linked = s.lasting('link', 3, lease=1)
    s.rename(plain.fid, 'Own')
    s.close(plain.fid)
    away(w, s, 3)
    comes_back(w, first.fid, ('own', 'link'), ('f', 'moved', 'link 2'))
    wait_for('both are recorded', lambda: recorded(w, 'Own') == 2)
    w.server.restart()
    wait_for('they wait', lambda: len(waiting(w)) == 3)
    os.rename(w.path('Own'), w.path('moved'))
    os.rename(w.path('link'), w.path('link 2'))
    # each name that the file has is good, too
    known = ('own', 'moved', 'link 2')
    comes_back(w, first.fid, known, ('f', 'link'))
    comes_back(w, second.fid, known, ('f', 'link'), number=2)
    comes_back(w, linked.fid, ('link', 'moved', 'link 2'), ('f', 'own'), number=3)
    close_all(w)
    gone(w)


@test(smb=True, squash='none', timeout=90)
def deletes_no_other_name(w):
    """An open whose name others have removed deletes no other name of the file after a restart."""
    available(w)
    for name in 'fgh':
        put(w.path(name), b'x', 0o666)
        os.chmod(w.path(name), 0o666)
        os.link(w.path(name), w.path(f'other {name}'))
    s = client(w)
    at_close = s.lasting('f', 1, state=0, options=DELETE_ON_CLOSE)
    pending = s.lasting('g', 2, state=0)
    carried_out = s.lasting('h', 3, state=0)
    s.delete_on_close(pending.fid)
    s.delete_on_close(carried_out.fid)
    away(w, s, 3)
    os.unlink(w.path('f'))
    os.unlink(w.path('g'))
    w.server.restart()
    wait_for('they wait', lambda: len(waiting(w)) == 3)
    s = client(w)
    for n, (name, g) in enumerate((('f', at_close), ('g', pending), ('h', carried_out)), 1):
        s.close(s.back(g.fid, name, n, lease=0).fid)
    eq([name for name in 'fgh' if not os.path.exists(w.path(f'other {name}'))], [])
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120, fs='ext4')
def names_are_recorded(w):
    """What others do with the names of a file is recorded, and known after a restart."""
    available(w)
    ways = renames(w)
    n = w.client.nfs()

    def unlink(name):
        os.unlink(w.path(name))

    def remove(name):
        wait_for('the removal', lambda: n.remove(n.root, name).status == nfs3.OK)

    def link(name, other):
        os.link(w.path(name), w.path(other))
    for name in ('smb', 'nfs', 'local', 'left', 'gone', 'both', 'back'):
        put(w.path(name), name.encode(), 0o666)
        os.chmod(w.path(name), 0o666)
    s = client(w)
    names = ('smb', 'nfs', 'local', 'left', 'gone', 'both', 'back')
    fids = {name: s.lasting(name, i, state=0, options=DELETE_ON_CLOSE).fid
            for i, name in enumerate(names, 1)}
    away(w, s, len(names))
    for rename, name in zip(ways, names):
        rename(name, f'{name} new')
    for name, removes in ('left', unlink), ('gone', remove):
        link(name, f'{name} link')
        removes(name)
    link('both', 'both link')
    os.rename(w.path('back'), w.path('away'))
    os.rename(w.path('away'), w.path('back'))
    for name in names[:3]:
        wait_for(f'{name} is recorded', lambda: recorded(w, f'{name} new') == 1)
    for name in names[3:5]:
        wait_for(f'{name} is recorded', lambda: recorded(w, name) == 0)
    wait_for('back is recorded', lambda: recorded(w, 'back') == 1)
    for _ in range(2):
        w.server.restart()
        wait_for('they wait', lambda: len(waiting(w)) == len(names))
    # and what they do afterwards, also while there is no helper for a while
    os.rename(w.path('smb new'), w.path('smb last'))
    wait_for('it is recorded', lambda: recorded(w, 'smb last') == 1)
    w.server.helper_stop('KILL')
    os.rename(w.path('nfs new'), w.path('nfs last'))
    w.server.helper_start(w.server.conf)
    wait_for('it is recorded', lambda: recorded(w, 'nfs last') == 1)
    w.server.restart()
    wait_for('they wait', lambda: len(waiting(w)) == len(names))
    s = client(w)
    for i, name in enumerate(names, 1):
        s.close(s.back(fids[name], name, i, lease=0).fid)
    eq(sorted(set(os.listdir(w.export)) - {'.ditto', 'lost+found', 'f'}),
       ['both link', 'gone link', 'left link'])
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120, fs='ext4')
def names_are_not_recorded(w):
    """After a restart an open has no name that nobody recorded: a link, or by a rename."""
    available(w)
    names = ('renamed', 'linked', 'same')
    for name in names:
        put(w.path(name), name.encode(), 0o666)
        os.chmod(w.path(name), 0o666)
    s = client(w)
    fids = {name: s.lasting(name, i, state=0, options=DELETE_ON_CLOSE).fid
            for i, name in enumerate(names, 1)}
    away(w, s, len(names))
    shares, w.server.shares = w.server.shares, {}
    w.server.helper_stop('KILL')
    os.rename(w.path('renamed'), w.path('new'))
    os.link(w.path('linked'), w.path('link'))
    os.unlink(w.path('linked'))
    w.server.unload()
    w.server.load()
    w.server.key()
    w.server.serve('data', shares['data'][0], **shares['data'][1])
    w.server.helper_start(w.server.conf)
    w.server.listen()
    wait_for('they are restored', lambda: len(waiting(w)) == 3)
    s = client(w)
    for i, name in enumerate(names, 1):
        fid = s.back(fids[name], name, i, lease=0).fid
        if name != 'same':
            refused('ACCESS_DENIED', s.rename, fid, 'other')
            refused('CANNOT_DELETE', s.delete_on_close, fid)
        s.close(fid)
    eq(sorted(set(os.listdir(w.export)) - {'.ditto', 'lost+found', 'f'}), ['link', 'new'])
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def deletion_is_taken_back(w):
    """A deletion that another open cancels is in no record any more."""
    available(w)
    s, other = client(w), client(w, 2)
    g, h = s.lasting(state=0), other.lasting(number=2, state=0)
    s.delete_on_close(g.fid)
    refused('DELETE_PENDING', other.make, 'f')
    other.delete_on_close(h.fid, False)
    other.close(other.make('f').fid)
    # a change that cannot be recorded is not made
    s.delete_on_close(g.fid)
    w.server.helper_stop('KILL')
    refused('INSUFFICIENT_RESOURCES', other.delete_on_close, h.fid, False)
    refused('DELETE_PENDING', other.make, 'f')
    w.server.helper_start(w.server.conf)
    other.delete_on_close(h.fid, False)
    s.end()
    other.end()
    w.server.restart()
    wait_for('they wait', lambda: waiting(w) == ['f', 'f'])
    s, other = client(w), client(w, 2)
    s.close(s.back(g.fid, lease=0).fid)
    other.close(other.back(h.fid, number=2, lease=0).fid)
    eq(get(w.path('f')), b'0123456789')
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def deletion_of_another_name(w):
    """To cancel the deletion of one name changes no record of the deletion of another one."""
    available(w)
    os.link(w.path('f'), w.path('g'))
    s, other = client(w), client(w, 2)
    f, g = s.lasting(state=0), other.lasting('g', 2, state=0)
    s.delete_on_close(f.fid)
    with process_stopped(w.server.helper.pid):
        other.delete_on_close(g.fid, False)
    refused('DELETE_PENDING', other.make, 'f')
    s.close(f.fid)
    eq(os.path.exists(w.path('f')), False)
    other.close(g.fid)
    eq(get(w.path('g')), b'0123456789')
    s.end()
    other.end()
    gone(w)
