# SPDX-License-Identifier: GPL-2.0-only
"""NFSv3, MOUNT v3 and NFSACL by hand (RFC 1813)."""
from types import SimpleNamespace as Result

import rpc
from rpc import Dec, Enc, RpcError

NFS, MOUNT, NFSACL = 100003, 100005, 100227

(NULL, GETATTR, SETATTR, LOOKUP, ACCESS, READLINK, READ, WRITE, CREATE, MKDIR, SYMLINK, MKNOD,
 REMOVE, RMDIR, RENAME, LINK, READDIR, READDIRPLUS, FSSTAT, FSINFO, PATHCONF, COMMIT) = range(22)
NAMES = ('null getattr setattr lookup access readlink read write create mkdir symlink mknod '
         'remove rmdir rename link readdir readdirplus fsstat fsinfo pathconf commit').split()

OK, PERM, NOENT, IO, NXIO, ACCES, EXIST, XDEV, NODEV, NOTDIR, ISDIR, INVAL = (
    0, 1, 2, 5, 6, 13, 17, 18, 19, 20, 21, 22)
FBIG, NOSPC, ROFS, MLINK, NAMETOOLONG, NOTEMPTY, DQUOT, STALE = 27, 28, 30, 31, 63, 66, 69, 70
(BADHANDLE, NOT_SYNC, BAD_COOKIE, NOTSUPP, TOOSMALL, SERVERFAULT, BADTYPE,
 JUKEBOX) = range(10001, 10009)

REG, DIR, BLK, CHR, LNK, SOCK, FIFO = range(1, 8)
UNSTABLE, DATA_SYNC, FILE_SYNC = range(3)
UNCHECKED, GUARDED, EXCLUSIVE = range(3)
MAY_READ, MAY_LOOKUP, MAY_MODIFY, MAY_EXTEND, MAY_DELETE, MAY_EXECUTE = 1, 2, 4, 8, 16, 32
ALL_ACCESS = 0x3f


def sattr(mode=None, uid=None, gid=None, size=None, atime=None, mtime=None):
    """Times: None, 'server', or (seconds, nanoseconds)."""
    e = Enc()
    for v in (mode, uid, gid):
        e.u32(0) if v is None else e.u32(1, v)
    e.u32(0) if size is None else e.u32(1).u64(size)
    for t in (atime, mtime):
        if t is None:
            e.u32(0)
        elif t == 'server':
            e.u32(1)
        else:
            e.u32(2, *t)
    return e.bytes()


def diropargs(fh, name):
    return Enc().opaque(fh).opaque(name).bytes()


def d_fattr(d):
    a = Result(type=d.u32(), mode=d.u32(), nlink=d.u32(), uid=d.u32(), gid=d.u32(),
               size=d.u64(), used=d.u64(), rdev=(d.u32(), d.u32()), fsid=d.u64(), fileid=d.u64(),
               atime=(d.u32(), d.u32()), mtime=(d.u32(), d.u32()), ctime=(d.u32(), d.u32()))
    if not REG <= a.type <= FIFO or a.fileid == 0 or a.mode & ~0o7777:
        raise rpc.Bad(f'attributes make no sense: {a}')
    return a


def d_attr(d):
    return d_fattr(d) if d.flag() else None


def d_wcc(d):
    before = None
    if d.flag():
        before = Result(size=d.u64(), mtime=(d.u32(), d.u32()), ctime=(d.u32(), d.u32()))
    return Result(before=before, after=d_attr(d))


def d_newobj(d, r):
    r.fh = d.opaque(64) if d.flag() else None
    r.attr = d_attr(d)


class Nfs3:
    """Calls as one user over one connection. Every call returns a result with its status."""

    def __init__(self, conn, cred=rpc.ROOT):
        self.rpc, self.cred, self.mount_conn = conn, cred, conn

    def as_user(self, cred):
        """Calls as another user over the same connection."""
        return Nfs3(self.rpc, cred)

    def raw(self, proc, args=b'', prog=NFS, vers=3, **kw):
        """The whole reply, whatever its status."""
        kw.setdefault('cred', self.cred)
        return self.rpc.call(prog, vers, proc, args, **kw)

    def _do(self, proc, args, good, bad=None, prog=NFS, **kw):
        reply = self.raw(proc, args, prog=prog, **kw)
        if reply.stat != rpc.SUCCESS:
            raise RpcError(reply)
        d = Dec(reply.body)
        r = Result(status=d.u32())
        if r.status == OK:
            good(d, r)
        elif bad:
            bad(d, r)
        d.end()
        return r

    # MOUNT
    def mnt(self, path):
        reply = self.mount_conn.call(MOUNT, 3, 1, Enc().opaque(path).bytes(), self.cred)
        if reply.stat != rpc.SUCCESS:
            raise RpcError(reply)
        d = Dec(reply.body)
        r = Result(status=d.u32(), fh=None, flavors=None)
        if r.status == OK:
            r.fh = d.opaque(64)
            r.flavors = [d.u32() for _ in range(d.u32())]
        d.end()
        return r

    # the 22 procedures
    def null(self):
        return self.raw(NULL)

    def getattr(self, fh, **kw):
        def good(d, r):
            r.attr = d_fattr(d)
        return self._do(GETATTR, Enc().opaque(fh).bytes(), good, **kw)

    def setattr(self, fh, attrs, guard=None, **kw):
        def both(d, r):
            r.wcc = d_wcc(d)
        e = Enc().opaque(fh).fixed(attrs)
        e.u32(0) if guard is None else e.u32(1, *guard)
        return self._do(SETATTR, e.bytes(), both, both, **kw)

    def lookup(self, fh, name, **kw):
        def good(d, r):
            r.fh, r.attr, r.dir = d.opaque(64), d_attr(d), d_attr(d)

        def bad(d, r):
            r.dir = d_attr(d)
        return self._do(LOOKUP, diropargs(fh, name), good, bad, **kw)

    def access(self, fh, want=ALL_ACCESS, **kw):
        def good(d, r):
            r.attr, r.access = d_attr(d), d.u32()

        def bad(d, r):
            r.attr = d_attr(d)
        return self._do(ACCESS, Enc().opaque(fh).u32(want).bytes(), good, bad, **kw)

    def readlink(self, fh, **kw):
        def good(d, r):
            r.attr, r.target = d_attr(d), d.opaque()

        def bad(d, r):
            r.attr = d_attr(d)
        return self._do(READLINK, Enc().opaque(fh).bytes(), good, bad, **kw)

    def read(self, fh, offset, count, **kw):
        def good(d, r):
            r.attr, r.count, r.eof, r.data = d_attr(d), d.u32(), d.flag(), d.opaque()
            if r.count != len(r.data):
                raise rpc.Bad('READ: count and data differ')

        def bad(d, r):
            r.attr = d_attr(d)
        return self._do(READ, Enc().opaque(fh).u64(offset).u32(count).bytes(), good, bad, **kw)

    def write(self, fh, offset, data, stable=FILE_SYNC, **kw):
        def good(d, r):
            r.wcc, r.count, r.committed, r.verf = d_wcc(d), d.u32(), d.u32(), d.fixed(8)

        def bad(d, r):
            r.wcc = d_wcc(d)
        args = Enc().opaque(fh).u64(offset).u32(len(data), stable).opaque(data).bytes()
        return self._do(WRITE, args, good, bad, **kw)

    def _make(self, proc, args, **kw):
        def good(d, r):
            d_newobj(d, r)
            r.wcc = d_wcc(d)

        def bad(d, r):
            r.wcc = d_wcc(d)
        return self._do(proc, args, good, bad, **kw)

    def create(self, fh, name, how=UNCHECKED, attrs=None, verf=bytes(8), **kw):
        e = Enc().opaque(fh).opaque(name).u32(how)
        e.fixed(verf if how == EXCLUSIVE else attrs or sattr(mode=0o644))
        return self._make(CREATE, e.bytes(), **kw)

    def mkdir(self, fh, name, attrs=None, **kw):
        args = diropargs(fh, name) + (attrs or sattr(mode=0o755))
        return self._make(MKDIR, args, **kw)

    def symlink(self, fh, name, target, attrs=None, **kw):
        args = Enc().opaque(fh).opaque(name).fixed(attrs or sattr()).opaque(target).bytes()
        return self._make(SYMLINK, args, **kw)

    def mknod(self, fh, name, kind, attrs=None, dev=(0, 0), **kw):
        e = Enc().opaque(fh).opaque(name).u32(kind)
        if kind in (BLK, CHR, SOCK, FIFO):
            e.fixed(attrs or sattr(mode=0o644))
        if kind in (BLK, CHR):
            e.u32(*dev)
        return self._make(MKNOD, e.bytes(), **kw)

    def _wcc(self, proc, args, **kw):
        def both(d, r):
            r.wcc = d_wcc(d)
        return self._do(proc, args, both, both, **kw)

    def remove(self, fh, name, **kw):
        return self._wcc(REMOVE, diropargs(fh, name), **kw)

    def rmdir(self, fh, name, **kw):
        return self._wcc(RMDIR, diropargs(fh, name), **kw)

    def rename(self, fh, name, to_fh, to_name, **kw):
        def both(d, r):
            r.wcc, r.to_wcc = d_wcc(d), d_wcc(d)
        return self._do(RENAME, diropargs(fh, name) + diropargs(to_fh, to_name), both, both, **kw)

    def link(self, fh, dir_fh, name, **kw):
        def both(d, r):
            r.attr, r.wcc = d_attr(d), d_wcc(d)
        return self._do(LINK, Enc().opaque(fh).bytes() + diropargs(dir_fh, name), both, both, **kw)

    def readdir(self, fh, cookie=0, verf=bytes(8), count=8192, **kw):
        def good(d, r):
            r.attr, r.verf, r.entries = d_attr(d), d.fixed(8), []
            while d.flag():
                r.entries.append(Result(fileid=d.u64(), name=d.opaque(), cookie=d.u64()))
            r.eof = d.flag()

        def bad(d, r):
            r.attr = d_attr(d)
        args = Enc().opaque(fh).u64(cookie).fixed(verf).u32(count).bytes()
        return self._do(READDIR, args, good, bad, **kw)

    def readdirplus(self, fh, cookie=0, verf=bytes(8), dircount=4096, maxcount=32768, **kw):
        def good(d, r):
            r.attr, r.verf, r.entries = d_attr(d), d.fixed(8), []
            while d.flag():
                r.entries.append(Result(fileid=d.u64(), name=d.opaque(), cookie=d.u64(),
                                        attr=d_attr(d), fh=d.opaque(64) if d.flag() else None))
            r.eof = d.flag()
            r.size = d.pos

        def bad(d, r):
            r.attr = d_attr(d)
        args = Enc().opaque(fh).u64(cookie).fixed(verf).u32(dircount, maxcount).bytes()
        return self._do(READDIRPLUS, args, good, bad, **kw)

    def fsstat(self, fh, **kw):
        def good(d, r):
            r.attr = d_attr(d)
            r.tbytes, r.fbytes, r.abytes, r.tfiles, r.ffiles, r.afiles = (d.u64() for _ in range(6))
            r.invarsec = d.u32()

        def bad(d, r):
            r.attr = d_attr(d)
        return self._do(FSSTAT, Enc().opaque(fh).bytes(), good, bad, **kw)

    def fsinfo(self, fh, **kw):
        def good(d, r):
            r.attr = d_attr(d)
            r.rtmax, r.rtpref, r.rtmult, r.wtmax, r.wtpref, r.wtmult, r.dtpref = (
                d.u32() for _ in range(7))
            r.maxfilesize, r.time_delta, r.properties = d.u64(), (d.u32(), d.u32()), d.u32()

        def bad(d, r):
            r.attr = d_attr(d)
        return self._do(FSINFO, Enc().opaque(fh).bytes(), good, bad, **kw)

    def pathconf(self, fh, **kw):
        def good(d, r):
            r.attr, r.linkmax, r.name_max = d_attr(d), d.u32(), d.u32()
            r.no_trunc, r.chown_restricted = d.flag(), d.flag()
            r.case_insensitive, r.case_preserving = d.flag(), d.flag()

        def bad(d, r):
            r.attr = d_attr(d)
        return self._do(PATHCONF, Enc().opaque(fh).bytes(), good, bad, **kw)

    def commit(self, fh, offset=0, count=0, **kw):
        def good(d, r):
            r.wcc, r.verf = d_wcc(d), d.fixed(8)

        def bad(d, r):
            r.wcc = d_wcc(d)
        return self._do(COMMIT, Enc().opaque(fh).u64(offset).u32(count).bytes(), good, bad, **kw)

    # helpers made of them
    def listing(self, fh, plus=False, **kw):
        """All entries; a repeated cookie or a listing without progress is an error."""
        entries, cookie, verf, seen = [], 0, bytes(8), set()
        while True:
            r = (self.readdirplus if plus else self.readdir)(fh, cookie, verf, **kw)
            if r.status != OK:
                raise AssertionError(f'listing: status {r.status}')
            if not r.entries and not r.eof:
                raise AssertionError('listing: no entries and not the end')
            for e in r.entries:
                if e.cookie in seen:
                    raise AssertionError(f'listing: cookie {e.cookie} twice')
                seen.add(e.cookie)
            entries += r.entries
            if r.eof:
                return entries
            cookie, verf = entries[-1].cookie, r.verf
