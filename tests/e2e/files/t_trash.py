# SPDX-License-Identifier: GPL-2.0-only
"""Files that clients remove from a share with a bin: what is kept, hidden, restored and emptied."""
import errno
import json
import os
import threading
import time

from impacket.smb3structs import SMB2_DIALECT_30

import json_schema
import nfs3
import rpc
import servers
import smb
from checks import eq, expect_errno, one_of, wait_for
from files import get, put
from harness import test
from processes import run
from smb import SmbClient
from smb2 import DELETE, GENERIC_READ, GENERIC_WRITE, OPEN, SHARE_ALL, Smb2, refused
from smb_cachers import H, R
from smb_info import names
from smb_watchers import Watcher, lease
from store_files import content, offloaded
from stores import Store
from volumes import frozen, mount, umount

ON = {'server': 'ditto', 'squash': 'none', 'trash': True}
XATTR = 'trusted.ditto.trash'
DAY = 86400


def opened(w):
    os.chmod(w.export, 0o777)
    return w.client.nfs()


def kept(w):
    """The names in the bin."""
    try:
        return sorted(os.listdir(w.path('.ditto/trash')))
    except FileNotFoundError:
        return []


def listed(w, *words):
    return w.server.json('trash', 'list', *words)


def paths(w):
    return [e.get('path') for e in listed(w)]


def ids(w):
    return {e['path']: e['id'] for e in listed(w)}


def record(w, name, text):
    os.setxattr(w.path('.ditto/trash', name), XATTR, text)


@test(nfs4='trash', **ON)
def removed_over_nfs(w):
    """What the kernel's client removes is in the bin with its data, place, remover and time."""
    opened(w)
    m = w.client.mount()
    before = int(time.time())
    os.mkdir(f'{m}/d')
    put(f'{m}/d/f', b'data')
    put(f'{m}/empty', b'')
    os.symlink('d/f', f'{m}/link')
    ino = os.stat(f'{m}/d/f').st_ino
    for name in 'd/f', 'empty', 'link':
        os.unlink(f'{m}/{name}')
    os.rmdir(f'{m}/d')
    eq((os.listdir(m), os.listdir(w.export)), ([], ['.ditto']))
    name, = kept(w)
    path = w.path('.ditto/trash', name)
    eq((get(path), os.stat(path).st_ino), (b'data', ino))
    version, uid, seconds, owner, place = os.getxattr(path, XATTR).split(b' ', 4)
    eq((version, uid, owner, place), (b'1', b'0', b'0', b'd/f'))
    assert before <= int(seconds) <= time.time(), seconds
    e, = listed(w)
    eq((e['id'], e['share'], e['path'], e['uid'], e['size']), (name, 'data', 'd/f', 0, 4))
    json_schema.check(listed(w), json_schema.load('dittoctl.json')['$defs']['trash list'], 'list')
    for hidden in '.ditto', '.ditto/trash':
        st = os.stat(w.path(hidden))
        eq((st.st_uid, st.st_mode & 0o777), (0, 0o700), hidden)


@test(smb=True, **ON)
def removed_over_smb(w):
    """So is what clients of SMB remove, with its streams, which come back with it."""
    opened(w)
    a = Smb2(w.client)
    for name in 'raw', 'raw:s':
        f = a.create(name)
        a.write(f, name.encode())
        a.close(f)
    f = a.create('raw', access=DELETE)
    a.delete_on_close(f)
    a.close(f)
    m = w.client.mount_smb()
    os.mkdir(f'{m}/d')
    put(f'{m}/d/kernel', b'kernel')
    os.unlink(f'{m}/d/kernel')
    put(f'{m}/samba', b'samba')
    SmbClient(w.client).do('del samba')
    wait_for('the files', lambda: len(kept(w)) == 3)
    eq(sorted(paths(w)), ['d/kernel', 'raw', 'samba'])
    eq({e['uid'] for e in listed(w)}, {smb.UIDS['alice']})
    refused('OBJECT_NAME_NOT_FOUND', a.create, 'raw', how=OPEN)
    w.server.ctl('trash', 'restore', 'data', ids(w)['raw'])
    for name in 'raw', 'raw:s':
        eq(a.read(a.create(name, how=OPEN), 10), name.encode())
    a.end()


@test(smb=True, **ON)
def streams_go_for_good(w):
    """A file that leaves the bin for good takes its streams along."""
    opened(w)
    a = Smb2(w.client)
    for name in 'f', 'f:s':
        f = a.create(name)
        a.write(f, b'x')
        a.close(f)
    a.end()
    eq(w.client.nfs().remove(w.client.nfs().root, 'f').status, nfs3.OK)
    eq(len(os.listdir(w.path('.ditto/streams'))), 1)
    w.server.ctl('trash', 'empty', 'data')
    eq((kept(w), os.listdir(w.path('.ditto/streams'))), ([], []))


@test(nfs4='trash', **ON)
def hard_links(w):
    """A file that has another name is not kept; its last name is."""
    n = opened(w)
    put(w.path('a'), b'x', 0o666)
    os.link(w.path('a'), w.path('b'))
    eq(n.remove(n.root, 'a').status, nfs3.OK)
    eq((kept(w), os.stat(w.path('b')).st_nlink), ([], 1))
    eq(os.listxattr(w.path('b')), [])
    eq(n.remove(n.root, 'b').status, nfs3.OK)
    eq(paths(w), ['b'])


@test(smb=True, **ON)
def names_in_two_directories(w):
    """Of two removals of a file's last two names, the later one brings the file into the bin."""
    n = opened(w)
    count = 40
    for name in 'de':
        os.mkdir(w.path(name))
        os.chmod(w.path(name), 0o777)
    for i in range(count):
        put(w.path(f'd/{i}'), b'%d' % i, 0o666)
        os.link(w.path(f'd/{i}'), w.path(f'e/{i}'))
    d = n.lookup(n.root, 'd').fh
    a = Smb2(w.client)
    said = []

    def remove():
        for i in range(count):
            while (status := n.remove(d, f'{i}').status) == nfs3.JUKEBOX:
                pass
            said.append(status)

    def close():
        for i in range(count):
            f = a.create(f'e\\{i}', access=DELETE, share=SHARE_ALL)
            a.delete_on_close(f)
            a.close(f)
    threads = [threading.Thread(target=fn) for fn in (remove, close)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    a.end()
    eq(said, [nfs3.OK] * count)
    eq((os.listdir(w.path('d')), os.listdir(w.path('e'))), ([], []))
    found = sorted(int(get(w.path('.ditto/trash', name))) for name in kept(w))
    eq(found, list(range(count)))


@test(fs='ext4', smb=True, **ON)
def open_while_removed(w):
    """To whoever has it open, a file in the bin is removed: it has no name, and gets none."""
    n = opened(w)
    put(w.path('f'), b'data', 0o666)
    fh = n.lookup(n.root, 'f').fh
    a = Smb2(w.client)
    f = a.create('f', access=GENERIC_READ | GENERIC_WRITE | DELETE, share=SHARE_ALL)
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    eq(n.lookup(n.root, 'f').status, nfs3.NOENT)
    eq(a.read(f, 10), b'data')
    a.write(f, b'more', 4)
    eq(n.read(fh, 0, 10).data, b'datamore')
    try:
        a.rename(f, 'back')
    except Exception as e:
        eq(type(e).__name__, 'Status')
    else:
        raise AssertionError('it was renamed out of the bin')
    eq(n.link(fh, n.root, 'back').status, nfs3.NOENT)
    a.close(f)
    eq(n.link(fh, n.root, 'back').status, nfs3.NOENT)
    eq((os.listdir(w.export), paths(w)), (['.ditto'], ['f']))
    a.end()
    w.server.set('data', trash=False)
    eq(n.link(fh, n.root, 'back').status, nfs3.NOENT)
    w.server.restart()
    put('/proc/sys/vm/drop_caches', b'2')
    n = w.client.nfs()
    eq(n.read(fh, 0, 10).data, b'datamore')
    eq(get(w.path('.ditto/trash', *kept(w))), b'datamore')


@test(fs='ext4', **ON)
def taken_out_by_hand(w):
    """A file that has a record and is in no bin is as any other, also by its handle alone."""
    n = opened(w)
    put(w.path('f'), b'data', 0o666)
    os.setxattr(w.path('f'), XATTR, b'1 0 0 0 f')
    fh = n.lookup(n.root, 'f').fh
    eq(n.link(fh, n.root, 'g').status, nfs3.OK)
    os.unlink(w.path('g'))
    w.server.restart()
    put('/proc/sys/vm/drop_caches', b'2')
    n = w.client.nfs()
    eq(n.link(fh, n.root, 'g').status, nfs3.OK)
    eq(os.stat(w.path('g')).st_nlink, 2)


@test(fs='ext4', smb=True, **ON)
def directory_leases(w):
    """A change of a file in the bin, whose name is not in memory, breaks no directory lease."""
    n = opened(w)
    for name in 'd', 'other':
        os.mkdir(w.path(name))
        os.chmod(w.path(name), 0o777)
    put(w.path('d/f'), b'data', 0o666)
    d = n.lookup(n.root, 'd').fh
    fh = n.lookup(d, 'f').fh
    a = Smb2(w.client)
    f = a.create('d\\f', access=GENERIC_READ, share=SHARE_ALL)
    eq(n.remove(d, 'f').status, nfs3.OK)
    put('/proc/sys/vm/drop_caches', b'2')
    s = Watcher(w.client, dialect=SMB2_DIALECT_30)
    g = lease(s, 'other', 1, R | H)
    eq(g.state, R | H)
    eq(n.write(fh, 0, b'more').status, nfs3.OK)
    s.quiet()
    s.close(g.fid)
    s.end()
    a.close(f)
    a.end()


@test(share=False, server='ditto')
def other_shares(w):
    """To clients of a share below, the file stays open, though its bin is not in their share."""
    os.mkdir(w.path('below'))
    for name in '', 'below':
        os.chmod(w.path(name), 0o777)
    w.server.add('data', w.export, squash='none', trash=True)
    w.server.add('sub', w.path('below'), squash='none')
    n, below = w.client.nfs(path=w.export), w.client.nfs(path=w.path('below'))
    put(w.path('below/f'), b'data', 0o666)
    fh = below.lookup(below.root, 'f').fh
    eq(below.read(fh, 0, 10).data, b'data')
    eq(n.remove(n.lookup(n.root, 'below').fh, 'f').status, nfs3.OK)
    eq((below.read(fh, 0, 10).data, kept(w) != []), (b'data', True))
    w.server.ctl('trash', 'restore', 'data', *kept(w))
    eq(below.read(below.lookup(below.root, 'f').fh, 0, 10).data, b'data')
    os.rename(w.path('below/f'), w.path('f'))
    eq(below.read(fh, 0, 10).status, nfs3.STALE)


@test(**ON)
def raced(w):
    """Removals and links of one file at the same time lose it to nobody."""
    n = opened(w)
    count = 60
    for i in range(count):
        put(w.path(f'f{i}'), b'%d' % i, 0o666)
    handles = [n.lookup(n.root, f'f{i}').fh for i in range(count)]
    said = []

    def remove():
        c = w.client.nfs()
        for i in range(count):
            while (status := c.remove(c.root, f'f{i}').status) == nfs3.JUKEBOX:
                pass
            said.append(status)

    def link():
        c = w.client.nfs()
        for i, fh in enumerate(handles):
            said.append(c.link(fh, c.root, f'l{i}').status)
    threads = [threading.Thread(target=fn) for fn in (remove, remove, link)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    eq(set(said) - {nfs3.OK, nfs3.NOENT, nfs3.JUKEBOX}, set())
    found = {get(w.path('.ditto/trash', name)) for name in kept(w)}
    found |= {get(w.path(name)) for name in os.listdir(w.export) if name[0] == 'l'}
    eq(found, {b'%d' % i for i in range(count)})
    eq([name for name in os.listdir(w.export) if name[0] == 'f'], [])


@test(fs='ext4', smb=True, **ON)
def fixed_files(w):
    """A file that became immutable while it was open for its deletion is not touched."""
    opened(w)
    a = Smb2(w.client)
    for flag in 'i', 'a':
        put(w.path(flag), b'x', 0o666)
        f = a.create(flag, access=DELETE)
        a.delete_on_close(f)
        run('chattr', f'+{flag}', w.path(flag))
        before = os.stat(w.path(flag)).st_ctime_ns
        a.close(f)
        eq((kept(w), os.listxattr(w.path(flag))), ([], []))
        eq(os.stat(w.path(flag)).st_ctime_ns, before, 'the time of the last change')
        run('chattr', f'-{flag}', w.path(flag))
    a.end()


@test(**ON)
def refusals_are_as_before(w):
    """A file that may not be removed does not come into the bin, not even for a moment."""
    n = opened(w)
    alice, bob = (rpc.auth_sys(uid, uid) for uid in (3000, 3001))
    os.mkdir(w.path('sticky'))
    os.chmod(w.path('sticky'), 0o1777)
    os.mkdir(w.path('closed'), 0o755)
    for name in 'sticky/f', 'closed/f':
        put(w.path(name), b'x', 0o666)
        os.chown(w.path(name), 3000, 3000)
    before = {name: os.stat(w.path(name)).st_ctime_ns for name in ('sticky/f', 'closed/f')}
    for name, cred, status in (('sticky', bob, nfs3.PERM), ('closed', alice, nfs3.ACCES)):
        d = n.lookup(n.root, name).fh
        eq(n.as_user(cred).remove(d, 'f').status, status, name)
    for name, ctime in before.items():
        eq((os.listxattr(w.path(name)), os.stat(w.path(name)).st_ctime_ns), ([], ctime), name)
    eq(kept(w), [])
    eq(n.as_user(alice).remove(n.lookup(n.root, 'sticky').fh, 'f').status, nfs3.OK)
    e, = listed(w)
    eq((e['path'], e['uid']), ('sticky/f', 3000))


@test(smb=True, **ON)
def bin_is_hidden(w):
    """No protocol lists, finds, makes or replaces the name of the bin's directory."""
    n = opened(w)
    put(w.path('f'), b'x', 0o666)
    put(w.path('g'), b'x', 0o666)
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    a = Smb2(w.client)
    root = a.create('', access=GENERIC_READ, how=OPEN)
    eq(sorted(names(a, root, '*')), ['.', '..', 'g'])
    eq(sorted(e.name for e in n.readdir(n.root).entries), [b'.', b'..', b'g'])
    for name in '.ditto', '.DITTO':
        refused('OBJECT_NAME_NOT_FOUND', a.create, name, how=OPEN)
        refused('OBJECT_PATH_NOT_FOUND', a.create, f'{name}\\trash', how=OPEN)
        eq(n.lookup(n.root, name).status, nfs3.NOENT)
        for r in (n.mkdir(n.root, name), n.create(n.root, name), n.rmdir(n.root, name),
                  n.remove(n.root, name), n.rename(n.root, 'g', n.root, name),
                  n.rename(n.root, name, n.root, 'h')):
            one_of(r.status, (nfs3.ACCES, nfs3.NOENT))
    eq(len(kept(w)), 1)
    a.end()


@test(**ON)
def restored(w):
    """A file comes back to where it was, replaces nothing, and follows no symbolic link."""
    n = opened(w)
    os.makedirs(w.path('a/b'))
    os.mkdir(w.path('outside'))
    for name in 'a', 'a/b':
        os.chmod(w.path(name), 0o777)
        os.chown(w.path(name), 3000, 3001)

    def remove(data):
        put(w.path('a/b/f'), data, 0o640)
        os.chown(w.path('a/b/f'), 3000, 3000)
        d = n.lookup(n.lookup(n.root, 'a').fh, 'b').fh
        eq(n.remove(d, 'f').status, nfs3.OK)
        return listed(w)[-1]['id']
    one = remove(b'one')
    os.rmdir(w.path('a/b'))
    eq(w.server.ctl('trash', 'restore', 'data', one).strip(), 'a/b/f')
    st, up = os.stat(w.path('a/b/f')), os.stat(w.path('a/b'))
    eq((get(w.path('a/b/f')), st.st_uid, st.st_mode & 0o777), (b'one', 3000, 0o640))
    eq(st.st_nlink, 1)
    eq((up.st_uid, up.st_gid, up.st_mode & 0o7777), (3000, 3000, 0o700), 'a directory made anew')
    eq((os.listxattr(w.path('a/b/f')), kept(w)), ([], []))
    os.unlink(w.path('a/b/f'))
    os.chmod(w.path('a/b'), 0o777)
    long = 'n' * 255
    put(w.path('a/b', long), b'long', 0o640)
    b = n.lookup(n.lookup(n.root, 'a').fh, 'b').fh
    eq(n.remove(b, long).status, nfs3.OK)
    put(w.path('a/b', long), b'new')
    last = kept(w)[-1]
    other = w.server.ctl('trash', 'restore', 'data', last).strip()
    eq((other, get(w.path(other))), (f'a/b/{"n" * 238}.{last}', b'long'))
    for name in long, os.path.basename(other):
        os.unlink(w.path('a/b', name))
    two = remove(b'two')
    put(w.path('a/b/f'), b'new')
    eq(w.server.json('trash', 'restore', 'data', two), [{'id': two, 'path': f'a/b/f.{two}'}])
    eq((get(w.path('a/b/f')), get(w.path(f'a/b/f.{two}'))), (b'new', b'two'))
    os.unlink(w.path('a/b/f'))
    three = remove(b'three')
    os.rename(w.path('a/b'), w.path('a/c'))
    for link in '../outside', w.path('outside'), '..':
        os.symlink(link, w.path('a/b'))
        assert 'symbolic link' in w.server.refused('trash', 'restore', 'data', three)
        os.unlink(w.path('a/b'))
    os.mkdir(w.path('a/b'))
    assert 'another one' in w.server.refused('trash', 'restore', 'data', three)
    os.chown(w.path('a/b'), 3000, 3000)
    w.server.ctl('trash', 'restore', 'data', three)
    eq(get(w.path('a/b/f')), b'three')
    os.chmod(w.path('a/b'), 0o777)
    three = remove(b'three')
    os.rmdir(w.path('a/b'))
    for path in b'../f', b'/f', b'a/../f', b'.ditto/trash/f', b'', b'a//f':
        record(w, three, b'1 0 1 0 ' + path)
        w.server.refused('trash', 'restore', 'data', three)
    eq((kept(w), os.listdir(w.path('outside'))), ([three], []))
    assert 'there is no' in w.server.refused('trash', 'restore', 'data', one)
    w.server.refused('trash', 'restore', 'nothing', three)


@test(**ON)
def in_both_places(w):
    """A file that was not removed after all keeps its name, and loses only the one in the bin, or
    gets it as any other that is restored."""
    n = opened(w)
    for name in 'first', 'f', 'g':
        put(w.path(name), name.encode(), 0o666)
    eq(n.remove(n.root, 'first').status, nfs3.OK)
    w.server.ctl('trash', 'empty', 'data')
    for i, name in enumerate('fg'):
        os.link(w.path(name), w.path(f'.ditto/trash/{i:016x}'))
        record(w, f'{i:016x}', f'1 0 {i + 1} 0 {name}'.encode())
    other = f'f.{0:016x}'
    eq(w.server.ctl('trash', 'restore', 'data', f'{0:016x}').strip(), other)
    eq(w.server.json('trash', 'empty', 'data'), {'removed': 1})
    for name, links in ('f', 2), ('g', 1):
        st = os.stat(w.path(name))
        eq((get(w.path(name)), st.st_nlink, os.listxattr(w.path(name))), (name.encode(), links, []))
    eq((kept(w), sorted(os.listdir(w.export))), ([], ['.ditto', 'f', other, 'g']))


@test(share=False, server='ditto')
def another_disk(w):
    """The bin of a file system that is mounted over a share by now is not emptied."""
    where = w.path('disk')
    os.mkdir(where)
    mount('none', where, 'tmpfs', 0, '')
    try:
        w.server.add('data', where, squash='none', trash=True)
        ino = os.stat(where).st_ino
        mount('none', where, 'tmpfs', 0, '')
        try:
            eq(os.stat(where).st_ino, ino)
            os.makedirs(f'{where}/.ditto/trash', mode=0o700)
            put(f'{where}/.ditto/trash/f', b'x')
            assert 'does not lead' in w.server.refused('trash', 'empty', 'data')
            eq(get(f'{where}/.ditto/trash/f'), b'x')
        finally:
            umount(where)
        w.server.delete('data')
    finally:
        umount(where)


@test(smb=True, **ON)
def emptied(w):
    """The timer's command removes what is too old, then what went first of what takes too much."""
    n = opened(w)
    now = int(time.time()) - 60

    def remove(name, days, size=1):
        put(w.path(name), os.urandom(size), 0o666)
        eq(n.remove(n.root, name).status, nfs3.OK)
        record(w, ids(w)[name], f'1 0 {now - days * DAY} 0 {name}'.encode())

    def run():
        r, = w.server.json('offload', 'run', 'trash')
        eq(r, {'job': 'trash', 'good': True})
        return paths(w)
    remove('old', 31)
    remove('young', 29)
    eq(run(), ['young'])
    w.server.set('data', trash_keep=0, trash_size=3)
    remove('ancient', 3000)
    eq(run(), ['young', 'ancient'])
    for i in range(4):
        remove(f'big{i}', 20 - i, 1 << 20)
    eq(run(), ['big1', 'big2', 'big3'])
    w.server.set('data', trash_size=0, trash_keep=19)
    eq(run(), ['big2', 'big3'])
    eq(w.server.json('trash', 'empty', 'data', ids(w)['big2']), {'removed': 1})
    eq(paths(w), ['big3'])
    # a bin that cannot be read is a problem that status shows
    os.chmod(w.path('.ditto/trash'), 0o777)
    w.server.refused('offload', 'run', 'trash')
    status = json.loads(w.server.refused('status', '--json'))
    eq([p['subject'] for p in status['problems']], ['trash'])
    os.chmod(w.path('.ditto/trash'), 0o700)
    put(w.path('.ditto/trash/foreign'), b'x')
    eq(paths(w), ['big3', None])
    w.server.ctl('trash', 'empty', 'data')
    eq(kept(w), [])


@test(smb=True, **ON)
def options(w):
    """Excluded names go for good, the same in any case, and all do while the option is off."""
    n = opened(w)
    w.server.set('data', trash_exclude='*.tmp,~$*')
    eq(w.server.json('share', 'show', 'data')[0]['trash_exclude'], '*.tmp,~$*')
    for name in 'a.tmp', 'B.TMP', '~$c.doc', 'd.doc':
        put(w.path(name), b'x', 0o666)
        eq(n.remove(n.root, name).status, nfs3.OK)
    eq(paths(w), ['d.doc'])
    w.server.set('data', trash=False)
    put(w.path('e'), b'x', 0o666)
    eq(n.remove(n.root, 'e').status, nfs3.OK)
    eq(paths(w), ['d.doc'])
    w.server.set('data', trash=True, trash_exclude='')
    put(w.path('f.tmp'), b'x', 0o666)
    eq(n.remove(n.root, 'f.tmp').status, nfs3.OK)
    eq(paths(w), ['d.doc', 'f.tmp'])
    assert 'names' in w.server.refused('share', 'set', 'data', 'trash-exclude', 'a/b')
    # renames over a file and truncations are not caught
    for name in 'g', 'h':
        put(w.path(name), b'x', 0o666)
    eq(n.rename(n.root, 'g', n.root, 'h').status, nfs3.OK)
    eq(n.setattr(n.lookup(n.root, 'h').fh, nfs3.sattr(size=0)).status, nfs3.OK)
    eq(len(kept(w)), 2)


@test(**ON)
def bin_made_again(w):
    """A bin that somebody has removed is made again, with the mark by which others leave it out."""
    n = opened(w)
    os.rmdir(w.path('.ditto/trash'))
    put(w.path('f'), b'x', 0o666)
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    eq((paths(w), os.getxattr(w.path('.ditto/trash'), XATTR)), (['f'], b'1'))


@test(**ON)
def cannot_be_kept(w):
    """What the bin cannot keep is removed all the same: a path that is too long, a full bin."""
    n = opened(w)
    at, fh = os.open(w.export, os.O_RDONLY | os.O_DIRECTORY), n.root
    for i in range(20):
        name = f'{i:0240}'
        os.mkdir(name, 0o777, dir_fd=at)
        below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.fchmod(below, 0o777)
        os.close(at)
        at, fh = below, n.lookup(fh, name).fh
    with open('f', 'wb', opener=lambda name, flags: os.open(name, flags, 0o666, dir_fd=at)) as out:
        out.write(b'x')
    eq(n.remove(fh, 'f').status, nfs3.OK)
    eq((os.listdir(at), kept(w)), ([], []))
    os.close(at)
    # others could change it
    os.chmod(w.path('.ditto/trash'), 0o777)
    put(w.path('g'), b'x', 0o666)
    eq(n.remove(n.root, 'g').status, nfs3.OK)
    eq((os.path.exists(w.path('g')), kept(w)), (False, []))
    w.server.refused('trash', 'list', 'data')


@test(**ON)
def closed_to_others(w):
    """A bin that others could only enter is closed to them before it takes a file."""
    n = opened(w)
    for mode in 0o755, 0o710:
        os.chmod(w.path('.ditto/trash'), mode)
        put(w.path(f'{mode}'), b'x', 0o666)
        eq(n.remove(n.root, f'{mode}').status, nfs3.OK)
        eq(os.stat(w.path('.ditto/trash')).st_mode & 0o777, 0o700)
    eq(paths(w), [f'{0o755}', f'{0o710}'])
    # also before it gets the option
    w.server.set('data', trash=False)
    os.chmod(w.path('.ditto/trash'), 0o755)
    w.server.set('data', trash=True)
    eq(os.stat(w.path('.ditto/trash')).st_mode & 0o777, 0o700)
    # and by the tool
    os.chmod(w.path('.ditto/trash'), 0o755)
    eq(paths(w), [f'{0o755}', f'{0o710}'])
    eq(os.stat(w.path('.ditto/trash')).st_mode & 0o777, 0o700)


@test(server='ditto', share=False, clients=0)
def open_to_others(w):
    """A bin that others can change is refused, and is a problem of the share."""
    conf = f'[listener nfs]\n[share data]\npath = {w.export}\ntrash = yes\n'
    w.server.helper_start(conf)

    def problems():
        status = json.loads(w.server.ctl('status', '--json', check=False).stdout)
        return [p['subject'] for p in status['problems'] if p['subject'] != 'trash']
    wait_for('all is served', lambda: w.server.json('share', 'list') and not problems())
    for path, mode in (('.ditto/trash', 0o700), ('.ditto', 0o755)):
        os.chmod(w.path(path), 0o777)
        w.server.ctl('config', 'apply', check=False)
        wait_for('the problem', lambda: problems() == ['bin of share data'])
        os.chmod(w.path(path), mode)
        w.server.ctl('config', 'apply', check=False)
        wait_for('its end', lambda: not problems())
    os.chmod(w.path('.ditto/trash'), 0o777)
    w.server.ctl('share', 'set', 'data', 'trash', 'off')
    assert 'others than root can change it' in w.server.refused('share', 'set', 'data', 'trash',
                                                                'on')
    os.chmod(w.path('.ditto/trash'), 0o700)
    w.server.ctl('stop')


@test(share=False, server='ditto')
def refused_where_it_cannot_be(w):
    """A share whose file system can keep no bin refuses the option, and is served without."""
    where = w.path('plain')
    layers = [w.path(name) for name in ('lower', 'upper', 'work')]
    for name in (where, *layers):
        os.mkdir(name)
    for kind, data, word in (('ramfs', '', 'extended attributes'),
                             ('overlay', 'lowerdir={},upperdir={},workdir={}'.format(*layers),
                              'overlayfs')):
        mount('none', where, kind, 0, data)
        try:
            w.server.add('plain', where)
            said = w.server.refused('share', 'set', 'plain', 'trash', 'on')
            assert word in said, said
            eq(w.server.json('share', 'show', 'plain')[0]['trash'], False)
            w.server.delete('plain')
            w.server.ctl('share', 'add', 'plain', where, 'trash', 'on')
            eq(w.server.json('share', 'show', 'plain')[0]['trash'], False)
            w.server.ctl('share', 'del', 'plain')
        finally:
            umount(where)


@test(smb=True, offload=True, fs='ext4', timeout=240, **ON)
def not_offloaded(w):
    """Policies and snapshots leave out what is in the bin; nothing of it fails."""
    n = opened(w)
    s = Store(w)
    s.configure(f'key-file = {{folder}}/key\n[policy all]\npath = {w.export}\naccessed = 30d\n')
    s.ready()
    when = time.time() - 40 * DAY
    for name in 'stays', 'goes':
        put(w.path(name), content(name, 1 << 20), 0o666)
        os.utime(w.path(name), (when, when))
    eq(n.remove(n.root, 'goes').status, nfs3.OK)
    eq(paths(w), ['goes'])
    said, = s.tool('policy', 'run', 'all')
    eq([f['path'] for f in said['files']], [w.path('stays')])
    said, = s.tool('policy', 'run', 'all')
    eq(said['skipped'], 'no file is due')
    said = s.tool('snapshot', 'create', 'data', 'monday')
    eq((said['entries'], said['lost'], said['failed']), (3, 0, 0), 'the root, .ditto, stays')
    # the timer's command tells that there is nothing to empty
    w.server.set('data', trash=False)
    assert 'no share has a bin' in w.server.refused('offload', 'run', 'trash')


@test(smb=True, offload=True, fs='ext4', timeout=240, **ON)
def recalled_all(w):
    """A recall of all fails while offloaded files are in the bin; the status leaves them out."""
    n = opened(w)
    s = Store(w)
    s.configure('key-file = {folder}/key\n')
    s.ready()
    offloaded(s, w.path('f'), content('f', 1 << 20))
    put(w.path('here'), b'x', 0o666)
    for name in 'f', 'here':
        eq(n.remove(n.root, name).status, nfs3.OK)
    eq(s.states(), {'resident': 0, 'partial': 0, 'offloaded': 0, 'recalling': 0})
    for where in w.export, w.path('.ditto'):
        said = s.recall(where, check=False)
        assert '1 offloaded files are in the bin' in said, said
    w.server.ctl('trash', 'restore', 'data', ids(w)['f'])
    eq(s.recall(w.export)['done'], 1)
    eq(get(w.path('f')), content('f', 1 << 20))
    # what came back may give way again
    eq(s.push(w.path('f'))['done'], 1)
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    assert 'in the bin' in s.recall(w.export, check=False)
    w.server.ctl('trash', 'empty', 'data')
    s.recall(w.export)


@test(smb=True, offload=True, fs='ext4', timeout=240, **ON)
def hanging_disk(w):
    """A file system with a bin that hangs holds up no other job of the timer."""
    n = opened(w)
    s = Store(w)
    s.configure('key-file = {folder}/key\n')
    s.ready()
    put(w.path('f'), b'x', 0o666)
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    began = int(time.time())
    record(w, *kept(w), f'1 0 {began - 31 * DAY} 0 f'.encode())

    def collected():
        jobs = json.loads(w.server.ctl('--json', 'status', check=False).stdout)['jobs']
        return any(e['job'] == 'gc' and e['success'] >= began for e in jobs)
    with frozen(w.export):
        p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'run', 'trash', 'gc')
        wait_for('the end of the garbage collection', collected, 60)
        eq(p.poll(), None, 'the run waits')
    eq(p.wait(), 0)
    eq(kept(w), [])


@test(fs='ext4', smb=True, timeout=120, **ON)
def hung_bin(w):
    """A bin whose file system hangs holds up no bin of another one, and is told."""
    where = f'{w.base}/other'
    os.mkdir(where)
    mount('none', where, 'tmpfs', 0, '')
    shares = {name: f'{where}/{name}' for name in 'az'}
    try:
        for name, path in shares.items():
            os.mkdir(path)
            w.server.add(name, path)
            w.server.ctl('share', 'set', name, 'trash', 'on')
        shares['data'] = w.export

        def remove(path):
            file = f'{path}/.ditto/trash/18a3f2c15b0e7d40'
            put(file, b'x')
            os.setxattr(file, XATTR, f'1 0 {int(time.time()) - 31 * DAY} 0 f'.encode())

        def left():
            return {name for name, path in shares.items() if os.listdir(f'{path}/.ditto/trash')}
        for path in shares.values():
            remove(path)
        with frozen(w.export):
            p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'run', 'trash')
            wait_for('the others', lambda: left() == {'data'})
            eq(p.poll(), None, 'the run waits')
            # the process there goes on, and no other one begins
            p.kill()
            p.wait()
            remove(shares['a'])
            said = w.server.refused('offload', 'run', 'trash')
            assert 'data: another process works there on trash' in said, said
            eq(left(), {'data'})
        wait_for('the last one', lambda: not left())
        eq(w.server.json('offload', 'run', 'trash'), [{'job': 'trash', 'good': True}])
    finally:
        for name in 'az':
            w.server.delete(name)
        umount(where)


@test(**ON)
def hostile_names(w):
    """Names in the bin are no commands to a terminal."""
    n = opened(w)
    put(w.path('\x1b[2Jf'), b'x', 0o666)
    eq(n.remove(n.root, '\x1b[2Jf').status, nfs3.OK)
    assert '\x1b' not in w.server.ctl('trash', 'list')
    assert '\x1b' not in w.server.ctl('trash', 'restore', 'data', *kept(w))
    eq(get(w.path('\x1b[2Jf')), b'x')


@test(smb=True, **ON)
def removed_by_others(w):
    """A removal is told to watches and in changes of the directory as without a bin."""
    n = opened(w)
    put(w.path('f'), b'x', 0o666)
    m = w.client.mount_smb()
    eq(os.listdir(m), ['f'])
    r = n.remove(n.root, 'f')
    eq(r.status, nfs3.OK)
    wait_for('the change', lambda: not os.listdir(m))
    with expect_errno(errno.ENOENT):
        os.unlink(f'{m}/f')
