# SPDX-License-Identifier: GPL-2.0-only
"""Privileges of administrators over SMB (MS-DTYP sections 2.5.3.2 and 3.1.1): taking ownership,
backing up and restoring."""
import contextlib
import os

import smb
import smb2
from harness import eq, get, put, test
from t_smb_acl import (ALL, ALLOW, DACL, DENY, EVERYONE, OWNER, READ_ATTRS, READ_DATA, SYNC,
                       WRITE_ACL, WRITE_DATA, WRITE_OWNER, aces, descriptor, fresh, granted,
                       session, set_sd, sid, user)
from t_smb_rpc import administrate

SECURITY_RIGHT, BACKUP_INTENT = 1 << 24, 0x4000
ADMINISTRATORS = sid(5, 32, 544)


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
