# SPDX-License-Identifier: GPL-2.0-only
"""Listings by patterns that few of many names match."""
import os
import struct

import smb2
from checks import eq, one_of
from client_lists import begun, requests
from files import put
from harness import test
from shares import volumes
from smb2 import EMPTY_BODY
from smb_bodies import QueryDirectory
from smb_info import names, session, shorts

COUNT = 2000                    # names; to match a long one takes about 1 ms
SLOW = '*?' * 120               # a pattern that may begin to match at each character
RESTART, REOPEN = 1, 16
NO_SUCH_FILE = '0xc000000f'
BOTH = 94                       # FileBothDirectoryInformation before the name


def many(w):
    """A directory of long names: returns them in the order of a listing."""
    os.mkdir(w.path('many'))
    for i in range(COUNT):
        put(w.path('many', f'{i:05}'.ljust(240, 'x')))
    os.chmod(w.path('many'), 0o777)
    return [entry.name for entry in os.scandir(w.path('many'))]


def directory(s):
    return s.create('many', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)


def cached():
    """The number of dentries."""
    with open('/proc/sys/fs/dentry-state', encoding='ascii') as f:
        return int(f.read().split()[0])


def search(fid, pattern, flags=RESTART):
    text = pattern.encode('utf-16-le')
    return smb2.QUERY_DIRECTORY, bytes(QueryDirectory(level=37, flags=flags, fid=fid,
                                                      pattern_length=len(text))) + text


def search_begun(w, s, fid):
    """A search that takes long is being executed: returns its message id."""
    before = requests(w, w.client)
    number = s.send(*search(fid, SLOW + 'none'))
    begun(w, w.client, before + 1)
    return number


@test(smb=True, squash='none', timeout=180)
def cancelled(w):
    """CANCEL ends a search that finds nothing, and the open can be used as before."""
    many(w)
    s = session(w)
    fid = directory(s)
    number = search_begun(w, s, fid)
    s.cancel_sent(number)
    eq(smb2.NAMES[s.answer(number)[0]], 'CANCELLED')
    eq(names(s, fid, '00042*', flags_=RESTART), ['00042'.ljust(240, 'x')])
    s.end()


@test(smb=True, squash='none', timeout=180)
def closed(w):
    """CLOSE and LOGOFF do not wait for the end of a search."""
    many(w)
    s = session(w)
    fid = directory(s)
    number = search_begun(w, s, fid)
    s.close(fid)
    eq(smb2.NAMES[s.answer(number)[0]], 'FILE_CLOSED')
    number = search_begun(w, s, directory(s))
    s.call(smb2.LOGOFF, EMPTY_BODY)
    one_of(smb2.NAMES[s.answer(number)[0]], ('FILE_CLOSED', 'NETWORK_NAME_DELETED'))
    s.end()


@test(smb=True, squash='none', timeout=180)
def found_late(w):
    """A search goes on over many turns until it finds a name, or the end."""
    order = many(w)
    s = session(w)
    fid = directory(s)
    for name in order[0], order[COUNT // 8]:
        eq(names(s, fid, SLOW.replace('?', '') + name[:5] + '*', flags_=RESTART), [name])
    eq(names(s, fid, SLOW[:20] + 'none', flags_=RESTART), [])
    s.end()


@test(smb=True, squash='none', timeout=180)
def names_come_first(w):
    """Files whose names do not match are not looked up."""
    top, = volumes(w, 'many')
    for i in range(COUNT):
        put(f'{top}/{i:05}')
    s = session(w, share='many')
    fid = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    put('/proc/sys/vm/drop_caches', b'2')
    before = cached()
    eq(shorts(s, fid, '00042*'), {'00042': ''})
    assert cached() - before < COUNT // 2, 'most files were looked up'
    s.end()


def listed(s, fid, pattern, flags=0, room=65536, level=3):
    """The status and the name in the first entry of a listing."""
    text = pattern.encode('utf-16-le')
    query = QueryDirectory(level=level, flags=flags, fid=fid, pattern_length=len(text), room=room)
    status, body = s.answer(s.send(smb2.QUERY_DIRECTORY, bytes(query) + text))
    if len(body) < 8 + BOTH or smb2.NAMES[status] not in ('SUCCESS', 'BUFFER_OVERFLOW'):
        return smb2.NAMES.get(status, hex(status)), None
    length, = struct.unpack_from('<I', body, 8 + 60)
    return smb2.NAMES[status], body[8 + BOTH:8 + BOTH + length].decode('utf-16-le')


@test(smb=True, squash='none')
def dots_that_do_not_fit(w):
    """Each entry whose name does not fit is cut off, and none is taken for the end."""
    s = session(w)
    put(w.path('name'))
    fid = s.create('', access=smb2.GENERIC_READ, how=smb2.OPEN)
    eq(listed(s, fid, '*', room=BOTH), ('BUFFER_OVERFLOW', ''))
    eq(listed(s, fid, '*', room=BOTH + 2), ('SUCCESS', '.'))
    eq(listed(s, fid, '*', room=BOTH + 2), ('BUFFER_OVERFLOW', '.'))
    eq(listed(s, fid, '*', room=BOTH + 4), ('SUCCESS', '..'))
    eq(listed(s, fid, '*', room=BOTH + 4), ('BUFFER_OVERFLOW', 'na'))
    eq(listed(s, fid, '*', room=BOTH + 8), ('SUCCESS', 'name'))
    eq(listed(s, fid, '*', room=BOTH + 8), ('NO_MORE_FILES', None))
    s.end()


@test(smb=True, squash='none')
def reopened(w):
    """A listing that is reopened takes a new pattern, all names if there is none (3.3.5.18)."""
    s = session(w)
    put(w.path('name'))
    fid = s.create('', access=smb2.GENERIC_READ, how=smb2.OPEN)
    eq(listed(s, fid, 'name'), ('SUCCESS', 'name'))
    eq(listed(s, fid, '', RESTART), ('SUCCESS', 'name'))
    eq(listed(s, fid, '', REOPEN), ('SUCCESS', '.'))
    eq(listed(s, fid, 'none', REOPEN), (NO_SUCH_FILE, None))
    eq(listed(s, fid, '', REOPEN), ('SUCCESS', '.'))
    s.end()


@test(smb=True, squash='none')
def patterns_mean_the_last_dot(w):
    """Patterns match the dot or space that ends a name, for which listings have other letters."""
    s = session(w)
    for name in 'File1.', 'File2. ', 'File3', 'File4.txt', 'star*.', 'dot\uf029.':
        put(w.path(name))
    fid = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    for pattern, found in (('File?"', ['File1\uf029', 'File3']), ('File?.', ['File1\uf029']),
                           ('*.', ['File1\uf029', 'dot\uf7ef\uf780\uf7a9\uf029',
                                   'star\uf021\uf029']),
                           ('File?\uf029', ['File1\uf029']), ('*\uf028', ['File2.\uf028']),
                           ('File?. ', ['File2.\uf028']), ('star\uf021?', ['star\uf021\uf029']),
                           ('File1\uf029', ['File1\uf029']), ('File1.', ['File1\uf029']),
                           ('File<txt', ['File4.txt'])):
        eq(sorted(set(names(s, fid, pattern)) - {'.', '..'}), sorted(found), pattern)
    s.end()


@test(smb=True, squash='none')
def no_id_above(w):
    """The entry ".." has no id, so that it is none of the file above the share's root."""
    s = session(w)
    s.close(s.create('d', options=smb2.DIRECTORY_FILE))
    for name in '', 'd':
        fid = s.create(name, options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
        query = QueryDirectory(level=37, flags=1, fid=fid, pattern_length=2)
        entries = s.call(smb2.QUERY_DIRECTORY, bytes(query) + '*'.encode('utf-16-le'))[8:]
        ids, at = {}, 0
        while True:
            following, size = struct.unpack_from('<I56xI', entries, at)
            ids[entries[at + 104:at + 104 + size]] = struct.unpack_from('<Q', entries, at + 96)[0]
            at += following
            if not following:
                break
        eq(ids['..'.encode('utf-16-le')], 0)
        eq(ids['.'.encode('utf-16-le')], os.stat(w.path(name)).st_ino)
    s.end()


# Class: offset of FileNameLength, and bytes before the name (MS-FSCC section 2.4).
CLASSES = {1: (60, 64), 2: (60, 68), 3: (60, 94), 12: (8, 12), 37: (60, 104), 38: (60, 80),
           60: (60, 88), 78: (60, 80), 79: (60, 106)}


def entries(s, fid, level, pattern):
    """The bytes of entries by name, without the offset of the next one."""
    text = pattern.encode('utf-16-le')
    query = QueryDirectory(level=level, flags=RESTART, fid=fid, pattern_length=len(text))
    found, at = {}, 0
    body = s.call(smb2.QUERY_DIRECTORY, bytes(query) + text)[8:]
    length_at, fixed = CLASSES[level]
    while True:
        following, = struct.unpack_from('<I', body, at)
        length, = struct.unpack_from('<I', body, at + length_at)
        end = at + fixed + length
        found[body[at + fixed:end].decode('utf-16-le')] = body[at + 4:end]
        eq(any(body[end:at + following]), False, 'padding')
        at += following
        if not following:
            return found


@test(smb=True, squash='none')
def entries_found_alone(w):
    """An entry has the same bytes in a listing and by itself, with and without short names."""
    w.server.ctl('share', 'set', 'data', 'user', 'alice=admin')
    s, files = session(w), ('a long name.text', 'plain.txt', 'f\u00fcr', 'x' * 255)
    for name in files:
        s.write(s.create(name, options=0x4000, access=smb2.GENERIC_ALL), b'text')
    d = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    without = {}
    for turn in 'off', 'on':
        w.server.ctl('share', 'set', 'data', 'short-names', turn)
        if turn == 'on':
            fid = s.create('plain.txt', options=0x4000, access=smb2.GENERIC_ALL, how=smb2.OPEN)
            s.set(fid, 40, struct.pack('<I', 6) + 'SET'.encode('utf-16-le'))
            s.close(fid)
        for level in CLASSES:
            listed_ = entries(s, d, level, '*')
            eq(set(listed_) - {'.', '..'}, set(files))
            for name in files:
                eq(entries(s, d, level, name)[name], listed_[name], (level, name))
            if turn == 'off':
                without[level] = listed_['a long name.text']
            else:
                eq(listed_['a long name.text'] == without[level], level not in (3, 37, 79), level)
    s.end()
