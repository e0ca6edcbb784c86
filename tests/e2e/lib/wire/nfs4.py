# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.0, 4.1 and 4.2 by hand (RFC 7530 and 7531, RFC 8881 and 5662, RFC 7862).

An operation is built by a function of its name and says how its result is read:

    c = nfs4.Nfs4(client.connect(), minor=0)
    r = c.compound(nfs4.putrootfh(), nfs4.lookup('data'), nfs4.getattr('type', 'size'))
    r.status, r[-1].status, r[-1].attrs['size']

With sessions:

    s = nfs4.Session.make(client.connect())
    r = s.compound(nfs4.putrootfh(), nfs4.getfh())       # SEQUENCE comes first by itself
"""
import itertools
import os
import select
import struct
import time
from types import SimpleNamespace as Result

import rpc
from rpc import Dec, Enc, RpcError
import nfs4_attr as attr
from nfs4_attr import bitmap, d_bitmap, fattr, d_fattr  # noqa: F401
from nfs4_status import *  # noqa: F401,F403
from nfs4_status import CLID_INUSE, DELAY, DENIED, OK, STATUS

NFS = 100003
NULL, COMPOUND = 0, 1

OPS = {name: number for number, name in enumerate(
    'access close commit create delegpurge delegreturn getattr getfh link lock lockt locku lookup '
    'lookupp nverify open openattr open_confirm open_downgrade putfh putpubfh putrootfh read '
    'readdir readlink remove rename renew restorefh savefh secinfo setattr setclientid '
    'setclientid_confirm verify write release_lockowner backchannel_ctl bind_conn_to_session '
    'exchange_id create_session destroy_session free_stateid get_dir_delegation getdeviceinfo '
    'getdevicelist layoutcommit layoutget layoutreturn secinfo_no_name sequence set_ssv '
    'test_stateid want_delegation destroy_clientid reclaim_complete allocate copy copy_notify '
    'deallocate io_advise layouterror layoutstats offload_cancel offload_status read_plus seek '
    'write_same clone getxattr setxattr listxattrs removexattr'.split(), 3)}
OPS['illegal'] = 10044
OP_NAMES = {number: name for name, number in OPS.items()}

REG, DIR, BLK, CHR, LNK, SOCK, FIFO, ATTRDIR, NAMEDATTR = range(1, 10)

MAY_READ, MAY_LOOKUP, MAY_MODIFY, MAY_EXTEND, MAY_DELETE, MAY_EXECUTE = 1, 2, 4, 8, 16, 32

READ, WRITE, BOTH = 1, 2, 3                      # OPEN4_SHARE_ACCESS_*
DENY_NONE, DENY_READ, DENY_WRITE, DENY_BOTH = 0, 1, 2, 3
WANT_NO_PREF, WANT_READ, WANT_WRITE, WANT_ANY, WANT_NO, WANT_CANCEL = (
    0, 0x100, 0x200, 0x300, 0x400, 0x500)
WANT_TIMES, WANT_XOR = 0x100000, 0x200000        # RFC 9754
UNCHECKED, GUARDED, EXCLUSIVE, EXCLUSIVE4_1 = range(4)
(CLAIM_NULL, CLAIM_PREVIOUS, CLAIM_DELEGATE_CUR, CLAIM_DELEGATE_PREV, CLAIM_FH,
 CLAIM_DELEG_CUR_FH, CLAIM_DELEG_PREV_FH) = range(7)
(DELEG_NONE, DELEG_READ, DELEG_WRITE, DELEG_NONE_EXT, DELEG_READ_TIMES,
 DELEG_WRITE_TIMES) = range(6)
OPEN_CONFIRM, OPEN_POSIX, OPEN_PRESERVE_UNLINKED, OPEN_MAY_NOTIFY_LOCK = 2, 4, 8, 32
OPEN_NO_STATEID = 16
READ_LT, WRITE_LT, READW_LT, WRITEW_LT = 1, 2, 3, 4
UNSTABLE, DATA_SYNC, FILE_SYNC = range(3)
U64_MAX = (1 << 64) - 1
U32_MAX = (1 << 32) - 1

EXCHGID_USE_NON_PNFS, EXCHGID_CONFIRMED = 0x10000, 0x80000000
EXCHGID_FENCE_OPS, EXCHGID_UPDATE = 0x4, 0x40000000
SESSION_PERSIST, SESSION_BACK = 1, 2

ANON = (0, bytes(12))                            # stateids
BYPASS = (U32_MAX, b'\xff' * 12)
CURRENT = (1, bytes(12))


class Op:
    """An operation: its number, the arguments as bytes, and how its result is read.

    good(d, r) reads what follows NFS4_OK; other is the same by status, for results of errors.
    """

    def __init__(self, number, args=b'', good=None, other=None):
        self.number = OPS.get(number, number)
        self.args = args.bytes() if isinstance(args, Enc) else args
        self.good, self.other = good, other or {}

    def bytes(self):
        return struct.pack('>I', self.number) + self.args

    def read(self, d, r):
        if r.status == OK:
            if self.good:
                self.good(d, r)
        elif r.status in self.other:
            self.other[r.status](d, r)


class Reply(list):
    """Results of a COMPOUND, one for each operation that ran; status and tag of the whole."""

    def __init__(self, status, tag):
        super().__init__()
        self.status, self.tag = status, tag

    def __repr__(self):
        each = ', '.join(f'{OP_NAMES.get(r.op, r.op)} {STATUS.get(r.status, r.status)}'
                         for r in self)
        return f'<{STATUS.get(self.status, self.status)}: {each}>'

    def ok(self):
        """Return the reply, after a check that all operations worked."""
        if self.status != OK:
            raise AssertionError(f'COMPOUND failed: {self!r}')
        return self

    def of(self, name):
        """The last result of an operation."""
        return [r for r in self if r.op == OPS[name]][-1]


# pieces

def stateid(sid):
    return struct.pack('>I12s', *sid)


def d_stateid(d):
    return d.u32(), d.fixed(12)


def d_change(d):
    return Result(atomic=d.flag(), before=d.u64(), after=d.u64())


def owner(clientid, name):
    return Enc().u64(clientid).opaque(name).bytes()


# operations of all versions

def access(want=0x3f):
    def good(d, r):
        r.supported, r.access = d.u32(), d.u32()
    return Op('access', Enc().u32(want), good)


def close(sid, seqid=0):
    def good(d, r):
        r.stateid = d_stateid(d)
    return Op('close', Enc().u32(seqid).fixed(stateid(sid)), good)


def commit(offset=0, count=0):
    def good(d, r):
        r.verf = d.fixed(8)
    return Op('commit', Enc().u64(offset).u32(count), good)


def create(kind, name, attrs=None, target=None, dev=(0, 0)):
    def good(d, r):
        r.change, r.attrset = d_change(d), d_bitmap(d)
    e = Enc().u32(kind)
    if kind == LNK:
        e.opaque(target)
    elif kind in (BLK, CHR):
        e.u32(*dev)
    return Op('create', e.opaque(name).fixed(fattr(attrs or {})), good)


def delegpurge(clientid):
    return Op('delegpurge', Enc().u64(clientid))


def delegreturn(sid):
    return Op('delegreturn', stateid(sid))


def getattr(*names):
    """Attributes by names of nfs4_attr.NAMES, or by numbers."""
    def good(d, r):
        r.attrs = d_fattr(d)
    return Op('getattr', bitmap(*names), good)


def getfh():
    def good(d, r):
        r.fh = d.opaque(128)
    return Op('getfh', b'', good)


def link(name):
    def good(d, r):
        r.change = d_change(d)
    return Op('link', Enc().opaque(name), good)


def d_denied(d, r):
    r.denied = Result(offset=d.u64(), length=d.u64(), kind=d.u32(), clientid=d.u64(),
                      owner=d.opaque())


def lock(kind, offset, length, sid, *, new=None, seqid=0, reclaim=False):
    """new is (open_seqid, lock_seqid, owner bytes of owner()); sid is then that of the open."""
    def good(d, r):
        r.stateid = d_stateid(d)
    e = Enc().u32(kind, reclaim).u64(offset, length).u32(1 if new else 0)
    if new:
        e.u32(new[0]).fixed(stateid(sid)).u32(new[1]).fixed(new[2])
    else:
        e.fixed(stateid(sid)).u32(seqid)
    return Op('lock', e, good, {DENIED: d_denied})


def lockt(kind, offset, length, own):
    return Op('lockt', Enc().u32(kind).u64(offset, length).fixed(own),
              other={DENIED: d_denied})


def locku(kind, offset, length, sid, seqid=0):
    def good(d, r):
        r.stateid = d_stateid(d)
    return Op('locku', Enc().u32(kind, seqid).fixed(stateid(sid)).u64(offset, length), good)


def lookup(name):
    return Op('lookup', Enc().opaque(name))


def lookupp():
    return Op('lookupp')


def verify(attrs):
    return Op('verify', fattr(attrs))


def nverify(attrs):
    return Op('nverify', fattr(attrs))


def d_delegation(d):
    g = Result(type=d.u32(), stateid=None, recall=None, why=None)
    if g.type in (DELEG_READ, DELEG_WRITE, DELEG_READ_TIMES, DELEG_WRITE_TIMES):
        g.stateid, g.recall = d_stateid(d), d.flag()
        if g.type in (DELEG_WRITE, DELEG_WRITE_TIMES):
            g.limit = d.u32(), d.u64()       # by size, or two words of blocks
        g.ace = d.u32(), d.u32(), d.u32(), d.opaque()
    elif g.type == DELEG_NONE_EXT:
        g.why = d.u32()
        if g.why in (1, 2):
            g.will = d.flag()
    return g


def open(own, name=None, acc=READ, deny=DENY_NONE, *, seqid=0, how=None, attrs=None,
         verf=None, claim=None, deleg=None):
    """how: None to open what is there; UNCHECKED, GUARDED with attrs; EXCLUSIVE with verf;
    EXCLUSIVE4_1 with both. name None is CLAIM_FH, bytes or str CLAIM_NULL; claim with deleg (its
    stateid, or for CLAIM_PREVIOUS its type) overrides. own is from owner()."""
    def good(d, r):
        r.stateid, r.change, r.rflags = d_stateid(d), d_change(d), d.u32()
        r.attrset, r.deleg = d_bitmap(d), d_delegation(d)
    e = Enc().u32(seqid, acc, deny).fixed(own)
    if how is None:
        e.u32(0)
    else:
        e.u32(1, how)
        if how in (EXCLUSIVE, EXCLUSIVE4_1):
            e.fixed(verf or bytes(8))
        if how != EXCLUSIVE:
            e.fixed(fattr(attrs or {}))
    if claim is None:
        claim = CLAIM_FH if name is None else CLAIM_NULL
    e.u32(claim)
    if claim == CLAIM_PREVIOUS:
        e.u32(deleg or 0)
    if claim in (CLAIM_DELEGATE_CUR, CLAIM_DELEG_CUR_FH):
        e.fixed(stateid(deleg))
    if claim in (CLAIM_NULL, CLAIM_DELEGATE_CUR, CLAIM_DELEGATE_PREV):
        e.opaque(name)
    return Op('open', e, good)


def openattr(create_dir=False):
    return Op('openattr', Enc().u32(create_dir))


def open_confirm(sid, seqid):
    def good(d, r):
        r.stateid = d_stateid(d)
    return Op('open_confirm', Enc().fixed(stateid(sid)).u32(seqid), good)


def open_downgrade(sid, acc, deny=DENY_NONE, seqid=0):
    def good(d, r):
        r.stateid = d_stateid(d)
    return Op('open_downgrade', Enc().fixed(stateid(sid)).u32(seqid, acc, deny), good)


def putfh(fh):
    return Op('putfh', Enc().opaque(fh))


def putpubfh():
    return Op('putpubfh')


def putrootfh():
    return Op('putrootfh')


def read(sid, offset, count):
    def good(d, r):
        r.eof, r.data = d.flag(), d.opaque()
    return Op('read', Enc().fixed(stateid(sid)).u64(offset).u32(count), good)


def readdir(cookie=0, verf=bytes(8), *names, dircount=8192, maxcount=32768):
    def good(d, r):
        r.verf, r.entries = d.fixed(8), []
        while d.flag():
            r.entries.append(Result(cookie=d.u64(), name=d.opaque(), attrs=d_fattr(d)))
        r.eof = d.flag()
    return Op('readdir', Enc().u64(cookie).fixed(verf).u32(dircount, maxcount)
              .fixed(bitmap(*names)), good)


def readlink():
    def good(d, r):
        r.target = d.opaque()
    return Op('readlink', b'', good)


def remove(name):
    def good(d, r):
        r.change = d_change(d)
    return Op('remove', Enc().opaque(name), good)


def rename(old, new):
    def good(d, r):
        r.source, r.target = d_change(d), d_change(d)
    return Op('rename', Enc().opaque(old).opaque(new), good)


def restorefh():
    return Op('restorefh')


def savefh():
    return Op('savefh')


def _d_secinfo(d, r):
    r.flavors = []
    for _ in range(d.u32()):
        flavor = d.u32()
        if flavor == rpc.AUTH_GSS:
            flavor = (flavor, d.opaque(), d.u32(), d.u32())
        r.flavors.append(flavor)


def secinfo(name):
    return Op('secinfo', Enc().opaque(name), _d_secinfo)


def setattr(sid, attrs):
    """The reply has the set bits with every status."""
    def both(d, r):
        r.attrset = d_bitmap(d)
    return Op('setattr', Enc().fixed(stateid(sid)).fixed(fattr(attrs)), both,
              {s: both for s in STATUS})


def write(sid, offset, data, stable=FILE_SYNC):
    def good(d, r):
        r.count, r.committed, r.verf = d.u32(), d.u32(), d.fixed(8)
    return Op('write', Enc().fixed(stateid(sid)).u64(offset).u32(stable).opaque(data), good)


# of 4.0 only

def renew(clientid):
    return Op('renew', Enc().u64(clientid))


def release_lockowner(own):
    return Op('release_lockowner', own)


def setclientid(name, verf=b'verifier', prog=0x40000000, netid='tcp', addr='0.0.0.0.0.0', ident=1):
    def good(d, r):
        r.clientid, r.confirm = d.u64(), d.fixed(8)

    def in_use(d, r):
        r.user = d.opaque(), d.opaque()
    return Op('setclientid', Enc().fixed(verf).opaque(name).u32(prog).opaque(netid).opaque(addr)
              .u32(ident), good, {CLID_INUSE: in_use})


def setclientid_confirm(clientid, confirm):
    return Op('setclientid_confirm', Enc().u64(clientid).fixed(confirm))


# of 4.1 and above

class Channel:
    """channel_attrs4"""

    FIELDS = 'pad request response cached ops requests'.split()

    def __init__(self, request=1 << 20, response=1 << 20, cached=8192, ops=16, requests=16, pad=0):
        self.pad, self.request, self.response = pad, request, response
        self.cached, self.ops, self.requests = cached, ops, requests

    def bytes(self):
        return Enc().u32(*(vars(self)[f] for f in self.FIELDS), 0).bytes()

    @classmethod
    def read(cls, d):
        c = cls()
        for f in cls.FIELDS:
            vars(c)[f] = d.u32()
        for _ in range(d.u32()):
            d.u32()
        return c


def exchange_id(name, verf=b'verifier', flags=0, protect=0, impl=True, must=(), allow=()):
    """protect: 0 is SP4_NONE; 1 is SP4_MACH_CRED with lists of operation numbers."""
    def good(d, r):
        r.clientid, r.seqid, r.flags, r.protect = d.u64(), d.u32(), d.u32(), d.u32()
        if r.protect == 1:
            r.must, r.allow = d_bitmap(d), d_bitmap(d)
        r.server_owner = d.u64(), d.opaque()
        r.scope = d.opaque()
        r.impl = [(d.opaque(), d.opaque(), d.u64(), d.u32()) for _ in range(d.u32())]
    e = Enc().fixed(verf).opaque(name).u32(flags, protect)
    if protect == 1:
        e.fixed(attr.words(must)).fixed(attr.words(allow))
    if impl:
        e.u32(1).opaque('e2e.test').opaque('wire').u64(0).u32(0)
    else:
        e.u32(0)
    return Op('exchange_id', e, good)


def create_session(clientid, seqid, flags=SESSION_BACK, fore=None, back=None, prog=0x40000000,
                   sec=((rpc.AUTH_NONE, b''),)):
    """sec: pairs of a flavour and the bytes of its parameters."""
    def good(d, r):
        r.sessionid, r.seqid, r.flags = d.fixed(16), d.u32(), d.u32()
        r.fore, r.back = Channel.read(d), Channel.read(d)
    e = Enc().u64(clientid).u32(seqid, flags)
    e.fixed((fore or Channel()).bytes())
    e.fixed((back or Channel(request=4096, response=4096, cached=0, ops=2, requests=4)).bytes())
    e.u32(prog, len(sec))
    for flavor, params in sec:
        e.u32(flavor).fixed(params)
    return Op('create_session', e, good)


def sequence(sessionid, seqid, slot, highest, cache=False):
    def good(d, r):
        r.sessionid, r.seqid, r.slot = d.fixed(16), d.u32(), d.u32()
        r.highest, r.target, r.flags = d.u32(), d.u32(), d.u32()
    return Op('sequence', Enc().fixed(sessionid).u32(seqid, slot, highest, cache), good)


def bind_conn_to_session(sessionid, direction=3, rdma=False):
    def good(d, r):
        r.sessionid, r.direction, r.rdma = d.fixed(16), d.u32(), d.flag()
    return Op('bind_conn_to_session', Enc().fixed(sessionid).u32(direction, rdma), good)


def backchannel_ctl(prog, sec=((rpc.AUTH_NONE, b''),)):
    e = Enc().u32(prog, len(sec))
    for flavor, params in sec:
        e.u32(flavor).fixed(params)
    return Op('backchannel_ctl', e)


def destroy_session(sessionid):
    return Op('destroy_session', sessionid)


def destroy_clientid(clientid):
    return Op('destroy_clientid', Enc().u64(clientid))


def want_delegation(want, claim=CLAIM_FH, kind=None):
    """kind: with CLAIM_PREVIOUS the type to reclaim."""
    def good(d, r):
        r.deleg = d_delegation(d)
    e = Enc().u32(want, claim)
    if claim == CLAIM_PREVIOUS:
        e.u32(kind)
    return Op('want_delegation', e, good)


def reclaim_complete(one_fs=False):
    return Op('reclaim_complete', Enc().u32(one_fs))


def free_stateid(sid):
    return Op('free_stateid', stateid(sid))


def test_stateid(*sids):
    def good(d, r):
        r.statuses = [d.u32() for _ in range(d.u32())]
    return Op('test_stateid', Enc().u32(len(sids)).fixed(b''.join(map(stateid, sids))), good)


def secinfo_no_name(parent=False):
    return Op('secinfo_no_name', Enc().u32(parent), _d_secinfo)


def get_dir_delegation(*notify, signal=False, child_delay=(0, 0), dir_delay=(0, 0), child=(),
                       dirs=()):
    """notify: numbers of NOTIFY4_*; child and dirs: attributes."""
    def good(d, r):
        r.nonfatal = d.u32()
        if r.nonfatal:
            r.will = d.flag()
            return
        r.verf, r.stateid, r.notify = d.fixed(8), d_stateid(d), d_bitmap(d)
        r.child, r.dirs = d_bitmap(d), d_bitmap(d)
    e = Enc().u32(signal).fixed(attr.words(notify))
    for t in (child_delay, dir_delay):
        e.fixed(struct.pack('>qI', *t))
    return Op('get_dir_delegation', e.fixed(bitmap(*child)).fixed(bitmap(*dirs)), good)


# calls

class Conn(rpc.Rpc):
    """A connection over which the server may call back.

    on_call(xid, prog, vers, proc, dec) returns the body behind an accepted reply's verifier, or
    None to stay silent. It runs where a reply is waited for, or in serve().
    """

    on_call = None

    def _raw(self):
        out, last = b'', 0
        while not last:
            mark = struct.unpack('>I', self._exactly(4))[0]
            last = mark & 0x80000000
            out += self._exactly(mark & 0x7fffffff)
        return out

    def _called(self, message):
        d = Dec(message)
        xid, _, _, prog, vers, proc = (d.u32() for _ in range(6))
        for _ in range(2):
            d.u32()
            d.opaque(400)
        body = self.on_call(xid, prog, vers, proc, d) if self.on_call else None
        if body is not None:
            self.send(Enc().u32(xid, 1, 0, rpc.AUTH_NONE, 0).bytes() + body)

    def recv(self):
        while True:
            message = self._raw()
            if struct.unpack('>I', message[4:8])[0]:
                return rpc.Reply(message)
            self._called(message)

    def serve(self, seconds=10):
        """Wait for one call of the server and answer it; False if none arrived."""
        # no time-out in the middle of a message, whose beginning would be lost
        if not select.select([self.sock], [], [], seconds)[0]:
            return False
        message = self._raw()
        if struct.unpack('>I', message[4:8])[0]:
            raise AssertionError('a reply that nobody waits for')
        self._called(message)
        return True


def connect(client, **kw):
    """A connection of a client of the harness to the server."""
    return Conn(client, client.server_addr, client.world.server.port, 'tcp', **kw)


def compound_bytes(ops, minor, tag=b'', count=None):
    e = Enc().opaque(tag).u32(minor, len(ops) if count is None else count)
    return e.bytes() + b''.join(op if isinstance(op, bytes) else op.bytes() for op in ops)


def read_reply(body, ops):
    """Results of the COMPOUND; those behind an operation given as bytes cannot be read."""
    d = Dec(body)
    r = Reply(d.u32(), d.opaque(2048))
    for op in itertools.islice(itertools.chain(ops, itertools.repeat(None)), d.u32()):
        one = Result(op=d.u32(), status=d.u32())
        r.append(one)
        if isinstance(op, Op):
            op.read(d, one)
        elif one.status == OK:
            return r
    d.end()
    if r and r.status != r[-1].status:
        raise rpc.Bad(f'status of COMPOUND {r.status}, of its last operation {r[-1].status}')
    return r


class Nfs4:
    """COMPOUNDs as one user over one connection."""

    def __init__(self, conn, minor=0, cred=rpc.ROOT):
        self.rpc, self.minor, self.cred = conn, minor, cred

    def raw(self, args, proc=COMPOUND, vers=4, **kw):
        """The whole reply, whatever its status."""
        kw.setdefault('cred', self.cred)
        return self.rpc.call(NFS, vers, proc, args, **kw)

    def compound(self, *ops, tag=b'', minor=None, count=None, **kw):
        args = compound_bytes(ops, self.minor if minor is None else minor, tag, count)
        reply = self.raw(args, **kw)
        if reply.stat != rpc.SUCCESS:
            raise RpcError(reply)
        return read_reply(reply.body, ops)

    def fh(self, *path):
        """The handle of a path from the root over all shares; for 4.0, and for Session."""
        r = self.compound(putrootfh(), *map(lookup, path), getfh()).ok()
        return r[-1].fh


def again_while_delayed(ask, status):
    """Repeat a call while it is answered with DELAY: by a slow holder, or the helper."""
    for _ in range(50):
        r = ask()
        if status(r) != DELAY:
            break
        time.sleep(0.1)
    return r


# Operations by which a client gets its first state, and those that only set the current filehandle.
FIRST_STATE = {OPS[name] for name in ('open', 'want_delegation', 'get_dir_delegation')}
FINDS = {OPS[name] for name in ('putfh', 'putrootfh', 'lookup')}
_unknown = itertools.count(1)


def record(client, ops):
    """Have a client recorded that is about to get its first state.

    The helper writes the record, and a busy machine answers DELAY meanwhile. An OPEN of a file that
    does not exist tells that DELAY from the DELAY of a conflict.
    """
    numbers = [op.number if isinstance(op, Op) else None for op in ops]
    first = next((i for i, number in enumerate(numbers) if number in FIRST_STATE), None)
    if client.recorded or first is None or not FINDS.issuperset(numbers[:first]):
        return
    client.recorded = True

    def ask():
        name = b'no such file %d' % next(_unknown)
        return client.compound(*ops[:first], open(client.owner(name), name, seqid=1))
    again_while_delayed(ask, lambda r: r.status)


class Client40:
    """A 4.0 client with an open-owner whose seqid it counts. It has the methods of Nfs4."""

    def __init__(self, conn, name=None, verf=None, cred=rpc.ROOT, confirm=True, **callback):
        self.nfs, self.recorded = Nfs4(conn, 0, cred), False
        self.raw, self.fh = self.nfs.raw, self.nfs.fh
        self.name = name or os.urandom(12)
        r = self.compound(setclientid(self.name, verf or os.urandom(8), **callback)).ok()[0]
        self.id, self.confirm = r.clientid, r.confirm
        if confirm:
            self.compound(setclientid_confirm(self.id, self.confirm)).ok()
        self.seqids = {}

    def compound(self, *ops, **kw):
        record(self, ops)
        return self.nfs.compound(*ops, **kw)

    def owner(self, name=b'owner'):
        return owner(self.id, name)

    def seqid(self, name=b'owner'):
        """The next seqid of an open-owner or lock-owner."""
        self.seqids[name] = self.seqids.get(name, 0) + 1
        return self.seqids[name]

    def open(self, fh, name, acc=READ, deny=DENY_NONE, own=b'owner', **kw):
        """Open a file, and confirm the open if requested: (result of OPEN, handle)."""
        r = self.compound(putfh(fh), open(self.owner(own), name, acc, deny,
                                          seqid=self.seqid(own), **kw), getfh())
        if r.status != OK:
            return r[-1], None
        got, handle = r[1], r[2].fh
        if got.rflags & OPEN_CONFIRM:
            c = self.compound(putfh(handle), open_confirm(got.stateid, self.seqid(own))).ok()
            got.stateid = c[1].stateid
        return got, handle


class Session:
    """A session of 4.1 or above. Requests use slot 0 by default."""

    def __init__(self, conn, clientid, seqid, minor=1, cred=rpc.ROOT, **kw):
        self.nfs = Nfs4(conn, minor, cred)
        self.rpc, self.clientid, self.minor = conn, clientid, minor
        r = self.nfs.compound(create_session(clientid, seqid, **kw)).ok()[0]
        self.id, self.fore, self.back, self.flags = r.sessionid, r.fore, r.back, r.flags
        self.slots, self.recorded = {}, False

    @classmethod
    def make(cls, conn, name=None, verf=None, minor=1, cred=rpc.ROOT, flags=0, reclaimed=True,
             **kw):
        """A client with its first session."""
        nfs = Nfs4(conn, minor, cred)
        r = nfs.compound(exchange_id(name or os.urandom(12), verf or os.urandom(8), flags)).ok()[0]
        s = cls(conn, r.clientid, r.seqid, minor, cred, **kw)
        s.exchange = r
        if reclaimed:
            s.patiently(reclaim_complete())
        return s

    def sequence(self, slot=0, cache=False):
        """SEQUENCE for the next request of a slot."""
        self.slots[slot] = (self.slots.get(slot, 0) + 1) & U32_MAX
        return sequence(self.id, self.slots[slot], slot, max(self.slots), cache)

    def compound(self, *ops, slot=0, cache=False, **kw):
        record(self, ops)
        try:
            r = self.nfs.compound(self.sequence(slot, cache), *ops, **kw)
        except RpcError:
            self.slots[slot] -= 1  # RPC refused it: no SEQUENCE was looked at
            raise
        if len(r) <= 1 and r.status == DELAY:
            self.slots[slot] -= 1  # so it is where SEQUENCE fails: RFC 8881 18.46.3
        return r

    def patiently(self, *ops):
        """Repeat the request while the answer is DELAY."""
        return again_while_delayed(lambda: self.compound(*ops), lambda r: r.status)

    def owner(self, name=b'owner'):
        return owner(self.clientid, name)

    fh = Nfs4.fh

    def open(self, fh, name, acc=READ, deny=DENY_NONE, own=b'owner', **kw):
        """Open a file: (result of OPEN, handle)."""
        r = self.compound(putfh(fh), open(self.owner(own), name, acc, deny, **kw), getfh())
        return (r[2], r[3].fh) if r.status == OK else (r[-1], None)

    def destroy(self):
        return self.nfs.compound(destroy_session(self.id))
