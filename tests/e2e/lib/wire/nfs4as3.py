# SPDX-License-Identifier: GPL-2.0-only
"""The procedures of nfs3.Nfs3 done by NFSv4, so that tests of one hold for the other."""
import itertools
import time
from types import SimpleNamespace as Result

import nfs3
import nfs4
import rpc
from nfs4 import getattr, getfh, lookup, putfh, putrootfh, savefh
from rpc import Dec

ATTRS = ('type size fsid fileid mode numlinks owner owner_group rawdev space_used time_access '
         'time_metadata time_modify').split()
PATIENCE = 30                                    # seconds of DELAY and GRACE

_owners = itertools.count(1)


def attr3(a):
    """Attributes in the form of nfs3."""
    return Result(type=a['type'], mode=a['mode'], nlink=a['numlinks'], uid=int(a['owner']),
                  gid=int(a['owner_group']), size=a['size'], used=a['space_used'],
                  rdev=a['rawdev'], fsid=a['fsid'], fileid=a['fileid'], atime=a['time_access'],
                  mtime=a['time_modify'], ctime=a['time_metadata'])


def sattr4(data):
    """Attributes by name, from the bytes that nfs3.sattr() made."""
    d, out = Dec(data), {}
    for name, read in (('mode', Dec.u32), ('owner', Dec.u32), ('owner_group', Dec.u32),
                       ('size', Dec.u64)):
        if d.flag():
            value = read(d)
            out[name] = value if read is Dec.u64 or name == 'mode' else str(value)
    for name in ('time_access_set', 'time_modify_set'):
        how = d.u32()
        if how:
            out[name] = 'server' if how == 1 else (d.u32(), d.u32())
    return out


class Nfs4As3:
    """Calls as one user over one connection; .rpc is the connection."""

    def __init__(self, conn, cred=rpc.ROOT, vers='4.1'):
        self.rpc, self.cred, self.minor = conn, cred, int(vers[2:])
        self.session = self.client = None
        self.path4 = str

    def as_user(self, cred):
        """Calls as another user over the same connection."""
        other = Nfs4As3(self.rpc, cred, f'4.{self.minor}')
        other.session, other.client, other.path4 = self.session, self.client, self.path4
        return other

    def _do(self, *ops, cred=None):
        """Send a COMPOUND, and repeat it while the server answers DELAY."""
        end = time.monotonic() + PATIENCE
        while True:
            r = self._once(ops, cred or self.cred)
            if r.status not in (nfs4.DELAY, nfs4.GRACE) or time.monotonic() > end:
                return r
            time.sleep(0.1)

    def _once(self, ops, cred):
        """A machine that no share admits gets a status here, as it gets one from MOUNT."""
        try:
            return self._compound(ops, cred)
        except rpc.RpcError as e:
            if e.reply.stat != rpc.AUTH_ERROR:
                raise
            return Result(status=nfs4.ACCESS)

    def _compound(self, ops, cred):
        if not self.minor:
            return nfs4.Nfs4(self.rpc, 0, cred).compound(*ops)
        if not self.session:
            self.session = nfs4.Session.make(self.rpc, minor=self.minor, cred=self.cred)
        return self.session.compound(*ops, cred=cred)

    def _owner(self):
        """An own open-owner for each open, and for 4.0 one client for all."""
        name = b'owner %d' % next(_owners)
        if self.minor:
            return self.session.owner(name)
        if not self.client:
            self.client = nfs4.Client40(self.rpc, cred=self.cred)
        return self.client.owner(name)

    @staticmethod
    def _status(r):
        """The status by its number in version 3, where it has one."""
        status = {nfs4.WRONGSEC: nfs3.ACCES, nfs4.SYMLINK: nfs3.NOTDIR}.get(r.status, r.status)
        return Result(status=status)

    def _got(self, r, fh=None, attrs=False):
        out = self._status(r)
        if r.status == nfs4.OK:
            if fh:
                out.fh = r.of('getfh').fh
            if attrs:
                out.attr = attr3(r.of('getattr').attrs)
        return out

    def null(self):
        return self.rpc.call(nfs4.NFS, 4, nfs4.NULL)

    def mnt(self, path):
        names = self.path4(path).strip('/').split('/')
        r = self._do(putrootfh(), *map(lookup, names), getfh())
        out = self._got(r, fh=True)
        if out.status == nfs4.OK:
            out.flavors = self._do(putrootfh(), nfs4.secinfo(names[0])).of('secinfo').flavors
        return out

    def getattr(self, fh, **kw):
        return self._got(self._do(putfh(fh), getattr(*ATTRS), **kw), attrs=True)

    def setattr(self, fh, attrs, **kw):
        return self._got(self._do(putfh(fh), nfs4.setattr(nfs4.ANON, sattr4(attrs)), **kw))

    def lookup(self, fh, name, **kw):
        step = nfs4.lookupp() if name in ('..', b'..') else lookup(name)
        return self._got(self._do(putfh(fh), step, getfh(), getattr(*ATTRS), **kw), True, True)

    def access(self, fh, want=nfs3.ALL_ACCESS, **kw):
        r = self._do(putfh(fh), nfs4.access(want), **kw)
        out = self._got(r)
        if r.status == nfs4.OK:
            out.access = r[-1].access
        return out

    def readlink(self, fh, **kw):
        r = self._do(putfh(fh), nfs4.readlink(), **kw)
        out = self._got(r)
        if r.status == nfs4.OK:
            out.target = r[-1].target
        return out

    def read(self, fh, offset, count, **kw):
        r = self._do(putfh(fh), nfs4.read(nfs4.ANON, offset, count), **kw)
        out = self._got(r)
        if r.status == nfs4.OK:
            out.data, out.eof, out.count = r[-1].data, r[-1].eof, len(r[-1].data)
        return out

    def write(self, fh, offset, data, stable=nfs3.FILE_SYNC, **kw):
        r = self._do(putfh(fh), nfs4.write(nfs4.ANON, offset, data, stable), **kw)
        out = self._got(r)
        if r.status == nfs4.OK:
            out.count, out.committed, out.verf = r[-1].count, r[-1].committed, r[-1].verf
        return out

    def commit(self, fh, offset=0, count=0, **kw):
        return self._got(self._do(putfh(fh), nfs4.commit(offset, count), **kw))

    def create(self, fh, name, how=nfs3.UNCHECKED, attrs=None, verf=bytes(8), **kw):
        """Create a file by opening and closing it."""
        if self.minor and not self.session:
            self._do(putrootfh())
        own = self._owner()
        if how == nfs3.EXCLUSIVE and self.minor:
            how = nfs4.EXCLUSIVE4_1
        op = nfs4.open(own, name, nfs4.BOTH, seqid=1, how=how, verf=verf,
                       attrs=sattr4(attrs or nfs3.sattr(mode=0o644)) if how < 2 else {})
        r = self._do(putfh(fh), op, getfh(), getattr(*ATTRS), **kw)
        out = self._got(r, True, True)
        if r.status == nfs4.OK:
            self._close(out.fh, r.of('open'), **kw)
        return out

    def _close(self, fh, got, **kw):
        sid, seqid = got.stateid, 2
        if got.rflags & nfs4.OPEN_CONFIRM:
            sid = self._do(putfh(fh), nfs4.open_confirm(sid, seqid), **kw).ok()[-1].stateid
            seqid = 3
        self._do(putfh(fh), nfs4.close(sid, seqid), **kw).ok()

    def _make(self, fh, op, **kw):
        return self._got(self._do(putfh(fh), op, getfh(), getattr(*ATTRS), **kw), True, True)

    def mkdir(self, fh, name, attrs=None, **kw):
        attrs = sattr4(attrs or nfs3.sattr(mode=0o755))
        return self._make(fh, nfs4.create(nfs4.DIR, name, attrs), **kw)

    def symlink(self, fh, name, target, attrs=None, **kw):
        attrs = sattr4(attrs or nfs3.sattr())
        return self._make(fh, nfs4.create(nfs4.LNK, name, attrs, target), **kw)

    def mknod(self, fh, name, kind, attrs=None, dev=(0, 0), **kw):
        attrs = sattr4(attrs or nfs3.sattr(mode=0o644))
        return self._make(fh, nfs4.create(kind, name, attrs, dev=dev), **kw)

    def remove(self, fh, name, **kw):
        return self._got(self._do(putfh(fh), nfs4.remove(name), **kw))

    rmdir = remove

    def rename(self, fh, name, to_fh, to_name, **kw):
        return self._got(self._do(putfh(fh), savefh(), putfh(to_fh), nfs4.rename(name, to_name),
                                  **kw))

    def link(self, fh, dir_fh, name, **kw):
        return self._got(self._do(putfh(fh), savefh(), putfh(dir_fh), nfs4.link(name), **kw))

    def readdir(self, fh, cookie=0, verf=bytes(8), count=8192, **kw):
        return self._list(fh, cookie, verf, count, ('fileid',), **kw)

    def readdirplus(self, fh, cookie=0, verf=bytes(8), dircount=4096, maxcount=32768, **kw):
        return self._list(fh, cookie, verf, maxcount, ('rdattr_error', 'filehandle', *ATTRS),
                          dircount=dircount, **kw)

    def _list(self, fh, cookie, verf, count, names, dircount=8192, **kw):
        r = self._do(putfh(fh), nfs4.readdir(cookie, verf, *names, dircount=dircount,
                                             maxcount=count), **kw)
        out = self._got(r)
        if r.status == nfs4.OK:
            out.verf, out.eof, out.entries = r[-1].verf, r[-1].eof, []
            for e in r[-1].entries:
                good = 'mode' in e.attrs
                out.entries.append(Result(
                    name=e.name, cookie=e.cookie, fileid=e.attrs.get('fileid'),
                    attr=attr3(e.attrs) if good else None, fh=e.attrs.get('filehandle')))
        return out

    listing = nfs3.Nfs3.listing


def make(client, cred=rpc.ROOT, path=None, vers='4.1', **kw):
    """A raw client; its .root is the handle of the share."""
    n = Nfs4As3(nfs4.connect(client, **kw), cred, vers)
    n.path4 = client.world.server.path4
    r = n.mnt(path or client.world.export)
    if r.status != nfs4.OK:
        raise AssertionError(f'{path}: status {r.status}')
    n.root = r.fh
    return n
