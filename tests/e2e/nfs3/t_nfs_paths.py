# SPDX-License-Identifier: GPL-2.0-only
"""What clients write into fstab: the paths and names of shares, ports, and what refuses them."""
import functools
import os
import uuid

import nfs3
import nfs4
from checks import eq, wait_for
from files import get, put
from harness import NFS4_VERSIONS, test
from nfs4 import getattr, getfh, lookup, lookupp, putfh, putrootfh, readdir
from nfs4_raw import both, last
from processes import run
from server_events import kernel_log
from volumes import mount, umount

wire = functools.partial(test, server='ditto', share=False, clients=2)


def parts(path):
    return path.strip('/').split('/')


def tree(w, *names, **options):
    """Shares of directories below one that has no share, by name; returns their common parent."""
    top = f'{w.base}/tree'
    for name in names:
        os.makedirs(f'{top}/{name}', exist_ok=True)
        put(f'{top}/{name}/in-{name.replace("/", "-")}', name)
        w.server.add(name.replace('/', '-'), f'{top}/{name}', squash='root-to-admin',
                     **({'allow': ['*=rw']} | options))
    return top


def mount_tool(w, path, *opts, client=None, check=True):
    """mount(8), as a line of fstab makes it."""
    client = client or w.client
    where = f'{w.base}/m{client.number}.{len(client.mounts)}'
    os.makedirs(where, exist_ok=True)
    v3 = any(o.startswith('vers=3') for o in opts)
    opts += (f'port={w.server.port}', 'proto=tcp', 'timeo=20', 'retrans=2')
    if v3:
        opts += (f'mountport={w.server.mount_port}', 'mountproto=tcp', 'nolock')
    p = client.run('mount', '-t', 'nfs', '-o', ','.join(opts), f'{client.server_addr}:{path}',
                   where, check=False)
    if p.returncode:
        if check:
            raise AssertionError(f'mount {path} {opts}: {p.stdout}')
        return p.stdout
    client.mounts.append(where)
    return where


def unmount(w):
    for client in w.clients:
        for m in reversed(client.mounts):
            with client:
                umount(m)
        client.mounts.clear()


def listed(c, fh, *names):
    return {e.name.decode(): e.attrs
            for e in c.compound(putfh(fh), readdir(0, bytes(8), *names)).ok()[-1].entries}


@wire
def lines_of_fstab(w):
    """One path mounts a share with every version, by the path and by the name of the share."""
    top = tree(w, 'one')
    os.mkdir(f'{top}/one/sub')
    for vers in ('vers=3', 'vers=4.0', 'vers=4.1', 'vers=4.2', 'hard'):
        for path in (f'{top}/one', '/one', f'/{top}//one/', '//one', f'{top}/one/'):
            m = mount_tool(w, path, vers)
            eq(sorted(os.listdir(m)), ['in-one', 'sub'], f'{path} by {vers}')
            eq(get(f'{m}/in-one'), b'one')
        eq(os.listdir(mount_tool(w, f'{top}/one/sub', vers)), [], vers)
        kind = run('stat', '-f', '-c', '%T', w.client.mounts[-1]).strip()
        eq(kind, 'nfs')
        if not vers.startswith('vers=3'):
            with open('/proc/mounts', encoding='ascii') as f:
                mine = [line for line in f if f' {w.client.mounts[-1]} ' in line]
            assert ' nfs4 ' in mine[-1], f'{vers}: {mine}'
    unmount(w)


@wire
def walked_by_path(w):
    """Below a mount of the root the shares are listed by name, and by path where that leads."""
    top = tree(w, 'one', 'deep/two')
    for vers in NFS4_VERSIONS:
        m = mount_tool(w, '/', f'vers={vers}', 'nosharecache')
        eq(sorted(os.listdir(m)), ['deep-two', 'one'], vers)
        eq(sorted(os.listdir(f'{m}{top}')), ['deep', 'one'])
        eq(os.listdir(f'{m}{top}/deep'), ['two'])
        for _ in range(2):
            eq(get(f'{m}{top}/deep/two/in-deep-two'), b'deep/two')
            eq(get(f'{m}/deep-two/in-deep-two'), b'deep/two')
        eq(os.path.exists(f'{m}{top}/nothing'), False)
        eq(os.path.realpath(f'{m}{top}/one/..'), f'{m}{top}')
        put(f'{m}{top}/one/new', vers)
        eq(get(f'{m}/one/new'), vers.encode())
        try:
            os.mkdir(f'{m}{top}/made')
            raise AssertionError('a directory was made above the shares')
        except OSError:
            pass
    unmount(w)


@wire
def directories_of_paths(w):
    """Their numbers and handles are their own, stay, and lead up again."""
    top = tree(w, 'one', 'deep/two')
    for c in both(w):
        root = c.compound(putrootfh(), getfh(), getattr('fsid', 'fileid')).ok()
        ids, fhs = [root[-1].attrs['fileid']], [root[-2].fh]
        for n in range(1, len(parts(top)) + 1):
            r = c.compound(putrootfh(), *map(lookup, parts(top)[:n]), getfh(),
                           getattr('type', 'fsid', 'fileid', 'mounted_on_fileid')).ok()
            a = r[-1].attrs
            eq((a['type'], a['fsid'], a['mounted_on_fileid']), (nfs4.DIR, (0, 0), a['fileid']))
            eq(c.compound(putfh(r[-2].fh), lookupp(), getfh()).ok()[-1].fh, fhs[-1])
            eq(c.compound(putfh(r[-2].fh), getattr('fileid')).ok()[-1].attrs['fileid'],
               a['fileid'])
            ids.append(a['fileid'])
            fhs.append(r[-2].fh)
        eq((len(set(ids)), len(set(fhs))), (len(ids), len(fhs)))
        # the roots of the shares are entries of these directories
        here = listed(c, fhs[-1], 'mounted_on_fileid', 'fsid', 'filehandle')
        eq(sorted(here), ['deep', 'one'])
        by_path = c.fh(*parts(f'{top}/one'))
        eq(here['one']['filehandle'], by_path)
        r = c.compound(putfh(by_path), getattr('mounted_on_fileid', 'fsid', 'fileid'), lookupp(),
                       getfh()).ok()
        got = r[-3].attrs
        eq((got['mounted_on_fileid'], got['fsid'], r[-1].fh),
           (here['one']['mounted_on_fileid'], here['one']['fsid'], fhs[-1]))
        by_name = c.compound(putfh(c.fh('one')), getattr('mounted_on_fileid', 'fsid', 'fileid'),
                             lookupp(), getfh()).ok()
        eq(by_name[-1].fh, fhs[0])
        named = by_name[-3].attrs
        eq([named[a] for a in ('fsid', 'fileid')], [got[a] for a in ('fsid', 'fileid')])
        assert named['mounted_on_fileid'] != got['mounted_on_fileid']
        # a file is the same by either
        eq(c.fh('one', 'in-one'), c.fh(*parts(f'{top}/one/in-one')))
        for op in (nfs4.remove('one'), nfs4.create(nfs4.DIR, 'x'), nfs4.create(nfs4.DIR, 'one')):
            last(c.compound(putfh(fhs[-1]), op), nfs4.ROFS)
        for name in ('nothing', 'in-one'):
            last(c.compound(putfh(fhs[-1]), lookup(name)), nfs4.NOENT)
            last(c.compound(putfh(fhs[-1]), nfs4.secinfo(name)), nfs4.NOENT)
        for name in ('one', 'deep'):
            eq(c.compound(putfh(fhs[-1]), nfs4.secinfo(name)).ok()[-1].status, nfs4.OK)
    w.server.restart()
    for c in both(w):
        for fh, number in zip(fhs, ids):
            eq(c.compound(putfh(fh), getattr('fileid')).ok()[-1].attrs['fileid'], number)
        c.compound(putfh(by_path), lookup('in-one')).ok()
    # without shares there is nothing on the way to them
    w.server.delete('deep-two')
    last(c.compound(putfh(fhs[-1]), lookup('deep')), nfs4.NOENT)
    w.server.delete('one')
    last(c.compound(putfh(fhs[-1])), nfs4.STALE)
    last(c.compound(putrootfh(), lookup(parts(top)[0])), nfs4.NOENT)


@wire
def bad_handles(w):
    """Handles of directories and of roots by path that were not given out are refused."""
    top = tree(w, 'one')
    c = next(iter(both(w)))
    path = c.fh(*parts(top))
    share, root = c.fh(*parts(f'{top}/one')), c.fh()
    file = bytearray(c.fh('one', 'in-one'))
    file[3] |= share[3]
    last(c.compound(putfh(bytes(file))), nfs4.BADHANDLE)
    for fh in (path[:-1], path + b'x', root + bytes(4), root + bytes(8),
               bytes([*path[:3], path[3] | 0x40, *path[4:]])):
        last(c.compound(putfh(fh)), nfs4.BADHANDLE)
    last(c.compound(putfh(path[:-1] + bytes([path[-1] ^ 1]))), nfs4.STALE)


@wire
def which_one_is_found(w):
    """Names go before paths, outer shares before inner ones, and by path the first by name."""
    top = tree(w, 'one')
    first = parts(top)[0]
    os.makedirs(f'{w.base}/named')
    put(f'{w.base}/named/by-name')
    w.server.add(first, f'{w.base}/named', allow=['*=rw'])
    c = next(iter(both(w)))
    c.compound(putrootfh(), lookup(first), lookup('by-name')).ok()
    # a client that the share with the name does not admit finds the path
    w.server.set(first, allow=[f'{w.clients[1].addr}=rw'])
    c.compound(putrootfh(), *map(lookup, parts(f'{top}/one/in-one'))).ok()
    # a share within another one
    os.mkdir(f'{top}/one/inner')
    put(f'{top}/one/inner/f')
    w.server.add('inner', f'{top}/one/inner', allow=['*=rw'])
    outer = c.compound(putfh(c.fh('one')), getattr('fsid')).ok()[-1].attrs
    way = parts(f'{top}/one/inner')
    eq(c.compound(putrootfh(), *map(lookup, way), getattr('fsid')).ok()[-1].attrs, outer)
    w.server.set('one', allow=[f'{w.clients[1].addr}=rw'])
    inner = c.compound(putfh(c.fh('inner')), getattr('fsid')).ok()[-1].attrs
    eq(c.compound(putrootfh(), *map(lookup, way), getattr('fsid')).ok()[-1].attrs, inner)
    # one directory with two names
    w.server.add('again', f'{top}/one/inner', allow=['*=ro'], id=str(uuid.uuid4()))
    eq(c.compound(putrootfh(), *map(lookup, way), getattr('fsid')).ok()[-1].attrs,
       c.compound(putfh(c.fh('again')), getattr('fsid')).ok()[-1].attrs)


@wire
def hidden_from_others(w):
    """Directories on the way to a share exist for those only whom a share below admits."""
    top = tree(w, 'one')
    tree(w, 'deep/two', allow=[f'{w.clients[1].addr}=rw'])
    for c in both(w):
        here = c.fh(*parts(top))
        eq(list(listed(c, here, 'fileid')), ['one'])
        for name in ('deep', 'nothing'):
            last(c.compound(putfh(here), lookup(name)), nfs4.NOENT)
            last(c.compound(putfh(here), nfs4.secinfo(name)), nfs4.NOENT)
    theirs = nfs4.Session.make(nfs4.connect(w.clients[1]))
    deep = theirs.fh(*parts(f'{top}/deep'))
    eq(sorted(listed(theirs, theirs.fh(*parts(top)), 'fileid')), ['deep', 'one'])
    last(c.compound(putfh(deep)), nfs4.STALE)
    # what is not shown can be used
    w.server.set('one', browse=False)
    eq(list(listed(c, here, 'fileid')), [])
    c.compound(putfh(here), lookup('one')).ok()


@wire
def without_share_paths(w):
    """With the setting share-paths off there are only names; handles of roots stay valid."""
    top = tree(w, 'one')
    c = next(iter(both(w)))
    directory, root = c.fh(*parts(top)), c.fh(*parts(f'{top}/one'))
    unique = getattr('unique_handles')
    eq(c.compound(putfh(root), unique).ok()[-1].attrs['unique_handles'], False)
    w.server.ctl('server', 'set', 'share-paths', 'off')
    last(c.compound(putrootfh(), lookup(parts(top)[0])), nfs4.NOENT)
    last(c.compound(putfh(directory)), nfs4.STALE)
    eq(c.compound(putfh(root), lookupp(), getfh()).ok()[-1].fh, c.fh())
    c.compound(putfh(root), lookup('in-one')).ok()


@wire
def absent_shares(w):
    """What is not there is NOENT with every version, unless nothing admits the machine."""
    top = tree(w, 'one')
    w.server.add('theirs', f'{top}', allow=[f'{w.clients[1].addr}=rw'])
    n = nfs3.Nfs3(w.client.connect())
    with kernel_log() as lines:
        for path in ('/nothing', f'{top}/two', f'{top}/one/two', '/', '//', '/theirs', top):
            eq(n.mnt(path).status, nfs3.NOENT, path)
        log = ''.join(lines())
    assert 'may not mount' in log and 'no share has this name or path' in log, log
    for vers in ('vers=3', 'vers=4.0', 'vers=4.1', 'vers=4.2', 'hard'):
        for path in ('/nothing', f'{top}/two', '/theirs'):
            said = mount_tool(w, path, vers, check=False)
            assert 'No such file or directory' in said, f'{path} by {vers}: {said}'
    w.server.set('one', allow=[f'{w.clients[1].addr}=rw'])
    for path in ('/nothing', '/one', f'{top}/one', f'{top}/two', '/'):
        eq(n.mnt(path).status, nfs3.ACCES, path)


@wire
def slashes(w):
    """Slashes that repeat count once."""
    top = tree(w, 'one')
    n = nfs3.Nfs3(w.client.connect())
    fhs = {n.mnt(path).fh for path in ('/one', 'one', '//one', '///one//', f'{top}/one',
                                       f'/{top}/one/', top.replace('/', '//') + '//one')}
    eq(len(fhs), 1)
    eq(n.mnt(f'{top}one').status, nfs3.NOENT)


@wire
def ports_that_anyone_has(w):
    """Without a reserved port no version mounts a share, and the log says why."""
    tree(w, 'one')
    for vers in ('vers=3', 'vers=4.0', 'vers=4.1', 'vers=4.2'):
        with kernel_log() as lines:
            said = mount_tool(w, '/one', vers, 'noresvport', check=False)
            assert not os.path.exists(said), f'{vers}: mounted'
            wait_for('the reason', lambda: 'see secure-ports' in ''.join(lines()))
    w.server.set('one', secure_ports=False)
    for vers in ('vers=3', 'vers=4.0', 'vers=4.1', 'vers=4.2'):
        eq(get(f'{mount_tool(w, "/one", vers, "noresvport")}/in-one'), b'one', vers)
    unmount(w)


@wire
def no_file_handles(w):
    """A share whose file system gives no file handles is not there, and MOUNT says why."""
    tree(w, 'one')
    folders = [f'{w.base}/{name}' for name in ('lower', 'upper', 'work', 'merged')]
    for folder in folders:
        os.mkdir(folder)
    mount('e2e', folders[-1], 'overlay', 0, 'lowerdir={},upperdir={},workdir={}'.format(*folders))
    w.server.add('merged', folders[-1], allow=['*=rw'])
    for c in both(w):
        for path in ('merged',), parts(folders[-1]):
            last(c.compound(putrootfh(), *map(lookup, path), getfh()), nfs4.NOENT)
            last(c.compound(putrootfh(), *map(lookup, path[:-1]), nfs4.secinfo(path[-1])),
                 nfs4.NOENT)
        eq(sorted(listed(c, c.fh(), 'fsid')), ['one'])
    eq(w.client.nfs(path=f'{w.base}/tree/one').mnt(folders[-1]).status, nfs3.NOTSUPP)
    w.server.delete('merged')
    umount(folders[-1])
