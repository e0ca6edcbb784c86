# SPDX-License-Identifier: GPL-2.0-only
"""Privileges of administrators over SMB (MS-DTYP sections 2.5.3.2 and 3.1.1): taking ownership,
backing up and restoring; SACLs (section 2.4.6), and the audit log that they fill."""
import contextlib
import json
import os
import struct

import nfs3
import rpc
import smb
import smb2
from checks import eq, wait_for
from files import get, put
from harness import test
from identity_config import administrate
from processes import run
from smb_acl import (ALL, ALLOW, DACL, DENY, DIRS, EVERYONE, FILES, GROUP, INHERITED, INHERIT_ONLY,
                     OWNER, READ_ATTRS, READ_DATA, SACL, SECURITY, SYNC, WRITE_ACL, WRITE_DATA,
                     WRITE_OWNER, aces, descriptor, fresh, granted, group, session, set_sd, sid,
                     user)
from volumes import MNT_DETACH, mount, umount

SECURITY_RIGHT, BACKUP_INTENT = 1 << 24, 0x4000
ADMINISTRATORS = sid(5, 32, 544)
SACL_PRESENT, SACL_REQUEST, SACL_AUTO, SACL_PROTECTED = 0x10, 0x200, 0x800, 0x2000
AUDIT, DONE, DENIED = 2, 0x40, 0x80
BACKUP, LABEL, ATTRIBUTE, SCOPE = 0x10000, 0x10, 0x20, 0x40
XATTR = 'trusted.ditto.sacl'


@contextlib.contextmanager
def sessions(w):
    """Sessions of alice, who is an administrator, and of bob."""
    administrate(w, 'alice')
    s, b = session(w), session(w, 'bob')
    try:
        yield s, b
    finally:
        s.end()
        b.end()


def locked_out(w, b, name):
    """A file of bob with a list that denies administrators everything."""
    fid = fresh(b, name)
    b.write(fid, b'data')
    set_sd(b, fid, descriptor((DENY, 0, ALL, ADMINISTRATORS), (ALLOW, 0, ALL, user('bob'))))
    b.close(fid)


def owner_of(w, name):
    return os.stat(w.path(name)).st_uid


@test(smb=True, squash='none')
def take_ownership(w):
    """An administrator takes what denies administrators everything, and no other user does."""
    with sessions(w) as (s, b):
        locked_out(w, b, 'f')
        put(w.path('mode'), b'data', 0o600)
        os.chown(w.path('mode'), smb.UIDS['carol'], 0)
        for name in ('f', 'mode'):
            for access in (READ_DATA, WRITE_ACL, WRITE_OWNER | WRITE_ACL, ALL):
                smb2.refused('ACCESS_DENIED', s.create, name, access=access)
            smb2.refused('ACCESS_DENIED', session(w, 'carol' if name == 'f' else 'bob').create,
                         name, access=WRITE_OWNER)
            fid = s.create(name, access=WRITE_OWNER)
            eq(granted(s, fid), WRITE_OWNER)
            smb2.refused('ACCESS_DENIED', set_sd, s, fid, descriptor(), DACL)
            set_sd(s, fid, descriptor(owner=user('alice')), OWNER)
            s.close(fid)
            eq(owner_of(w, name), smb.UIDS['alice'])
            fid = s.create(name, access=WRITE_ACL)
            set_sd(s, fid, descriptor((ALLOW, 0, ALL, user('alice'))))
            s.close(fid)
            fid = s.create(name, access=READ_DATA)
            eq(s.read(fid, 9), b'data')
            s.close(fid)
            fid = s.create(name, access=smb2.MAXIMUM)
            eq(granted(s, fid), ALL)
            s.close(fid)
        # MAXIMUM_ALLOWED contains the right to take ownership, and never that to audit entries.
        locked_out(w, b, 'g')
        # The directory lets everybody delete files and see their attributes.
        eq(granted(s, s.create('g', access=smb2.MAXIMUM)),
           WRITE_OWNER | smb2.DELETE | READ_ATTRS | SYNC)


@test(smb=True, squash='none')
def back_up_and_restore(w):
    """The intent to back up passes lists and modes for administrators alone, and an administrator
    gives a file to any user."""
    with sessions(w) as (s, b):
        locked_out(w, b, 'f')
        os.mkdir(w.path('d'), 0o700)
        put(w.path('d/mode'), b'data', 0o600)
        for name in ('d', 'd/mode'):
            os.chown(w.path(name), smb.UIDS['carol'], 0)
        for name in ('f', r'd\mode'):
            smb2.refused('ACCESS_DENIED', s.create, name, access=READ_DATA)
            fid = s.create(name, access=READ_DATA | WRITE_DATA | WRITE_ACL | WRITE_OWNER,
                           how=smb2.OPEN, options=BACKUP_INTENT)
            eq(s.read(fid, 9), b'data')
            s.write(fid, b'DATA')
            set_sd(s, fid, descriptor((ALLOW, 0, READ_DATA, EVERYONE), owner=user('carol')),
                   OWNER | DACL)
            s.close(fid)
            eq(get(w.path(name.replace('\\', '/'))), b'DATA')
            eq(owner_of(w, name.replace('\\', '/')), smb.UIDS['carol'])
        smb2.refused('ACCESS_DENIED', b.create, r'd\mode', access=WRITE_DATA, how=smb2.OPEN,
                     options=BACKUP_INTENT)
        smb2.refused('ACCESS_DENIED', b.create, r'd\new', how=smb2.MAKE, options=BACKUP_INTENT)
        fid = s.create(r'd\new', access=ALL, how=smb2.MAKE, options=BACKUP_INTENT,
                       context=(b'SecD', descriptor((ALLOW, 0, ALL, user('bob')),
                                                    owner=user('bob'))))
        eq((owner_of(w, 'd/new'), aces(s, fid)), (smb.UIDS['bob'], [(ALLOW, 0, ALL, user('bob'))]))
        # root stands for the group that owns files of administrators on Windows.
        set_sd(s, fid, descriptor(owner=ADMINISTRATORS), OWNER)
        eq(owner_of(w, 'd/new'), 0)
        s.close(fid)
        # A user can neither give a file away nor take one that its list does not give.
        fid = fresh(b, 'own')
        for who in (user('alice'), ADMINISTRATORS):
            smb2.refused('INVALID_OWNER', set_sd, b, fid, descriptor(owner=who), OWNER)


@test(smb=True, squash='none')
def right_to_audit_entries(w):
    """ACCESS_SYSTEM_SECURITY is for administrators who ask for it."""
    with sessions(w) as (s, b):
        b.close(fresh(b, 'f'))
        smb2.refused('PRIVILEGE_NOT_HELD', b.create, 'f', access=SECURITY_RIGHT)
        smb2.refused('PRIVILEGE_NOT_HELD', b.create, 'f', access=SECURITY_RIGHT,
                     options=BACKUP_INTENT)
        fid = s.create('f', access=SECURITY_RIGHT | READ_DATA)
        eq(granted(s, fid) & SECURITY_RIGHT, SECURITY_RIGHT)


@test(smb=True, squash='none')
def explained(w):
    """dittoctl access check tells what comes from a privilege."""
    with sessions(w) as (s, b):
        locked_out(w, b, 'f')
        check = w.server.json('access', 'check', '--user', 'alice', '--protocol', 'smb',
                              w.path('f'))
        got = {d['right']: d for d in check['decision']}
        eq((got['write-owner']['granted'], got['write-owner']['reason']), (True, 'privilege'))
        eq((got['read-data']['granted'], got['write-acl']['granted']), (False, False))
        text = w.server.ctl('access', 'check', '--user', 'alice', '--protocol', 'smb',
                            w.path('f'))
        for words in ('administrators may take ownership', 'may take ownership, and back up'):
            assert words in text, f'{words} is not in:\n{text}'
        check = w.server.json('access', 'check', '--user', 'carol', '--protocol', 'smb',
                              w.path('f'))
        eq([d['granted'] for d in check['decision'] if d['right'] == 'write-owner'], [False])


def sacl_of(*entries, control=0, owner=b'', group=b'', dacl=None):
    """A descriptor with a SACL, and with the other parts that are given."""
    def acl(entries):
        body = b''.join(struct.pack('<BBHI', kind, flags, 8 + len(who), mask) + who
                        for kind, flags, mask, who in entries)
        return struct.pack('<BBHHH', 2, 0, 8 + len(body), len(entries), 0) + body
    parts, at, offsets = b'', 20, []
    for part in (owner, group, acl(entries), acl(dacl) if dacl else b''):
        offsets.append(at if part else 0)
        parts += part
        at += len(part)
    return struct.pack('<BBHIIII', 1, 0, 0x8000 | SACL_PRESENT | control | (4 if dacl else 0),
                       *offsets) + parts


def sacl(s, fid, which=SACL):
    """(control, entries) of the SACL; None without one."""
    sd = s.query(fid, 0, SECURITY, extra=which)
    control, at = struct.unpack_from('<H8xI', sd, 2)
    eq(bool(control & SACL_PRESENT), bool(at))
    if not at:
        return None
    count, entries = struct.unpack_from('<H', sd, at + 4)[0], []
    at += 8
    for _ in range(count):
        kind, flags, size, mask = struct.unpack_from('<BBHI', sd, at)
        entries.append((kind, flags, mask, sd[at + 8:at + size]))
        at += size
    return control & ~(0x8000 | SACL_PRESENT | 0x150f), entries


@test(smb=True, squash='none')
def audit_entries_are_kept(w):
    """A SACL is shown to administrators who opened the file for it, and stays when anything else
    of the file is changed."""
    with sessions(w) as (s, b):
        put(w.path('f'), b'', 0o666)
        plain = b.create('f', access=ALL & ~(WRITE_ACL | WRITE_OWNER))
        fid = s.create('f', access=ALL | SECURITY_RIGHT, options=BACKUP_INTENT)
        eq(sacl(s, fid), None)
        want = [(AUDIT, DONE | DENIED, WRITE_DATA, EVERYONE), (AUDIT, DENIED, ALL, user('bob'))]
        for which in (SACL, SCOPE, BACKUP):
            smb2.refused('ACCESS_DENIED', set_sd, b, plain, sacl_of(*want), which)
        for which in (SACL, BACKUP):
            smb2.refused('ACCESS_DENIED', sacl, b, plain, which)
        eq(sacl(b, plain, LABEL | ATTRIBUTE | SCOPE), None)
        # An alarm entry says nothing on Windows, either.
        set_sd(s, fid, sacl_of(*want, (3, DONE, ALL, EVERYONE), control=SACL_PROTECTED), SACL)
        eq(sacl(s, fid), (SACL_PROTECTED, want))
        eq(sacl(b, plain, OWNER | DACL), None)
        for kind, which in ((0x11, LABEL), (0x12, ATTRIBUTE), (0x13, SCOPE)):
            smb2.refused('NOT_SUPPORTED', set_sd, s, fid, sacl_of((kind, 0, 1, EVERYONE)), which)
            set_sd(s, fid, sacl_of(), which)
        many = [(AUDIT, DONE, 1, EVERYONE)] * 129
        smb2.refused('ALLOTTED_SPACE_EXCEEDED', set_sd, s, fid, sacl_of(*many), SACL)
        smb2.refused('INVALID_SECURITY_DESCR', set_sd, s, fid, sacl_of(*want)[:-1], SACL)
        # What changes the rest leaves the SACL alone.
        set_sd(s, fid, descriptor((ALLOW, 0, ALL, EVERYONE)), DACL)
        os.chmod(w.path('f'), 0o640)
        run('setfacl', '-m', f'u:{smb.UIDS["carol"]}:rw', w.path('f'))
        run('setfacl', '-b', w.path('f'))
        w.server.ctl('acl', 'set', w.path('f'), 'allow:everyone@:full')
        m = w.client.mount(vers='4.1')
        os.chmod(f'{m}/f', 0o666)
        w.client.run('nfs4_setfacl', '-a', 'A::EVERYONE@:rxtncy', f'{m}/f')
        w.server.ctl('acl', 'set', w.path('f'), '--remove')
        eq(sacl(s, fid), (SACL_PROTECTED, want))
        # A descriptor without a SACL removes it.
        set_sd(s, fid, descriptor(), SACL)
        eq((sacl(s, fid), XATTR in os.listxattr(w.path('f'))), (None, False))
        # A damaged one is none.
        os.setxattr(w.path('f'), XATTR, b'no list')
        eq(sacl(s, fid), None)


@test(smb=True, squash='none')
def audit_entries_are_inherited(w):
    with sessions(w) as (s, b):
        d = s.create('d', access=ALL | SECURITY_RIGHT, how=smb2.MAKE, options=smb2.DIRECTORY_FILE)
        set_sd(s, d, sacl_of((AUDIT, FILES | DIRS | DENIED, WRITE_DATA, EVERYONE),
                             (AUDIT, DONE, ALL, EVERYONE), control=SACL_AUTO | SACL_REQUEST), SACL)
        os.chmod(w.path('d'), 0o777)
        b.close(b.create(r'd\f', how=smb2.MAKE))
        b.close(b.create(r'd\sub', how=smb2.MAKE, options=smb2.DIRECTORY_FILE))
        n = w.client.nfs()
        eq(n.create(n.lookup(n.root, 'd').fh, 'n').status, 0)
        for name, flags in (('f', 0), ('n', 0), ('sub', FILES | DIRS)):
            fid = s.create(rf'd\{name}', access=SECURITY_RIGHT, options=BACKUP_INTENT)
            eq(sacl(s, fid), (SACL_AUTO, [(AUDIT, flags | INHERITED | DENIED, WRITE_DATA,
                                           EVERYONE)]), name)
            s.close(fid)
        # CREATE brings its own, for who has the privilege.
        own = sacl_of((AUDIT, DONE, ALL, user('bob')))
        smb2.refused('PRIVILEGE_NOT_HELD', b.create, 'own', how=smb2.MAKE, context=(b'SecD', own))
        eq(os.path.exists(w.path('own')), False)
        none = struct.pack('<BBHIIII', 1, 0, 0x8000 | SACL_AUTO | SACL_REQUEST | SACL_PROTECTED,
                           0, 0, 0, 0)
        b.close(b.create('none', how=smb2.MAKE, context=(b'SecD', none)))
        eq(XATTR in os.listxattr(w.path('none')), False)
        fid = s.create('own', access=ALL | SECURITY_RIGHT, how=smb2.MAKE, context=(b'SecD', own))
        eq(sacl(s, fid), (0, [(AUDIT, DONE, ALL, user('bob'))]))


@test(smb=True, squash='none')
def copied_with_everything(w):
    """A tree is copied with owners, groups and both lists, as robocopy /COPYALL does it."""
    with sessions(w) as (s, b):
        os.mkdir(w.path('from'), 0o700)
        os.chown(w.path('from'), smb.UIDS['carol'], smb.UIDS['carol'])
        names = ['', r'\d', r'\f', r'\d\g']
        opens = {'access': ALL | SECURITY_RIGHT, 'options': BACKUP_INTENT}
        for i, name in enumerate(names):
            kind = smb2.DIRECTORY_FILE if name in ('', r'\d') else 0
            fid = s.create('from' + name, access=ALL | SECURITY_RIGHT,
                           options=BACKUP_INTENT | kind)
            if not kind:
                s.write(fid, b'data %d' % i)
            set_sd(s, fid, sacl_of((AUDIT, DONE, ALL, user('bob')), owner=user('carol'),
                                   group=group('bob'), dacl=[(DENY, 0, WRITE_DATA, ADMINISTRATORS),
                                                             (ALLOW, 0, ALL, user('carol'))]),
                   OWNER | GROUP | DACL | SACL)
            s.close(fid)
        smb2.refused('ACCESS_DENIED', b.create, r'from\f', access=READ_DATA, options=BACKUP_INTENT)
        for name in names:
            kind = smb2.DIRECTORY_FILE if name in ('', r'\d') else 0
            a = s.create('from' + name, how=smb2.OPEN, **opens)
            z = s.create('to' + name, access=ALL | SECURITY_RIGHT, how=smb2.MAKE,
                         options=BACKUP_INTENT | kind)
            if not kind:
                s.write(z, s.read(a, 99))
            every = OWNER | GROUP | DACL | SACL
            sd = s.query(a, 0, SECURITY, extra=every)
            set_sd(s, z, sd, every)
            eq(s.query(z, 0, SECURITY, extra=every), sd, name)
            s.close(a)
            s.close(z)
        for name in names:
            path = w.path('to' + name.replace('\\', '/'))
            eq((os.stat(path).st_uid, os.stat(path).st_gid),
               (smb.UIDS['carol'], smb.UIDS['bob']), name)
        eq(get(w.path('to/d/g')), b'data 3')


@contextlib.contextmanager
def audited(w, log=None):
    """The share records accesses; yields what reads the records of the log so far."""
    log = log or f'{w.base}/audit.log'
    w.server.conf += f'\n[server]\nbuiltin = Administrators = alice\naudit-log = {log}\n'
    w.server.reload(w.server.conf)
    w.server.ctl('share', 'set', 'data', 'audit', 'on')

    def records():
        if not os.path.exists(log):
            return []
        return [json.loads(line) for line in get(log).split(b'\n')[:-1]]
    yield log, records


def told(records, count):
    """Wait for as many records; return them in short."""
    wait_for(f'{count} records', lambda: len(records()) >= count)
    eq(len(records()), count, records())
    return [(r['event'], r['result'], r['user'], r['path']) for r in records()]


def watched_directory(w, s, *aces):
    """Make the directory "d", which all may change, with a SACL; returns its open."""
    d = s.create('d', access=ALL | SECURITY_RIGHT, how=smb2.MAKE, options=smb2.DIRECTORY_FILE)
    os.chmod(w.path('d'), 0o777)
    set_sd(s, d, sacl_of(*aces), SACL)
    return d


@test(smb=True, squash='none')
def accesses_are_recorded(w):
    """What the SACL says is written to the audit log, if the share says so."""
    os.chmod(w.export, 0o777)
    with audited(w) as (log, records):
        s, b = session(w), session(w, 'bob')
        watched_directory(w, s, (AUDIT, FILES | INHERIT_ONLY | DONE | DENIED,
                                 WRITE_DATA | smb2.DELETE, user('bob')),
                          (AUDIT, DENIED, WRITE_DATA, user('carol')))
        # Neither what others do nor other rights are recorded.
        s.close(s.create(r'd\a', access=ALL, how=smb2.MAKE))
        os.chmod(w.path('d/a'), 0o644)
        b.close(b.create(r'd\a', access=READ_DATA))
        smb2.refused('ACCESS_DENIED', b.create, r'd\a', access=WRITE_DATA)
        b.close(b.create(r'd\b', access=WRITE_DATA, how=smb2.MAKE))
        b.close(b.create(r'd\b', access=smb2.DELETE, options=smb2.DELETE_ON_CLOSE))
        want = [('open', 'denied', 'bob', '/d/a'), ('open', 'granted', 'bob', '/d/b'),
                ('open', 'granted', 'bob', '/d/b'), ('delete', 'granted', 'bob', '/d/b')]
        eq(told(records, 4), want)
        first = records()[0]
        eq((first['uid'], first['protocol'], first['share'], first['access']),
           (smb.UIDS['bob'], 'smb', 'data', ['write-data']))
        assert w.client.addr in first['client'], first
        eq(os.stat(log).st_mode & 0o777, 0o600)
        # By NFS too, and a file that was moved away is made anew.
        os.rename(log, f'{log}.1')
        n = w.client.nfs(rpc.auth_sys(smb.UIDS['bob'], smb.UIDS['bob']))
        c = w.client.nfs(rpc.auth_sys(smb.UIDS['carol'], smb.UIDS['carol']))
        fh = n.lookup(n.root, 'd').fh
        eq(n.create(fh, 'n', nfs3.GUARDED).status, 0)
        eq(n.remove(fh, 'n').status, 0)
        os.chmod(w.path('d'), 0o755)
        eq(c.create(fh, 'no', nfs3.GUARDED).status, nfs3.ACCES)
        eq(n.remove(fh, 'a').status, nfs3.ACCES)
        eq(told(records, 3), [('delete', 'granted', 'bob', '/d/n'),
                              ('open', 'denied', 'carol', '/d'),
                              ('delete', 'denied', 'bob', '/d/a')])
        # Not without the option.
        w.server.ctl('share', 'set', 'data', 'audit', 'off')
        smb2.refused('ACCESS_DENIED', b.create, r'd\a', access=WRITE_DATA)
        w.server.ctl('share', 'set', 'data', 'audit', 'on')
        smb2.refused('ACCESS_DENIED', b.create, r'd\a', access=WRITE_DATA)
        told(records, 4)
        s.end()
        b.end()


@test(smb=True, squash='none')
def replacing_is_removing(w):
    """A file that another one takes the name of was removed, by each protocol."""
    os.chmod(w.export, 0o777)
    with audited(w) as (_, records):
        s, b = session(w), session(w, 'bob')
        s.close(watched_directory(w, s, (AUDIT, FILES | INHERIT_ONLY | DONE | DENIED, smb2.DELETE,
                                         user('bob'))))
        for name in ('a', 'b', 'c'):
            s.close(s.create(rf'd\{name}', access=ALL, how=smb2.MAKE))
        os.mkdir(w.path('plain'), 0o777)
        os.chmod(w.path('plain'), 0o777)
        for name in ('x', 'y', 'z'):
            put(w.path('plain', name), name.encode(), 0o666)
        n = w.client.nfs(rpc.auth_sys(smb.UIDS['bob'], smb.UIDS['bob']))
        fh, plain = n.lookup(n.root, 'd').fh, n.lookup(n.root, 'plain').fh
        eq(n.rename(plain, 'x', fh, 'a').status, nfs3.OK)
        fid = b.create(r'plain\y', access=smb2.DELETE)
        b.rename(fid, r'd\b', replace=True)
        b.close(fid)
        os.chmod(w.path('d'), 0o755)
        eq(n.rename(plain, 'z', fh, 'c').status, nfs3.ACCES)
        # What is not replaced, or by itself, is not removed.
        eq(n.rename(plain, 'z', plain, 'new').status, nfs3.OK)
        eq(n.rename(fh, 'c', fh, 'c').status, nfs3.OK)
        eq(told(records, 3), [('delete', 'granted', 'bob', '/d/a'),
                              ('delete', 'granted', 'bob', '/d/b'),
                              ('delete', 'denied', 'bob', '/d/c')])
        s.end()
        b.end()


@test(smb=True, squash='none')
def lost_records_are_counted(w):
    """Nobody waits for the helper: records without one are lost, and their number is told."""
    os.chmod(w.export, 0o777)
    with audited(w) as (log, records):
        s, b = session(w), session(w, 'bob')
        fid = s.create('f', access=ALL | SECURITY_RIGHT, how=smb2.MAKE)
        set_sd(s, fid, sacl_of((AUDIT, DENIED, WRITE_DATA, EVERYONE)), SACL)
        os.chmod(w.path('f'), 0o644)
        w.server.helper_stop()
        for _ in range(7):
            smb2.refused('ACCESS_DENIED', b.create, 'f', access=WRITE_DATA)
        w.server.helper_start(w.server.conf)
        smb2.refused('ACCESS_DENIED', b.create, 'f', access=WRITE_DATA)
        wait_for('the record', lambda: len(records()) == 2)
        eq([(r['event'], r.get('count')) for r in records()], [('lost', 7), ('open', None)])
        # A log that cannot be written loses records, and nothing else.
        os.rename(log, f'{log}.1')
        os.mkdir(log)
        smb2.refused('ACCESS_DENIED', b.create, 'f', access=WRITE_DATA)
        wait_for('a word about it', lambda: 'cannot be written' in w.server.helper_log())
        os.rmdir(log)
        wait_for('the loss', lambda: smb2.refused('ACCESS_DENIED', b.create, 'f',
                                                  access=WRITE_DATA) or
                 any(r['event'] == 'lost' for r in records()))
        s.end()
        b.end()


@test(smb=True, squash='none')
def log_on_a_full_disk(w):
    """A line for which there is no room leaves no part of it to spoil the next one."""
    os.chmod(w.export, 0o777)
    os.mkdir(f'{w.base}/small')
    mount('e2e', f'{w.base}/small', 'tmpfs', 0, 'size=4k')
    try:
        with audited(w, f'{w.base}/small/audit.log') as (log, records):
            s, b = session(w), session(w, 'bob')
            fid = s.create('f', access=ALL | SECURITY_RIGHT, how=smb2.MAKE)
            set_sd(s, fid, sacl_of((AUDIT, DENIED, WRITE_DATA, EVERYONE)), SACL)
            os.chmod(w.path('f'), 0o644)

            def full():
                smb2.refused('ACCESS_DENIED', b.create, 'f', access=WRITE_DATA)
                return 'cannot be written' in w.server.helper_log()
            wait_for('the end of the room', full)
            wait_for('whole lines', lambda: get(log).endswith(b'}\n'))
            os.truncate(log, len(get(log).split(b'\n')[0]) + 1)
            wait_for('the loss', lambda: full() and
                     any(r['event'] == 'lost' for r in records()))
            s.end()
            b.end()
    finally:
        umount(f'{w.base}/small', MNT_DETACH)
