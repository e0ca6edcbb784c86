# SPDX-License-Identifier: GPL-2.0-only
"""Security descriptors (MS-DTYP section 2.4) by hand, and who may what by them over SMB."""
import os
import struct

import smb
import smb2
from checks import eq

SECURITY = 3
OWNER, GROUP, DACL, SACL = 1, 2, 4, 8
FILE_ACCESS = 8
ALLOW, DENY = 0, 1
FILES, DIRS, NO_PROPAGATE, INHERIT_ONLY, INHERITED = 1, 2, 4, 8, 16
PRESENT, DEFAULTED, REQUEST, AUTO, PROTECTED, RELATIVE = 4, 8, 0x100, 0x400, 0x1000, 0x8000
READ_DATA, WRITE_DATA, EXECUTE, READ_ATTRS = 1, 2, 0x20, 0x80
READ_ACL, WRITE_ACL, WRITE_OWNER, SYNC = 0x20000, 0x40000, 0x80000, 0x100000
ALL, READ = 0x1f01ff, 0x120089


def sid(authority, *subs):
    return struct.pack('<BBHI', 1, len(subs), 0, authority << 24 & 0xff000000) + struct.pack(
        f'<{len(subs)}I', *subs)


def user(name):
    return sid(22, 1, smb.UIDS[name])


def group(name):
    return sid(22, 2, smb.UIDS[name])


EVERYONE, CREATOR_OWNER, SYSTEM = sid(1, 0), sid(3, 0), sid(5, 18)
AUTHENTICATED, OWNER_RIGHTS, USERS = sid(5, 11), sid(3, 4), sid(5, 32, 545)


def descriptor(*aces, control=0, owner=b'', null=False):
    """aces: (type, flags, mask, sid); None for no DACL at all."""
    head = struct.pack('<BBHIII', 1, 0, RELATIVE | control | (0 if aces == (None,) else PRESENT),
                       20 if owner else 0, 0, 0)
    if null or aces == (None,):
        return head + struct.pack('<I', 0) + owner
    body = b''.join(struct.pack('<BBHI', kind, flags, 8 + len(who), mask) + who
                    for kind, flags, mask, who in aces)
    return head + struct.pack('<I', 20 + len(owner)) + owner + struct.pack(
        '<BBHHH', 2, 0, 8 + len(body), len(aces), 0) + body


def parts(sd):
    """(control, owner, entries); None for a null DACL."""
    revision, _, control, owner, _, _, dacl = struct.unpack_from('<BBHIIII', sd)
    eq((revision, control & RELATIVE), (1, RELATIVE))
    who = sd[owner:owner + 8 + 4 * sd[owner + 1]] if owner else None
    if not dacl:
        return control & ~RELATIVE, who, None
    size, count = struct.unpack_from('<xxHH', sd, dacl)
    eq(len(sd) >= dacl + size, True)
    at, aces = dacl + 8, []
    for _ in range(count):
        kind, flags, length, mask = struct.unpack_from('<BBHI', sd, at)
        aces.append((kind, flags, mask, sd[at + 8:at + length]))
        at += length
    return control & ~RELATIVE, who, aces


def set_sd(s, fid, sd, which=DACL):
    s.set(fid, 0, sd, SECURITY, extra=which)


def get_sd(s, fid, which=OWNER | DACL):
    return parts(s.query(fid, 0, SECURITY, extra=which))


def aces(s, fid):
    return get_sd(s, fid)[2]


def granted(s, fid):
    return struct.unpack('<I', s.query(fid, FILE_ACCESS))[0]


def fresh(s, name, **kw):
    return s.create(name, access=smb2.GENERIC_ALL, how=smb2.MAKE, **kw)


def session(w, name='alice', **kw):
    os.chmod(w.export, 0o777)
    return smb2.Smb2(w.client, user=name, **kw)


def may(s, name, access):
    """True if an open for this access is granted."""
    try:
        s.close(s.create(name, access=access, how=smb2.OPEN))
        return True
    except smb2.Status as e:
        eq(e.name, 'ACCESS_DENIED')
        return False


def smbcacls(w, name, *args, who='alice', check=True):
    return w.client.run('smbcacls', '-s', '/dev/null', '-U', f'{who}%{smb.USERS[who]}',
                        '--numeric', f'//{w.client.server_addr}/data', name, *args, check=check)


def text(name):
    return f'S-1-22-1-{smb.UIDS[name]}'
