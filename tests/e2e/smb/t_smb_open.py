# SPDX-License-Identifier: GPL-2.0-only
"""SMB: effects of opens, renames and streams on each other."""
import errno
import glob
import os
import shutil
import struct
import subprocess
import sys

import nfs3
import rpc
import smb
import smb2
from checks import eq, wait_for
from files import get, put
from harness import test
from processes import Child, run, sleepers
from smb2 import (DELETE, DIRECTORY_FILE, FLUSH, GENERIC_READ, GENERIC_WRITE, MAKE, OK, OPEN,
                  OPEN_IF, OVERWRITE, READ_ATTRIBUTES, SHARE_ALL, SHARE_DELETE, SHARE_READ,
                  SHARE_WRITE, SUPERSEDE, Smb2, refused)
from smb_acl import ALLOW, READ_DATA, WRITE_DATA, descriptor, set_sd, user
from smb_bodies import Create, Flush, SetInfo
from smb_cachers import H, R, key, later, two
from volumes import frozen

ONE = dict(smb=True, squash='none')
FILE_BASIC, HIDDEN, READONLY = 4, 2, 1
ADD_FILE, ADD_SUBDIRECTORY = 2, 4
APPEND_DATA, NO_BUFFERING = 4, 8
COLLISION = smb2.NUMBERS['OBJECT_NAME_COLLISION']
RENAME, LINK = 10, 11
NON_DIRECTORY_FILE = 0x40
SYNTAX_BAD, IS_A_DIRECTORY, NOT_A_DIRECTORY = '0xc000003b', '0xc00000ba', '0xc0000103'


def sessions(w, count=2):
    os.chmod(w.export, 0o777)
    return [Smb2(w.client) for _ in range(count)]


def create_body(name, access=GENERIC_WRITE, how=MAKE, options=0):
    name = name.encode('utf-16-le')
    return bytes(Create(access=access, share=SHARE_ALL, how=how, options=options,
                        name_length=len(name))) + name


@test(**ONE)
def emptied_under_ranges(w):
    """An open that truncates a file ignores byte-range locks; writes do not."""
    a, b = sessions(w)
    one = a.create('f')
    a.write(one, b'before')
    a.lock(one, 0, 4)
    two = b.create('f', how=OVERWRITE)
    eq(get(w.path('f')), b'')
    refused('FILE_LOCK_CONFLICT', b.write, two, b'x')
    b.write(two, b'x', offset=4)
    a.close(one)
    b.write(two, b'x')


@test(**ONE)
def locks_are_taken_together(w):
    """A LOCK of several ranges that fails releases those it has taken, and no older one."""
    exclusive, shared = smb2.EXCLUSIVE | smb2.AT_ONCE, smb2.SHARED | smb2.AT_ONCE

    def all_of(*locks):
        refused('LOCK_NOT_GRANTED', a.call, smb2.LOCK, a.lock_body(mine, *locks))
    a, b = sessions(w)
    mine = a.create('f')
    theirs = b.create('f', how=OPEN)
    a.lock(mine, 0, 10)
    b.lock(theirs, 100, 10)
    all_of((0, 10, shared), (20, 10, exclusive), (20, 10, shared), (100, 10, exclusive))
    refused('LOCK_NOT_GRANTED', b.lock, theirs, 0, 10, shared)
    b.lock(theirs, 20, 10)
    b.unlock(theirs, 20, 10)
    # Both modes are released if the request has taken both.
    a.lock(mine, 0, 10, shared)
    all_of((40, 10, exclusive), (40, 10, shared), (0, 10, shared), (100, 10, shared))
    b.lock(theirs, 40, 10)
    for _ in range(2):
        refused('LOCK_NOT_GRANTED', b.lock, theirs, 0, 10)
        a.unlock(mine, 0, 10)
    refused('RANGE_NOT_LOCKED', a.unlock, mine, 0, 10)
    b.lock(theirs, 0, 10)


@test(**ONE)
def streams_and_deletion(w):
    """An open of a file or directory with DELETE excludes streams that do not share deletion."""
    a, b = sessions(w)
    a.close(a.create('d', options=DIRECTORY_FILE))
    a.close(a.create('f'))
    for name in 'f', 'd':
        a.close(a.create(name + ':old'))
        old, shares, keeps = f'{name}:old', SHARE_ALL, SHARE_READ | SHARE_WRITE
        # Two opens, each a name with access and sharing, and whether they can be together.
        table = (((name, DELETE, shares), (old, READ_DATA, keeps), False),
                 ((name, DELETE, shares), (old, WRITE_DATA, SHARE_READ), False),
                 ((name, DELETE, shares), (old, READ_DATA, SHARE_DELETE), True),
                 ((name, DELETE, shares), (old, READ_ATTRIBUTES, keeps), True),
                 ((name, DELETE, keeps), (old, READ_DATA, shares), True),
                 ((name, READ_DATA, keeps), (old, READ_DATA, keeps), True),
                 ((name, READ_DATA, keeps), (old, DELETE, shares), True))
        for first, second, together in table:
            for one, other in (first, second), (second, first):
                fid = a.create(one[0], access=one[1], share=one[2])
                if together:
                    b.close(b.create(other[0], access=other[1], share=other[2]))
                else:
                    refused('SHARING_VIOLATION', b.create, other[0], access=other[1],
                            share=other[2])
                a.close(fid)
        # No stream is left of an open that is refused.
        fid = a.create(name, access=DELETE)
        refused('SHARING_VIOLATION', b.create, f'{name}:new', share=keeps)
        eq([os.path.basename(path) for path in glob.glob(
            f'{w.export}/.ditto/streams/{os.stat(w.path(name)).st_ino:016x}-*/*')], ['old'])
        a.close(fid)
        b.close(b.create(f'{name}:new', share=keeps))


@test(**ONE)
def streams_keep_their_file_from_nfs(w):
    """NFS removes, renames and replaces no file while a stream without shared deletion is open."""
    a, = sessions(w, 1)
    n = w.client.nfs()
    a.close(a.create('f'))
    a.close(a.create('g'))
    takes = {'remove': lambda: n.remove(n.root, 'f'),
             'rename': lambda: n.rename(n.root, 'f', n.root, 'h'),
             'replace': lambda: n.rename(n.root, 'g', n.root, 'f')}
    stream = a.create('f:s', share=SHARE_READ | SHARE_WRITE)
    for what, take in takes.items():
        eq(take().status, nfs3.ACCES, what)
    a.write(stream, b'still here')
    os.link(w.path('f'), w.path('l'))
    eq(n.remove(n.root, 'l').status, nfs3.ACCES, 'remove one of two names')
    a.close(stream)
    eq(n.remove(n.root, 'l').status, nfs3.OK)
    stream = a.create('f:s', OPEN, share=SHARE_ALL)
    eq(takes['replace']().status, nfs3.OK)
    a.close(stream)
    # FileLinkInformation with ReplaceIfExists takes a name as a rename does
    stream = a.create('f:s', share=SHARE_READ | SHARE_WRITE)
    other = a.create('other', access=smb2.GENERIC_ALL)
    refused('ACCESS_DENIED', a.set, other, LINK, smb2.name_data('f', True))
    a.write(stream, b'still here')
    a.close(stream)
    a.set(other, LINK, smb2.name_data('f', True))
    eq(os.stat(w.path('f')).st_ino, os.stat(w.path('other')).st_ino)
    a.end()


@test(**ONE)
def streams_are_given_back(w):
    """Whoever takes a file away asks for the handles of its streams that are only kept."""
    a, b, n, _ = two(w)
    keeps = SHARE_READ | SHARE_WRITE
    b.close(b.create('g'))

    def kept(number, name='f:s', **kw):
        granted = a.open(name, key=key(number), state=R | H, epoch=0, **kw)
        eq(granted.state, R | H)
        return granted.fid

    def given(number, fid=None):
        """The handle is asked for; with its FileId it is closed."""
        eq(a.broken()[:3], (key(number), R | H, R))
        if fid:
            a.close(fid)
        else:
            a.ack(key(number), R)
    takes = {'remove': ('remove', n.root, 'f'), 'rename': ('rename', n.root, 'f', n.root, 'h'),
             'replace': ('rename', n.root, 'g', n.root, 'f')}
    for i, (what, take) in enumerate(takes.items()):
        b.close(b.create('f'))
        for number, used in (2 * i + 1, True), (2 * i + 2, False):
            fid = kept(number, share=keeps)
            # one of its own, as each process counts transactions on from here
            waiting = later(w.client.nfs(), *take)
            given(number, None if used else fid)
            eq(waiting.join(), nfs3.ACCES if used else nfs3.OK, what)
            if used:
                a.close(fid)
    # an open for deletion, and a stream that forbids it
    b.close(b.create('f'))
    for i, (mine, theirs) in enumerate((
            (dict(name='f:s', share=keeps), dict(name='f', access=DELETE, share=SHARE_ALL)),
            (dict(name='f', access=DELETE | GENERIC_READ, share=SHARE_ALL),
             dict(name='f:s', share=keeps)))):
        for number, used in (2 * i + 11, True), (2 * i + 12, False):
            fid = kept(number, **mine)
            waiting = b.opening(**theirs)
            given(number, None if used else fid)
            if used:
                refused('SHARING_VIOLATION', b.opened, waiting)
                a.close(fid)
            else:
                b.close(b.opened(waiting).fid)
    a.end()
    b.end()


@test(**ONE)
def targets_that_are_no_files(w):
    """A new name of a file is not that of a directory, nor of its data."""
    a, = sessions(w, 1)
    fid = a.create('f', access=smb2.GENERIC_ALL)
    a.close(a.create('d', options=DIRECTORY_FILE))
    directory = a.create('d', access=smb2.GENERIC_ALL, options=DIRECTORY_FILE)
    for level, name, status in (
            (LINK, 'x::$INDEX_ALLOCATION', 'OBJECT_NAME_INVALID'),
            (LINK, 'x::$DATA', 'OBJECT_NAME_INVALID'), (LINK, 'x\\', 'OBJECT_NAME_INVALID'),
            (RENAME, 'x::$INDEX_ALLOCATION', 'INVALID_PARAMETER'),
            (RENAME, 'x\\', 'OBJECT_NAME_INVALID')):
        refused(status, a.set, fid, level, smb2.name_data(name))
    eq(sorted(set(os.listdir(w.export)) - {'.ditto'}), ['d', 'f'])
    a.rename(directory, 'e\\')
    eq(os.path.isdir(w.path('e')), True)
    a.end()


@test(**ONE)
def paths(w):
    """How a path is written decides about the status before the file does."""
    a, = sessions(w, 1)
    for name in 'd', 'd\\e':
        a.close(a.create(name, options=DIRECTORY_FILE))
    a.close(a.create('d\\f'))
    os.symlink('d', w.path('link'))
    none, folder, file = 0, DIRECTORY_FILE, NON_DIRECTORY_FILE
    for path, options, how, status in (
            # MS-SMB2 3.3.5.9, note on Windows: "." and ".." are taken out.
            ('d\\.\\f', file, OPEN, 'SUCCESS'), ('.\\d\\f', file, OPEN, 'SUCCESS'),
            ('d\\.', folder, OPEN, 'SUCCESS'), ('.', folder, OPEN, 'SUCCESS'),
            ('d\\e\\..\\f', file, OPEN, 'SUCCESS'), ('d\\e\\..', folder, OPEN, 'SUCCESS'),
            ('d\\none\\..\\f', file, OPEN, 'SUCCESS'),
            ('d\\..\\d\\f', file, OPEN, 'INVALID_PARAMETER'),
            ('d\\..', folder, OPEN, 'INVALID_PARAMETER'),
            ('..\\d', folder, OPEN, SYNTAX_BAD),
            ('.\\..\\d', folder, OPEN, SYNTAX_BAD),
            ('link\\f', file, OPEN, 'STOPPED_ON_SYMLINK'),
            ('link\\.\\f', file, OPEN, 'OBJECT_NAME_INVALID'),
            # MS-FSA 2.1.5.1, phase 1: what ends in a separator is no file.
            ('d\\f\\', file, OPEN, 'OBJECT_NAME_INVALID'),
            ('new\\', file, MAKE, 'OBJECT_NAME_INVALID'),
            ('d\\', file, OPEN, 'OBJECT_NAME_INVALID'), ('d\\', folder, OPEN, 'SUCCESS'),
            ('d\\', none, OPEN, 'SUCCESS'), ('made\\', folder, MAKE, 'SUCCESS'),
            ('d\\\\f', file, OPEN, 'SUCCESS'), ('none\\\\f', file, MAKE, 'OBJECT_PATH_NOT_FOUND'),
            ('\\d', folder, OPEN, 'INVALID_PARAMETER'),
            # MS-FSA 2.1.5.1, phase 5: the type of a stream, and its name.
            ('d::$INDEX_ALLOCATION', none, OPEN, 'SUCCESS'),
            ('d:$I30:$INDEX_ALLOCATION', folder, OPEN, 'SUCCESS'),
            ('d:$i30:$index_allocation', none, OPEN, 'SUCCESS'),
            ('d::$INDEX_ALLOCATION', file, OPEN, IS_A_DIRECTORY),
            ('d\\f::$INDEX_ALLOCATION', file, OPEN, NOT_A_DIRECTORY),
            ('none::$INDEX_ALLOCATION', file, OPEN, 'OBJECT_NAME_NOT_FOUND'),
            ('none::$INDEX_ALLOCATION', file, OVERWRITE, 'OBJECT_NAME_NOT_FOUND'),
            ('d::$INDEX_ALLOCATION', file, OVERWRITE, IS_A_DIRECTORY),
            ('d\\f::$INDEX_ALLOCATION', file, OVERWRITE, NOT_A_DIRECTORY),
            ('none::$INDEX_ALLOCATION', file, MAKE, IS_A_DIRECTORY),
            ('d\\f::$INDEX_ALLOCATION', none, OPEN, NOT_A_DIRECTORY),
            ('d::$INDEX_ALLOCATION', none, OVERWRITE, 'INVALID_PARAMETER'),
            ('by type::$INDEX_ALLOCATION', none, MAKE, 'SUCCESS'),
            ('by name:$I30:$INDEX_ALLOCATION', folder, OPEN_IF, 'SUCCESS'),
            ('d:s:$INDEX_ALLOCATION', none, OPEN, 'INVALID_PARAMETER'),
            ('new:s:$INDEX_ALLOCATION', folder, MAKE, 'INVALID_PARAMETER'),
            ('d::$DATA', none, OPEN, IS_A_DIRECTORY),
            ('d\\f::$DATA', folder, OPEN, NOT_A_DIRECTORY),
            ('d\\f::$BITMAP', none, OPEN, 'OBJECT_NAME_INVALID'),
            ('d\\f:', none, OPEN, 'OBJECT_NAME_INVALID'),
            ('new:', folder, MAKE, 'OBJECT_NAME_INVALID')):
        body = create_body(path, GENERIC_READ, how, options)
        number, body = a.answer(a.send(smb2.CREATE, body))
        eq(smb2.NAMES.get(number, f'{number:#010x}'), status, (path, options, how))
        if status == 'SUCCESS':
            a.close(body[64:80])
    for name in 'made', 'by type', 'by name':
        eq(os.path.isdir(w.path(name)), True, name)
    eq(os.path.exists(w.path('new')), False)
    fid = a.create('d\\f', access=DELETE)
    a.rename(fid, 'd\\e\\..\\g')
    eq(sorted(os.listdir(w.path('d'))), ['e', 'g'])
    refused(SYNTAX_BAD, a.rename, fid, '..\\g')
    a.end()


@test(**ONE)
def streams_keep_their_file(w):
    """An open stream that does not share deletion prevents the file's removal."""
    a, b = sessions(w)
    a.close(a.create('f'))
    stream = a.create('f:s', share=SHARE_READ | SHARE_WRITE)
    refused('SHARING_VIOLATION', b.create, 'f', access=DELETE)
    b.close(b.create('f', access=GENERIC_WRITE))
    a.close(stream)
    stream = a.create('f:s', share=SHARE_DELETE)
    fid = b.create('f', access=DELETE)
    b.delete_on_close(fid)
    b.close(fid)
    refused('DELETE_PENDING', b.create, 'f:s')
    a.write(stream, b'still here')
    a.close(stream)
    eq(os.listdir(w.export), ['.ditto'])
    eq(os.listdir(w.path('.ditto/streams')), [])


@test(**ONE)
def streams_of_another_share(w):
    """A file that goes through another share of its file system takes its streams along."""
    os.mkdir(w.path('sub'))
    os.chmod(w.path('sub'), 0o777)
    w.server.add('other', w.path('sub'), squash='none')
    a, = sessions(w, 1)
    n = w.client.nfs(path=w.path('sub'))

    def replaced():
        eq(n.create(n.root, 'g').status, nfs3.OK)
        return n.rename(n.root, 'g', n.root, 'f')
    for go in lambda: n.remove(n.root, 'f'), replaced:
        a.close(a.create('sub\\f:s'))
        eq(len(os.listdir(w.path('.ditto/streams'))), 1, 'directories of streams')
        eq(go().status, nfs3.OK)
        wait_for('the streams go', lambda: not os.listdir(w.path('.ditto/streams')))
    a.end()


def shares_of_one_file(w):
    """Sessions in three shares that have the file sub/in/f, by the path of the file in each."""
    os.makedirs(w.path('sub/in'))
    for path in w.export, w.path('sub'), w.path('sub/in'):
        os.chmod(path, 0o777)
    w.server.add('middle', w.path('sub'), squash='none')
    w.server.add('inner', w.path('sub/in'), squash='none')
    return [('sub\\in\\f', Smb2(w.client)), ('in\\f', Smb2(w.client, share='middle')),
            ('f', Smb2(w.client, share='inner'))]


def stream_folders(w):
    """The directories of the files that have streams."""
    return [folder for path in (w.export, w.path('sub'), w.path('sub/in'))
            if os.path.exists(f'{path}/.ditto/streams')
            for folder in os.listdir(f'{path}/.ditto/streams')]


@test(**ONE)
def streams_of_all_shares(w):
    """The streams that a file has in several shares go with it, also after a restart, and if a
    local process removes it."""
    all_of = shares_of_one_file(w)

    def made():
        for path, s in all_of:
            s.close(s.create(f'{path}:s'))
        eq(len(stream_folders(w)), 3, 'directories of streams')
    n = w.client.nfs(path=w.path('sub/in'))
    made()
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    wait_for('the streams go after REMOVE', lambda: not stream_folders(w))
    made()
    os.unlink(w.path('sub/in/f'))
    wait_for('the streams of a file that a local process removed', lambda: not stream_folders(w))
    made()
    for _, s in all_of:
        s.end()
    w.server.restart()
    n = w.client.nfs(path=w.path('sub/in'))
    eq(n.remove(n.root, 'f').status, nfs3.OK)
    wait_for('the streams go after a restart', lambda: not stream_folders(w))


# Holds up whoever opens a directory until a line comes (fanotify(7)).
HOLD = """
import ctypes, os, struct, sys
c = ctypes.CDLL(None, use_errno=True)
CONTENT, MARK_ADD, OPEN_PERM, ONDIR, ALLOW = 4, 1, 0x10000, 0x40000000, 1
fd = c.fanotify_init(CONTENT, os.O_RDONLY)
assert fd >= 0 and not c.fanotify_mark(fd, MARK_ADD, ctypes.c_uint64(OPEN_PERM | ONDIR), -100,
                                       sys.argv[1].encode()), ctypes.get_errno()
print('ready', flush=True)
file = struct.unpack_from('=IBBHQii', os.read(fd, 24))[5]
print('held', flush=True)
sys.stdin.readline()
os.write(fd, struct.pack('=iI', file, ALLOW))
"""


@test(**ONE)
def removal_does_not_wait_for_other_shares(w):
    """A file is removed in one share while its streams in another one cannot be reached yet."""
    os.mkdir(w.path('sub'))
    os.chmod(w.path('sub'), 0o777)
    w.server.add('other', w.path('sub'), squash='none')
    a, = sessions(w, 1)
    n = w.client.nfs(path=w.path('sub'))
    a.close(a.create('sub\\f:s'))
    w.server.ctl('cache', 'flush')
    streams = w.path('.ditto/streams')
    folder, = os.listdir(streams)
    with subprocess.Popen([sys.executable, '-c', HOLD, f'{streams}/{folder}'], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hold:
        eq(hold.stdout.readline(), 'ready\n')
        eq(n.remove(n.root, 'f').status, nfs3.OK)
        eq(hold.stdout.readline(), 'held\n', 'the worker')
        eq(os.listdir(streams), [folder], 'directories of streams')
        hold.stdin.write('\n')
        hold.stdin.close()
    wait_for('the streams go', lambda: not os.listdir(streams))
    a.end()


@test(**ONE)
def streams_change_with_their_file(w):
    """A file that gets another owner, or is emptied by an open, in one share of its file system
    does the same with the streams that it has in other shares."""
    os.mkdir(w.path('sub'))
    os.chmod(w.path('sub'), 0o777)
    w.server.add('other', w.path('sub'), squash='root-to-admin')
    a, = sessions(w, 1)
    b = Smb2(w.client, share='other')
    n = w.client.nfs(path=w.path('sub'))
    a.close(a.create('sub\\f:outer'))
    b.close(b.create('f:inner'))

    def streams():
        found = {}
        for top in w.export, w.path('sub'):
            for where, _, files in os.walk(f'{top}/.ditto/streams'):
                found.update((name, os.stat(f'{where}/{name}').st_uid) for name in files)
        return found
    eq(sorted(streams()), ['inner', 'outer'])
    fh = n.lookup(n.root, 'f').fh
    eq(n.setattr(fh, nfs3.sattr(uid=1234)).status, nfs3.OK)
    eq(streams(), {'inner': 1234, 'outer': 1234})
    os.chown(w.path('sub/f'), smb.UIDS['alice'], -1)
    b.close(b.create('f', how=SUPERSEDE))
    eq(streams(), {})
    for s in a, b:
        s.end()


@test(**ONE)
def stream_names_follow(w):
    """A stream that another open renames has its new name for all opens."""
    a, b = sessions(w)
    one = a.create('f:one', access=GENERIC_READ | DELETE)
    two = b.create('F:ONE', access=GENERIC_READ | DELETE)
    a.rename(one, ':two')
    b.rename(two, ':three')
    refused('OBJECT_NAME_NOT_FOUND', a.create, 'f:two', how=OPEN)
    a.close(a.create('f:three', how=OPEN))


@test(**ONE)
def root_by_its_list(w):
    """The root is opened with the rights that its list grants, DELETE too; it is not deleted."""
    all_rights, modify = 0x1f01ff, 0x1301bf
    a, b = Smb2(w.client), Smb2(w.client, user='bob')

    def opened(s, access, **kw):
        return s.create('', access=access, how=OPEN, options=DIRECTORY_FILE, **kw)

    def granted(s, access):
        fid = opened(s, access)
        rights, = struct.unpack('<I', s.query(fid, 8))
        s.close(fid)
        return rights

    def kept(s, fid):
        refused('CANNOT_DELETE', s.delete_on_close, fid)
        refused('ACCESS_DENIED', s.rename, fid, 'new')
        refused('CANNOT_DELETE', s.create, '', access=DELETE, how=OPEN,
                options=DIRECTORY_FILE | smb2.DELETE_ON_CLOSE)
        s.close(fid)
    # without a list, who may change its entries has it
    os.chmod(w.export, 0o755)
    refused('ACCESS_DENIED', opened, a, DELETE)
    os.chown(w.export, smb.UIDS['alice'], smb.UIDS['alice'])
    kept(a, opened(a, smb2.GENERIC_ALL))
    eq(granted(a, smb2.MAXIMUM), all_rights)
    refused('ACCESS_DENIED', opened, b, DELETE)
    # with one, it says so, whoever may change entries
    fid = opened(a, smb2.GENERIC_ALL)
    set_sd(a, fid, descriptor((ALLOW, 0, modify, user('bob')),
                              (ALLOW, 0, all_rights & ~DELETE, user('alice'))))
    a.close(fid)
    kept(b, opened(b, modify))
    eq(granted(b, smb2.MAXIMUM), modify)
    refused('ACCESS_DENIED', opened, a, DELETE)
    refused('ACCESS_DENIED', opened, a, smb2.GENERIC_ALL)
    eq(granted(a, smb2.MAXIMUM), all_rights & ~DELETE)
    # it is shared as that of any directory
    held = opened(b, DELETE)
    refused('SHARING_VIOLATION', opened, a, READ_DATA, share=SHARE_READ | SHARE_WRITE)
    b.close(held)
    a.end()
    b.end()


@test(**ONE)
def most_of_a_read_only_file(w):
    """An open for all there is gets no right to change what is read-only (MS-FSA 2.1.5.1.2.1)."""
    everything, delete_child = 0x1f01ff, 0x40
    s, = sessions(w, 1)
    s.close(s.create('f', attributes=READONLY))
    for access, granted in ((smb2.MAXIMUM, everything & ~(WRITE_DATA | APPEND_DATA | delete_child)),
                            (smb2.MAXIMUM | delete_child, everything & ~(WRITE_DATA | APPEND_DATA)),
                            (delete_child, delete_child)):
        fid = s.create('f', access=access | READ_ATTRIBUTES, how=OPEN)
        eq(struct.unpack('<I', s.query(fid, 8))[0], granted | READ_ATTRIBUTES)
        s.close(fid)
    refused('ACCESS_DENIED', s.create, 'f', access=smb2.MAXIMUM | WRITE_DATA, how=OPEN)
    s.end()


@test(**ONE)
def streams_come_back(w):
    """A share without the directory for streams learns of one that a local process puts there."""
    a, = sessions(w, 1)

    def remove(name):
        a.close(a.create(name, access=DELETE, options=smb2.DELETE_ON_CLOSE))
    a.close(a.create('f:one'))
    os.rename(w.path('.ditto'), w.path('aside'))
    for name in ('g', 'h'):
        remove(name)
    os.rename(w.path('aside'), w.path('.ditto'))
    eq(len(os.listdir(w.path('.ditto/streams'))), 1, 'directories of streams')
    remove('f')
    eq(sorted(n for n in os.listdir(w.export) if n != '.ditto'), [])
    eq(os.listdir(w.path('.ditto/streams')) if os.path.exists(w.path('.ditto/streams')) else [],
       [], 'directories of streams')


def flagged(w, flag):
    """Set or clear an attribute of the stream "one" of the only file that has streams."""
    folder, = os.listdir(w.path('.ditto/streams'))
    run('chattr', flag, w.path(f'.ditto/streams/{folder}/one'))


@test(fs='ext4', **ONE)
def streams_are_replaced_or_kept(w):
    """A rename over another stream that fails leaves both."""
    a, = sessions(w, 1)
    fid = a.create('f:one')
    a.write(fid, b'data')
    a.close(fid)
    a.close(a.create('f:two'))
    fid = a.create('f:one', access=GENERIC_READ | DELETE)
    flagged(w, '+i')
    try:
        refused('ACCESS_DENIED', a.rename, fid, ':two', True)
    finally:
        flagged(w, '-i')
    eq(a.read(a.create('f:one', access=GENERIC_READ, how=OPEN), 100), b'data')
    a.close(a.create('f:two', access=GENERIC_READ, how=OPEN))


@test(**ONE)
def streams_of_a_stranger(w):
    """Directories of streams that others than root can change are not used."""
    a, = sessions(w, 1)
    a.close(a.create('f'))
    os.makedirs(w.path('.ditto/streams'), 0o700)
    for path in (w.path('.ditto'), w.path('.ditto/streams')):
        for owner, mode in ((1000, 0o700), (0, 0o770), (0, 0o707)):
            os.chown(path, owner, 0)
            os.chmod(path, mode)
            refused('ACCESS_DENIED', a.create, 'f:s')
            refused('OBJECT_NAME_NOT_FOUND', a.create, 'f:s', how=OPEN)
        os.chown(path, 0, 0)
        os.chmod(path, 0o700)
    fid = a.create('f:s')
    a.write(fid, b'data')
    a.close(fid)
    eq(a.read(a.create('f:s', access=GENERIC_READ, how=OPEN), 100), b'data')


@test(**ONE)
def streams_in_another_spelling(w):
    """Where the file system ignores case, no spelling that it takes for the directory of streams
    leads clients there."""
    where = w.volume(f'{w.base}/folded', 'ext4', options=('-O', 'casefold')).where
    os.mkdir(f'{where}/in')
    run('chattr', '+F', f'{where}/in')
    os.chmod(f'{where}/in', 0o777)
    w.server.add('folded', f'{where}/in')
    n = w.client.nfs(rpc.auth_sys(1000, 1000), path='folded')
    s = Smb2(w.client, share='folded')
    spellings = ('.DITTO', '.dit\u00adto', '\u200b.Ditto', '.ditto\ufeff')
    for name in spellings:
        eq(n.mkdir(n.root, name.encode()).status, nfs3.ACCES, repr(name))
    s.close(s.create('f:one'))
    for name in spellings:
        os.stat(f'{where}/in/{name}')
        eq(n.lookup(n.root, name.encode()).status, nfs3.NOENT, repr(name))
        eq(n.rename(n.root, name.encode(), n.root, 'away').status, nfs3.NOENT, repr(name))
        refused('ACCESS_DENIED', s.create, name, options=DIRECTORY_FILE)
    eq(n.mkdir(n.root, '.dittos').status, nfs3.OK)
    s.close(s.create('f:one', how=OPEN))
    s.end()


@test(fs='ext4', **ONE)
def streams_replace_others(w):
    """A stream that is replaced has no data and is not open (MS-FSA section 2.1.5.15.11.1). It may be
    spelled in another case."""
    a, = sessions(w, 1)
    for old, new in (('two', 'two'), ('two', 'TWO')):
        opened = [a.create('f:one', access=GENERIC_READ | GENERIC_WRITE | DELETE)]
        a.write(opened[0], b'one')
        fid = a.create('f:one', access=GENERIC_READ | DELETE, how=OPEN)
        other = a.create(f'f:{old}', access=GENERIC_READ | GENERIC_WRITE)
        refused('INVALID_PARAMETER', a.rename, fid, f':{new}', True)
        a.write(other, b'data')
        a.close(other)
        refused('INVALID_PARAMETER', a.rename, fid, f':{new}', True)
        a.close(a.create(f'f:{old}', access=GENERIC_WRITE, how=OVERWRITE))
        a.rename(fid, f':{new}', True)
        folder, = os.listdir(w.path('.ditto/streams'))
        eq(os.listdir(w.path(f'.ditto/streams/{folder}')), [new])
        a.delete_on_close(fid)
        for one in (fid, *opened):
            a.close(one)
        a.end()
        a, = sessions(w, 1)


@test(fs='ext4', **ONE)
def streams_are_made_or_not(w):
    """A create of a stream that fails for want of room leaves none."""
    a, = sessions(w, 1)
    a.close(a.create('f'))
    refused('DISK_FULL', a.create, 'f:s', how=MAKE, context=(b'AlSi', struct.pack('<Q', 1 << 40)))
    refused('OBJECT_NAME_NOT_FOUND', a.create, 'f:s', how=OPEN)
    a.close(a.create('f:s', how=MAKE))


@test(**ONE)
def renames_meet_directories(w):
    """A rename into a directory that is being deleted or denies writing is refused."""
    a, b = sessions(w)
    a.close(a.create('d', how=MAKE, options=DIRECTORY_FILE))
    fid = b.create('d\\f', access=GENERIC_READ | DELETE)
    for access, share in ((GENERIC_READ | DELETE, SHARE_ALL),
                          (GENERIC_READ, SHARE_READ | SHARE_DELETE)):
        folder = a.create('d', access=access, share=share, options=DIRECTORY_FILE)
        refused('SHARING_VIOLATION', b.rename, fid, 'd\\g')
        a.close(folder)
    folder = a.create('d', access=GENERIC_READ, share=SHARE_READ | SHARE_WRITE,
                      options=DIRECTORY_FILE)
    b.rename(fid, 'd\\g')
    eq(os.listdir(w.path('d')), ['g'])
    a.close(folder)


@test(**ONE)
def directories_replace_no_files(w):
    """A directory that is to replace a file is refused as one that is to be replaced is."""
    a, _ = sessions(w)
    put(w.path('f'), b'data', 0o666)
    for name in ('d', 'e'):
        a.close(a.create(name, how=MAKE, options=DIRECTORY_FILE))
    folder = a.create('d', access=GENERIC_READ | DELETE, options=DIRECTORY_FILE)
    for name in ('f', 'e'):
        refused('OBJECT_NAME_COLLISION', a.rename, folder, name)
        refused('ACCESS_DENIED', a.rename, folder, name, replace=True)
    refused('OBJECT_PATH_NOT_FOUND', a.rename, folder, 'f\\d', replace=True)
    a.rename(folder, 'g', replace=True)
    eq((get(w.path('f')), sorted(os.listdir(w.export))), (b'data', ['e', 'f', 'g']))


@test(**ONE)
def renames_above_opens(w):
    """A directory is renamed unless something below it is open, however deep and however many."""
    a, b = sessions(w)
    os.makedirs(w.path('d/1/2/3'))
    for i in range(100):
        os.mkdir(w.path(f'd/1/{i + 10}'))
        put(w.path(f'd/1/{i + 10}/f'), b'')
    run('chmod', '-R', '777', w.path('d'))
    elsewhere = [a.create(f'f{i}') for i in range(300)]
    folder = b.create('d', access=GENERIC_READ | DELETE, options=DIRECTORY_FILE)
    for path in ('1', '1\\2\\3', '1\\2\\3\\f', '1\\2\\3\\f:s', '1\\99\\f'):
        # The second time, many more names below are known.
        for _ in range(2):
            below = a.create(f'd\\{path}', access=GENERIC_READ)
            refused('ACCESS_DENIED', b.rename, folder, 'e')
            a.close(below)
            b.rename(folder, 'e')
            b.rename(folder, 'd')
            run('ls', '-lR', w.path('d'))
    # An open file that is moved does not count where it was.
    below = a.create('d\\1\\moved', access=GENERIC_READ)
    b.rename(b.create('d\\1\\99\\f', access=GENERIC_READ | DELETE), 'f')
    refused('ACCESS_DENIED', b.rename, folder, 'e')
    a.close(below)
    b.rename(folder, 'e')
    for fid in elsewhere:
        a.close(fid)


@test(**ONE)
def renames_above_removed(w):
    """An open file that NFS has removed, or a name of it, keeps no directory where it is."""
    a, b = sessions(w)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    n = w.client.nfs()
    folder = b.create('d', access=GENERIC_READ | DELETE, options=DIRECTORY_FILE)
    below = [a.create(f'd\\{name}') for name in ('f', 'g')]
    os.link(w.path('d/g'), w.path('g'))
    for name in ('f', 'g'):
        refused('ACCESS_DENIED', b.rename, folder, 'e')
        eq(n.remove(n.lookup(n.root, 'd').fh, name).status, nfs3.OK)
    b.rename(folder, 'e')
    for fid in below:
        a.write(fid, b'still open')
        a.close(fid)


def remove_first(path):
    """Remove a directory, before other threads that could go on at the same moment."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.rmdir(path)


def into_removed(w, s, request):
    """The status of a request that waits for a directory while a local process removes it.

    request: a function of an open of another file, which returns command and body.
    """
    for i in range(100):
        os.mkdir(w.path('d'))
        os.chmod(w.path('d'), 0o777)
        fid = s.create(f'f{i}', access=GENERIC_READ | DELETE)
        with frozen(w.export):
            child = Child(remove_first, w.path('d'))
            wait_for('the removal waits', lambda: sleepers(pid=child.pid))
            number = s.send(*request(fid))
            wait_for('the request waits', lambda: sleepers('+ditto-smb'))
        status, _ = s.answer(number)
        s.close(fid)
        try:
            child.join()
            return smb2.NAMES[status]
        except OSError as e:
            # The request was faster.
            eq((e.errno, status), (errno.ENOTEMPTY, OK))
            shutil.rmtree(w.path('d'))
    raise AssertionError('the removal never was faster')


@test(fs='ext4', **ONE)
def directory_removed_meanwhile(w):
    """The path of a request leads nowhere when its directory is removed while it waits."""
    [s] = sessions(w, 1)
    name = 'd\\x'.encode('utf-16-le')
    new = struct.pack('<B7xQI', 0, 0, len(name)) + name

    def to(level):
        return lambda fid: (smb2.SET_INFO,
                            bytes(SetInfo(level=level, length=len(new), fid=fid)) + new)
    eq(into_removed(w, s, lambda _: (smb2.CREATE, create_body('d\\x'))), 'OBJECT_PATH_NOT_FOUND')
    for level in RENAME, LINK:
        eq(into_removed(w, s, to(level)), 'OBJECT_PATH_NOT_FOUND', level)


@test(**ONE)
def append_without_buffers(w):
    """FILE_NO_INTERMEDIATE_BUFFERING takes FILE_APPEND_DATA away (MS-SMB2 3.3.5.9)."""
    [s] = sessions(w, 1)
    for access in GENERIC_WRITE, 0x0012019f:
        fid = s.create('f', access=access, options=NO_BUFFERING)
        s.close(fid)
    refused('ACCESS_DENIED', s.create, 'f', access=APPEND_DATA, options=NO_BUFFERING)
    fid = s.create('f', options=NO_BUFFERING)
    s.write(fid, b'appended', 0)
    eq(s.read(fid, 100), b'appended')
    s.close(fid)


@test(**ONE)
def one_name_in_two_cases(w):
    """The later of two creates whose names differ in case only fails."""
    a, b = sessions(w)
    for i in range(200):
        told = [s.answer(number)[0] for s, number in
                [(s, s.send(smb2.CREATE, create_body(name))) for s, name in
                 ((a, f'Name{i}'), (b, f'nAME{i}'))]]
        eq(sorted(told), [OK, COLLISION], f'name {i}')
    eq(len(os.listdir(w.export)), 200)


@test(**ONE)
def ranges_end_with_the_open(w):
    """CLOSE releases the ranges of the open, and waiters get them."""
    a, b = sessions(w)
    one, two = a.create('f'), b.create('f')
    a.lock(one, 10, 10)
    number = b.wait_lock(two, 15, 1)
    a.close(one)
    eq(b.answer(number)[0], OK)


@test(**ONE)
def ranges_are_waited_for_one_by_one(w):
    """Two requests of an open for the same bytes wait, and each gets a range of its own."""
    a, b = sessions(w)
    one, two = a.create('f'), b.create('f')
    a.lock(one, 0, 10)
    numbers = [b.wait_lock(two, 0, 10, flags=smb2.SHARED) for _ in range(2)]
    a.unlock(one, 0, 10)
    eq(sorted(b.answer(number)[0] for number in numbers), [OK, OK])
    for _ in numbers:
        smb2.refused('LOCK_NOT_GRANTED', a.lock, one, 0, 10)
        b.unlock(two, 0, 10)
    a.lock(one, 0, 10)


@test(**ONE)
def dot_files_are_hidden(w):
    """Dot files are hidden unless the attribute was set otherwise."""
    [s] = sessions(w, 1)
    put(w.path('.local'), b'', 0o666)
    os.mkdir(w.path('.dir'))

    def is_hidden(name):
        fid = s.create(name, access=GENERIC_READ)
        flags, = struct.unpack_from('<I', s.query(fid, FILE_BASIC), 32)
        s.close(fid)
        return bool(flags & HIDDEN)

    for name in '.local', '.dir', '.made':
        eq(is_hidden(name), True, name)
    for name in 'plain', '':
        eq(is_hidden(name), False, name)
    fid = s.create('.local', access=GENERIC_READ | GENERIC_WRITE)
    s.set(fid, FILE_BASIC, struct.pack('<QQQQII', 0, 0, 0, 0, 0x2000, 0))
    s.close(fid)
    eq(is_hidden('.local'), False)


@test(**ONE)
def directories_are_flushed(w):
    """FLUSH of a directory needs the right to add a file or directory (section 3.3.5.11)."""
    [s] = sessions(w, 1)
    s.close(s.create('d', how=MAKE, options=DIRECTORY_FILE))
    for name in 'd', '':
        for access in ADD_FILE, ADD_SUBDIRECTORY, GENERIC_WRITE:
            fid = s.create(name, access=access, options=DIRECTORY_FILE)
            s.call(FLUSH, bytes(Flush(fid=fid)))
            s.close(fid)
        fid = s.create(name, access=GENERIC_READ, options=DIRECTORY_FILE)
        refused('ACCESS_DENIED', s.call, FLUSH, bytes(Flush(fid=fid)))
        s.close(fid)
