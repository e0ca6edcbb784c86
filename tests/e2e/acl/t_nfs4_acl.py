# SPDX-License-Identifier: GPL-2.0-only
"""Access control lists of NFSv4: by hand, and by the kernel's client with nfs4-acl-tools."""
import errno
import functools
import os
import stat

import nfs3
import nfs4
import rpc
import smb
from checks import eq, expect_errno
from files import get, put
from harness import test
from nfs4 import ANON, getattr, nverify, putfh, readdir, setattr, verify
from nfs4_acl import (ALARM, ALL, ALLOW, APPEND, AUDIT, DENY, EXECUTE, LOOK, READ, READ_ACL,
                      READ_ATTRS, WRITE, WRITE_ACL, WRITE_OWNER, set_acl)
from nfs4_attr import bitmap
from nfs4_listing import attrs_of, each, last, listing, raw
from processes import as_user, run
from rpc import Enc
from smb import SmbClient

wire = functools.partial(test, server='ditto')

FILE_INHERIT, DIR_INHERIT, NO_PROPAGATE, INHERIT_ONLY = 1, 2, 4, 8
SUCCESSFUL, FAILED, IS_GROUP, INHERITED = 0x10, 0x20, 0x40, 0x80
AUTO_INHERIT, PROTECTED, DEFAULTED = 1, 2, 4

READ_NAMED, WRITE_NAMED = 8, 0x10
BITS = ((READ, 4), (WRITE | APPEND, 2), (EXECUTE, 1))

DENIED = (errno.EACCES, errno.EPERM)
# The largest number of entries, with the longest names.
LONG = [(DENY, 0, READ, f'S-1-5-21-{2 ** 32 - 1}-{2 ** 31}-{2 ** 30}-{1000000000 + i}@')
        for i in range(127)] + [(ALLOW, 0, ALL, 'EVERYONE@')]


def user(uid, *groups):
    return rpc.auth_sys(uid, uid, list(groups))


def acl_of(c, fh, name='acl'):
    return attrs_of(c, fh, name)[name]


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def mode_of(acl):
    """The mode bits of a list without named users."""
    out = 0
    for mine in (('OWNER@', 'EVERYONE@'), ('GROUP@', 'EVERYONE@'), ('EVERYONE@',)):
        given = seen = 0
        for kind, flags, mask, who in acl:
            if who in mine and not flags & INHERIT_ONLY:
                given |= mask & ~seen if kind == ALLOW else 0
                seen |= mask
        out = out << 3 | sum(bit for need, bit in BITS if given & need == need)
    return out


@wire
def made_from_the_mode(w):
    """A file without a list returns one made from its mode, and still has none afterwards."""
    w.server.set('data', dacl=True)
    for bits in (0o640, 0o755, 0o000, 0o604, 0o077, 0o461):
        put(w.path('file'), b'x', bits)
        os.chmod(w.path('file'), bits)
        for c in each(w):
            fh = c.fh('data', 'file')
            got = attrs_of(c, fh, 'acl', 'aclsupport', 'mode')
            eq((oct(mode_of(got['acl'])), got['aclsupport']), (oct(bits), 3), f'4.{c.minor}')
            if c.minor:
                eq(acl_of(c, fh, 'dacl')[1], got['acl'])
            eq('sacl' in attrs_of(c, fh, 'sacl'), False)
            os.chmod(w.path('file'), bits ^ 0o111)
            eq(oct(mode_of(acl_of(c, fh))), oct(bits ^ 0o111))
            os.chmod(w.path('file'), bits)
        os.unlink(w.path('file'))


@wire
def who_goes_round(w):
    """A list is read as it was set; GROUP@ is returned without the group flag."""
    w.needs('large attributes')
    acl = [(ALLOW, 0, ALL, 'OWNER@'), (DENY, 0, WRITE | APPEND, '1001'),
           (ALLOW, IS_GROUP, READ | LOOK, '2001'), (ALLOW, 0, READ | LOOK, 'GROUP@'),
           (ALLOW, 0, READ_ATTRS, 'AUTHENTICATED@'), (DENY, 0, EXECUTE, 'ANONYMOUS@'),
           (ALLOW, 0, READ_ACL, 'NETWORK@'), (DENY, 0, READ, 'INTERACTIVE@'),
           (ALLOW, 0, READ_ACL | WRITE_ACL, 'S-1-3-4@'), (ALLOW, 0, ALL, 'S-1-5-21-1-2-3-500@'),
           (ALLOW, 0, READ, 'S-1-3-0@'), (DENY, 0, READ, 'S-1-3-1@'), (ALLOW, 0, LOOK, 'EVERYONE@')]
    for c in each(w):
        path = put(w.path(f'file{c.minor}'))
        fh = c.fh('data', f'file{c.minor}')
        eq(set_acl(c, fh, acl), ['acl'])
        eq(acl_of(c, fh), acl)
        # Names that have no "@" at the end are those of the owner's attributes.
        set_acl(c, fh, [(ALLOW, IS_GROUP, ALL, 'GROUP@'), (ALLOW, IS_GROUP, READ, 'OWNER@')])
        eq(acl_of(c, fh), [(ALLOW, 0, ALL, 'GROUP@'), (ALLOW, 0, READ, 'OWNER@')])
        eq(set_acl(c, fh, LONG), ['acl'])
        eq(acl_of(c, fh), LONG)
        set_acl(c, fh, [])
        eq((acl_of(c, fh), mode(path)), ([], 0))


@wire
def lists_behind_data(w):
    """A list behind data in a reply is complete, or refused as too big."""
    w.server.set('data', dacl=True)
    w.needs('large attributes')
    put(w.path('f'), b'x' * 5000, 0o666)
    short = [(ALLOW, 0, READ, f'{1000 + i}') for i in range(127)] + [(ALLOW, 0, ALL, 'OWNER@')]
    for c in each(w):
        fh = c.fh('data', 'f')
        for acl in (short, LONG):
            set_acl(c, fh, acl)
            for name in ('acl', 'dacl') if c.minor else ('acl',):
                alone = attrs_of(c, fh, name, 'size')
                for count in (1, 4999, 65536):
                    r = c.compound(putfh(fh), nfs4.read(ANON, 0, count),
                                   getattr(name, 'size')).ok()
                    eq((len(r[-2].data), r[-1].attrs), (min(count, 5000), alone))
            r = c.compound(putfh(fh), nfs4.read(ANON, 0, 5000), getattr('acl'),
                           nfs4.read(ANON, 1, 99), getattr('acl')).ok()
            eq((r[-1].attrs, r[-2].data), (r[-3].attrs, b'x' * 99))
    s = nfs4.Session.make(nfs4.connect(w.client), fore=nfs4.Channel(response=8192))
    s.compound(putfh(fh), nfs4.read(ANON, 0, 5000), getattr('size')).ok()
    last(s.compound(putfh(fh), nfs4.read(ANON, 0, 5000), getattr('acl')), nfs4.REP_TOO_BIG)
    last(s.compound(putfh(fh), nfs4.read(ANON, 0, 1), getattr('acl'), cache=True),
         nfs4.REP_TOO_BIG_TO_CACHE)
    s.compound(putfh(fh), getattr('size'), cache=True).ok()


@wire
def mode_follows(w):
    """Setting a list sets the mode, and setting the mode changes the list."""
    for c in each(w):
        path = put(w.path(f'file{c.minor}'), b'x', 0o4711)
        os.chmod(path, 0o4711)
        fh = c.fh('data', f'file{c.minor}')
        set_acl(c, fh, [(ALLOW, 0, ALL, 'OWNER@'), (ALLOW, 0, READ | WRITE | APPEND, 'GROUP@'),
                        (ALLOW, 0, READ, 'EVERYONE@')])
        eq(oct(mode(path)), oct(0o4764), 'set-id bits stay')
        # Both: the list has the last word.
        r = set_acl(c, fh, [(ALLOW, 0, READ, 'OWNER@')], mode=0o777)
        eq((r, oct(mode(path)), acl_of(c, fh)),
           (['acl', 'mode'], oct(0o400), [(ALLOW, 0, READ, 'OWNER@')]))
        set_acl(c, fh, [(ALLOW, 0, ALL, 'OWNER@'), (ALLOW, 0, READ, '1001')])
        last(c.compound(putfh(fh), setattr(ANON, {'mode': 0o640})), nfs4.OK)
        got = acl_of(c, fh)
        eq((oct(mode(path)), oct(mode_of(got))), (oct(0o640), oct(0o640)))
        eq('1001' in [who for *_, who in got], True, 'who is named stays named')
        os.chmod(path, 0o604)
        eq(oct(mode_of(acl_of(c, fh))), oct(0o604), 'a local chmod counts')


@wire
def refused(w):
    w.server.set('data', dacl=True)
    put(w.path('file'), b'x', 0o644)
    os.mkdir(w.path('dir'))
    good = (ALLOW, 0, ALL, 'OWNER@')
    for c in each(w):
        fh, d = c.fh('data', 'file'), c.fh('data', 'dir')
        before = acl_of(c, fh)
        for ace in ((AUDIT, 0, READ, 'OWNER@'), (ALARM, 0, READ, 'OWNER@'),
                    (7, 0, READ, 'OWNER@'), (ALLOW, SUCCESSFUL, READ, 'OWNER@'),
                    (DENY, FAILED, READ, 'OWNER@'), (ALLOW, 0x100, READ, 'OWNER@'),
                    (ALLOW, 0, 0x800, 'OWNER@'), (ALLOW, 0, 0x10000000, 'OWNER@')):
            for acl in ([ace], [good, ace, good]):
                eq(set_acl(c, fh, acl, nfs4.ATTRNOTSUPP), [], ace)
                eq(set_acl(c, d, acl, nfs4.ATTRNOTSUPP), [], ace)
        for flag in (FILE_INHERIT, DIR_INHERIT, FILE_INHERIT | INHERIT_ONLY):
            eq(set_acl(c, fh, [good, (ALLOW, flag, READ, 'OWNER@')], nfs4.ATTRNOTSUPP), [])
        for who in ('FOO@', 'owner@', 'S-1-1-0@', 'S-1-22-1-1000@', 'S-1-5@', 'eve@nowhere'):
            set_acl(c, fh, [(ALLOW, 0, READ, who)], nfs4.BADOWNER)
        for who in ('S-1-3-0@', 'S-1-3-1@'):
            set_acl(c, d, [(ALLOW, FILE_INHERIT, READ, who)], nfs4.BADOWNER)
        set_acl(c, fh, [(ALLOW, 0, READ, '')], nfs4.INVAL)
        set_acl(c, fh, [good] * 129, nfs4.NOSPC)
        for count in (2, 2 ** 31, 2 ** 32 - 1):
            bad = Enc().u32(count, ALLOW, 0, ALL).opaque('OWNER@').bytes()
            last(c.compound(putfh(fh), setattr(ANON, bitmap('acl') + Enc().opaque(bad).bytes())),
                 nfs4.BADXDR)
        last(c.compound(putfh(fh), setattr(ANON, {'aclsupport': 3})), nfs4.INVAL)
        last(c.compound(putfh(fh), setattr(ANON, {'sacl': (0, [])})), nfs4.ATTRNOTSUPP)
        if c.minor:
            last(c.compound(putfh(fh), setattr(ANON, {'acl': [good], 'dacl': (0, [good])})),
                 nfs4.INVAL)
            set_acl(c, fh, (8, [good]), nfs4.ATTRNOTSUPP, 'dacl')
        else:
            last(c.compound(putfh(fh), setattr(ANON, {'dacl': (0, [])})), nfs4.ATTRNOTSUPP)
        eq((acl_of(c, fh), mode(w.path('file'))), (before, 0o644), 'nothing was changed')


@wire
def verified(w):
    w.server.set('data', dacl=True)
    w.needs('large attributes')
    for c in each(w):
        put(w.path(f'file{c.minor}'))
        fh = c.fh('data', f'file{c.minor}')
        for acl in ([(ALLOW, 0, READ, 'OWNER@')], LONG, []):
            set_acl(c, fh, acl)
            last(c.compound(putfh(fh), verify({'acl': acl})), nfs4.OK)
            last(c.compound(putfh(fh), verify({'acl': acl, 'size': 0})), nfs4.OK)
            last(c.compound(putfh(fh), nverify({'acl': acl, 'aclsupport': 3})), nfs4.SAME)
            for other in (acl + [(ALLOW, 0, READ, 'GROUP@')], acl[:-1] + [(DENY, 0, 1, 'GROUP@')]):
                last(c.compound(putfh(fh), verify({'acl': other})), nfs4.NOT_SAME)
                last(c.compound(putfh(fh), nverify({'acl': other})), nfs4.OK)
            if c.minor:
                last(c.compound(putfh(fh), verify({'dacl': (0, acl)})), nfs4.OK)
                last(c.compound(putfh(fh), verify({'dacl': (PROTECTED, acl)})), nfs4.NOT_SAME)
        last(c.compound(putfh(fh), verify({'sacl': (0, [])})), nfs4.ATTRNOTSUPP)


@wire
def flags_of_lists(w):
    """dacl sets and returns the flags of a list, which a new mode keeps."""
    w.server.set('data', dacl=True)
    os.mkdir(w.path('dir'))
    acl = [(ALLOW, INHERITED | FILE_INHERIT | DIR_INHERIT, ALL, 'OWNER@'),
           (ALLOW, FILE_INHERIT | INHERIT_ONLY | NO_PROPAGATE, READ, 'GROUP@')]
    plain = [(kind, flags & ~INHERITED, mask, who) for kind, flags, mask, who in acl]
    for c in (*each(w),)[1:]:
        fh = c.fh('data', 'dir')
        for flags in (0, AUTO_INHERIT, PROTECTED, DEFAULTED, AUTO_INHERIT | PROTECTED):
            eq(set_acl(c, fh, (flags, acl), name='dacl'), ['dacl'])
            eq(acl_of(c, fh, 'dacl'), (flags, acl))
            eq(acl_of(c, fh), plain)
            last(c.compound(putfh(fh), setattr(ANON, {'mode': 0o750})), nfs4.OK)
            eq(acl_of(c, fh, 'dacl')[0], flags, 'after a chmod')
        # It cannot be said by acl, so it stays.
        set_acl(c, fh, plain)
        eq(acl_of(c, fh, 'dacl'), (PROTECTED, plain))
        set_acl(c, fh, (AUTO_INHERIT, plain), name='dacl')
        set_acl(c, fh, plain)
        eq(acl_of(c, fh, 'dacl'), (0, plain))


def clients(w):
    """Clients of the versions that have OPEN."""
    yield nfs4.Client40(nfs4.connect(w.client))
    for minor in (1, 2):
        yield nfs4.Session.make(nfs4.connect(w.client), minor=minor)


def minor_of(c):
    return c.nfs.minor


@wire
def made_with_one(w):
    acl = [(ALLOW, 0, ALL, 'OWNER@'), (ALLOW, 0, READ | LOOK, '1001'),
           (ALLOW, 0, READ | WRITE | APPEND, 'GROUP@')]
    for c in clients(w):
        top = c.fh('data')
        name = f'v{minor_of(c)}'
        hows = [(nfs4.UNCHECKED, {}), (nfs4.GUARDED, {})]
        if minor_of(c):
            hows.append((nfs4.EXCLUSIVE4_1, {'verf': b'12345678'}))
        for how, more in hows:
            r, fh = c.open(top, f'{name}.{how}', how=how, attrs={'acl': acl}, **more)
            eq((r.status, 'acl' in r.attrset), (nfs4.OK, True), f'{how}')
            eq(acl_of(c, fh), acl)
            eq(oct(mode(w.path(f'{name}.{how}'))), oct(0o760))
        r, fh = c.open(top, f'{name}.mode', how=nfs4.GUARDED, attrs={'acl': acl, 'mode': 0o644})
        eq((r.status, sorted(r.attrset)), (nfs4.OK, ['acl', 'mode']))
        eq((acl_of(c, fh), oct(mode(w.path(f'{name}.mode')))), (acl, oct(0o760)))
        to_inherit = acl + [(ALLOW, FILE_INHERIT | INHERIT_ONLY, READ, 'EVERYONE@')]
        r = last(c.compound(putfh(top), nfs4.create(nfs4.DIR, f'{name}.d', {'acl': to_inherit})),
                 nfs4.OK)
        eq(r.attrset, ['acl'])
        eq(acl_of(c, c.fh('data', f'{name}.d')), to_inherit)
        # Nobody looks at that of a symbolic link.
        r = last(c.compound(putfh(top), nfs4.create(nfs4.LNK, f'{name}.l', {'acl': acl}, 'to')),
                 nfs4.OK)
        eq(r.attrset, [])
        r = last(c.compound(putfh(c.fh('data', f'{name}.l')), setattr(ANON, {'acl': acl})), nfs4.OK)
        eq(r.attrset, [])
        # An attribute that cannot be set prevents the creation.
        r, _ = c.open(top, f'{name}.no', how=nfs4.GUARDED, attrs={'acl': to_inherit})
        eq(r.status, nfs4.ATTRNOTSUPP)
        r, _ = c.open(top, f'{name}.no', how=nfs4.GUARDED, attrs={'acl': [(AUDIT, 0, 1, 'OWNER@')]})
        eq(r.status, nfs4.ATTRNOTSUPP)
        eq(os.path.exists(w.path(f'{name}.no')), False)


@wire
def made_with_mode_and_list(w):
    """A list that comes with a mode is kept as it is where the directory gives the group, too."""
    os.mkdir(w.path('dir'))
    os.chown(w.path('dir'), 0, 2001)
    os.chmod(w.path('dir'), 0o2777)
    acl = [(ALLOW, 0, ALL, 'OWNER@'), (ALLOW, IS_GROUP, READ | WRITE | APPEND | LOOK, '2001'),
           (ALLOW, IS_GROUP, READ | LOOK, '1000')]
    for c in clients(w):
        c.nfs.cred = user(1000, 2001)
        name = f'v{minor_of(c)}'
        for path, make in (('f', lambda d, n: c.open(d, n, how=nfs4.GUARDED,
                                                     attrs={'acl': acl, 'mode': 0o600})[0].status),
                           ('d', lambda d, n: c.compound(putfh(d), nfs4.create(
                               nfs4.DIR, n, {'acl': acl, 'mode': 0o700})).status)):
            eq(make(c.fh('data', 'dir'), name + path), nfs4.OK)
            st = os.stat(w.path('dir', name + path))
            eq((acl_of(c, c.fh('data', 'dir', name + path)), st.st_gid, oct(st.st_mode & 0o777)),
               (acl, 2001, oct(0o760)), name + path)


@wire
def inherited(w):
    """New files and directories inherit, in each version and on each level."""
    w.server.set('data', dacl=True)
    os.mkdir(w.path('dir'))
    acl = [(ALLOW, FILE_INHERIT | DIR_INHERIT, ALL, 'OWNER@'),
           (DENY, FILE_INHERIT, WRITE | APPEND, '1001'),
           (ALLOW, FILE_INHERIT | DIR_INHERIT, READ | LOOK | EXECUTE, '1002'),
           (ALLOW, DIR_INHERIT | NO_PROPAGATE, READ | LOOK, 'GROUP@')]
    s = nfs4.Session.make(nfs4.connect(w.client), minor=2)
    d = s.fh('data', 'dir')
    set_acl(s, d, (AUTO_INHERIT, acl), name='dacl')
    n = w.client.nfs()
    top3 = n.lookup(n.root, 'dir').fh
    n.create(top3, 'three')
    r, _ = s.open(d, 'four', how=nfs4.GUARDED)
    eq(r.status, nfs4.OK)
    for name in ('three', 'four'):
        flags, got = acl_of(s, s.fh('data', 'dir', name), 'dacl')
        eq([(kind, who) for kind, _, _, who in got if who in ('1001', '1002')],
           [(DENY, '1001'), (ALLOW, '1002')], name)
        eq({f & ~INHERITED for _, f, _, _ in got}, {0}, name)
        eq(flags & AUTO_INHERIT, AUTO_INHERIT, name)
    n.mkdir(top3, 'sub')
    got = acl_of(s, s.fh('data', 'dir', 'sub'), 'dacl')[1]
    to_files = [(kind, who) for kind, f, _, who in got if f & FILE_INHERIT]
    eq([a for a in to_files if a[1] in ('1001', '1002')], [(DENY, '1001'), (ALLOW, '1002')])
    eq({f & DIR_INHERIT for _, f, _, who in got if who == 'GROUP@'}, {0}, 'not further')
    # One that comes with its own inherits nothing (RFC 8881 section 6.4.3).
    own = [(ALLOW, 0, ALL, 'OWNER@')]
    r, fh = s.open(d, 'own', how=nfs4.GUARDED, attrs={'acl': own})
    eq((r.status, acl_of(s, fh)), (nfs4.OK, own))


@wire
def umask_of_who_inherits(w):
    """The umask is ignored in a directory with inheritable entries (RFC 8275)."""
    for name in ('plain', 'lists', 'files'):
        os.mkdir(w.path(name))
    s = nfs4.Session.make(nfs4.connect(w.client), minor=2)
    everybody = [(ALLOW, FILE_INHERIT | DIR_INHERIT, ALL, who)
                 for who in ('OWNER@', 'GROUP@', 'EVERYONE@')]
    set_acl(s, s.fh('data', 'lists'), everybody)
    for name, want in (('plain', 0o640), ('lists', 0o666)):
        r, _ = s.open(s.fh('data', name), 'f', how=nfs4.GUARDED,
                      attrs={'mode_umask': (0o666, 0o027)})
        eq((r.status, oct(mode(w.path(name, 'f')))), (nfs4.OK, oct(want)), name)


@wire
def kept_from_nfs3(w):
    """An NFSACL that says no more than a mode leaves the list unchanged."""
    os.mkdir(w.path('dir'))
    s = nfs4.Session.make(nfs4.connect(w.client), minor=2)
    acl = [(ALLOW, FILE_INHERIT | DIR_INHERIT, ALL, 'OWNER@'),
           (ALLOW, FILE_INHERIT | DIR_INHERIT, READ | LOOK | EXECUTE, '1002'),
           (ALLOW, FILE_INHERIT | DIR_INHERIT, READ | LOOK | EXECUTE, 'EVERYONE@')]
    top = s.fh('data', 'dir')
    set_acl(s, top, acl)
    m = w.client.mount(opts='noac')
    put(f'{m}/dir/file', b'x', 0o755)
    before = acl_of(s, s.fh('data', 'dir', 'file'))
    run('setfacl', '-d', '-m', 'u:1003:rx', f'{m}/dir')
    eq(acl_of(s, top), acl, 'after setfacl -d')
    assert 'default:user:1003:r-x' in run('getfacl', '-cnp', w.path('dir'))
    run('setfacl', '-k', f'{m}/dir')
    run('setfacl', '-b', f'{m}/dir/file')
    eq((acl_of(s, top), acl_of(s, s.fh('data', 'dir', 'file'))), (acl, before))
    run('setfacl', '-m', 'u:1004:r', f'{m}/dir/file')
    eq({who for *_, who in acl_of(s, s.fh('data', 'dir', 'file'))},
       {'OWNER@', '1004', 'GROUP@', 'EVERYONE@'}, 'one that says more takes its place')


@wire
def acl_mode(w):
    """The share option acl-mode decides what setting a mode does to a list."""
    os.mkdir(w.path('dir'))
    s = nfs4.Session.make(nfs4.connect(w.client), minor=2)
    set_acl(s, s.fh('data', 'dir'), [(ALLOW, FILE_INHERIT | DIR_INHERIT, ALL, 'OWNER@'),
                                     (ALLOW, FILE_INHERIT | DIR_INHERIT, READ | LOOK, '1002')])

    def readers(name):
        return {who for kind, _, mask, who in acl_of(s, s.fh('data', 'dir', name))
                if kind == ALLOW and mask & READ}
    m = w.client.mount(opts='noac')
    put(f'{w.base}/src', b'x')
    for how, kept in (('groupmask', False), ('passthrough', True), ('discard', False)):
        w.server.ctl('share', 'set', 'data', 'acl-mode', how)
        eq(w.server.json('share', 'list')[0]['acl_mode'], how)
        os.chmod(f'{w.base}/src', 0o600)
        run('cp', '-p', f'{w.base}/src', f'{m}/dir/{how}')
        eq(('1002' in readers(how), oct(mode(w.path('dir', how)))), (kept, oct(0o600)), how)
    w.server.ctl('share', 'set', 'data', 'acl-mode', 'restricted')
    put(f'{m}/dir/restricted', b'x')
    with expect_errno(errno.EPERM):
        os.chmod(f'{m}/dir/restricted', 0o755)
    os.chmod(f'{m}/dir/restricted', mode(w.path('dir/restricted')))
    eq('1002' in readers('restricted'), True)
    r = last(s.compound(putfh(s.fh('data', 'dir', 'restricted')), setattr(ANON, {'mode': 0o755})),
             nfs4.PERM)
    eq(r.attrset, [])


def ask(w, cred, name):
    """Access of a user by v3, 4.0 and 4.1: READ, (open to read), and ACCESS."""
    settled = nfs4.again_while_delayed  # NFS3ERR_JUKEBOX has the same number
    n = w.client.nfs(cred)
    fh = n.lookup(n.root, name).fh
    read = settled(lambda: n.read(fh, 0, 10), lambda r: r.status)
    yield read.status == nfs3.OK, settled(lambda: n.access(fh), lambda r: r.status).access
    for make in (lambda: nfs4.Client40(nfs4.connect(w.client), cred=cred),
                 lambda: nfs4.Session.make(nfs4.connect(w.client), cred=cred)):
        c = make()
        handle = c.fh('data', name)
        r, fh = settled(lambda: c.open(c.fh('data'), name), lambda r: r[0].status)
        may = last(settled(lambda: c.compound(putfh(handle), nfs4.access()), lambda r: r.status),
                   nfs4.OK).access
        if r.status == nfs4.OK:
            eq(last(c.compound(putfh(fh), nfs4.read(r.stateid, 0, 10)), nfs4.OK).data, b'secret')
        else:
            eq(r.status, nfs4.ACCESS)
        yield r.status == nfs4.OK, may


@wire
def enforced(w):
    """All versions enforce a list: a denial beats the mode, and a named user has more than it."""
    put(w.path('file'), b'secret')
    os.chown(w.path('file'), 1000, 2000)
    root = raw(w)
    fh = root.fh('data', 'file')
    set_acl(root, fh, [(DENY, 0, READ, '1001'), (DENY, IS_GROUP, READ, '2002'),
                       (ALLOW, 0, ALL & ~WRITE_OWNER, '1003'), (ALLOW, 0, READ, 'OWNER@'),
                       (ALLOW, 0, READ | LOOK, 'EVERYONE@')])
    # ACCESS3_* and ACCESS4_*: READ 1, MODIFY 4, EXTEND 8
    for cred, read, access in ((user(1000), True, 1), (user(1001), False, 0),
                               (user(1002), True, 1), (user(1002, 2002), False, 0),
                               (user(1003), True, 0xd), (user(1004), True, 1)):
        for got, may in ask(w, cred, 'file'):
            eq((got, may & 0xd), (read, access), cred)


def named_attrs(c, fh):
    """Operations on the attribute "one" of a file: statuses, and ACCESS of the directory."""
    create = c.compound(putfh(fh), nfs4.openattr(True), nfs4.getfh())
    attrs = create[-1].fh if create.status == nfs4.OK else None
    yield c.compound(putfh(fh), nfs4.openattr()).status
    yield create.status
    if attrs is None:
        return
    r = c.compound(putfh(attrs), nfs4.access()).ok()[-1]
    eq(r.supported & ~0x1f, 0)
    yield r.access
    yield c.compound(putfh(attrs), nfs4.lookup('one')).status
    yield c.compound(putfh(attrs), readdir(0, bytes(8), 'type')).status
    for access, how in ((nfs4.READ, {}), (nfs4.WRITE, {}),
                        (nfs4.BOTH, {'how': nfs4.UNCHECKED, 'attrs': {}})):
        got, one = c.open(attrs, 'two' if how else 'one', access, **how)
        if got.status == nfs4.OK and access == nfs4.READ:
            eq(c.compound(putfh(one), nfs4.read(got.stateid, 0, 9)).ok()[-1].data, b'value')
        if got.status == nfs4.OK and access == nfs4.BOTH:
            c.compound(putfh(one), nfs4.write(got.stateid, 0, b'x', stable=nfs4.UNSTABLE),
                       nfs4.commit()).ok()
        # Once more by the same owner.
        again, _ = c.open(attrs, 'two' if how else 'one', access, **how)
        eq(again.status, got.status)
        if got.status == nfs4.OK:
            close = (again.stateid, c.seqid()) if c.nfs.minor == 0 else (again.stateid,)
            c.compound(putfh(one), nfs4.close(*close)).ok()
        yield got.status
    yield c.compound(putfh(attrs), nfs4.savefh(), nfs4.rename('two', 'three')).status
    yield c.compound(putfh(attrs), nfs4.remove('three')).status


@wire
def named_attributes(w):
    """READ_NAMED_ATTRS and WRITE_NAMED_ATTRS decide, independent of access to data."""
    ok, no, none = nfs4.OK, nfs4.ACCESS, nfs4.NOENT
    both = READ_NAMED | WRITE_NAMED
    put(w.path('file'), b'data')
    put(w.path('bare'), b'data')
    os.chown(w.path('file'), 1000, 2000)
    root = nfs4.Session.make(nfs4.connect(w.client))
    fh, bare = root.fh('data', 'file'), root.fh('data', 'bare')
    attrs = root.compound(putfh(fh), nfs4.openattr(True), nfs4.getfh()).ok()[-1].fh
    got, one = root.open(attrs, 'one', nfs4.BOTH, how=nfs4.UNCHECKED, attrs={})
    root.compound(putfh(one), nfs4.write(got.stateid, 0, b'value'), nfs4.close(got.stateid)).ok()
    for file in (fh, bare):
        set_acl(root, file, [
            (ALLOW, 0, READ | WRITE | APPEND | LOOK, '1001'), (ALLOW, 0, READ_NAMED, '1002'),
            (ALLOW, 0, both, '1003'), (ALLOW, 0, WRITE_NAMED | READ, '1004'),
            (DENY, 0, READ_NAMED, '1000'), (ALLOW, 0, ALL, 'OWNER@')])
    change = [none, no]
    for uid, wanted in ((1001, [no, no]), (1002, [ok, ok, 3, ok, ok, ok, no, no, no, no]),
                        (1003, [ok, ok, 0x1f, ok, ok, ok, ok, ok, ok, ok]),
                        (1004, [no, no]), (1000, [no, no])):
        for make in (nfs4.Client40, nfs4.Session.make):
            c = make(nfs4.connect(w.client), cred=user(uid))
            eq(list(named_attrs(c, fh)), wanted, uid)
            # Where there is none yet, a directory is made.
            may = [c.compound(putfh(bare), nfs4.openattr(create)).status
                   for create in (False, True)]
            eq(may, {1002: change, 1003: [none, ok]}.get(uid, [no, no]), uid)
            # ACCESS of the file is that of its data.
            eq(c.compound(putfh(fh), nfs4.access()).ok()[-1].access & 0xd,
               {1001: 0xd, 1004: 1, 1000: 0xd}.get(uid, 0), uid)
    # The handle of the directory is an older one.
    c = nfs4.Session.make(nfs4.connect(w.client), cred=user(1001))
    for op in (nfs4.lookup('one'), readdir(0, bytes(8), 'type'), nfs4.remove('one')):
        last(c.compound(putfh(attrs), op), no)
    eq(c.compound(putfh(attrs), nfs4.access()).ok()[-1].access, 0)
    for access in (nfs4.READ, nfs4.WRITE):
        eq(c.open(attrs, 'one', access)[0].status, no)


@wire
def named_attribute_by_handle(w):
    """What the handle of a named attribute is good for is up to its file, now and not then."""
    ok, no = nfs4.OK, nfs4.ACCESS
    put(w.path('file'), b'data')
    os.chown(w.path('file'), 1000, 2000)
    root = nfs4.Session.make(nfs4.connect(w.client))
    fh = root.fh('data', 'file')
    attrs = root.compound(putfh(fh), nfs4.openattr(True), nfs4.getfh()).ok()[-1].fh
    got, one = root.open(attrs, 'one', nfs4.BOTH, how=nfs4.UNCHECKED, attrs={})
    root.compound(putfh(one), nfs4.write(got.stateid, 0, b'value'), nfs4.close(got.stateid)).ok()
    eq([e.attrs['filehandle'] for e in listing(root, attrs, 'filehandle')[0]], [one])
    users = {uid: nfs4.Session.make(nfs4.connect(w.client), cred=user(uid))
             for uid in (1000, 1001, 1002, 1003, 1004)}

    def uses(c):
        access = last(c.compound(putfh(one), nfs4.access()), ok).access
        yield access
        yield c.compound(putfh(one), nfs4.read(ANON, 0, 9)).status
        for op in (nfs4.write(ANON, 0, b'value'), setattr(ANON, {'size': 5}),
                   setattr(ANON, {'time_modify_set': (1234567890, 0)})):
            yield c.compound(putfh(one), op).status
        for want in (nfs4.READ, nfs4.WRITE):
            r = c.compound(putfh(one), nfs4.open(c.owner(), None, want))
            yield r.status
            if r.status == ok:
                last(c.compound(putfh(one), nfs4.close(r.of('open').stateid)), ok)

    set_acl(root, fh, [
        (ALLOW, 0, READ | WRITE | APPEND | LOOK, '1001'), (ALLOW, 0, READ_NAMED, '1002'),
        (ALLOW, 0, READ_NAMED | WRITE_NAMED, '1003'), (ALLOW, 0, WRITE_NAMED | READ, '1004'),
        (ALLOW, 0, READ_NAMED | WRITE_ACL, 'OWNER@')])
    for uid, reads, writes in ((1001, False, False), (1002, True, False), (1003, True, True),
                               (1004, False, True)):
        may = [ok if can else no for can in (reads, writes)]
        eq(list(uses(users[uid])), [reads | (0xc if writes else 0), may[0], *[may[1]] * 3, *may],
           uid)
    # Without an open the owner could be one who has it open, as with files.
    eq(list(uses(users[1000])), [1, ok, ok, ok, no, ok, no])
    set_acl(root, fh, [(ALLOW, 0, READ_NAMED | WRITE_NAMED, '1001')])
    eq(list(uses(users[1001])), [0xd, *[ok] * 6])
    for uid in (1002, 1003, 1004):
        eq(list(uses(users[uid])), [0, *[no] * 6], uid)


@wire
def taking_the_owner(w):
    """WRITE_OWNER lets a user become the owner, also with the group that the file has."""
    for c, name in ((nfs4.Client40, '4.0'), (nfs4.Session.make, '4.1')):
        put(w.path(name))
        os.chown(w.path(name), 1000, 2000)
        root = raw(w)
        fh = root.fh('data', name)
        set_acl(root, fh, [(ALLOW, 0, WRITE_OWNER | LOOK, '1001'), (ALLOW, 0, LOOK, 'EVERYONE@')])
        client = c(nfs4.connect(w.client), cred=user(1001))
        for owner, group, status in (('1001', '3000', nfs4.PERM), ('1002', '2000', nfs4.PERM),
                                     ('1001', '2000', nfs4.OK)):
            last(client.compound(putfh(fh), setattr(ANON, {'owner': owner, 'owner_group': group})),
                 status)
        st = os.stat(w.path(name))
        eq((st.st_uid, st.st_gid), (1001, 2000))


@wire
def mode_of_a_new_owner(w):
    """A new owner or group gets the permission bits that the list gives them, not the old ones'."""
    acl = [(ALLOW, 0, ALL, '1000'), (ALLOW, IS_GROUP, READ | WRITE | APPEND, '2000'),
           (ALLOW, 0, READ | LOOK, '1001'), (ALLOW, 0, LOOK, 'EVERYONE@')]
    for c in each(w):
        path = put(w.path(f'file{c.minor}'))
        os.chown(path, 1000, 2000)
        fh = c.fh('data', f'file{c.minor}')
        set_acl(c, fh, acl)
        for change, bits in (({}, 0o760), ({'owner_group': '3000'}, 0o700),
                             ({'owner': '1000', 'owner_group': '3000'}, 0o700),
                             ({'owner': '1001'}, 0o400), ({'owner_group': '2000'}, 0o460),
                             ({'mode': 0o460, 'owner': '1002'}, 0o060), ({'owner': '1000'}, 0o760)):
            if change:
                last(c.compound(putfh(fh), setattr(ANON, change)), nfs4.OK)
            eq((change, oct(mode(path))), (change, oct(bits)))
            eq(acl_of(c, fh), acl, 'the list is the same')


@wire
def who_may_read_and_write_it(w):
    """READ_ACL and WRITE_ACL are needed for the list; the owner always may."""
    put(w.path('file'), b'secret')
    os.chown(w.path('file'), 1000, 2000)
    root = raw(w)
    fh = root.fh('data', 'file')
    acl = [(DENY, 0, READ_ACL, '1001'), (ALLOW, 0, READ | LOOK | WRITE_ACL, '1002'),
           (ALLOW, 0, READ | LOOK, 'EVERYONE@')]
    set_acl(root, fh, acl)
    eq(acl_of(raw(w, user(1003)), fh), acl)
    last(raw(w, user(1001)).compound(putfh(fh), getattr('acl')), nfs4.ACCESS)
    last(raw(w, user(1001)).compound(putfh(fh), getattr('size', 'mode')), nfs4.OK)
    # Only rdattr_error is returned for such an entry.
    top = root.fh('data')
    entries, _ = listing(raw(w, user(1001)), top, 'acl', 'rdattr_error', 'fileid')
    eq([(e.name, e.attrs.get('rdattr_error'), 'acl' in e.attrs) for e in entries],
       [(b'file', nfs4.ACCESS, False)])
    for uid in (1001, 1003):
        status = last_status(raw(w, user(uid)), fh, acl)
        eq(status in (nfs4.ACCESS, nfs4.PERM), True, f'{uid}: {status}')
    eq(acl_of(root, fh), acl)
    set_acl(raw(w, user(1002)), fh, acl[1:])
    set_acl(raw(w, user(1000)), fh, [])
    eq(acl_of(raw(w, user(1000)), fh), [], 'the owner is never shut out of it')
    set_acl(raw(w, user(1000)), fh, acl)


def last_status(c, fh, acl):
    return c.compound(putfh(fh), setattr(ANON, {'acl': acl})).status


@wire
def listed(w):
    """READDIR with lists keeps to maxcount, and cuts no list."""
    w.server.set('data', dacl=True)
    w.needs('large attributes')
    os.mkdir(w.path('d'))
    os.mkdir(w.path('one'))
    for i in range(12):
        put(w.path(f'd/{i}'))
    os.link(w.path('d/0'), w.path('one/long'))
    root = raw(w)
    for i in range(0, 12, 2):
        set_acl(root, root.fh('data', 'd', str(i)), LONG)
    for c in each(w):
        d = c.fh('data', 'd')
        names = ('acl', 'size', 'dacl') if c.minor else ('acl', 'size')
        one = 64 + len(Enc().fixed(nfs4.fattr({'acl': LONG})).bytes()) * (len(names) - 1)
        for maxcount in (one, 3 * one, 1 << 20):
            entries, _ = listing(c, d, *names, maxcount=maxcount, dircount=1 << 20)
            got = {int(e.name): e.attrs for e in entries}
            eq(sorted(got), list(range(12)))
            eq({i for i, a in got.items() if a['acl'] == LONG}, set(range(0, 12, 2)))
            eq({i for i, a in got.items() if mode_of(a['acl']) == 0o644} >= set(range(1, 12, 2)),
               True)
        last(c.compound(putfh(c.fh('data', 'one')), readdir(0, bytes(8), *names, maxcount=4096)),
             nfs4.TOOSMALL)


# by the kernel's client

def getfacl(client, path):
    """Entries that nfs4_getfacl prints."""
    return [line for line in client.run('nfs4_getfacl', path).splitlines()
            if line and not line.startswith('#')]


def by_kernel(w, vers):
    m = w.client.mount(vers=vers, opts='noac')
    put(f'{m}/file', b'secret', 0o640)
    os.chown(f'{m}/file', 1000, 2000)
    eq(mode_of_lines(getfacl(w.client, f'{m}/file')), oct(0o640))
    w.client.run('nfs4_setfacl', '-a', 'A::1001:rtcy', f'{m}/file')
    eq('A::1001:rtcy' in getfacl(w.client, f'{m}/file'), True)
    eq(as_user(1001, lambda: get(f'{m}/file')), b'secret')
    with expect_errno(*DENIED):
        as_user(1002, lambda: get(f'{m}/file'))
    with expect_errno(*DENIED):
        as_user(1001, lambda: put(f'{m}/file', b'no'))
    acl = ['D::1001:r', 'A:g:2001:rwatTcy', 'A::OWNER@:rwatTnNcCy', 'A::S-1-5-21-1-2-3-500@:r',
           'A::EVERYONE@:rtcy']
    w.client.run('nfs4_setfacl', '-s', ','.join(acl), f'{m}/file')
    eq(getfacl(w.client, f'{m}/file'), acl)
    eq(oct(mode(f'{m}/file')), oct(mode(w.path('file'))))
    eq(oct(mode(f'{m}/file')), oct(0o644))
    with expect_errno(*DENIED):
        as_user(1001, lambda: get(f'{m}/file'))
    eq(as_user(1003, lambda: get(f'{m}/file')), b'secret')
    eq(as_user(1003, lambda: os.access(f'{m}/file', os.W_OK)), False)
    eq(as_user(1003, lambda: os.access(f'{m}/file', os.W_OK), groups=[2001]), True)
    as_user(1003, lambda: put(f'{m}/file', b'by the group'), groups=[2001])
    with expect_errno(*DENIED):
        as_user(1003, lambda: put(f'{m}/file', b'no'))
    os.chmod(f'{m}/file', 0o600)
    with expect_errno(*DENIED):
        as_user(1004, lambda: get(f'{m}/file'))
    # Inherited, whatever the umask.
    os.mkdir(f'{m}/dir')
    w.client.run('nfs4_setfacl', '-s', 'A:fd:1001:rwaxtTnNcCy,A:fd:OWNER@:rwaDxtTnNcCoy',
                 f'{m}/dir')
    put(f'{m}/dir/new', b'inherited', 0o600)
    eq([a.split(':')[2] for a in getfacl(w.client, f'{m}/dir/new')].count('1001') > 0, True)
    eq(get_refused(w, f'{m}/dir/new', 1002), True)
    put(f'{m}/dir/open', b'inherited')
    eq(as_user(1001, lambda: get(f'{m}/dir/open')), b'inherited')


def get_refused(w, path, uid):
    try:
        as_user(uid, lambda: get(path))
    except OSError as e:
        return e.errno in DENIED
    return False


def mode_of_lines(lines):
    letters = {'r': READ, 'w': WRITE, 'a': APPEND, 'x': EXECUTE}
    acl = []
    for line in lines:
        kind, _, who, rights = line.split(':')
        acl.append(('AD'.index(kind), 0, sum(letters.get(r, 0) for r in rights), who))
    return oct(mode_of(acl))


@wire
def kernel_40(w):
    by_kernel(w, '4.0')


@wire
def kernel_41(w):
    by_kernel(w, '4.1')


@wire
def kernel_42(w):
    by_kernel(w, '4.2')


# with SMB

def smbcacls(w, name, *args, who='alice'):
    return w.client.run('smbcacls', '-s', '/dev/null', '-U', f'{who}%{smb.USERS[who]}',
                        '--numeric', f'//{w.client.server_addr}/data', name, *args)


def seen_by_smb(w, name):
    """{SID: (type, mask)} of the entries that are not inherited, by SMB."""
    out = {}
    for line in smbcacls(w, name).splitlines():
        if line.startswith('ACL:'):
            who, ace = line[4:].split(':', 1)
            kind, _, mask = ace.split('/')
            out[who] = int(kind), int(mask, 16)
    return out


def sid(name):
    return f'S-1-22-1-{smb.UIDS[name]}'


@test(smb=True, squash='none')
def set_by_one_seen_by_the_other(w):
    """A list set by NFSv4 or by SMB is read and enforced by both."""
    uids = {name: str(uid) for name, uid in smb.UIDS.items()}
    put(w.path('file'), b'secret')
    os.chown(w.path('file'), smb.UIDS['alice'], smb.UIDS['alice'])
    alice = raw(w, user(smb.UIDS['alice']))
    fh = alice.fh('data', 'file')
    readable = READ | LOOK | 8
    acl = [(DENY, 0, READ, uids['bob']), (ALLOW, 0, READ | WRITE | APPEND | LOOK, uids['carol']),
           (ALLOW, 0, ALL, 'OWNER@'), (ALLOW, IS_GROUP, readable, '4711'),
           (ALLOW, 0, READ, 'S-1-5-21-1-2-3-500@'), (DENY, 0, WRITE, 'INTERACTIVE@'),
           (ALLOW, 0, readable, 'EVERYONE@')]
    set_acl(alice, fh, acl)
    seen = seen_by_smb(w, 'file')
    for who, ace in ((sid('bob'), (1, READ)), (sid('carol'), (0, READ | WRITE | APPEND | LOOK)),
                     ('S-1-22-2-4711', (0, readable)), ('S-1-5-21-1-2-3-500', (0, READ)),
                     ('S-1-5-4', (1, WRITE)), ('S-1-1-0', (0, readable))):
        eq(seen.get(who), ace, f'{who} of {seen}')
    SmbClient(w.client, 'bob').refused(f'get file {w.base}/out', 'NT_STATUS_ACCESS_DENIED')
    SmbClient(w.client, 'carol').do(f'get file {w.base}/out')
    eq(get(f'{w.base}/out'), b'secret')
    eq(acl_of(alice, fh), acl, 'SMB changed nothing')

    for what, ace in (('--delete', f'{sid("bob")}:1/0/{READ:#010x}'),
                      ('--delete', f'S-1-1-0:0/0/{readable:#010x}'),
                      ('--modify', f'{sid("carol")}:1/0/0x00000001'),
                      ('--add', f'{sid("bob")}:0/0/0x00120089'),
                      ('--add', 'S-1-5-21-1-2-3-501:0/0/0x00120089'),
                      ('--add', 'S-1-3-4:0/0/0x00060000')):
        smbcacls(w, 'file', what, f'ACL:{ace}')
    got = {who: (kind, mask) for kind, _, mask, who in acl_of(alice, fh)}
    for who, ace in ((uids['carol'], (DENY, READ)), (uids['bob'], (ALLOW, 0x120089)),
                     ('S-1-5-21-1-2-3-501@', (ALLOW, 0x120089)), ('S-1-3-4@', (ALLOW, 0x60000))):
        eq(got.get(who), ace, f'{who} of {got}')
    eq('EVERYONE@' in got, False, 'nobody was widened')
    for name, read in (('carol', False), ('bob', True)):
        for may, access in ask(w, user(smb.UIDS[name]), 'file'):
            eq((may, access & 1), (read, read), name)
