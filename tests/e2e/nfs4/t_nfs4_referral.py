# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4: links of a share are referrals (RFC 8881 section 11.4, RFC 7530 section 8)."""
import functools
import os

import nfs4
from checks import eq
from files import get, put
from harness import test
from nfs4 import (access, getattr, getfh, lookup, lookupp, putfh, readdir, remove, rename, savefh,
                  secinfo)
from nfs4_callers import Caller
from nfs4_listing import attrs_of, each, last
from second_server import Second
from volumes import MNT_DETACH, mount, umount

wire = functools.partial(test, server='ditto')


def world(w):
    os.makedirs(w.path('deep/link'))
    put(w.path('deep/file'))
    w.server.ctl('share', 'set', 'data', 'link',
                 'deep/link=one.example:/share/a/b,[2001:db8::1]:/share')


LOCATIONS = [([b'one.example'], [b'share', b'a', b'b']), ([b'2001:db8::1'], [b'share'])]


@wire
def operations(w):
    """A lookup finds the link, and all else of it has been moved, but the attributes of absence."""
    world(w)
    for c in each(w):
        deep = c.fh('data', 'deep')

        def at(*ops):
            return c.compound(putfh(deep), lookup('link'), *ops)

        at().ok()
        for op in (getfh(), savefh(), lookup('x'), lookupp(), access(), readdir(0, bytes(8), 'type'),
                   getattr('type'), getattr('fsid', 'mounted_on_fileid', 'rdattr_error'),
                   remove('x'), secinfo('x')):
            last(at(op), nfs4.MOVED)
        got = at(getattr('fs_locations', 'fsid', 'mounted_on_fileid', 'type', 'size',
                         'filehandle')).ok()[-1].attrs
        eq(got['fs_locations'], ([], LOCATIONS))
        eq(sorted(got), ['fs_locations', 'fsid', 'mounted_on_fileid'])
        eq(got['mounted_on_fileid'], os.stat(w.path('deep/link')).st_ino)
        here = attrs_of(c, deep, 'fsid', 'fs_locations', 'supported_attrs')
        assert here['fsid'] != got['fsid'], here
        eq(here['fs_locations'], ([], []), 'of what is present')
        eq('fs_locations' in here['supported_attrs'], True)
        c.compound(putfh(deep), secinfo('link')).ok()


@wire
def path_of_root(w):
    """Where shares are found by their names only, the path of the link is known."""
    world(w)
    w.server.ctl('server', 'set', 'share-paths', 'off')
    for c in each(w):
        got = c.compound(putfh(c.fh('data', 'deep')), lookup('link'),
                         getattr('fs_locations')).ok()[-1].attrs
        eq(got['fs_locations'], ([b'data', b'deep', b'link'], LOCATIONS))


@wire
def listings(w):
    """A listing has the locations of a link, or the error; or it ends before the link."""
    world(w)
    for c in each(w):
        deep = c.fh('data', 'deep')

        def entries(*names):
            r = c.compound(putfh(deep), readdir(0, bytes(8), *names)).ok()[-1]
            return {e.name: e.attrs for e in r.entries}, r

        got, r = entries('type', 'fs_locations', 'rdattr_error', 'mounted_on_fileid', 'fileid')
        eq(r.eof, True)
        eq(got[b'link'], {'fs_locations': ([], LOCATIONS), 'rdattr_error': 0,
                          'mounted_on_fileid': os.stat(w.path('deep/link')).st_ino})
        eq((got[b'file']['type'], got[b'file']['fs_locations']), (nfs4.REG, ([], [])))
        for more in ((), ('type', 'filehandle', 'size')):
            got, r = entries('rdattr_error', 'mounted_on_fileid', *more)
            eq(r.eof, True)
            eq(got[b'link'], {'rdattr_error': nfs4.MOVED,
                              'mounted_on_fileid': os.stat(w.path('deep/link')).st_ino})
            eq(got[b'file']['rdattr_error'], 0)
        cookie, names = 0, []
        while True:
            r = c.compound(putfh(deep), readdir(cookie, bytes(8), 'fileid'))
            if r.status:
                break
            names += [e.name for e in r[-1].entries]
            assert not r[-1].eof and r[-1].entries, 'a listing without an error'
            cookie = r[-1].entries[-1].cookie
        last(r, nfs4.MOVED)
        assert b'link' not in names, names


@wire
def by_handle(w):
    """A handle from before is that of a link, and is of use again when the link is gone."""
    os.makedirs(w.path('deep/link'))
    for c in each(w):
        fh = c.fh('data', 'deep', 'link')
        w.server.ctl('share', 'set', 'data', 'link', 'deep/link=one:/a')
        last(c.compound(putfh(fh), access()), nfs4.MOVED)
        w.server.ctl('share', 'set', 'data', 'comment', 'as before')
        last(c.compound(putfh(fh), access()), nfs4.MOVED)
        w.server.ctl('share', 'set', 'data', 'no-links')
        c.compound(putfh(fh), access()).ok()
        eq('fs_locations' in attrs_of(c, fh, 'supported_attrs')['supported_attrs'], False)


@wire
def is_the_directory(w):
    """A link stays with its directory, and is none where there was no directory."""
    os.makedirs(w.path('deep/link'))
    said = w.server.ctl('share', 'set', 'data', 'link', 'deep/link=one:/a', 'link',
                        'none=one:/b')
    assert 'none: no such directory' in said, said
    os.rename(w.path('deep/link'), w.path('moved'))
    os.makedirs(w.path('deep/link'))
    os.mkdir(w.path('none'))
    for c in each(w):
        c.fh('data', 'deep', 'link')
        c.fh('data', 'none')
        last(c.compound(putfh(c.fh('data')), lookup('moved'), getfh()), nfs4.MOVED)


@wire
def gives_delegation_back(w):
    """The delegation of a directory that becomes a link is returned."""
    os.makedirs(w.path('deep/link'))
    a = Caller(w)
    fh = a.s.fh('data', 'deep', 'link')
    sid = a.compound(putfh(fh), nfs4.get_dir_delegation()).ok()[-1].stateid
    w.server.ctl('share', 'set', 'data', 'link', 'deep/link=one:/a')
    last(a.compound(putfh(fh), access()), nfs4.MOVED)
    a.give_back(sid, fh)


@wire
def stays(w):
    """Clients cannot remove, rename or replace a link, as if something were mounted on it."""
    world(w)
    os.mkdir(w.path('deep/other'))
    for c in each(w):
        deep = c.fh('data', 'deep')
        last(c.compound(putfh(deep), remove('link')), nfs4.FILE_OPEN)
        for old, new in (('link', 'new'), ('other', 'link')):
            last(c.compound(putfh(deep), savefh(), rename(old, new)), nfs4.FILE_OPEN)
    w.server.ctl('share', 'set', 'data', 'no-links')
    for c in each(w):
        c.compound(putfh(c.fh('data', 'deep')), savefh(), rename('other', 'link')).ok()
        os.mkdir(w.path('deep/other'))


def mounted(w, vers, path):
    where = f'{w.base}/referral'
    os.makedirs(where, exist_ok=True)
    with w.client:
        mount(f'{w.client.server_addr}:{path}', where, 'nfs4', 0,
              f'vers={vers},addr={w.client.server_addr},clientaddr={w.client.addr},'
              f'port={w.server.port},proto=tcp,hard,timeo=100,retrans=3,nosharecache')
    w.client.mounts.append(where)
    return where


@test(server='ditto')
def kernel_follows(w):
    """Linux mounts the other server when a program enters the link, by name and by path."""
    os.makedirs(w.path('deep/link'))
    put(w.path('deep/here'), b'here')
    other = Second(w)
    os.mkdir(f'{other.export}/sub')
    os.chmod(f'{other.export}/sub', 0o777)
    put(f'{other.export}/sub/there', b'there')
    w.server.ctl('share', 'set', 'data', 'link', f'deep/link={other.addr}:/second/sub')
    for vers, path in (('4.0', '/data'), ('4.1', '/data'), ('4.2', '/data'), ('4.2', w.export)):
        where = mounted(w, vers, path)
        eq(sorted(os.listdir(f'{where}/deep')), ['here', 'link'])
        eq(get(f'{where}/deep/link/there'), b'there')
        put(f'{where}/deep/link/new', b'new')
        eq(get(f'{other.export}/sub/new'), b'new')
        os.unlink(f'{where}/deep/link/new')
        umount(f'{where}/deep/link', MNT_DETACH)
        w.client.umount(where)
    eq(os.listdir(w.path('deep/link')), [])
    other.end(w)
