# SPDX-License-Identifier: GPL-2.0-only
"""SMB: access control lists as security descriptors (MS-DTYP section 2.4.6)."""
import errno
import os
import stat
import struct

import nfs3
import rpc
import smb
import smb2
from checks import eq, expect_errno
from files import get, put
from harness import test
from processes import run
from smb import SmbClient
from smb_acl import (ALL, ALLOW, AUTHENTICATED, AUTO, CREATOR_OWNER, DACL, DEFAULTED, DENY, DIRS,
                     EVERYONE, EXECUTE, FILES, INHERITED, INHERIT_ONLY, NO_PROPAGATE, OWNER,
                     OWNER_RIGHTS, PRESENT, PROTECTED, READ, READ_ACL, READ_ATTRS, READ_DATA,
                     REQUEST, SACL, SECURITY, SYNC, SYSTEM, USERS, WRITE_ACL, WRITE_DATA,
                     WRITE_OWNER, aces, descriptor, fresh, get_sd, granted, group, may, session,
                     set_sd, sid, smbcacls, text, user)
from smb_bodies import QueryInfo


def listed(w, name):
    """The entries that smbcacls shows, as (sid, entry)."""
    return [tuple(line[4:].split(':', 1)) for line in smbcacls(w, name).splitlines()
            if line.startswith('ACL:')]


@test(smb=True, squash='none')
def smbcacls_changes_entries(w):
    s = session(w)
    s.close(fresh(s, 'f'))
    bob, carol = text('bob'), text('carol')
    before = listed(w, 'f')
    eq(before[0], (text('alice'), '0/0x0/0x001f01df'), before)
    smbcacls(w, 'f', '--add', f'ACL:{bob}:0/0/0x00120089')
    eq(sorted(listed(w, 'f')), sorted(before + [(bob, '0/0x0/0x00120089')]))
    smbcacls(w, 'f', '--modify', f'ACL:{bob}:0/0/0x001201bf')
    eq((bob, '0/0x0/0x001201bf') in listed(w, 'f'), True)
    smbcacls(w, 'f', '--add', f'ACL:{carol}:1/0/0x00000001')
    eq(listed(w, 'f')[0], (carol, '1/0x0/0x00000001'), 'what denies comes first')
    smbcacls(w, 'f', '--delete', f'ACL:{bob}:0/0/0x001201bf')
    smbcacls(w, 'f', '--delete', f'ACL:{carol}:1/0/0x00000001')
    eq(sorted(listed(w, 'f')), sorted(before))
    smbcacls(w, 'f', '--set', f'ACL:{bob}:0/0/0x001201bf')
    eq(listed(w, 'f'), [(bob, '0/0x0/0x001201bf')], 'all of it at once')
    s.end()


@test(smb=True, squash='none')
def denials_first(w):
    """Denials of a POSIX ACL come first where the order does not matter."""
    s = session(w)
    s.close(fresh(s, 'f'))
    s.close(fresh(s, 'g'))
    run('setfacl', '-m', f'u:{smb.UIDS["bob"]}:---,o::r', w.path('f'))
    shown = [(who, ace[0]) for who, ace in listed(w, 'f')]
    eq(shown[:2], [(text('bob'), '1'), (text('alice'), '0')], shown)
    eq('1' in [kind for _, kind in shown[1:]], False, shown)
    # The owner may be a member of the group, and has what he has all the same.
    run('setfacl', '-m', 'g:4711:---,o::r', w.path('g'))
    shown = [(who, ace[0]) for who, ace in listed(w, 'g')]
    eq(shown[0], (text('alice'), '0'), shown)
    eq(('S-1-22-2-4711', '1') in shown, True, shown)
    # A list stays in the order in which it was set.
    carol = text('carol')
    fid = s.create('f', access=READ_ACL | WRITE_ACL, how=smb2.OPEN)
    set_sd(s, fid, descriptor((ALLOW, 0, READ, EVERYONE), (DENY, 0, READ, user('carol'))))
    eq([who for who, _ in listed(w, 'f')], ['S-1-1-0', carol])
    s.end()


@test(smb=True, squash='none')
def a_list_decides(w):
    """A list gives one user more than the mode, and another less."""
    s = session(w)
    s.close(fresh(s, 'f'))
    put(f'{w.base}/in', b'from alice')
    SmbClient(w.client).do(f'put {w.base}/in f')
    bob, carol = SmbClient(w.client, user='bob'), SmbClient(w.client, user='carol')
    os.chmod(w.path('f'), 0o600)
    bob.refused(f'get f {w.base}/out', 'NT_STATUS_ACCESS_DENIED')
    smbcacls(w, 'f', '--add', f'ACL:{text("bob")}:0/0/0x001201bf')
    bob.do(f'get f {w.base}/out')
    eq(get(f'{w.base}/out'), b'from alice')
    put(f'{w.base}/in2', b'from bob')
    bob.do(f'put {w.base}/in2 f')
    eq(get(w.path('f')), b'from bob')
    carol.refused(f'get f {w.base}/out', 'NT_STATUS_ACCESS_DENIED')
    smbcacls(w, 'f', '--add', 'ACL:S-1-1-0:0/0/0x001201bf')
    carol.do(f'get f {w.base}/out')
    smbcacls(w, 'f', '--add', f'ACL:{text("carol")}:1/0/0x00000003')
    carol.refused(f'get f {w.base}/out', 'NT_STATUS_ACCESS_DENIED')
    carol.refused(f'put {w.base}/in f', 'NT_STATUS_ACCESS_DENIED')
    bob.do(f'get f {w.base}/out')
    out = smbcacls(w, 'f', '--delete', f'ACL:{text("carol")}:1/0/0x00000003', who='carol',
                   check=False).stdout
    eq('NT_STATUS_ACCESS_DENIED' in out, True, out)
    smbcacls(w, 'f', '--delete', f'ACL:{text("carol")}:1/0/0x00000003')
    carol.do(f'get f {w.base}/out')
    s.end()


@test(smb=True, squash='none')
def rights_one_by_one(w):
    """An open is granted exactly the rights of the list, and responses return them."""
    a, b = session(w), session(w, 'bob')
    fid = fresh(a, 'f')
    set_sd(a, fid, descriptor((DENY, 0, WRITE_DATA, user('bob')),
                              (ALLOW, 0, READ_DATA | WRITE_DATA | READ_ACL, user('bob')),
                              (ALLOW, 0, EXECUTE, AUTHENTICATED)))
    for bit in range(9):
        eq(may(b, 'f', 1 << bit), 1 << bit in (READ_DATA, EXECUTE, READ_ATTRS), f'bit {bit}')
    want = READ_DATA | READ_ACL | EXECUTE | READ_ATTRS | SYNC | smb2.DELETE
    his = b.create('f', access=smb2.MAXIMUM, how=smb2.OPEN)
    eq(granted(b, his), want, 'FileAccessInformation')
    b.close(his)
    answer = b.create_answer('f', access=READ_DATA, how=smb2.OPEN, context=(b'MxAc', b''))
    at, size = struct.unpack_from('<II', answer, 80)
    eq(struct.unpack('<II', answer[at - 64:at - 64 + size][-8:]), (0, want), 'MxAc')
    # the directory lets him delete; its owner can stop that
    os.chmod(w.export, 0o755)
    eq(may(b, 'f', smb2.DELETE), False)
    os.chmod(w.export, 0o777)
    eq(granted(a, fid), ALL, 'what was granted stays')
    mine = a.create('f', access=smb2.MAXIMUM, how=smb2.OPEN)
    eq(granted(a, mine), READ_ACL | WRITE_ACL | EXECUTE | READ_ATTRS | SYNC | smb2.DELETE)
    set_sd(a, mine, descriptor((ALLOW, 0, READ_ACL, OWNER_RIGHTS), (ALLOW, 0, ALL, EVERYONE),
                               (DENY, 0, READ_DATA, user('alice'))))
    eq(may(a, 'f', READ_DATA), True, 'the first entry decides')
    a.end()
    b.end()


@test(smb=True, squash='none')
def descriptors_come_back(w):
    """Descriptors are returned as set: order, flags, unknown SIDs, control bits."""
    s = session(w)
    d = fresh(s, 'd', options=smb2.DIRECTORY_FILE)
    entries = [(DENY, 0, WRITE_DATA, USERS), (ALLOW, 0, 0, SYSTEM),
               (ALLOW, FILES | DIRS, ALL, user('alice')),
               (ALLOW, FILES | DIRS | INHERIT_ONLY, READ, CREATOR_OWNER),
               (DENY, INHERITED, EXECUTE, group('bob')),
               (ALLOW, DIRS | NO_PROPAGATE, READ, sid(5, 21, 1, 2, 3, 1000)),
               (ALLOW, 0, READ, OWNER_RIGHTS), (ALLOW, 0, ALL, AUTHENTICATED)]
    for control, kept in ((0, 0), (PROTECTED, PROTECTED), (AUTO, 0), (REQUEST, 0),
                          (AUTO | REQUEST, AUTO), (DEFAULTED, DEFAULTED)):
        set_sd(s, d, descriptor(*entries, control=control))
        eq(get_sd(s, d), (PRESENT | kept, user('alice'), entries), hex(control))
    set_sd(s, d, descriptor((ALLOW, 0, 1 << 31, EVERYONE), (ALLOW, 0, 1 << 28, USERS)))
    eq(aces(s, d), [(ALLOW, 0, READ, EVERYONE), (ALLOW, 0, ALL, USERS)], 'generic rights')
    set_sd(s, d, descriptor())
    eq(get_sd(s, d), (PRESENT, user('alice'), []), 'an empty list')
    eq((may(s, 'd', READ_DATA), may(s, 'd', WRITE_ACL)), (False, True))
    for sd in (descriptor(null=True), descriptor(None)):
        set_sd(s, d, descriptor())
        set_sd(s, d, sd)
        eq(get_sd(s, d), (PRESENT, user('alice'), None), 'no list')
        eq(may(s, 'd', ALL), True)
    s.end()


@test(smb=True, squash='none')
def after_a_restart(w):
    """The list is stored on disk."""
    s = session(w)
    fid = fresh(s, 'f')
    entries = [(DENY, 0, WRITE_DATA, user('bob')), (ALLOW, 0, ALL, EVERYONE)]
    set_sd(s, fid, descriptor(*entries, control=PROTECTED))
    s.end()
    w.server.restart()
    s, b = session(w), session(w, 'bob')
    eq(get_sd(s, s.create('f', access=READ_ACL)), (PRESENT | PROTECTED, user('alice'), entries))
    eq((may(b, 'f', READ_DATA), may(b, 'f', WRITE_DATA)), (True, False))
    s.end()
    b.end()


@test(smb=True, squash='none')
def set_id_bits_stay(w):
    s = session(w)
    fid = fresh(s, 'f')
    os.chmod(w.path('f'), 0o4755)
    set_sd(s, fid, descriptor((ALLOW, 0, ALL, user('alice')), (ALLOW, 0, READ, EVERYONE)))
    eq(oct(stat.S_IMODE(os.stat(w.path('f')).st_mode)), oct(0o4744))
    s.end()


@test(smb=True, squash='none')
def modes_and_lists(w):
    """A chmod on the server changes the list, and a list made from a mode equals it."""
    s, b = session(w), session(w, 'bob')
    fid = fresh(s, 'f')
    eq(get_sd(s, fid)[0], PRESENT | AUTO)
    set_sd(s, fid, descriptor((ALLOW, 0, ALL, user('alice')), (ALLOW, 0, READ, EVERYONE),
                              (ALLOW, 0, READ, SYSTEM), control=PROTECTED))
    eq(may(b, 'f', READ_DATA), True)
    os.chmod(w.path('f'), 0o700)
    eq(may(b, 'f', READ_DATA), False)
    control, _, entries = get_sd(s, fid)
    eq((control, SYSTEM in [e[3] for e in entries]), (PRESENT | PROTECTED, True))
    s.end()
    b.end()


@test(smb=True, squash='none')
def inheritance(w):
    """New files and directories inherit entries, on every level."""
    s, b = session(w), session(w, 'bob')
    d = fresh(s, 'd', options=smb2.DIRECTORY_FILE)
    both = FILES | DIRS
    entries = [(ALLOW, both, ALL, user('alice')), (ALLOW, both | INHERIT_ONLY, READ, user('bob')),
               (ALLOW, both | INHERIT_ONLY, READ, CREATOR_OWNER), (ALLOW, 0, ALL, EVERYONE)]
    set_sd(s, d, descriptor(*entries, control=AUTO | REQUEST))
    eq(aces(s, fresh(s, r'd\f')),
       [(ALLOW, INHERITED, ALL, user('alice')), (ALLOW, INHERITED, READ, user('bob')),
        (ALLOW, INHERITED, READ, user('alice'))])
    eq((may(b, r'd\f', READ_DATA), may(b, r'd\f', WRITE_DATA)), (True, False))
    control, owner, got = get_sd(b, fresh(b, r'd\sub', options=smb2.DIRECTORY_FILE))
    eq((control, owner), (PRESENT | AUTO, user('bob')))
    eq(got, [(ALLOW, both | INHERITED, ALL, user('alice')),
             (ALLOW, both | INHERITED, READ, user('bob')),
             (ALLOW, INHERITED, READ, user('bob')),
             (ALLOW, both | INHERIT_ONLY | INHERITED, READ, CREATOR_OWNER)])
    # nothing in it lets him make files there
    smb2.refused('ACCESS_DENIED', fresh, b, r'd\sub\g')
    fresh(s, r'd\sub\g')
    # without an inheritable list the mode decides
    fresh(s, 'plain')
    eq(get_sd(s, s.create('plain', access=READ_ACL))[0], PRESENT | AUTO)
    eq(oct(stat.S_IMODE(os.stat(w.path('plain')).st_mode)), oct(0o644))
    s.end()
    b.end()


@test(smb=True, squash='none')
def descriptors_of_new_files(w):
    """SecD contexts of CREATE (MS-SMB2 section 2.2.13.2.2), of files and directories."""
    s, b = session(w), session(w, 'bob')
    entries = [(ALLOW, 0, ALL, user('alice')), (ALLOW, 0, READ, user('bob'))]
    sd = (b'SecD', descriptor(*entries, control=PROTECTED))
    fid = fresh(s, 'f', context=sd)
    eq((get_sd(s, fid), granted(s, fid)), ((PRESENT | PROTECTED, user('alice'), entries), ALL))
    eq((may(b, 'f', READ_DATA), may(b, 'f', WRITE_DATA)), (True, False))
    d = fresh(s, 'd', options=smb2.DIRECTORY_FILE, context=sd)
    eq(get_sd(s, d), (PRESENT | PROTECTED, user('alice'), entries))
    # an existing file keeps its list when it is overwritten
    again = (b'SecD', descriptor((ALLOW, 0, ALL, EVERYONE)))
    for how in (smb2.OPEN_IF, smb2.OVERWRITE_IF):
        s.close(s.create('f', how=how, context=again))
        eq(aces(s, fid), entries)
    # one without a DACL is no reason not to inherit
    set_sd(s, d, descriptor((ALLOW, FILES | DIRS, ALL, user('alice'))))
    eq(aces(s, fresh(s, r'd\f', context=(b'SecD', descriptor(None)))),
       [(ALLOW, 0, ALL, user('alice'))])
    eq(aces(s, fresh(s, r'd\null', context=(b'SecD', descriptor(null=True)))), None)
    # an unknown owner, and one that the user may not set
    for i, who in enumerate((EVERYONE, user('bob'))):
        fid = fresh(s, f'o{i}', context=(b'SecD', descriptor(*entries, owner=who)))
        eq(get_sd(s, fid)[1:], (user('alice'), entries))
    for bad in (b'', b'\1', descriptor(*entries)[:-1]):
        smb2.refused('INVALID_SECURITY_DESCR', fresh, s, 'bad', context=(b'SecD', bad))
    eq(os.path.exists(w.path('bad')), False)
    many = [(ALLOW, 0, READ, user('bob'))] * 129
    smb2.refused('ALLOTTED_SPACE_EXCEEDED', fresh, s, 'bad', context=(b'SecD', descriptor(*many)))
    eq(os.path.exists(w.path('bad')), False)
    eq(len(aces(s, fresh(s, 'many', context=(b'SecD', descriptor(*many[1:]))))), 128)
    s.end()
    b.end()


@test(smb=True, squash='none')
def what_setting_needs(w):
    s, b = session(w), session(w, 'bob')
    fid = fresh(s, 'f')
    sd = descriptor((ALLOW, 0, ALL, EVERYONE), owner=user('alice'))
    for which, access in ((DACL, WRITE_OWNER), (OWNER, WRITE_ACL), (OWNER | DACL, WRITE_ACL),
                          (SACL, ALL)):
        other = s.create('f', access=access)
        smb2.refused('ACCESS_DENIED', set_sd, s, other, sd, which)
        s.close(other)
    smb2.refused('ACCESS_DENIED', get_sd, s, s.create('f', access=READ_DATA))
    smb2.refused('ACCESS_DENIED', get_sd, s, fid, SACL)
    smb2.refused('PRIVILEGE_NOT_HELD', s.create, 'f', access=1 << 24)
    set_sd(s, fid, sd, OWNER | DACL)
    # with all rights a user may take the ownership, but not give it away
    other = b.create('f', access=ALL)
    smb2.refused('INVALID_OWNER', set_sd, b, other, descriptor(owner=user('carol')), OWNER)
    smb2.refused('INVALID_OWNER', set_sd, b, other, descriptor(owner=EVERYONE), OWNER)
    set_sd(b, other, descriptor(owner=user('bob')), OWNER)
    eq(get_sd(s, fid)[1], user('bob'))
    eq(os.stat(w.path('f')).st_uid, smb.UIDS['bob'])
    smb2.refused('INVALID_SECURITY_DESCR', set_sd, s, fid, descriptor()[:-1])
    s.end()
    b.end()


@test(smb=True, squash='none')
def what_was_granted_is_done(w):
    """An open keeps the access it was granted, or has as creator of the file."""
    s = session(w)
    d = fresh(s, 'd', options=smb2.DIRECTORY_FILE)
    nothing = (ALLOW, FILES | INHERIT_ONLY, READ_ATTRS, EVERYONE)
    set_sd(s, d, descriptor(nothing, (ALLOW, 0, ALL & ~0x40 & ~smb2.DELETE, user('alice'))))
    s.close(d)
    s.close(fresh(s, r'd\gone', options=smb2.DELETE_ON_CLOSE))
    eq(os.listdir(w.path('d')), [])
    fid = fresh(s, r'd\f')
    eq(may(s, r'd\f', smb2.DELETE), False)
    s.rename(fid, r'd\g')
    eq(os.listdir(w.path('d')), ['g'])
    set_sd(s, fid, descriptor((ALLOW, 0, READ_ACL, OWNER_RIGHTS)))
    eq(may(s, r'd\g', WRITE_ACL), False)
    set_sd(s, fid, descriptor((ALLOW, 0, ALL, user('alice'))))
    eq(may(s, r'd\g', WRITE_ACL), True)
    s.end()


def guest_reads(w, name):
    out = SmbClient(w.client, user=None).do(f'get {name} {w.base}/out', check=False)
    eq('NT_STATUS' in out, 'NT_STATUS_ACCESS_DENIED' in out, out)
    return 'NT_STATUS' not in out


@test(smb=True, squash='none', guest=True)
def passing_through(w):
    """A logged-in user traverses any directory; guests and NFS clients need the right."""
    a, b, c = session(w), session(w, 'bob'), session(w, 'carol')
    d = fresh(a, 'd', options=smb2.DIRECTORY_FILE)
    os.mkdir(w.path('d/deeper'), 0o777)
    os.mkdir(w.path('d/modes'), 0o777)
    put(w.path('d/f'), b'', 0o666)
    put(w.path('d/mine'), b'', 0o600)
    put(w.path('d/deeper/f'), b'', 0o666)
    put(w.path('d/modes/f'), b'', 0o666)
    os.chmod(w.path('d/modes'), 0o700)
    os.chown(w.path('d/modes'), smb.UIDS['alice'], -1)
    os.chmod(w.path('d/f'), 0o666)
    os.chmod(w.path('d/deeper'), 0o777)
    os.chmod(w.path('d/deeper/f'), 0o666)
    set_sd(a, d, descriptor((ALLOW, 0, ALL, user('alice')), (ALLOW, 0, WRITE_DATA, user('bob')),
                            (ALLOW, 0, READ_ATTRS | READ_ACL, user('carol'))))
    b.close(fresh(b, r'd\his'))
    for s in (b, c):
        eq((may(s, r'd\f', READ_DATA), may(s, r'd\deeper\f', READ_DATA), may(s, r'D\F', READ_DATA),
            may(s, 'd', READ_DATA), may(s, 'd', EXECUTE), may(s, r'd\mine', READ_DATA),
            may(s, r'd\modes\f', READ_DATA)), (True, True, True, False, False, False, False), s)
    smb2.refused('ACCESS_DENIED', c.create, r'd\hers', how=smb2.MAKE)
    # Whoever is no guest, and by the protocol that has the privilege, only.
    eq((guest_reads(w, 'd/f'), guest_reads(w, 'd/deeper/f')), (False, False))
    uid = smb.UIDS['carol']
    n = w.client.nfs(rpc.auth_sys(uid, uid, []))
    found = n.lookup(n.root, 'd')
    eq((found.status, n.lookup(found.fh, 'f').status), (nfs3.OK, nfs3.ACCES))
    set_sd(a, d, descriptor((ALLOW, 0, ALL, user('alice')), (ALLOW, 0, READ_DATA, EVERYONE)))
    eq(guest_reads(w, 'd/f'), True, 'a right to the entries')
    set_sd(a, d, descriptor((ALLOW, 0, ALL, user('alice'))))
    eq((guest_reads(w, 'd/f'), may(c, r'd\f', READ_DATA)), (False, True))
    for s in (a, b, c):
        s.end()
    # A user that the share squashes to a guest is one.
    w.server.set('data', squash='all-to-guest')
    c = session(w, 'carol')
    eq((may(c, r'd\f', READ_DATA), may(c, 'd', READ_DATA)), (False, False))
    c.end()


@test(smb=True, squash='none')
def not_read_only(w):
    """A list that gives nobody all of FILE_GENERIC_WRITE makes no file read-only."""
    s = session(w)
    fid = fresh(s, 'f')
    set_sd(s, fid, descriptor((ALLOW, 0, WRITE_DATA | READ_ATTRS, user('alice'))))
    eq(stat.S_IMODE(os.stat(w.path('f')).st_mode), 0)
    eq(struct.unpack_from('<32xI', s.query(fid, 4))[0], 0x20)
    eq((may(s, 'f', WRITE_DATA), may(s, 'f', 4)), (True, False))
    s.end()


@test(smb=True, squash='none')
def long_lists(w):
    """Lists of any size are returned; a buffer too small gets the needed length."""
    w.needs('large attributes')
    s = session(w)
    fid = fresh(s, 'f')
    entries = [(ALLOW, 0, READ, sid(5, *range(i, i + 15))) for i in range(128)]
    sd = descriptor(*entries)
    set_sd(s, fid, sd)
    eq(s.query(fid, 0, SECURITY, extra=DACL), sd)
    for room in (0, 8, len(sd) - 1):
        number = s.send(smb2.QUERY_INFO, bytes(QueryInfo(kind=SECURITY, level=0, room=room,
                                                         extra=DACL, fid=fid)) + b'\0')
        status, body = s.answer(number)
        eq((status, struct.unpack_from('<I', body, 8)[0]), (0xc0000023, len(sd)), room)
    eq(s.query(fid, 0, SECURITY, extra=DACL, room=len(sd)), sd)
    smb2.refused('ALLOTTED_SPACE_EXCEEDED', set_sd, s, fid, descriptor(*entries, entries[0]))
    eq(aces(s, fid), entries)
    s.end()


@test(smb=True, squash='none')
def linux_client(w):
    """cifs.ko with the tools of cifs-utils, and the modes that lists have there."""
    s = session(w)
    s.close(fresh(s, 'f'))
    m = w.client.mount_smb(opts='cifsacl,cache=none,actimeo=0')
    bob = SmbClient(w.client, user='bob')
    entry = f'ACL:{text("bob")}:0x0/0x0/0x120089'
    eq(entry in run('getcifsacl', '-r', f'{m}/f'), False)
    os.chmod(w.path('f'), 0o700)
    bob.refused(f'get f {w.base}/out', 'NT_STATUS_ACCESS_DENIED')
    run('setcifsacl', '-a', entry, f'{m}/f')
    out = run('getcifsacl', '-r', f'{m}/f')
    eq(entry in out, True, out)
    bob.do(f'get f {w.base}/out')
    run('setcifsacl', '-D', entry, f'{m}/f')
    eq(entry in run('getcifsacl', '-r', f'{m}/f'), False)
    bob.refused(f'get f {w.base}/out', 'NT_STATUS_ACCESS_DENIED')
    w.client.umount(m)
    s.end()


@test(smb=True, squash='none')
def linux_client_modes(w):
    """modefromsid and idsfromsid: an entry sets the mode and stores no list."""
    s = session(w)
    m = w.client.mount_smb(opts='modefromsid,idsfromsid,cache=none,actimeo=0,noperm')
    os.close(os.open(f'{m}/f', os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640))
    eq(oct(stat.S_IMODE(os.stat(w.path('f')).st_mode)), oct(0o640))
    os.mkdir(f'{m}/d', 0o711)
    eq(oct(stat.S_IMODE(os.stat(w.path('d')).st_mode)), oct(0o711))
    for mode in (0o600, 0o2755, 0o4711):
        os.chmod(f'{m}/f', mode)
        eq(oct(stat.S_IMODE(os.stat(w.path('f')).st_mode)), oct(mode))
    eq('trusted.ditto.acl' in os.listxattr(w.path('f')), False)
    with expect_errno(errno.ENODATA):
        os.getxattr(w.path('d'), 'trusted.ditto.acl')
    # for a file with a list it is a chmod
    fid = s.create('f', access=READ_ACL | WRITE_ACL)
    set_sd(s, fid, descriptor((ALLOW, 0, ALL, user('alice')), (ALLOW, 0, READ, EVERYONE),
                              (ALLOW, 0, READ, SYSTEM)))
    os.chmod(f'{m}/f', 0o700)
    eq(oct(stat.S_IMODE(os.stat(w.path('f')).st_mode)), oct(0o700))
    eq(SYSTEM in [e[3] for e in aces(s, fid)], True)
    w.client.umount(m)
    s.end()
