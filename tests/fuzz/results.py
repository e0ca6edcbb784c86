# SPDX-License-Identifier: GPL-2.0-only
"""Checks of results: NFSv3 and MOUNT v3 (RFC 1813), NFSACL v3."""

from xdr import Malformed

NFS, MOUNT, NFSACL = 100003, 100005, 100227

OK, PERM, NOENT, IO, NXIO, ACCES = 0, 1, 2, 5, 6, 13
EXIST, XDEV, NODEV, NOTDIR, ISDIR, INVAL = 17, 18, 19, 20, 21, 22
FBIG, NOSPC, ROFS, MLINK, NAMETOOLONG = 27, 28, 30, 31, 63
NOTEMPTY, DQUOT, STALE, REMOTE = 66, 69, 70, 71
BADHANDLE, NOT_SYNC, BAD_COOKIE, NOTSUPP = 10001, 10002, 10003, 10004
TOOSMALL, SERVERFAULT, BADTYPE, JUKEBOX = 10005, 10006, 10007, 10008

FH_MAX, NAME_MAX, PATH_MAX, DATA_MAX = 64, 255, 1024, 1 << 20
# Linux allows symbolic links of a page.
LINK_MAX = 4096

ALWAYS = {OK, IO, STALE, BADHANDLE, SERVERFAULT, JUKEBOX}
MAKE = {ACCES, EXIST, NOTDIR, NOSPC, ROFS, NAMETOOLONG, DQUOT, NOTSUPP}
# RFC 1813 lists no status for these, yet one describes the error:
# a link count that is full, a directory in the way, a name or a time that the
# file system cannot store, an operation that is never permitted.
BEYOND = {MLINK, ISDIR, INVAL, PERM}
EVERY = {OK, PERM, NOENT, IO, NXIO, ACCES, EXIST, XDEV, NODEV, NOTDIR, ISDIR, INVAL, FBIG, NOSPC,
         ROFS, MLINK, NAMETOOLONG, NOTEMPTY, DQUOT, STALE, REMOTE} | set(range(10001, 10009))


def fattr(u):
    """fattr3, section 2.6."""
    kind = u.u32()
    if not 1 <= kind <= 7:
        raise Malformed(f"ftype3 is {kind}")
    u.skip(4 * 4)               # mode, nlink, uid, gid
    u.skip(2 * 8 + 8 + 8)       # size, used, rdev, fsid
    if not u.u64():
        raise Malformed("fileid is 0")
    for _ in range(3):
        u.u32()
        if u.u32() >= 10 ** 9:
            raise Malformed("a time has more than 999999999 ns")


def post_op_attr(u):
    """Attributes, perhaps."""
    if u.boolean():
        fattr(u)


def wcc(u):
    """wcc_data."""
    if u.boolean():
        u.skip(8 + 8 + 8)
    post_op_attr(u)


def handle(u):
    """nfs_fh3."""
    fh = u.opaque(FH_MAX)
    if not fh:
        raise Malformed("empty file handle")
    return fh


def filename(u):
    """A name in a directory."""
    name = u.opaque(NAME_MAX)
    if not name or b"/" in name or b"\0" in name:
        raise Malformed(f"name {name!r}")


def nothing(_u, _status):
    """No results."""


def r_getattr(u, status):
    if not status:
        fattr(u)


def r_wcc(u, _status):
    wcc(u)


def r_lookup(u, status):
    if not status:
        handle(u)
        post_op_attr(u)
    post_op_attr(u)


def r_access(u, status):
    post_op_attr(u)
    if not status and u.u32() & ~0x3f and not u.lenient:
        raise Malformed("access bits that do not exist")


def r_readlink(u, status):
    post_op_attr(u)
    if not status:
        u.opaque(LINK_MAX)


def r_read(u, status):
    post_op_attr(u)
    if status:
        return
    count = u.u32()
    u.boolean()
    if len(u.opaque(DATA_MAX)) != count:
        raise Malformed("count is not the length of the data")


def r_write(u, status):
    wcc(u)
    if status:
        return
    if u.u32() > DATA_MAX:
        raise Malformed("more written than was sent")
    if u.u32() > 2 and not u.lenient:
        raise Malformed("stable_how out of range")
    u.skip(8)


def r_make(u, status):
    if not status:
        if u.boolean():
            handle(u)
        post_op_attr(u)
    wcc(u)


def r_rename(u, _status):
    wcc(u)
    wcc(u)


def r_link(u, _status):
    post_op_attr(u)
    wcc(u)


def readdir(plus):
    """The results of READDIR or, with plus, of READDIRPLUS."""
    def check(u, status):
        post_op_attr(u)
        if status:
            return
        u.skip(8)
        while u.boolean():
            if not u.u64():
                raise Malformed("fileid of an entry is 0")
            filename(u)
            u.u64()
            if plus:
                post_op_attr(u)
                if u.boolean():
                    handle(u)
        u.boolean()
    return check


def fixed(size, booleans=0):
    """Attributes, then on success size bytes and some bools."""
    def check(u, status):
        post_op_attr(u)
        if not status:
            u.skip(size)
            for _ in range(booleans):
                u.boolean()
    return check


def r_commit(u, status):
    wcc(u)
    if not status:
        u.skip(8)


def acl(u):
    """One ACL of NFSACL: a count, then an array of entries."""
    u.u32()
    count = u.u32()
    if count > 1024:
        raise Malformed(f"ACL of {count} entries")
    u.skip(12 * count)


def r_getacl(u, status):
    post_op_attr(u)
    if not status:
        if u.u32() & ~0xf:
            raise Malformed("ACL mask bits that do not exist")
        acl(u)
        acl(u)


def r_setacl(u, _status):
    post_op_attr(u)


def r_mnt(u, status):
    if not status:
        handle(u)
        flavors = u.u32()
        if flavors > 64:
            raise Malformed(f"{flavors} flavours")
        u.skip(4 * flavors)


def r_dump(u, _status):
    while u.boolean():
        u.opaque(255)
        u.opaque(PATH_MAX)


def r_export(u, _status):
    while u.boolean():
        u.opaque(PATH_MAX)
        while u.boolean():
            u.opaque(255)


# (program, procedure): name, statuses it may answer (None: it has no status), check
PROCEDURES = {
    (NFS, 0): ("NULL", None, nothing),
    (NFS, 1): ("GETATTR", ALWAYS, r_getattr),
    (NFS, 2): ("SETATTR", ALWAYS | {PERM, ACCES, INVAL, NOSPC, ROFS, DQUOT, NOT_SYNC, NOTSUPP,
                                    FBIG, ISDIR}, r_wcc),
    (NFS, 3): ("LOOKUP", ALWAYS | {NOENT, ACCES, NOTDIR, NAMETOOLONG}, r_lookup),
    (NFS, 4): ("ACCESS", ALWAYS, r_access),
    (NFS, 5): ("READLINK", ALWAYS | {INVAL, ACCES, NOTSUPP}, r_readlink),
    (NFS, 6): ("READ", ALWAYS | {NXIO, ACCES, INVAL}, r_read),
    (NFS, 7): ("WRITE", ALWAYS | {ACCES, FBIG, DQUOT, NOSPC, ROFS, INVAL}, r_write),
    (NFS, 8): ("CREATE", ALWAYS | MAKE | BEYOND | {FBIG}, r_make),
    (NFS, 9): ("MKDIR", ALWAYS | MAKE | BEYOND, r_make),
    (NFS, 10): ("SYMLINK", ALWAYS | MAKE | BEYOND | {NOENT}, r_make),
    (NFS, 11): ("MKNOD", ALWAYS | MAKE | BEYOND | {BADTYPE}, r_make),
    (NFS, 12): ("REMOVE", ALWAYS | {NOENT, ACCES, NOTDIR, NAMETOOLONG, ROFS, ISDIR, INVAL, PERM},
                r_wcc),
    (NFS, 13): ("RMDIR", ALWAYS | {NOENT, ACCES, INVAL, EXIST, NOTDIR, NAMETOOLONG, ROFS,
                                   NOTEMPTY, NOTSUPP, PERM}, r_wcc),
    (NFS, 14): ("RENAME", ALWAYS | {NOENT, ACCES, EXIST, XDEV, NOTDIR, ISDIR, INVAL, NOSPC, ROFS,
                                    MLINK, NAMETOOLONG, NOTEMPTY, DQUOT, NOTSUPP, PERM},
                r_rename),
    (NFS, 15): ("LINK", ALWAYS | {ACCES, EXIST, XDEV, NOTDIR, INVAL, NOSPC, ROFS, MLINK,
                                  NAMETOOLONG, DQUOT, NOTSUPP, PERM, ISDIR, NOENT}, r_link),
    (NFS, 16): ("READDIR", ALWAYS | {ACCES, NOTDIR, BAD_COOKIE, TOOSMALL}, readdir(False)),
    (NFS, 17): ("READDIRPLUS", ALWAYS | {ACCES, NOTDIR, BAD_COOKIE, TOOSMALL, NOTSUPP},
                readdir(True)),
    (NFS, 18): ("FSSTAT", ALWAYS, fixed(6 * 8 + 4)),
    (NFS, 19): ("FSINFO", ALWAYS, fixed(7 * 4 + 8 + 8 + 4)),
    (NFS, 20): ("PATHCONF", ALWAYS, fixed(2 * 4, 4)),
    (NFS, 21): ("COMMIT", ALWAYS | {INVAL, ACCES}, r_commit),
    (NFSACL, 0): ("ACL_NULL", None, nothing),
    (NFSACL, 1): ("GETACL", ALWAYS | {ACCES, INVAL, NOTSUPP}, r_getacl),
    (NFSACL, 2): ("SETACL", ALWAYS | {PERM, ACCES, INVAL, NOSPC, ROFS, DQUOT, NOTSUPP}, r_setacl),
    (MOUNT, 0): ("MNT_NULL", None, nothing),
    (MOUNT, 1): ("MNT", {OK, PERM, NOENT, IO, ACCES, NOTDIR, INVAL, NAMETOOLONG, NOTSUPP,
                         10006}, r_mnt),
    (MOUNT, 2): ("DUMP", None, r_dump),
    (MOUNT, 3): ("UMNT", None, nothing),
    (MOUNT, 4): ("UMNTALL", None, nothing),
    (MOUNT, 5): ("EXPORT", None, r_export),
}


def check(prog, proc, u):
    """Check the results of a procedure; returns their status, 0 where there is none.

    With u.lenient, a status may be one that the RFC gives to other procedures.
    """
    _name, allowed, results = PROCEDURES[prog, proc]
    status = 0
    if allowed is not None:
        status = u.u32()
        if status not in allowed and not (u.lenient and status in EVERY):
            raise Malformed(f"status {status} is none of this procedure")
    results(u, status)
    u.end()
    return status
