# SPDX-License-Identifier: GPL-2.0-only
"""Extended attributes of NFSv4.2 (RFC 8276), by hand and by the kernel's client."""
import errno
import functools
import os

import nfs4
import rpc
import smb
import smb2
from checks import eq, expect_errno
from files import put
from harness import test
from nfs4 import READ, getattr, putfh, putrootfh
from nfs4_callers import Caller, files
from nfs4_opens import V41, last
from nfs4_ops42 import (CREATE, EITHER, MAY_XALIST, MAY_XAREAD, MAY_XAWRITE, REPLACE, getxattr,
                        listxattrs, removexattr, setxattr)
from processes import as_user, run
from smb_info import FULL_EA, ea, eas

wire = functools.partial(test, server='ditto', squash='root-to-admin')

ALL = MAY_XAREAD | MAY_XAWRITE | MAY_XALIST


def names_of(path, **kw):
    """listxattr(2) without what the client adds, such as system.nfs4_acl."""
    return sorted(n for n in os.listxattr(path, **kw) if n.startswith('user.'))


def v42(w, **kw):
    return V41.at(w, minor=2, **kw)


class File:
    """A file and a client that asks for its extended attributes."""

    def __init__(self, w, name='f', c=None):
        self.c = c or v42(w)
        self.h = self.c.fh('data', *([name] if name else []))

    def ask(self, op, status=nfs4.OK):
        return last(self.c.compound(putfh(self.h), op), status)

    def change(self):
        return self.ask(getattr('change')).attrs['change']

    def names(self, maxcount=65536):
        """All names, by as many requests as they need."""
        out, cookie = [], 0
        while True:
            r = self.ask(listxattrs(cookie, maxcount))
            out += r.names
            eq(r.cookie, cookie + len(r.names))
            if r.eof:
                return sorted(out)
            assert r.names, 'no names and not the end'
            cookie = r.cookie


# by hand

@wire
def set_and_removed(w):
    """The three options; change_info is atomic and moves with the change attribute."""
    put(w.path('f'), b'data', 0o644)
    os.mkdir(w.path('d'))
    for name in ('f', 'd'):
        f, path = File(w, name), w.path(name)
        f.ask(getxattr('one'), nfs4.NOXATTR)
        f.ask(setxattr('one', b'1', REPLACE), nfs4.NOXATTR)
        f.ask(removexattr('one'), nfs4.NOXATTR)
        eq(f.names(), [])
        for op in (setxattr('one', b'1', CREATE), setxattr('one', b'two', REPLACE),
                   setxattr('one', b'three', EITHER), setxattr('empty', b''),
                   setxattr('a/b', b'slash'), setxattr('ä', b'\0\xff')):
            before = f.change()
            r = f.ask(op)
            eq((r.change.atomic, r.change.before, r.change.after), (True, before, f.change()))
            assert r.change.before != r.change.after
        f.ask(setxattr('one', b'1', CREATE), nfs4.EXIST)
        eq([f.ask(getxattr(n)).value for n in ('one', 'empty', 'a/b', 'ä')],
           [b'three', b'', b'slash', b'\0\xff'])
        eq(f.names(), [b'a/b', b'empty', b'one', 'ä'.encode()])
        eq(os.getxattr(path, 'user.one'), b'three')
        eq(f.ask(removexattr('one')).change.after, f.change())
        f.ask(getxattr('one'), nfs4.NOXATTR)
        f.ask(getxattr('ONE'), nfs4.NOXATTR)
        eq(sorted(os.listxattr(path)), ['user.a/b', 'user.empty', 'user.ä'])


@wire
def names_and_values_have_limits(w):
    put(w.path('f'), b'', 0o644)
    f = File(w)
    longest = b'n' * 250
    f.ask(setxattr(longest, b'x'))
    eq(f.ask(getxattr(longest)).value, b'x')
    eq(os.getxattr(w.path('f'), b'user.' + longest), b'x')
    for name, status in ((b'n' * 251, nfs4.NAMETOOLONG), (b'n' * 256, nfs4.NAMETOOLONG),
                         (b'n' * 5000, nfs4.NAMETOOLONG), (b'', nfs4.INVAL),
                         (b'a\0b', nfs4.BADCHAR), (b'\xff\0', nfs4.BADCHAR)):
        for op in (getxattr(name), setxattr(name, b'x'), removexattr(name)):
            f.ask(op, status)
    f.ask(setxattr('big', bytes(65537)), nfs4.XATTR2BIG)
    f.ask(setxattr('big', bytes(300000)), nfs4.XATTR2BIG)
    value = os.urandom(3001)
    f.ask(setxattr('some', value))
    eq(f.ask(getxattr('some')).value, value)
    for args in (b'', bytes(4), bytes(3) + b'\3' + bytes(8), bytes(7) + b'\x09' + bytes(4),
                 bytes(7) + b'\1a\0\0\0' + b'\0\0\xff\xff'):
        f.ask(nfs4.Op('setxattr', args), nfs4.BADXDR)
    f.ask(nfs4.Op('getxattr', b'\xff' * 4), nfs4.BADXDR)
    f.ask(nfs4.Op('listxattrs', bytes(8)), nfs4.BADXDR)


@wire
def names_that_are_no_text(w):
    """Names that are not UTF-8 are listed and used as others are."""
    put(w.path('f'), b'', 0o644)
    os.setxattr(w.path('f'), b'user.gr\xfc\xdf', b'local')
    f = File(w)
    eq(f.names(), [b'gr\xfc\xdf'])
    eq(f.ask(getxattr(b'gr\xfc\xdf')).value, b'local')
    f.ask(setxattr(b'\xff', b'remote', CREATE))
    eq(os.getxattr(w.path('f'), b'user.\xff'), b'remote')
    f.ask(removexattr(b'gr\xfc\xdf'))
    eq(f.names(), [b'\xff'])


@wire
def large_values(w):
    """As large as the file system stores them, also in pieces of a small session."""
    put(w.path('f'), b'', 0o644)
    f = File(w)
    value, size = None, 65536
    while size >= 1024 and value is None:
        value = os.urandom(size)
        r = f.c.compound(putfh(f.h), setxattr('big', value))
        if r.status:
            assert r.status in (nfs4.NOSPC, nfs4.XATTR2BIG), r
            value, size = None, size // 2
    eq(f.ask(getxattr('big')).value == value, True)
    eq(os.getxattr(w.path('f'), 'user.big') == value, True)
    # behind other results, and where it does not fit
    r = f.c.compound(putfh(f.h), getattr('size'), getxattr('big'), getattr('size'),
                     getxattr('big')).ok()
    eq((r[-1].value == value, r[-3].value == value), (True, True))
    s = nfs4.Session.make(nfs4.connect(w.client), minor=2, fore=nfs4.Channel(response=1000))
    last(s.compound(putfh(f.h), getxattr('big')), nfs4.REP_TOO_BIG)
    last(f.c.compound(putfh(f.h), getxattr('big'), cache=True),
         nfs4.REP_TOO_BIG_TO_CACHE if size >= 4096 else nfs4.OK)


@wire
def listed_by_pieces(w):
    put(w.path('f'), b'', 0o644)
    f = File(w)
    eq(f.ask(listxattrs(0, 16)).eof, True)
    want = sorted(b'attribute%d' % i for i in range(23))
    for name in want:
        f.ask(setxattr(name, b'x'))
    for maxcount in (16 + 4 + 12, 50, 100, 1000, 1 << 20, nfs4.U32_MAX):
        eq(f.names(maxcount), want, maxcount)
    for maxcount in (0, 15):
        f.ask(listxattrs(0, maxcount), nfs4.TOOSMALL)
    for maxcount in (16, 31):
        f.ask(listxattrs(0, maxcount), nfs4.TOOSMALL)
    r = f.ask(listxattrs(23))
    eq((r.names, r.eof), ([], True))
    # names that went between two requests
    eq((f.ask(listxattrs(30)).names, f.ask(listxattrs(30)).eof), ([], True))
    f.ask(listxattrs(1 << 40), nfs4.BAD_COOKIE)


@wire
def names_of_the_server(w):
    """What the server or the system stores is not shown, and cannot be named."""
    put(w.path('f'), b'', 0o644)
    os.setxattr(w.path('f'), 'user.ditto.own', b'1')
    os.setxattr(w.path('f'), 'trusted.other', b'1')
    os.setxattr(w.path('f'), 'user.plain', b'1')
    f = File(w)
    last(f.c.compound(putfh(f.h), nfs4.setattr(nfs4.ANON, {'hidden': 1})), nfs4.OK)
    eq(f.names(), [b'plain'])
    f.ask(getxattr('ditto.own'), nfs4.NOXATTR)
    f.ask(removexattr('ditto.own'), nfs4.NOXATTR)
    f.ask(setxattr('ditto.own', b'2'), nfs4.PERM)
    for name in ('trusted.other', 'trusted.ditto.extra', 'security.selinux'):
        f.ask(getxattr(name), nfs4.NOXATTR)
    # which is another attribute
    f.ask(setxattr('trusted.other', b'mine'))
    eq(os.getxattr(w.path('f'), 'trusted.other'), b'1')
    eq(os.getxattr(w.path('f'), 'user.trusted.other'), b'mine')


@wire
def kinds_of_files(w):
    """Symbolic links and devices have none, and named attributes and the root neither."""
    put(w.path('f'), b'', 0o644)
    os.symlink('f', w.path('l'))
    os.mkfifo(w.path('p'))
    c = v42(w)
    for name in ('l', 'p'):
        f = File(w, name, c)
        f.ask(getxattr('one'), nfs4.NOXATTR)
        f.ask(setxattr('one', b'1'), nfs4.PERM)
        eq(f.names(), [])
    for op in (getxattr('one'), setxattr('one', b'1'), listxattrs(), removexattr('one')):
        last(c.compound(putrootfh(), op), nfs4.NOTSUPP)
        last(c.compound(op), nfs4.NOFILEHANDLE)
        last(c.compound(putfh(c.fh('data', 'f')), nfs4.openattr(True), op), nfs4.WRONG_TYPE)
    r, fh = c.open(c.fh('data', 'f'), None, READ)
    eq(r.status, nfs4.OK)
    r = c.compound(putfh(fh), nfs4.openattr(True),
                   nfs4.open(c.owner(), 'stream', nfs4.BOTH, how=nfs4.UNCHECKED),
                   getxattr('one'))
    last(r, nfs4.WRONG_TYPE)
    for fh, want in ((c.fh(), False), (c.fh('data'), True), (c.fh('data', 'f'), True)):
        eq(last(c.compound(putfh(fh), getattr('xattr_support')), nfs4.OK).attrs,
           {'xattr_support': want})


@wire
def permissions(w):
    """By mode as for local processes, by list as its rights say; ACCESS tells beforehand."""
    put(w.path('f'), b'', 0o640)
    os.chown(w.path('f'), 1000, 2000)
    os.setxattr(w.path('f'), 'user.one', b'1')

    def may(who, supported=ALL):
        r = last(v42(w, cred=rpc.auth_sys(*who)).compound(putfh(fh), nfs4.access(0x1ff)), nfs4.OK)
        eq(r.supported & ALL, supported)
        return r.access & ALL
    fh = v42(w).fh('data', 'f')
    eq([may(who) for who in ((1000, 1000), (3000, 2000), (3000, 3000))],
       [ALL, MAY_XAREAD | MAY_XALIST, 0])
    for who, reads, writes in (((1000, 1000), nfs4.OK, nfs4.OK),
                               ((3000, 2000), nfs4.OK, nfs4.ACCESS),
                               ((3000, 3000), nfs4.ACCESS, nfs4.ACCESS)):
        f = File(w, 'f', v42(w, cred=rpc.auth_sys(*who)))
        f.ask(getxattr('one'), reads)
        f.ask(listxattrs(), reads)
        f.ask(setxattr('one', b'1'), writes)
        f.ask(setxattr('two', b'1'), writes)
        f.ask(removexattr('two'), writes)
    # READ_NAMED_ATTRS to one user
    admin = v42(w)
    last(admin.compound(putfh(fh), nfs4.setattr(nfs4.ANON, {'acl': [
        (0, 0, 0x8, '3000'), (0, 0, 0x1f01ff, 'OWNER@')]})), nfs4.OK)
    eq([may(who) for who in ((1000, 1000), (3000, 3000), (4000, 4000))],
       [ALL, MAY_XAREAD | MAY_XALIST, 0])
    os.mkfifo(w.path('p'), 0o666)
    fh = admin.fh('data', 'p')
    eq(may((1000, 1000), 0), 0)
    # 4.1 and version 3 do not have the bits
    s = V41.at(w)
    last(s.compound(putfh(s.fh('data', 'f')), nfs4.access(0x40)), nfs4.INVAL)
    n = w.client.nfs(rpc.ROOT)
    eq(n.access(n.lookup(n.root, 'f').fh, 0x1ff).access & ALL, 0)


@wire(ro=True)
def read_only(w):
    put(w.path('f'), b'', 0o666)
    os.setxattr(w.path('f'), 'user.one', b'1')
    f = File(w)
    eq(f.ask(getxattr('one')).value, b'1')
    f.ask(setxattr('one', b'2'), nfs4.ROFS)
    f.ask(removexattr('one'), nfs4.ROFS)
    eq(f.ask(nfs4.access(ALL)).access, MAY_XAREAD | MAY_XALIST)


@wire
def delegations_are_recalled(w):
    """Those of others; a client's own does not stop it."""
    files(w, 'f', 'g')
    os.setxattr(w.path('g'), 'user.one', b'1')
    a = Caller(w, minor=2)
    for name, op in (('f', setxattr('one', b'1')), ('g', removexattr('one'))):
        f = File(w, name)
        sid, fh = a.delegated(name)
        last(a.compound(putfh(fh), setxattr('own', b'1')), nfs4.OK)
        f.ask(getxattr('own'))
        f.ask(listxattrs())
        f.ask(op, nfs4.DELAY)
        eq(a.recall().stateid, sid)
        a.give_back(sid, fh)
        last(f.c.patiently(putfh(f.h), op), nfs4.OK)


@wire(smb=True)
def the_same_as_over_smb(w):
    """EAs and extended attributes are one thing; only the rules about names differ."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'', 0o666)
    s, f = smb2.Smb2(w.client), File(w)
    fid = s.create('f')

    def over_smb():
        again = s.create('f')    # each open lists them once
        out = eas(s.query(again, FULL_EA))
        s.close(again)
        return out
    f.ask(setxattr('One', b'1'))
    eq(over_smb(), {b'One': b'1'})
    # to SMB any case is the same attribute, and it keeps its name
    s.set(fid, FULL_EA, ea(b'ONE', b'uno'))
    eq(f.ask(getxattr('One')).value, b'uno')
    f.ask(getxattr('ONE'), nfs4.NOXATTR)
    # to NFS there can be two
    f.ask(setxattr('one', b'2'))
    eq(f.names(), [b'One', b'one'])
    eq(over_smb(), {b'One': b'uno', b'one': b'2'})
    f.ask(removexattr('one'))
    # a name that SMB cannot have, and a value that it cannot set
    for name, value in (('a=b', b'1'), ('empty', b'')):
        f.ask(setxattr(name, value))
    eq(over_smb(), {b'One': b'uno', b'empty': b''})
    s.set(fid, FULL_EA, ea(b'one', b''))
    f.ask(getxattr('One'), nfs4.NOXATTR)
    eq(f.names(), [b'a=b', b'empty'])
    s.close(fid)
    s.end()


# by the kernel's client

@wire
def getfattr_and_setfattr(w):
    m = w.client.mount(vers='4.2')
    put(f'{m}/f')
    run('setfattr', '-n', 'user.one', '-v', 'first', f'{m}/f')
    run('setfattr', '-n', 'user.two', '-v', 'second', f'{m}/f')
    eq(os.getxattr(w.path('f'), 'user.one'), b'first')
    said = run('getfattr', '-d', '--absolute-names', f'{m}/f')
    assert 'user.one="first"' in said and 'user.two="second"' in said, said
    run('setfattr', '-x', 'user.one', f'{m}/f')
    eq(names_of(f'{m}/f'), ['user.two'])
    with expect_errno(errno.ENODATA):
        os.getxattr(f'{m}/f', 'user.one')
    with expect_errno(errno.EEXIST):
        os.setxattr(f'{m}/f', 'user.two', b'x', os.XATTR_CREATE)
    with expect_errno(errno.ENODATA):
        os.setxattr(f'{m}/f', 'user.none', b'x', os.XATTR_REPLACE)
    os.setxattr(f'{m}/f', 'user.empty', b'')
    eq(os.getxattr(f'{m}/f', 'user.empty'), b'')
    # a change on the server is seen
    os.setxattr(w.path('f'), 'user.two', b'by the server')
    n = w.client.mount(vers='4.2', opts='nosharecache,noac')
    eq(os.getxattr(f'{n}/f', 'user.two'), b'by the server')
    os.symlink('f', f'{m}/l')
    eq(names_of(f'{m}/l', follow_symlinks=False), [])
    run('cp', '-a', f'{m}/f', f'{m}/copy')
    eq(os.getxattr(w.path('copy'), 'user.two'), b'by the server')
    for i in range(40):
        os.setxattr(f'{m}/copy', f'user.attribute{i}', b'%d' % i)
    eq(len(names_of(f'{m}/copy')), 42)
    os.chmod(w.path('f'), 0o600)
    with expect_errno(errno.EACCES):
        as_user(smb.UIDS['alice'], lambda: os.getxattr(f'{n}/f', 'user.two'))


@test(server='ditto', fs='ext4', squash='root-to-admin')
def copied_by_programs(w):
    """cp preserves extended attributes from a mount and between mounts; dacl would be in the way."""
    put(w.path('f'), b'data', 0o644)
    os.setxattr(w.path('f'), 'user.one', b'1')
    one, two = (w.client.mount(vers='4.2', opts='nosharecache,noac') for _ in range(2))
    local = f'{w.base}/local'
    os.mkdir(local)
    for to in (local, two, one):
        w.client.run('cp', '--preserve=all', f'{one}/f', f'{to}/copy')
        eq(names_of(f'{to}/copy'), ['user.one'], to)
        os.unlink(f'{to}/copy')
    assert 'system.nfs4_dacl' not in os.listxattr(f'{one}/f')
    assert 'system.nfs4_acl' in os.listxattr(f'{one}/f')
    w.server.set('data', dacl=True)
    again = w.client.mount(vers='4.2', opts='nosharecache,noac')
    assert 'system.nfs4_dacl' in os.listxattr(f'{again}/f')
