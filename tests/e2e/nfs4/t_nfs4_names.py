# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 by hand: names, and the operations that create, rename and remove them."""
import fcntl
import functools
import os
import stat
import struct

import nfs3
import nfs4
from checks import eq, one_of
from files import put
from harness import test
from nfs4 import getattr, getfh, lookup, lookupp, putfh, putrootfh, savefh, setattr
from nfs4_opens import ANON
from nfs4_raw import both, last, open_nfs

wire = functools.partial(test, server='ditto')

# XFS_IOC_GOINGDOWN, which ext4 has as well
GOINGDOWN, NO_LOG_FLUSH = 0x8004587d, 2

BAD_NAMES = [
    (b'', nfs4.INVAL), (b'.', nfs4.BADNAME), (b'..', nfs4.BADNAME), (b'a/b', nfs4.BADNAME),
    (b'/', nfs4.BADNAME), (b'a\0b', nfs4.BADCHAR), (b'\xff/', nfs4.BADNAME),
    (b'\xff\0', nfs4.BADCHAR), (b'n' * 256, nfs4.NAMETOOLONG),
    (b'n' * 5000, nfs4.NAMETOOLONG), ('\u20ac'.encode() * 86, nfs4.NAMETOOLONG),
]


@wire
def bad_names(w):
    put(w.path('file'))
    for c in both(w):
        fh = c.fh('data')
        for name, status in BAD_NAMES:
            for ops in ([lookup(name)], [nfs4.remove(name)], [nfs4.create(nfs4.DIR, name)],
                        [savefh(), nfs4.rename(name, 'x')], [savefh(), nfs4.rename('file', name)],
                        [lookup('file'), savefh(), putfh(fh), nfs4.link(name)],
                        [nfs4.secinfo(name)]):
                r = c.compound(putfh(fh), *ops)
                if r.status != status:
                    raise AssertionError(f'{name[:20]!r}: {r!r}, not {nfs4.STATUS[status]}')
    eq(sorted(os.listdir(w.export)), ['file'])


@wire
def odd_names(w):
    """Valid UTF-8 names of any characters are kept byte by byte."""
    c = open_nfs(w)
    fh = c.fh('data')
    names = [b'x', 'gr\u00fc\u00df'.encode(), '\U0001f600'.encode(), b'n' * 255, b'...', b' ',
             b'back\\slash', '\u20ac'.encode() * 85, b'new\nline']
    for name in names:
        c.compound(putfh(fh), nfs4.create(nfs4.DIR, name, {'mode': 0o700})).ok()
        c.compound(putfh(fh), lookup(name), lookupp()).ok()
    eq(sorted(os.listdir(os.fsencode(w.export))), sorted(names))


# Latin-1, a surrogate, an overlong slash, a character that is cut off
NO_TEXT = [b'gr\xfc\xdfe', b'\xed\xa0\x80', b'x\xc0\xaf', b'tail\xe2\x82', b'\xff']


@wire
def names_that_are_no_text(w):
    """Names that are not UTF-8 are looked up, made, renamed and removed as others are."""
    for c in both(w):
        fh = c.fh('data')
        for name in NO_TEXT:
            put(os.fsencode(w.path('')) + name, b'x')
            os.mkdir(os.fsencode(w.path('')) + name + b'.d')
        found = [e.name for e in c.compound(putfh(fh), nfs4.readdir(0, bytes(8), 'fileid')).ok()[-1]
                 .entries]
        eq(sorted(found), sorted(NO_TEXT + [n + b'.d' for n in NO_TEXT]))
        for name in NO_TEXT:
            c.compound(putfh(fh), lookup(name), savefh(), putfh(fh), nfs4.link(name + b'.l')).ok()
            c.compound(putfh(fh), savefh(), nfs4.rename(name, name + b'.r')).ok()
            c.compound(putfh(fh), nfs4.create(nfs4.LNK, name, target=name)).ok()
            c.compound(putfh(fh), nfs4.secinfo(name)).ok()
            for suffix in (b'', b'.d', b'.l', b'.r'):
                c.compound(putfh(fh), nfs4.remove(name + suffix)).ok()
        eq(os.listdir(w.export), [])


@wire
def only_utf8(w):
    """With utf8-names new names are UTF-8; others stay, and are used and removed."""
    w.server.set('data', utf8_names=True)
    top, n = os.fsencode(w.path('')), w.client.nfs()
    old = NO_TEXT[0]
    for c in both(w):
        fh = c.fh('data')
        put(top + old, b'x')
        put(top + b'plain')
        for name in NO_TEXT[1:]:
            last(c.compound(putfh(fh), nfs4.create(nfs4.DIR, name)), nfs4.INVAL)
            last(c.compound(putfh(fh), savefh(), nfs4.rename('plain', name)), nfs4.INVAL)
            last(c.compound(putfh(fh), lookup('plain'), savefh(), putfh(fh), nfs4.link(name)),
                 nfs4.INVAL)
            eq(n.create(n.root, name).status, nfs3.ACCES)
            eq(n.rename(n.root, 'plain', n.root, name).status, nfs3.ACCES)
        c.compound(putfh(fh), lookup(old), getattr('size')).ok()
        c.compound(putfh(fh), savefh(), nfs4.rename(old, 'gr\u00fc\u00dfe')).ok()
        os.rename(top + 'gr\u00fc\u00dfe'.encode(), top + old)
        for name in (old, b'plain'):
            c.compound(putfh(fh), nfs4.remove(name)).ok()
        eq(os.listdir(w.export), [])


@test(server='ditto')
def mounted_names_that_are_no_text(w):
    """Programs of a client read, copy, rename and remove a tree with Latin-1 names."""
    for vers in ('4.0', '4.1', '4.2'):
        m = os.fsencode(w.client.mount(vers=vers))
        for name in NO_TEXT:
            top = os.fsencode(w.path('')) + name
            os.mkdir(top)
            put(top + b'/' + name, name)
        for name in NO_TEXT:
            with open(m + b'/' + name + b'/' + name, 'rb') as f:
                eq(f.read(), name, vers)
            put(m + b'/' + name + b'/' + name + b'2', b'new')
        copy = os.fsencode(f'{w.base}/copy.{vers}')
        w.client.run('cp', '-r', os.fsdecode(m), os.fsdecode(copy))
        eq(sorted(os.listdir(copy)), sorted(NO_TEXT), vers)
        w.client.run('sh', '-c', f'rm -r {os.fsdecode(m)}/*')
        eq(os.listdir(w.export), [])


@wire
def lookups(w):
    os.makedirs(w.path('dir/below'))
    put(w.path('file'))
    os.symlink('dir', w.path('link'))
    for c in both(w):
        fh = c.fh('data')
        last(c.compound(putfh(fh), lookup('absent')), nfs4.NOENT)
        last(c.compound(putfh(fh), lookup('file'), lookup('x')), nfs4.NOTDIR)
        last(c.compound(putfh(fh), lookup('link'), lookup('below')), nfs4.SYMLINK)
        last(c.compound(putfh(fh), lookup('file'), lookupp()), nfs4.NOTDIR)
        last(c.compound(putfh(fh), lookup('.ditto')), nfs4.NOENT)
        eq(c.compound(putfh(fh), lookup('link'), nfs4.readlink()).ok()[-1].target, b'dir')
        for name in ('dir', 'file'):
            last(c.compound(putfh(fh), lookup(name), nfs4.readlink()),
                 nfs4.WRONG_TYPE if c.minor else nfs4.INVAL)


# making and removing

@wire
def creates_each_type(w):
    c = open_nfs(w)
    fh = c.fh('data')
    for kind, name, kw, mode in (
            (nfs4.DIR, 'd', {}, stat.S_IFDIR), (nfs4.LNK, 'l', {'target': b'to'}, stat.S_IFLNK),
            (nfs4.FIFO, 'f', {}, stat.S_IFIFO), (nfs4.SOCK, 's', {}, stat.S_IFSOCK),
            (nfs4.CHR, 'c', {'dev': (1, 3)}, stat.S_IFCHR),
            (nfs4.BLK, 'b', {'dev': (7, 1)}, stat.S_IFBLK)):
        before = c.compound(putfh(fh), getattr('change')).ok()[1].attrs['change']
        r = c.compound(putfh(fh), nfs4.create(kind, name, {'mode': 0o750}, **kw),
                       getattr('type', 'mode'), getfh()).ok()
        eq(r[1].change.before, before, name)
        after = c.compound(putfh(fh), getattr('change')).ok()[1].attrs['change']
        eq(r[1].change.after, after, name)
        eq(r[2].attrs['type'], kind)
        # the mode of a symbolic link has no meaning
        link = kind == nfs4.LNK
        eq(r[2].attrs['mode'], 0o777 if link else 0o750)
        eq(r[1].attrset, [] if link else ['mode'], name)
        st = os.lstat(w.path(name))
        eq(stat.S_IFMT(st.st_mode), mode)
        if 'dev' in kw:
            eq((os.major(st.st_rdev), os.minor(st.st_rdev)), kw['dev'])
        last(c.compound(putfh(fh), nfs4.create(kind, name, **kw)), nfs4.EXIST)
        eq(c.fh('data', name), r[3].fh)


@wire
def creates_with_an_owner(w):
    """CREATE returns the attributes it set, owners too (RFC 7530 section 16.4.4)."""
    c = open_nfs(w)
    r = c.compound(putrootfh(), lookup('data'),
                   nfs4.create(nfs4.DIR, 'd', {'mode': 0o711, 'owner': b'1234',
                                               'owner_group': b'4321'})).ok()
    eq(r[-1].attrset, ['mode', 'owner', 'owner_group'])
    st = os.stat(w.path('d'))
    eq((st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)), (1234, 4321, 0o711))


@wire
def refuses_to_create(w):
    c = open_nfs(w)
    fh = c.fh('data')
    put(w.path('file'))
    for kind in (nfs4.REG, nfs4.ATTRDIR, nfs4.NAMEDATTR, 0, 99):
        last(c.compound(putfh(fh), nfs4.create(kind, 'x')), nfs4.BADTYPE)
    last(c.compound(putfh(fh), nfs4.create(nfs4.LNK, 'x', target=b'')), nfs4.INVAL)
    last(c.compound(putfh(fh), nfs4.create(nfs4.LNK, 'x', target=b'a\0b')), nfs4.INVAL)
    last(c.compound(putfh(fh), nfs4.create(nfs4.LNK, 'x', target=b'a' * 4096)), nfs4.NAMETOOLONG)
    last(c.compound(putfh(fh), nfs4.create(nfs4.CHR, 'x', dev=(1 << 20, 0))), nfs4.INVAL)
    last(c.compound(putfh(fh), lookup('file'), nfs4.create(nfs4.DIR, 'x')), nfs4.NOTDIR)
    last(c.compound(putfh(fh), nfs4.create(nfs4.DIR, 'x', {'size': 5})), nfs4.INVAL)
    eq(os.listdir(w.export), ['file'])


@wire
def long_links(w):
    """Links of the greatest length are read across page boundaries."""
    w.needs('long links')
    c = open_nfs(w)
    fh = c.fh('data')
    for n, size in enumerate((1, 255, 1000, 3000, 4000, 4095)):
        text = bytes(33 + i % 94 for i in range(size))
        c.compound(putfh(fh), nfs4.create(nfs4.LNK, f'l{n}', target=text), tag=b't' * 700).ok()
        eq(os.fsencode(os.readlink(w.path(f'l{n}'))), text)
        r = c.compound(putfh(fh), lookup(f'l{n}'), nfs4.readlink(), getattr('type'), getfh(),
                       tag=b't' * 900).ok()
        eq(r[2].target, text)
        eq(r[3].attrs['type'], nfs4.LNK)


@wire
def removes(w):
    os.makedirs(w.path('full/x'))
    os.mkdir(w.path('empty'))
    put(w.path('file'))
    os.symlink('full', w.path('link'))
    c = open_nfs(w)
    fh = c.fh('data')
    last(c.compound(putfh(fh), nfs4.remove('full')), nfs4.NOTEMPTY)
    last(c.compound(putfh(fh), nfs4.remove('absent')), nfs4.NOENT)
    last(c.compound(putfh(fh), lookup('file'), nfs4.remove('x')), nfs4.NOTDIR)
    for name in ('empty', 'file', 'link'):
        r = c.compound(putfh(fh), nfs4.remove(name), getattr('change')).ok()
        eq(r[1].change.after, r[2].attrs['change'])
        eq(r[1].change.atomic, True)
    eq(os.listdir(w.export), ['full'])


@wire
def removes_from_a_failed_disk(w):
    """A name that is gone in memory may still be on the disk, so that its removal fails, too."""
    c = open_nfs(w)
    for kind in ('xfs', 'ext4'):
        where = w.served_volume(kind, kind)
        for name in ('seen', 'gone', 'unseen'):
            put(f'{where}/{name}')
            os.mkdir(f'{where}/{name}-dir')
        root = c.fh(kind)
        n = w.client.nfs(path=where)
        c.compound(putfh(root), lookup('seen')).ok()
        for name in ('gone', 'gone-dir'):
            c.compound(putfh(root), nfs4.remove(name)).ok()
            last(c.compound(putfh(root), nfs4.remove(name)), nfs4.NOENT)
        fd = os.open(where, os.O_RDONLY)
        fcntl.ioctl(fd, GOINGDOWN, struct.pack('I', NO_LOG_FLUSH))
        os.close(fd)
        for name in ('seen', 'gone', 'unseen', 'none'):
            last(c.compound(putfh(root), nfs4.remove(name)), nfs4.IO)
            last(c.compound(putfh(root), nfs4.remove(f'{name}-dir')), nfs4.IO)
            eq((n.remove(n.root, name).status, n.rmdir(n.root, f'{name}-dir').status),
               (nfs3.IO, nfs3.IO), name)


@wire
def renames(w):
    c = open_nfs(w)
    fh = c.fh('data')

    def rename(a, b, status=nfs4.OK):
        return last(c.compound(putfh(fh), savefh(), nfs4.rename(a, b)), status)
    for d in ('d1', 'd2', 'full/x'):
        os.makedirs(w.path(d))
    for f in ('f1', 'f2'):
        put(w.path(f), f)
    rename('absent', 'x', nfs4.NOENT)
    rename('f1', 'd1', nfs4.EXIST)
    rename('d1', 'f1', nfs4.EXIST)
    one_of(c.compound(putfh(fh), savefh(), nfs4.rename('d1', 'full')).status,
           (nfs4.EXIST, nfs4.NOTEMPTY))
    rename('f1', 'f1')
    rename('f1', 'f2')
    rename('d1', 'd2')
    eq(sorted(os.listdir(w.export)), ['d2', 'f2', 'full'])
    last(c.compound(putfh(fh), savefh(), lookup('full'), lookup('x'), nfs4.rename('full', 'y')),
         nfs4.INVAL)
    last(c.compound(putfh(fh), lookup('f2'), savefh(), putfh(fh), nfs4.rename('a', 'b')),
         nfs4.NOTDIR)
    last(c.compound(putfh(fh), savefh(), lookup('f2'), nfs4.rename('f2', 'b')), nfs4.NOTDIR)
    r = c.compound(putfh(fh), savefh(), lookup('d2'), nfs4.rename('f2', 'in')).ok()
    eq((r[-1].source.atomic, r[-1].target.atomic), (True, True))
    eq(os.listdir(w.path('d2')), ['in'])


@wire
def links(w):
    put(w.path('file'))
    os.makedirs(w.path('dir'))
    c = open_nfs(w)
    fh = c.fh('data')

    def link(target, name, status=nfs4.OK, where=()):
        ops = [putfh(fh), *map(lookup, target), savefh(), putfh(fh), *map(lookup, where)]
        return last(c.compound(*ops, nfs4.link(name)), status)
    link(['file'], 'second')
    eq(os.stat(w.path('file')).st_nlink, 2)
    link(['file'], 'second', nfs4.EXIST)
    link(['dir'], 'x', nfs4.ISDIR)
    link(['file'], 'x', nfs4.NOTDIR, ['file'])
    link(['file'], 'in', where=['dir'])
    eq(os.listdir(w.path('dir')), ['in'])


def change_moves(w):
    """RFC 8881 section 5.8.1.4: the change attribute differs after each modification, however soon
    one follows another."""
    put(w.path('file'), b'text', mode=0o666)
    c = open_nfs(w)
    fh = c.fh('data')
    past = {'time_modify_set': (1234567890, 0)}
    file = [putfh(fh), lookup('file')]
    steps = {
        'link': [*file, savefh(), putfh(fh), nfs4.link('second')],
        'remove': [putfh(fh), nfs4.remove('second')],
        'rename': [putfh(fh), savefh(), nfs4.rename('file', 'new')],
        'rename back': [putfh(fh), savefh(), nfs4.rename('new', 'file')],
        'time': [*file, setattr(ANON, past)],
        'size': [*file, setattr(ANON, {'size': 4})],
        'mode': [*file, setattr(ANON, {'mode': 0o666})],
    }
    for _ in range(30):
        for pair in (('link', 'remove'), ('rename', 'rename back'), ('time', 'size'),
                     ('link', 'mode', 'remove')):
            seen = [('before', c.compound(*file, getattr('change')).ok()[-1].attrs['change'])]
            ops = []
            for step in pair:
                name = 'new' if step == 'rename' else 'file'
                ops += [*steps[step], putfh(fh), lookup(name), getattr('change')]
            r = c.compound(*ops).ok()
            changes = [x.attrs['change'] for x in r if x.op == nfs4.OPS['getattr']]
            seen += zip(pair, changes)
            if len({change for _, change in seen}) != len(seen):
                raise AssertionError(f'change attributes {seen}')


@wire
def change_moves_on_tmpfs(w):
    """The change attribute of a file moves when it gets, loses or changes a name."""
    change_moves(w)


@wire(fs='ext4')
def change_moves_on_ext4(w):
    change_moves(w)


@wire(fs='xfs')
def change_moves_on_xfs(w):
    change_moves(w)


@wire(fs='btrfs')
def change_moves_on_btrfs(w):
    change_moves(w)


@wire(fs='overlay')
def change_moves_on_overlay(w):
    change_moves(w)


@wire
def access_bits(w):
    put(w.path('file'), mode=0o640)
    os.mkdir(w.path('dir'), 0o750)
    for c in both(w):
        fh = c.fh('data')

        def access(name, want):
            return c.compound(putfh(fh), lookup(name), nfs4.access(want))
        r = access('file', 0x3f).ok()[-1]
        eq((r.supported, r.access), (0x2d, 0x0d))
        r = access('dir', 0x3f).ok()[-1]
        eq((r.supported, r.access), (0x1f, 0x1f))
        eq(access('dir', 2).ok()[-1].access, 2)
        last(access('file', 0x200), nfs4.INVAL)
        last(access('file', 0x40), nfs4.OK if c.minor == 2 else nfs4.INVAL)
