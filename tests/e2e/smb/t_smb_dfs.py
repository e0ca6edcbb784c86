# SPDX-License-Identifier: GPL-2.0-only
"""SMB: a share with links is a DFS namespace, whose links lead clients to other shares."""
import os
import struct

from checks import eq
from files import get, put
from harness import test
from smb import SmbClient
from smb2 import (CREATE, DELETE, DELETE_ON_CLOSE, DIRECTORY_FILE, GENERIC_READ, IOCTL, OPEN,
                  SHARE_ALL, Create, Ioctl, refused)
from smb_cachers import key
from smb_contexts import REPLAY, durable_v2, lease_v2
from smb_durable import RWH, away, session
from smb_info import shorts
from smbraw import Link, logged_in
from volumes import umount

DFS_FLAG = 0x10000000
DFS_CAP = 1
SHARE_DFS, SHARE_CAP_DFS = 3, 8
GET_REFERRALS, GET_REFERRALS_EX = 0x60194, 0x601b0
NO_FILE = b'\xff' * 16
NOT_FOUND, FS_DRIVER_REQUIRED = '0xc0000225', '0xc000019c'
PATH_NOT_COVERED, BUFFER_OVERFLOW = '0xc0000257', 'BUFFER_OVERFLOW'


def wide(text):
    return text.encode('utf-16-le')


def world(w, *more):
    """A share with a link into another one, which has a file."""
    os.chmod(w.export, 0o777)
    os.makedirs(w.path('deep/link'))
    os.chmod(w.path('deep'), 0o777)
    put(w.path('here'), b'here', 0o666)
    other = f'{w.base}/other'
    w.volume(other, 'tmpfs')
    os.chmod(other, 0o777)
    os.mkdir(f'{other}/sub')
    os.chmod(f'{other}/sub', 0o777)
    put(f'{other}/sub/there', b'there', 0o666)
    w.server.add('other', other, squash='none')
    w.server.ctl('share', 'set', 'other', 'default-access', 'write')
    set_links(w, f'deep/link={w.client.server_addr}:/other/sub', *more)
    return other


def set_links(w, *links):
    words = [word for link in links for word in ('link', link)] or ['no-links']
    w.server.ctl('share', 'set', 'data', *words)


def ended(w):
    w.server.delete('other')


def raw(w, user='alice', share='IPC$'):
    return logged_in(Link(w.client).negotiate(), user=user, share=share)


def ask(s, path, version=4, room=65536, ex=False, data=None):
    """A referral request: the response, or the name of the status."""
    if data is None and ex:
        data = struct.pack('<H', len(wide(path))) + wide(path)
        data = struct.pack('<HHI', version, 0, len(data)) + data
    elif data is None:
        data = struct.pack('<H', version) + wide(path) + b'\0\0'
    code = GET_REFERRALS_EX if ex else GET_REFERRALS
    status = s.status(IOCTL, bytes(Ioctl(code=code, fid=NO_FILE, input_length=len(data),
                                         output_room=room)) + data)
    if status != 'SUCCESS':
        return status
    start, length = struct.unpack_from('<II', s.body, 32)
    return s.body[start - 64:start - 64 + length]


def text_at(data, at):
    end = at
    while data[end:end + 2] != b'\0\0':
        end += 2
    return data[at:end].decode('utf-16-le')


def parsed(data):
    """(bytes consumed, flags, [(version, type, flags, path, target)]) of a response."""
    consumed, count, flags = struct.unpack_from('<HHI', data)
    entries, at = [], 8
    for _ in range(count):
        version, size, kind, bits = struct.unpack_from('<HHHH', data, at)
        if version == 1:
            path, target = None, text_at(data, at + 8)
        else:
            offsets = struct.unpack_from('<HHH', data, at + (16 if version == 2 else 12))
            path, _, target = (text_at(data, at + offset) for offset in offsets)
        entries.append((version, kind, bits, path, target))
        at += size
    return consumed, flags, entries


@test(smb=True, squash='none')
def refers(w):
    """A referral of each version has the targets of the link, and the part of the path it is for."""
    world(w)
    address = w.client.server_addr
    link, root = r'\SRV\data\Deep\LINK', r'\SRV\data'
    target = rf'\{address}\other\sub'
    with raw(w) as s:
        for version in (1, 2, 3, 4, 5):
            got = min(version, 4)
            path = None if got == 1 else link
            for ex in (False, True):
                for more in ('', '\\', '\\a\\b'):
                    eq(parsed(ask(s, link + more, version, ex=ex)),
                       (2 * len(link), 3 if got == 1 else 2,
                        [(got, 0, 4 if got == 4 else 0, path, target)]))
            path = None if got == 1 else root
            for more in ('', '\\', '\\deep', '\\deep\\links', '\\a\\b'):
                eq(parsed(ask(s, root + more, version)),
                   (2 * len(root), 3, [(got, 1, 4 if got == 4 else 0, path, root)]))
    ended(w)


@test(smb=True, squash='none')
def refers_to_namespace(w):
    """A link into a share that has links itself, and is on this server, is an interlink."""
    world(w, 'here=SRV:/data/deep', 'many=SRV:/data/deep,other:/x')
    with raw(w) as s:
        eq(parsed(ask(s, r'\srv\data\here'))[1], 1)
        eq(parsed(ask(s, r'\another\data\here'))[1], 2)
        consumed, flags, entries = parsed(ask(s, r'\srv\data\many'))
        eq((consumed, flags, [(e[2], e[4]) for e in entries]),
           (28, 2, [(4, r'\SRV\data\deep'), (0, r'\other\x')]))
    ended(w)


@test(smb=True, squash='none')
def refuses_referrals(w):
    """Requests for what is no namespace, or that are malformed, or for others' shares."""
    world(w)
    with raw(w) as s:
        for path in ('', '\\', '\\srv', '\\srv\\', r'\srv\none', r'\srv\other', r'\srv\IPC$',
                     r'srv\data', r'\\srv\data', r'\srv\data\..\data', r'\srv\data\\deep',
                     '\\srv\\da\x01ta'):
            eq(ask(s, path), NOT_FOUND, path)
            eq(ask(s, path, ex=True), NOT_FOUND, path)
        eq(ask(s, '\\srv' + 30000 * '\\' + r'\data', version=3), NOT_FOUND)
        eq(ask(s, r'\srv\data', version=0), 'INVALID_PARAMETER')
        for data in (b'', b'\4\0', b'\4\0\\', b'\4\0\\\0', b'\4\0\\\0s\0d'):
            eq(ask(s, '', data=data), 'INVALID_PARAMETER', data)
        for data in (bytes(9), struct.pack('<HHIH', 4, 0, 3, 0), struct.pack('<HHIH', 4, 0, 2, 2),
                     struct.pack('<HHIH', 4, 0, 2 ** 32 - 1, 0),
                     struct.pack('<HHIHB', 4, 0, 3, 1, 92)):
            eq(ask(s, '', ex=True, data=data), 'INVALID_PARAMETER', data)
        whole = len(ask(s, r'\srv\data\deep\link'))
        for room in (0, 7, whole - 1):
            eq(ask(s, r'\srv\data\deep\link', room=room), BUFFER_OVERFLOW, room)
        w.server.ctl('share', 'set', 'data', 'user', 'alice=none')
        eq(ask(s, r'\srv\data\deep\link'), NOT_FOUND, 'of a share for others')
        w.server.ctl('share', 'set', 'data', 'no-users')
        set_links(w)
        eq(ask(s, r'\srv\data\deep\link'), FS_DRIVER_REQUIRED, 'without links')
    ended(w)


@test(smb=True, squash='none')
def refuses_in_clear(w):
    """Who cannot encrypt does not learn where links of a share that demands it lead."""
    world(w)
    w.server.ctl('share', 'set', 'data', 'encrypt', 'on')
    with raw(w) as s:
        eq(len(parsed(ask(s, r'\srv\data\deep\link'))[2]), 1)
    with logged_in(Link(w.client).negotiate(0x210), share='IPC$') as s:
        eq(ask(s, r'\srv\data\deep\link'), 'ACCESS_DENIED')
    ended(w)


def opened(s, path, flags=0):
    """The status of a CREATE."""
    path = wide(path)
    return s.status(CREATE, bytes(Create(access=GENERIC_READ, share=SHARE_ALL, how=OPEN,
                                         name_length=len(path))) + (path or b'\0'), flags=flags)


@test(smb=True, squash='none')
def opens(w):
    """Only a DFS path is covered by a link; what is before it is the path of the share's root."""
    world(w)
    with raw(w, share='data') as s:
        eq(s.share_flags & SHARE_DFS, SHARE_DFS)
        eq(struct.unpack_from('<I', s.body, 8)[0] & SHARE_CAP_DFS, SHARE_CAP_DFS)
        eq(s.server_caps & DFS_CAP, DFS_CAP)
        for path in ('here', r'deep\link', ''):
            eq(opened(s, path), 'SUCCESS', path)
        for path in (r'srv\data\here', r'\srv\data\here', r'\\srv\DATA\here', r'srv\data',
                     r'srv\data\deep', ''):
            eq(opened(s, path, DFS_FLAG), 'SUCCESS', path)
        for path in (r'srv\data\deep\link', r'srv\data\DEEP\Link\a\b', r'\srv\data\deep\link\a',
                     r'srv\data\deep\link\a:stream'):
            eq(opened(s, path, DFS_FLAG), PATH_NOT_COVERED, path)
        eq(opened(s, r'srv\data\deep\lin', DFS_FLAG), 'OBJECT_NAME_NOT_FOUND')
        for path in (r'fd00::1\data\here', r'[fd00::1]\data\deep', r'a?b\data', 'srv\\data\\'):
            eq(opened(s, path, DFS_FLAG), 'SUCCESS', path)
        eq(opened(s, r'fd00::1\data\deep\link', DFS_FLAG), PATH_NOT_COVERED)
        for path in ('here', r'srv\other\here', r'srv\data2', 'srv\\', r'srv\\data'):
            eq(opened(s, path, DFS_FLAG), 'OBJECT_PATH_NOT_FOUND', path)
    with raw(w, share='other') as s:
        eq(s.share_flags & SHARE_DFS, 0)
        eq(opened(s, r'sub\there', DFS_FLAG), 'SUCCESS', 'the flag means nothing here')
        eq(opened(s, r'\sub\there', DFS_FLAG), 'INVALID_PARAMETER')
    with raw(w, share='data') as s:
        set_links(w)
        for path in (r'srv\data\here', r'srv\data\deep\link'):
            eq(opened(s, path, DFS_FLAG), 'SUCCESS', 'connected while there were links')
    with raw(w, share='data') as s:
        eq((s.share_flags & SHARE_DFS, s.server_caps & DFS_CAP), (0, 0))
    ended(w)


@test(smb=True, squash='none')
def opens_by_short_names(w):
    """A link is one by the 8.3 names of its directories, too, where the share has them."""
    os.makedirs(w.path('long-way-to-it/link-of-old'))
    world(w, f'long-way-to-it/link-of-old={w.client.server_addr}:/other/sub')
    s = session(w)

    def short_in(path, name):
        d = s.create(path, options=DIRECTORY_FILE, access=GENERIC_READ, how=OPEN)
        return shorts(s, d, '*')[name]
    w.server.ctl('share', 'set', 'data', 'short-names', 'on')
    way, link = short_in('', 'long-way-to-it'), short_in('long-way-to-it', 'link-of-old')
    with raw(w, share='data') as r:
        for path in (fr'{way}\{link}', fr'{way.lower()}\link-of-old\there',
                     fr'long-way-to-it\{link}\there'):
            eq(opened(r, path.rpartition('\\there')[0] or path), 'SUCCESS', path)
            eq(opened(r, fr'srv\data\{path}', DFS_FLAG), PATH_NOT_COVERED, path)
            eq(isinstance(ask(r, fr'\srv\data\{path}'), bytes), True, path)
        w.server.ctl('share', 'set', 'data', 'short-names', 'off')
        eq(opened(r, fr'srv\data\{way}\{link}', DFS_FLAG), 'OBJECT_PATH_NOT_FOUND')
    ended(w)


@test(smb=True, squash='none')
def stays(w):
    """Clients can neither rename nor delete the directory of a link, until it is none."""
    world(w)
    both = DIRECTORY_FILE | DELETE_ON_CLOSE
    with raw(w, share='data') as s:
        for new in ('new', r'deep\new'):
            fid = s.create(r'deep\link', DELETE, how=OPEN, options=DIRECTORY_FILE)
            refused('SHARING_VIOLATION', s.rename, fid, new)
            s.close(fid)
        s.close(s.create(r'deep\link', DELETE, how=OPEN, options=both))
        fid = s.create(r'deep\link', DELETE, how=OPEN, options=DIRECTORY_FILE)
        refused('SHARING_VIOLATION', s.delete_on_close, fid)
        s.close(fid)
        eq(os.listdir(w.path('deep')), ['link'])
        set_links(w)
        s.close(s.create(r'deep\link', DELETE, how=OPEN, options=both))
        eq(os.listdir(w.path('deep')), [])
    ended(w)


@test(smb=True, squash='none')
def durable_comes_back(w):
    """A link that comes above an open file ends neither its reconnect nor its replay."""
    world(w)
    set_links(w, 'deep=one:/s')
    os.chmod(w.path('deep/link'), 0o777)
    put(w.path('deep/link/f'), b'', 0o666)
    set_links(w, 'none=one:/s')
    s = session(w)
    g = s.lasting(r'srv\data\deep\link\f', flags=DFS_FLAG)
    set_links(w, 'deep=one:/s')
    again = s.make(r'srv\data\deep\link\f', lease_v2(key(1), RWH), durable_v2(1),
                   flags=DFS_FLAG | REPLAY)
    eq(again.fid, g.fid)
    away(w, s)
    s = session(w)
    again = s.back(g.fid, r'SRV2\data\deep\link\f', flags=DFS_FLAG)
    eq(again.state, RWH)
    s.close(again.fid)
    s.end()
    ended(w)


@test(smb=True, squash='none')
def smbclient_follows(w):
    """Samba's client reads, writes and lists behind a link."""
    other = world(w)
    c = SmbClient(w.client)
    eq('there' in c.do(r'cd deep\link; ls'), True)
    put(f'{w.base}/up', b'up')
    c.do(rf'put {w.base}/up deep\link\up; get deep\link\there {w.base}/down; get here {w.base}/own')
    eq(get(f'{w.base}/down'), b'there')
    eq(get(f'{w.base}/own'), b'here')
    eq(get(f'{other}/sub/up'), b'up')
    eq(os.listdir(w.path('deep/link')), [])
    ended(w)


@test(smb=True, squash='none')
def kernel_follows(w):
    """The kernel's client mounts the target when a program comes to the link."""
    os.makedirs(w.path('deep/top'))
    other = world(w, f'deep/top={w.client.server_addr}:/other')
    # Linux does not mount a directory below a share's root with these extensions.
    for opts, link, target in (('', 'link', f'{other}/sub'), ('posix', 'top', other)):
        where = w.client.mount_smb(opts=opts)
        eq(get(f'{where}/here'), b'here')
        # It mounts in the network namespace of the program.
        with w.client:
            eq(os.listdir(f'{where}/deep/{link}'), os.listdir(target))
        put(f'{where}/deep/{link}/new', b'new')
        eq(get(f'{target}/new'), b'new')
        os.remove(f'{where}/deep/{link}/new')
        put(f'{where}/deep/made', b'made')
        os.rename(f'{where}/deep/made', f'{where}/renamed')
        eq(get(w.path('renamed')), b'made')
        os.remove(f'{where}/renamed')
        umount(f'{where}/deep/{link}')
        w.client.umount(where)
    # The kernel's client, also of other tests, would keep the referral for its time.
    put('/proc/fs/cifs/dfscache', b'0')
    ended(w)
