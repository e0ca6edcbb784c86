# SPDX-License-Identifier: GPL-2.0-only
"""RPC as a raw client sees it: programs, versions, credentials, malformed calls."""
import struct

import nfs3
import rpc
from checks import eq, one_of
from harness import test
from nfs3 import MOUNT, NFS, NFSACL
from rpc import Enc

RQUOTA = 100011


@test
def programs_and_versions(w):
    c = w.client.connect()
    eq(c.call(NFS, 3, 0).stat, rpc.SUCCESS, 'NULL')
    eq(c.call(NFS, 3, 0).body, b'', 'results of NULL')
    eq(c.call(NFSACL, 3, 0).stat, rpc.SUCCESS, 'NFSACL NULL')
    highest = 4 if w.server.name == 'ditto' else 3
    for vers in (0, 1, 2, 5, 0xffffffff):
        r = c.call(NFS, vers, 0)
        eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 3, highest), f'NFS version {vers}')
    for vers in (1, 2, 4):
        r = c.call(NFSACL, vers, 0)
        eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 3, 3), f'NFSACL version {vers}')
    r = c.call(RQUOTA, 3, 0)
    eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 1, 2), 'RQUOTA version 3')
    for prog in (100000, 200000, 0, 0xffffffff):
        eq(c.call(prog, 3, 0).stat, rpc.PROG_UNAVAIL, f'program {prog}')
    for proc in (22, 23, 1000, 0xffffffff):
        eq(c.call(NFS, 3, proc).stat, rpc.PROC_UNAVAIL, f'procedure {proc}')
    for proc in (5, 6, 0xffffffff):
        eq(c.call(NFSACL, 3, proc).stat, rpc.PROC_UNAVAIL, f'NFSACL procedure {proc}')
    r = c.call(NFS, 3, 0, rpcvers=3)
    eq((r.stat, r.low, r.high), (rpc.RPC_MISMATCH, 2, 2), 'RPC version 3')


@test
def mount_program(w):
    for proto in ('tcp', 'udp'):
        c = w.client.connect(proto, port=w.server.mount_port)
        eq(c.call(MOUNT, 3, 0).stat, rpc.SUCCESS, f'NULL by {proto}')
        eq(c.call(MOUNT, 4, 0).stat, rpc.PROG_MISMATCH, f'version 4 by {proto}')
        eq(c.call(MOUNT, 3, 6).stat, rpc.PROC_UNAVAIL, f'procedure 6 by {proto}')
        n = nfs3.Nfs3(c)
        r = n.mnt(w.export)
        eq(r.status, nfs3.OK, 'MNT')
        assert rpc.AUTH_SYS in r.flavors and len(set(r.flavors)) == len(r.flavors), r.flavors
        one_of(n.mnt('/no/such/share').status, (nfs3.NOENT, nfs3.ACCES), 'MNT of nothing')
        one_of(n.mnt('').status, (nfs3.NOENT, nfs3.ACCES, nfs3.INVAL), 'MNT of an empty path')
        r = c.call(MOUNT, 3, 1, Enc().opaque(b'x' * 1025).bytes())
        assert r.stat or int.from_bytes(r.body[:4], 'big'), 'MNT of a path over MNTPATHLEN'
        r = c.call(MOUNT, 3, 5)
        eq(r.stat, rpc.SUCCESS, 'EXPORT')
        d, exports = rpc.Dec(r.body), []
        while d.flag():
            exports.append(d.opaque(1024).decode())
            while d.flag():
                d.opaque(255)
        d.end()
        eq(len(exports), 1, f'exports {exports}')
        eq(c.call(MOUNT, 3, 2).stat, rpc.SUCCESS, 'DUMP')
        eq(c.call(MOUNT, 3, 3, Enc().opaque(w.export).bytes()).stat, rpc.SUCCESS, 'UMNT')
        eq(c.call(MOUNT, 3, 4).stat, rpc.SUCCESS, 'UMNTALL')


@test(server='ditto')
def mount_by_name(w):
    """Mounts by name, with or without a slash, and by path give the same handle."""
    n = w.client.nfs()
    for path in ('data', '/data', w.export, w.export + '/'):
        r = n.mnt(path)
        eq((r.status, r.fh), (nfs3.OK, n.root), f'MNT {path}')
    for path in ('/dat', '/dataa', 'data/..', w.export[:-1], '/', '/tmp'):
        one_of(n.mnt(path).status, (nfs3.NOENT, nfs3.ACCES, nfs3.INVAL), f'MNT {path}')


@test
def record_fragments(w):
    """A call in many fragments, several calls in one segment, and half a call."""
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    args = Enc().opaque(f).u64(0).u32(100, nfs3.FILE_SYNC).opaque(b'z' * 100).bytes()
    for size in (1, 3, 40, 99):
        eq(n.raw(nfs3.WRITE, args, fragment=size).stat, rpc.SUCCESS, f'fragments of {size}')
    messages = [rpc.call_bytes(NFS, 3, nfs3.GETATTR, Enc().opaque(f).bytes(), xid=0x5000 + i)
                for i in range(50)]
    n.rpc.sock.sendall(b''.join(struct.pack('>I', 0x80000000 | len(m)) + m for m in messages))
    eq(sorted(n.rpc.recv().xid for _ in range(50)), [0x5000 + i for i in range(50)])
    for junk in (b'\x80', struct.pack('>I', 0x80000000 | 200) + b'half',
                 struct.pack('>I', 0xffffffff) + b'x' * 100, struct.pack('>I', 0x80000000),
                 struct.pack('>I', 0x80000003) + b'abc', b'GET / HTTP/1.0\r\n\r\n'):
        c = w.client.connect()
        c.sock.sendall(junk)
        c.close()
        eq(n.getattr(f).status, nfs3.OK, f'after {junk[:20]}')


@test
def credentials(w):
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh

    def stat(cred):
        r = n.raw(nfs3.GETATTR, Enc().opaque(f).bytes(), cred=cred)
        return r.stat, r.why, r.body[:4]
    eq(stat(rpc.auth_sys(0, 0, range(16)))[0], rpc.SUCCESS, '16 groups')
    bad = {'17 groups': rpc.auth_sys(0, 0, range(17)),
           'a count without groups': (rpc.AUTH_SYS, Enc().u32(0).opaque('m').u32(0, 0, 5).bytes()),
           'a machine name over 255': rpc.auth_sys(0, 0, (), b'm' * 256),
           'nothing': (rpc.AUTH_SYS, b''),
           'a machine name beyond the end': (rpc.AUTH_SYS, Enc().u32(0, 0xffffffff).bytes()),
           'AUTH_SHORT': (rpc.AUTH_SHORT, bytes(8)), 'AUTH_DH': (rpc.AUTH_DH, bytes(20)),
           'unknown': (77, b'')}
    for what, cred in bad.items():
        r = stat(cred)
        eq(r[0], rpc.AUTH_ERROR, f'a credential with {what}')
    r = stat((rpc.AUTH_NONE, b''))  # not allowed on this share
    assert r[0] == rpc.AUTH_ERROR or r[2] == struct.pack('>I', nfs3.ACCES), f'AUTH_NONE: {r}'
    n.rpc.send(rpc.call_bytes(NFS, 3, 0, cred=(rpc.AUTH_SYS, bytes(404))))  # over 400 bytes
    try:
        n.rpc.recv()
    except (EOFError, ConnectionError, TimeoutError):
        pass
    n = w.client.nfs()
    eq(n.getattr(n.root).status, nfs3.OK, 'afterwards')


def valid_calls(n):
    """One call of each procedure with valid arguments."""
    d, f = n.mkdir(n.root, 'd').fh, n.create(n.root, 'f').fh
    link = n.symlink(n.root, 'l', 'target').fh
    one = Enc().opaque(f).bytes()
    name = nfs3.diropargs(d, 'name')
    attrs = nfs3.sattr(0o644, 0, 0, 0, (1, 2), (3, 4))
    return {
        nfs3.GETATTR: one,
        nfs3.SETATTR: Enc().opaque(f).fixed(attrs).u32(1, 5, 6).bytes(),
        nfs3.LOOKUP: name,
        nfs3.ACCESS: Enc().opaque(f).u32(63).bytes(),
        nfs3.READLINK: Enc().opaque(link).bytes(),
        nfs3.READ: Enc().opaque(f).u64(0).u32(100).bytes(),
        nfs3.WRITE: Enc().opaque(f).u64(0).u32(8, 2).opaque(b'12345678').bytes(),
        nfs3.CREATE: name + Enc().u32(nfs3.GUARDED).fixed(attrs).bytes(),
        nfs3.MKDIR: name + attrs,
        nfs3.SYMLINK: name + Enc().fixed(attrs).opaque('somewhere').bytes(),
        nfs3.MKNOD: name + Enc().u32(nfs3.CHR).fixed(attrs).u32(1, 3).bytes(),
        nfs3.REMOVE: name,
        nfs3.RMDIR: name,
        nfs3.RENAME: name + nfs3.diropargs(d, 'other'),
        nfs3.LINK: one + nfs3.diropargs(d, 'linked'),
        nfs3.READDIR: Enc().opaque(d).u64(0).fixed(bytes(8)).u32(4096).bytes(),
        nfs3.READDIRPLUS: Enc().opaque(d).u64(0).fixed(bytes(8)).u32(4096, 8192).bytes(),
        nfs3.FSSTAT: one, nfs3.FSINFO: one, nfs3.PATHCONF: one,
        nfs3.COMMIT: Enc().opaque(f).u64(0).u32(0).bytes(),
    }


@test
def truncated_arguments(w):
    """Every procedure is refused when its arguments are cut at any word."""
    n = w.client.nfs()
    for proc, args in valid_calls(n).items():
        for cut in range(0, len(args), 4):
            r = n.raw(proc, args[:cut])
            eq(r.stat, rpc.GARBAGE_ARGS, f'{nfs3.NAMES[proc]} cut at {cut} of {len(args)}')
        r = n.raw(proc, args)
        eq(r.stat, rpc.SUCCESS, f'{nfs3.NAMES[proc]} whole')
    acl = Enc().opaque(n.root).u32(0xf).bytes()
    for cut in range(0, len(acl), 4):
        eq(n.raw(1, acl[:cut], prog=NFSACL).stat, rpc.GARBAGE_ARGS, f'GETACL cut at {cut}')
    entries = Enc().u32(4, 4, 1, 0, 7, 4, 0, 5, 16, 0, 5, 32, 0, 5).u32(0, 0)
    acl = Enc().opaque(n.root).u32(1).bytes() + entries.bytes()
    for cut in range(0, len(acl), 4):
        eq(n.raw(2, acl[:cut], prog=NFSACL).stat, rpc.GARBAGE_ARGS, f'SETACL cut at {cut}')


@test
def lengths_and_discriminants(w):
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    garbage = {
        'handle of 65 bytes': (nfs3.GETATTR, Enc().opaque(bytes(65)).bytes()),
        'handle of 4 GiB': (nfs3.GETATTR, Enc().u32(0xffffffff).bytes() + bytes(64)),
        'handle of 2 GiB': (nfs3.GETATTR, Enc().u32(0x7ffffffd).bytes() + bytes(64)),
        'name of 4 GiB': (nfs3.LOOKUP, Enc().opaque(n.root).u32(0xffffffff).bytes() + b'name'),
        'name beyond the end': (nfs3.LOOKUP, Enc().opaque(n.root).u32(8).bytes() + b'name'),
        'time_how 3': (nfs3.SETATTR, Enc().opaque(f).u32(0, 0, 0, 0, 3, 0, 0).bytes()),
        'createmode 3': (nfs3.CREATE, nfs3.diropargs(n.root, 'c') + Enc().u32(3).bytes()
                         + nfs3.sattr()),
        'stable_how 3': (nfs3.WRITE, Enc().opaque(f).u64(0).u32(4, 3).opaque(b'data').bytes()),
        'data beyond the end': (nfs3.WRITE,
                                Enc().opaque(f).u64(0).u32(4000, 2, 4000).bytes() + b'data'),
        'data of 4 GiB': (nfs3.WRITE,
                          Enc().opaque(f).u64(0).u32(0xffffffff, 2, 0xffffffff).bytes() + b'data'),
        'count and data differ': (nfs3.WRITE,
                                  Enc().opaque(f).u64(0).u32(8, 2).opaque(b'data').bytes()),
        'symlink of 4 GiB': (nfs3.SYMLINK, nfs3.diropargs(n.root, 's') + nfs3.sattr()
                             + Enc().u32(0xffffffff).bytes()),
    }
    for what, (proc, args) in garbage.items():
        r = n.raw(proc, args)
        if what != 'stable_how 3' or w.server.name == 'ditto':
            status = r.stat or what == 'count and data differ' and \
                r.body[:4] == struct.pack('>I', nfs3.INVAL) and rpc.GARBAGE_ARGS
            eq(status, rpc.GARBAGE_ARGS, what)
    r = n.raw(nfs3.GETATTR, Enc().opaque(n.root).bytes() + bytes(64))
    one_of(r.stat, (rpc.SUCCESS, rpc.GARBAGE_ARGS), 'bytes behind the arguments')
    for kind in (0, nfs3.REG, nfs3.DIR, nfs3.LNK):
        r = n.raw(nfs3.MKNOD, nfs3.diropargs(n.root, 'm') + Enc().u32(kind).bytes())
        assert r.stat == rpc.GARBAGE_ARGS or \
            struct.unpack('>I', r.body[:4])[0] in (nfs3.BADTYPE, nfs3.INVAL), \
            f'MKNOD of type {kind}: {r.stat} {r.body[:4]}'
    eq(n.lookup(n.root, 'm').status, nfs3.NOENT)
    if w.server.name == 'ditto':
        eq(n.getattr(f).attr.size, 0, 'the file after refused writes')


@test(server='ditto')
def nfs_by_udp(w):
    """Only MOUNT answers by UDP, until the setting enables NFS."""
    c = w.client.connect('udp')
    eq(c.call(MOUNT, 3, 0).stat, rpc.SUCCESS, 'MOUNT by UDP')
    one_of(c.call(NFS, 3, 0).stat, (rpc.PROG_UNAVAIL,), 'NFS by UDP')
    w.server.ctl('server', 'set', 'udp', '1')
    n = nfs3.Nfs3(w.client.connect('udp'))
    root = n.mnt(w.export).fh
    eq(n.getattr(root).status, nfs3.OK, 'GETATTR by UDP')
    f = n.create(root, 'f').fh
    eq(n.write(f, 0, b'datagram').status, nfs3.OK)
    eq(n.read(f, 0, 100).data, b'datagram')
