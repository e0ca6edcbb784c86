# SPDX-License-Identifier: GPL-2.0-only
"""Entries of lists that name SIDs: who has them, by NFS and by SMB, and what applies if nobody
can tell. The map file stands for a directory."""
import os
import stat
import struct

import nfs3
import rpc
import smb
import smb2
from checks import eq, one_of, wait_for
from files import put
from harness import test
from identity_config import mapped
from processes import as_user, process_stopped, run
from smb2 import EMPTY_BODY
from smb_acl import (ALL, ALLOW, DACL, DENY, DIRS, EVERYONE, EXECUTE, FILES, GROUP, INHERITED,
                     INHERIT_ONLY, OWNER, PROTECTED, READ, READ_DATA, SECURITY, USERS, WRITE_DATA,
                     aces, descriptor, fresh, get_sd, granted, may, session, set_sd, sid, user)
from smb_bodies import QueryInfo

MAXIMUM_ALLOWED = 0x2000000
# By NFS whoever may execute a file may read it.
READING = READ_DATA | EXECUTE
OTHERS = {'alice', 'carol'}
# The group of carol is SALES of the domain, and alice has an account there.
ALICE, SALES = sid(5, 21, 7, 8, 9, 1104), sid(5, 21, 7, 8, 9, 1201)
NOBODY = sid(5, 21, 70, 80, 90, 1201)


def reads(w, name, user):
    """True if the user, a name or a uid, may read a file by NFS; ACCESS says the same."""
    uid = smb.UIDS.get(user, user)
    n = w.client.nfs(rpc.auth_sys(uid, uid))

    def again(call, *args):
        got = []

        def answered():
            got[:] = [call(*args)]
            return got[0].status != nfs3.JUKEBOX
        wait_for('the SIDs', answered, 30)
        return got[0]
    fh = n.root
    for part in name.split('/'):
        fh = again(n.lookup, fh, part).fh
    status = again(n.read, fh, 0, 9).status
    one_of(status, (nfs3.OK, nfs3.ACCES), 'READ')
    eq(bool(again(n.access, fh).access & nfs3.MAY_READ), status == nfs3.OK, f'ACCESS of {user}')
    return status == nfs3.OK


def opened(w, s, name):
    """A file of bob, opened by him."""
    put(w.path(name), b'data', 0o666)
    os.chown(w.path(name), smb.UIDS['bob'], 0)
    return s.create(name, access=smb2.GENERIC_ALL, how=smb2.OPEN)


class Users:
    """Sessions of all users, and what they may read. bob owns the files, so that he reads them by
    NFS in any case."""

    def __init__(self, w):
        self.w = w
        self.s = {name: session(w, name) for name in smb.UIDS}

    def readers(self, name):
        """Those of the others who may read a file, the same by both protocols."""
        by_smb = {user for user in OTHERS
                  if may(self.s[user], name.replace('/', '\\'), READ_DATA)}
        by_nfs = {user for user in OTHERS if reads(self.w, name, user)}
        eq(by_nfs, by_smb, f'{name} by NFS and by SMB')
        return by_smb

    def end(self):
        for s in self.s.values():
            s.end()


@test(smb=True, squash='none')
def groups_of_a_domain(w):
    """Entries for a group of a domain, a user of it and an alias allow and deny on both sides."""
    with mapped(w):
        users = Users(w)
        f = opened(w, users.s['bob'], 'file')
        for entries, want in (
                ([(DENY, 0, READING, SALES), (ALLOW, 0, ALL, EVERYONE)], {'alice'}),
                ([(ALLOW, 0, ALL, EVERYONE), (DENY, 0, READING, SALES)], OTHERS),
                ([(ALLOW, 0, ALL, SALES)], {'carol'}),
                ([(ALLOW, 0, ALL, ALICE)], {'alice'}),
                ([(DENY, 0, ALL, ALICE), (ALLOW, 0, ALL, EVERYONE)], {'carol'}),
                ([(DENY, 0, ALL, USERS), (ALLOW, 0, ALL, EVERYONE)], {'carol'}),
                ([(ALLOW, 0, ALL, USERS)], {'alice'}),
                ([(DENY, 0, ALL, NOBODY), (ALLOW, 0, ALL, EVERYONE)], OTHERS)):
            set_sd(users.s['bob'], f, descriptor(*entries))
            eq(aces(users.s['bob'], f), entries, 'given back as it came')
            eq(users.readers('file'), want, entries)
        eq(reads(w, 'file', 1009), False, 'of an unknown user nothing is known')
        set_sd(users.s['bob'], f, descriptor((DENY, 0, READING, SALES),
                                             (ALLOW, 0, ALL, EVERYONE)))
        g = users.s['carol'].create('file', access=MAXIMUM_ALLOWED, how=smb2.OPEN)
        eq(granted(users.s['carol'], g) & (READ_DATA | WRITE_DATA), WRITE_DATA, 'MAXIMUM_ALLOWED')
        users.s['carol'].close(g)
        users.s['bob'].close(f)
        users.end()


@test(smb=True, squash='none')
def groups_inherited(w):
    """A new file inherits entries with SIDs from its directory."""
    with mapped(w):
        users = Users(w)
        s = users.s['bob']
        d = fresh(s, 'dir', options=smb2.DIRECTORY_FILE)
        set_sd(s, d, descriptor((DENY, FILES | INHERIT_ONLY, READING, SALES),
                                (ALLOW, FILES | DIRS, ALL, EVERYONE)))
        f = fresh(s, 'dir\\file')
        eq([(kind, who) for kind, flags, _, who in aces(s, f) if not flags & ~INHERITED],
           [(DENY, SALES), (ALLOW, EVERYONE)])
        eq(users.readers('dir/file'), {'alice'})
        s.close(f)
        s.close(d)
        users.end()


@test(smb=True, squash='none')
def nobody_can_tell(w):
    """Without a directory a denial applies to everybody, and the log tells it."""
    users = Users(w)
    s = users.s['bob']
    for name, entry in (('domain', (DENY, 0, READING, SALES)),
                        ('alias', (DENY, 0, READING, USERS)),
                        ('system', (DENY, 0, READING, sid(5, 18))),
                        ('allowed', (ALLOW, 0, ALL, SALES))):
        f = opened(w, s, name)
        everyone = [] if name == 'allowed' else [(ALLOW, 0, ALL, EVERYONE)]
        set_sd(s, f, descriptor(entry, *everyone))
        s.close(f)
    eq(users.readers('domain'), set())
    assert ('share data: an entry that denies access to S-1-5-21-7-8-9-1201 is applied to user '
            in run('dmesg'))
    eq(users.readers('alias'), OTHERS, 'no group is the alias')
    eq(users.readers('system'), OTHERS, 'nobody comes as the system')
    eq(users.readers('allowed'), set())

    # Sessions keep the SIDs of their login; of a user of NFS nothing is known any more.
    w.server.helper_stop()
    w.server.ctl('cache', 'flush')
    eq([may(users.s[one], 'alias', READ_DATA) for one in OTHERS], [True, True])
    eq([reads(w, name, 'alice') for name in ('domain', 'alias', 'system')], [False, False, True])
    w.server.helper_start(w.server.conf)
    # READ and ACCESS may differ until the kernel knows that there is a helper again
    n = w.client.nfs(rpc.auth_sys(smb.UIDS['alice'], smb.UIDS['alice']))
    wait_for('the helper is asked',
             lambda: n.read(n.lookup(n.root, 'alias').fh, 0, 9).status == nfs3.OK)
    eq(reads(w, 'alias', 'alice'), True)
    users.end()


def owners(s, fid):
    """SIDs of owner and group."""
    sd = s.query(fid, 0, SECURITY, extra=OWNER | GROUP)
    return [sd[at:at + 8 + 4 * sd[at + 1]] for at in struct.unpack_from('<II', sd, 4)]


@test(smb=True, squash='none')
def accounts_of_a_domain(w):
    """A user or group that the directory has is one principal: SMB shows its SID, also of an owner
    or entry that came otherwise; NFS and the server's shell have its number."""
    alice, carol = (smb.UIDS[name] for name in ('alice', 'carol'))
    with mapped(w):
        w.server.set('data', users=['bob=admin'])
        s = session(w, 'bob')
        f = opened(w, s, 'file')
        eq(owners(s, f)[0], user('bob'), 'no directory has this user')
        os.chown(w.path('file'), alice, carol)
        eq(owners(s, f), [ALICE, SALES])
        set_sd(s, f, descriptor((ALLOW, 0, ALL, ALICE), (ALLOW, 0, READ, SALES),
                                (DENY, 0, READ, NOBODY), control=PROTECTED))
        eq(aces(s, f), [(ALLOW, 0, ALL, ALICE), (ALLOW, 0, READ, SALES), (DENY, 0, READ, NOBODY)])
        eq(stat.S_IMODE(os.stat(w.path('file')).st_mode), 0o740, 'mode bits count them')
        mounted = w.client.mount(vers='4.1')
        shown = as_user(alice, lambda: run('nfs4_getfacl', f'{mounted}/file'))
        for who in (f'A::{alice}:', f'A:g:{carol}:', 'D::S-1-5-21-70-80-90-1201@:'):
            eq(who in shown, True, shown)
        as_user(alice, lambda: run('nfs4_setfacl', '-a', f'A:g:{carol}:w', f'{mounted}/file'))
        eq(SALES in [who for _, _, mask, who in aces(s, f) if mask & WRITE_DATA], True)
        w.client.umount(mounted)
        s.close(f)

        # An owner that is set, and the descriptor of a new file.
        f = opened(w, s, 'given')
        set_sd(s, f, descriptor(owner=ALICE), OWNER)
        eq(os.stat(w.path('given')).st_uid, alice)
        smb2.refused('INVALID_OWNER', set_sd, s, f, descriptor(owner=NOBODY), OWNER)
        s.close(f)
        f = fresh(s, 'new', context=(b'SecD', descriptor((ALLOW, 0, ALL, SALES), owner=ALICE)))
        eq(get_sd(s, f)[1:], (ALICE, [(ALLOW, 0, ALL, SALES)]))
        eq(os.stat(w.path('new')).st_uid, alice)
        s.close(f)
        s.end()


@test(smb=True, squash='none')
def many_unknown(w):
    """As many SIDs as a list has, which the helper does not know."""
    w.needs('large attributes')
    with mapped(w):
        s = session(w, 'bob')
        f = opened(w, s, 'many')
        many = [(ALLOW, 0, READ, sid(5, 21, 7, 8, 9, 2000 + i)) for i in range(120)]
        set_sd(s, f, descriptor(*many))
        eq(aces(s, f), many)
        s.close(f)
        s.end()


@test(smb=True, squash='none')
def while_the_helper_hangs(w):
    """Calls wait for the helper without keeping others, and in the end go on without it."""
    with mapped(w):
        w.server.set('data', users=['bob=admin'])
        s = session(w, 'bob')
        f = opened(w, s, 'file')
        os.chown(w.path('file'), smb.UIDS['alice'], smb.UIDS['carol'])
        w.server.ctl('server', 'set', 'upcall-ms', '60000')
        w.server.ctl('cache', 'flush')
        with process_stopped(w.server.helper.pid):
            number = s.send(smb2.QUERY_INFO, bytes(QueryInfo(kind=SECURITY, level=0, room=65536,
                                                             extra=OWNER | DACL, fid=f)) + b'\0')
            s.call(smb2.ECHO, EMPTY_BODY)
            s.write(f, b'meanwhile')
        status, out = s.answer(number)
        eq((status, ALICE in out, user('alice') in out), (smb2.OK, True, False))

        w.server.ctl('server', 'set', 'upcall-ms', '200')
        w.server.ctl('cache', 'flush')
        with process_stopped(w.server.helper.pid):
            eq(get_sd(s, f)[1], user('alice'), 'what the number says')
            entries = [(ALLOW, 0, ALL, SALES), (ALLOW, 0, READ, EVERYONE)]
            set_sd(s, f, descriptor(*entries))
            eq(aces(s, f), entries, 'kept as it came')
            eq(may(s, 'file', READ_DATA), True)
        w.server.ctl('server', 'set', 'upcall-ms', '5000')
        wait_for('the helper is asked again', lambda: get_sd(s, f)[1] == ALICE)
        # A call that waits ends with its session.
        w.server.ctl('server', 'set', 'upcall-ms', '60000')
        w.server.ctl('cache', 'flush')
        with process_stopped(w.server.helper.pid):
            s.send(smb2.QUERY_INFO, bytes(QueryInfo(kind=SECURITY, level=0, room=65536, extra=OWNER,
                                                    fid=f)) + b'\0')
            s.call(smb2.ECHO, EMPTY_BODY)
            s.end()
            wait_for('the session is gone', lambda: not w.server.json('lock', 'client', 'list'))
