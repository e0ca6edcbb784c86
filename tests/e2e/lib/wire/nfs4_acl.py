# SPDX-License-Identifier: GPL-2.0-only
"""Lists of NFSv4 by hand (RFC 8881 section 6)."""
import nfs4
from nfs4 import ANON, putfh, setattr
from nfs4_listing import last

ALLOW, DENY, AUDIT, ALARM = range(4)
READ, WRITE, APPEND, EXECUTE = 1, 2, 4, 0x20
READ_ATTRS, WRITE_ATTRS, DELETE_CHILD = 0x80, 0x100, 0x40
READ_ACL, WRITE_ACL, WRITE_OWNER, SYNCHRONIZE = 0x20000, 0x40000, 0x80000, 0x100000
ALL = 0x1f01ff
LOOK = READ_ATTRS | READ_ACL | SYNCHRONIZE


def set_acl(c, fh, acl, status=nfs4.OK, name='acl', **more):
    """Set a list; returns it."""
    return last(c.compound(putfh(fh), setattr(ANON, {name: acl, **more})), status).attrset
