# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 by hand: the rules of COMPOUND, handles, replies and the root above all shares."""
import functools
import os
import struct

import nfs4
import rpc
from checks import eq, one_of
from files import get, put
from harness import test
from nfs4 import OPS, getattr, getfh, lookup, lookupp, putfh, putrootfh, restorefh, savefh
from nfs4_raw import both, last, open_nfs
from processes import as_user
from rpc import Enc
from trees import names_on_disk

wire = functools.partial(test, server='ditto')
# Kerberos as SECINFO tells it, without the service: 1 for krb5, 2 for krb5i, 3 for krb5p.
KRB5 = 6, b'\x2a\x86\x48\x86\xf7\x12\x01\x02\x02', 0


# the envelope

@wire
def null_and_versions(w):
    c = open_nfs(w)
    eq(c.raw(b'', proc=nfs4.NULL).stat, rpc.SUCCESS)
    for vers in (0, 1, 2, 5, 0xffffffff):
        r = c.raw(b'', proc=nfs4.NULL, vers=vers)
        eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 3, 4), f'version {vers}')
    eq(c.raw(b'', proc=2).stat, rpc.PROC_UNAVAIL)
    for args in (b'', b'\0\0\0\1', b'\0\0\0\0\0\0\0\0', struct.pack('>I', 1 << 30)):
        eq(c.raw(args).stat, rpc.GARBAGE_ARGS, f'{args!r}')


@wire
def not_over_udp(w):
    """NFSv4 is refused over UDP (RFC 7530 section 3.1)."""
    w.server.ctl('server', 'set', 'udp', 'on')
    udp = w.client.connect('udp')
    r = udp.call(nfs4.NFS, 4, nfs4.NULL)
    eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 3, 3))
    eq(udp.call(nfs4.NFS, 3, 0).stat, rpc.SUCCESS)


@wire
def minor_versions(w):
    c = open_nfs(w)
    for minor in (3, 4, 0x7fffffff, 0xffffffff):
        r = last(c.compound(putrootfh(), minor=minor, tag=b'a tag'), nfs4.MINOR_VERS_MISMATCH, 0)
        eq(r.tag, b'a tag')
    for minor in (0, 1, 2):
        last(c.compound(minor=minor), nfs4.OK, 0)


@wire
def tags(w):
    c = open_nfs(w)
    for tag in (b'', b'x', b'abcde', 'gr\u00fc\u00df \U0001f600'.encode(), b'y' * 1024):
        eq(last(c.compound(putrootfh(), tag=tag), nfs4.OK, 1).tag, tag)
    for tag in (b'\xff', b'abc\xc0\x80', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'tail\xe2\x82',
                b'12345678\x80', b'\xe0\x80\x80'):
        eq(last(c.compound(putrootfh(), tag=tag), nfs4.INVAL, 0).tag, tag)
    eq(c.raw(nfs4.compound_bytes([putrootfh()], 0, b'z' * 1025)).stat, rpc.GARBAGE_ARGS)


@wire
def number_of_operations(w):
    c = open_nfs(w)
    last(c.compound(), nfs4.OK, 0)
    last(c.compound(*[putrootfh()] * 128), nfs4.OK, 128)
    last(c.compound(*[putrootfh()] * 129), nfs4.RESOURCE, 0)
    last(c.compound(count=0xffffffff), nfs4.RESOURCE, 0)
    r = last(c.compound(putrootfh(), count=5), nfs4.BADXDR, 2)
    eq(r[1].op, OPS['illegal'])


@wire
def illegal_operations(w):
    for minor, numbers in ((0, (0, 1, 2, 40, 53, 58, 59, 72, 76, 1000, 10044, 0xffffffff)),
                           (1, (0, 1, 2, 59, 71, 76, 10044)), (2, (0, 1, 2, 76, 1000, 10044))):
        c = open_nfs(w) if not minor else nfs4.Session.make(nfs4.connect(w.client), minor=minor)
        for n in numbers:
            r = last(c.compound(putrootfh(), nfs4.Op(n), getfh()), nfs4.OP_ILLEGAL)
            eq((r[-1].op, r[-1].status), (OPS['illegal'], nfs4.OP_ILLEGAL), f'operation {n}')
            eq(len(r), 2 + (minor > 0))


@wire
def absent_operations(w):
    """An absent operation gets NOTSUPP and ends the COMPOUND."""
    old = [OPS[n] for n in ('setclientid setclientid_confirm renew open_confirm '
                            'release_lockowner').split()]
    layouts = [OPS[n] for n in 'getdeviceinfo getdevicelist layoutget layoutreturn set_ssv'.split()]
    later = [OPS[n] for n in 'layouterror layoutstats write_same'.split()]
    for minor, numbers in ((1, old + layouts), (2, old + layouts + later)):
        s = nfs4.Session.make(nfs4.connect(w.client), minor=minor)
        for n in numbers:
            r = last(s.compound(putrootfh(), nfs4.Op(n), getfh()), nfs4.NOTSUPP, 3)
            eq(r[-1].op, n)


@wire
def without_session(w):
    """Operations without SEQUENCE are refused (RFC 8881 sections 2.10.6.1 and 18.46.3)."""
    c = open_nfs(w, 1)
    last(c.compound(putrootfh()), nfs4.OP_NOT_IN_SESSION, 1)
    last(c.compound(getfh(), getattr('type')), nfs4.OP_NOT_IN_SESSION, 1)
    last(c.compound(nfs4.exchange_id(b'x'), putrootfh()), nfs4.NOT_ONLY_OP, 1)
    last(c.compound(nfs4.destroy_clientid(0), putrootfh()), nfs4.NOT_ONLY_OP, 1)
    last(c.compound(nfs4.create_session(1, 1), putrootfh()), nfs4.NOT_ONLY_OP, 1)
    # an operation that keeps parts of its arguments was not even decoded
    for op in (nfs4.close(nfs4.ANON), nfs4.open(nfs4.owner(1, b'o'), 'x'),
               nfs4.lock(nfs4.READ_LT, 0, 1, nfs4.ANON), nfs4.setattr(nfs4.ANON, {'mode': 0})):
        last(c.compound(nfs4.exchange_id(b'x'), op), nfs4.NOT_ONLY_OP, 1)
        last(c.compound(op), nfs4.OP_NOT_IN_SESSION, 1)
    s = nfs4.Session.make(nfs4.connect(w.client))
    r = s.compound(putrootfh(), nfs4.sequence(s.id, 1, 1, 1))
    last(r, nfs4.SEQUENCE_POS, 3)
    last(s.nfs.compound(putrootfh(), s.sequence()), nfs4.OP_NOT_IN_SESSION, 1)


@wire
def arguments_that_end(w):
    """Each operation that is cut at any word gets BADXDR."""
    c = open_nfs(w)
    fh = c.fh('data')
    ops = [putfh(fh), lookup('name'), nfs4.access(), nfs4.create(nfs4.DIR, 'd', {'mode': 0o755}),
           nfs4.create(nfs4.LNK, 'l', target=b'text'), nfs4.link('x'), nfs4.remove('x'),
           nfs4.rename('x', 'y'), nfs4.secinfo('x'), nfs4.openattr()]
    for op in ops:
        whole = op.bytes()
        for cut in range(4, len(whole), 4):
            r = c.compound(putfh(fh), savefh(), whole[:cut], count=3)
            last(r, nfs4.BADXDR, 3)
            eq(r[-1].op, op.number)
    last(c.compound(putfh(fh), nfs4.Op('lookup', Enc().u32(0xffffffff))), nfs4.BADXDR)
    last(c.compound(nfs4.Op('putfh', Enc().opaque(b'x' * 132))), nfs4.BADXDR)
    last(c.compound(putfh(fh), nfs4.Op('openattr', Enc().u32(2))), nfs4.BADXDR)
    eq(os.listdir(w.export), [])


@wire
def stops_at_the_first_error(w):
    c = open_nfs(w)
    put(w.path('there'))
    r = c.compound(putrootfh(), lookup('data'), lookup('absent'), nfs4.remove('there'))
    last(r, nfs4.NOENT, 3)
    eq(os.listdir(w.export), ['there'])


# handles

@wire
def handles_are_needed(w):
    for c in both(w):
        last(c.compound(getfh()), nfs4.NOFILEHANDLE)
        last(c.compound(getattr('type')), nfs4.NOFILEHANDLE)
        last(c.compound(lookup('data')), nfs4.NOFILEHANDLE)
        last(c.compound(lookupp()), nfs4.NOFILEHANDLE)
        last(c.compound(savefh()), nfs4.NOFILEHANDLE)
        last(c.compound(nfs4.readlink()), nfs4.NOFILEHANDLE)
        minor = c.minor
        last(c.compound(restorefh()), nfs4.NOFILEHANDLE if minor else nfs4.RESTOREFH)
        last(c.compound(putrootfh(), restorefh()), nfs4.NOFILEHANDLE if minor else nfs4.RESTOREFH)
        last(c.compound(putrootfh(), lookup('data'), nfs4.rename('a', 'b')), nfs4.NOFILEHANDLE)
        last(c.compound(putrootfh(), lookup('data'), nfs4.link('a')), nfs4.NOFILEHANDLE)


@wire
def bad_handles(w):
    c = open_nfs(w)
    good = c.fh('data')
    root = c.fh()
    for bad in (b'', b'\0', b'abcd', bytes(32), good[:-4], good + bytes(4), root + bytes(4),
                bytes([good[0] + 1]) + good[1:], good[:1] + b'\7' + good[2:],
                good[:3] + b'\1' + good[4:], good[:-1] + bytes([good[-1] ^ 1]), bytes(128),
                root[:2] + b'\1\0'):
        one_of(c.compound(putfh(bad)).status, (nfs4.BADHANDLE, nfs4.STALE), bad.hex())
    os.mkdir(w.path('gone'))
    gone = c.fh('data', 'gone')
    os.rmdir(w.path('gone'))
    last(c.compound(putfh(gone), getattr('type')), nfs4.STALE)


@wire
def saved_and_restored(w):
    c = open_nfs(w)
    os.makedirs(w.path('a/b'))
    a, b = c.fh('data', 'a'), c.fh('data', 'a', 'b')
    r = c.compound(putfh(a), savefh(), lookup('b'), getfh(), restorefh(), getfh()).ok()
    eq((r[3].fh, r[5].fh), (b, a))
    eq(c.compound(putfh(b), lookupp(), getfh()).ok()[2].fh, a)
    r = c.compound(nfs4.putpubfh(), getfh(), putrootfh(), getfh()).ok()
    eq(r[1].fh, r[3].fh)


# the root above all shares

@wire
def root_above_all(w):
    os.makedirs(f'{w.base}/second')
    w.server.add('second', f'{w.base}/second')
    for c in both(w):
        r = c.compound(putrootfh(), getattr('type', 'fsid', 'fileid', 'filehandle'), getfh()).ok()
        eq(r.of('getattr').attrs['type'], nfs4.DIR)
        eq(r.of('getattr').attrs['filehandle'], r[-1].fh)
        r = c.compound(putrootfh(), nfs4.readdir(0, bytes(8), 'fileid', 'type', 'fsid')).ok()
        eq(sorted(e.name for e in r[-1].entries), [b'data', b'second'])
        eq(r[-1].eof, True)
        last(c.compound(putrootfh(), lookupp()), nfs4.NOENT)
        for share in ('data', 'second'):
            r = c.compound(putrootfh(), getfh(), lookup(share), lookupp(), getfh()).ok()
            eq(r[-1].fh, r.of('getfh').fh)
        last(c.compound(putrootfh(), lookup('third')), nfs4.NOENT)
        last(c.compound(putrootfh(), nfs4.create(nfs4.DIR, 'x')), nfs4.ROFS)
        last(c.compound(putrootfh(), nfs4.remove('data')), nfs4.ROFS)
        last(c.compound(putrootfh(), savefh(), nfs4.rename('data', 'x')), nfs4.ROFS)
        last(c.compound(putrootfh(), nfs4.readlink()), nfs4.INVAL)
        last(c.compound(putrootfh(), nfs4.openattr()), nfs4.NOTSUPP)
        r = c.compound(putrootfh(), nfs4.access()).ok()
        eq(r[-1].access, nfs4.MAY_READ | nfs4.MAY_LOOKUP)


@wire
def shares_differ(w):
    """Nothing is linked or renamed from one share to another, even on one file system."""
    os.makedirs(w.path('below'))
    put(w.path('file'))
    w.server.add('second', w.path('below'))
    for c in both(w):
        one, two = c.fh('data'), c.fh('second')
        r = c.compound(putfh(one), savefh(), putfh(two), nfs4.rename('file', 'moved'))
        last(r, nfs4.XDEV)
        r = c.compound(putfh(one), lookup('file'), savefh(), putfh(two), nfs4.link('linked'))
        last(r, nfs4.XDEV)
        last(c.compound(putrootfh(), savefh(), putfh(two), nfs4.rename('data', 'x')), nfs4.XDEV)


@wire(clients=2)
def only_shares_of_the_client(w):
    os.makedirs(f'{w.base}/private')
    w.server.add('private', f'{w.base}/private', allow=[f'{w.clients[1].addr}=rw'])
    os.makedirs(f'{w.base}/hidden')
    w.server.add('hidden', f'{w.base}/hidden', browse=False)
    for client, names in ((w.clients[0], [b'data']), (w.clients[1], [b'data', b'private'])):
        c = nfs4.Nfs4(nfs4.connect(client))
        r = c.compound(putrootfh(), nfs4.readdir(0, bytes(8), 'type')).ok()
        eq(sorted(e.name for e in r[-1].entries), names)
        last(c.compound(putrootfh(), lookup('hidden')), nfs4.OK)
    # no client learns that there is one that it may not see
    last(open_nfs(w).compound(putrootfh(), lookup('private')), nfs4.NOENT)


@wire
def share_that_went(w):
    os.makedirs(f'{w.base}/second')
    w.server.add('second', f'{w.base}/second')
    c = open_nfs(w)
    fh = c.fh('second')
    w.server.delete('second')
    last(c.compound(putfh(fh)), nfs4.STALE)
    r = c.compound(putrootfh(), nfs4.readdir(0, bytes(8), 'type')).ok()
    eq(sorted(e.name for e in r[-1].entries), [b'data'])


# the reply cache of 4.0

@wire
def done_once(w):
    """A repeated call that changes something is answered from the reply cache."""
    c = open_nfs(w)
    fh = c.fh('data')
    put(w.path('file'), b'x')
    calls = [
        [putfh(fh), nfs4.create(nfs4.DIR, 'd', {'mode': 0o755}), getfh(), getattr('type', 'mode')],
        [putfh(fh), savefh(), nfs4.rename('file', 'moved')],
        [putfh(fh), lookup('moved'), savefh(), putfh(fh), nfs4.link('second')],
        [putfh(fh), nfs4.remove('second')],
        [putfh(fh), nfs4.remove('absent')],
    ]
    for i, ops in enumerate(calls):
        args = nfs4.compound_bytes(ops, 0, b'once')
        replies = [c.raw(args, xid=0x4000 + i).body for _ in range(3)]
        eq(replies[1], replies[0], f'call {i}')
        eq(replies[2], replies[0], f'call {i}')
        nfs4.read_reply(replies[0], ops)
    # as a new call it is executed, and fails
    last(c.compound(*calls[0]), nfs4.EXIST)
    # the same number with other arguments is another call
    args = nfs4.compound_bytes([putfh(fh), nfs4.remove('d')], 0, b'once')
    eq(nfs4.read_reply(c.raw(args, xid=0x4000).body, calls[3]).status, nfs4.OK)


@wire
def done_again(w):
    """A repeated call that only reads is executed again."""
    c = open_nfs(w)
    args = nfs4.compound_bytes([putrootfh(), lookup('data'), lookup('file')], 0)
    one = c.raw(args, xid=77).body
    put(w.path('file'))
    two = c.raw(args, xid=77).body
    eq((struct.unpack('>I', one[:4])[0], struct.unpack('>I', two[:4])[0]), (nfs4.NOENT, nfs4.OK))


# room in the reply

@wire
def nothing_is_done_without_room(w):
    """An operation whose result cannot fit has no effect (RFC 8881 section 2.10.6.4)."""
    channel = nfs4.Channel(response=1024, cached=512, ops=64)
    s = nfs4.Session.make(nfs4.connect(w.client), fore=channel)
    fh = s.fh('data')
    room, kept, made = s.fore.response, s.fore.cached, []
    for limit, cache, status in ((room, False, nfs4.REP_TOO_BIG),
                                 (kept, True, nfs4.REP_TOO_BIG_TO_CACHE)):
        seen = set()
        for n in range(1, 40):
            name = f'{limit}.{n}'
            ops = [putfh(fh), *[getfh()] * n, nfs4.create(nfs4.DIR, name), getattr('type')]
            r = s.compound(*ops, cache=cache, tag=b'x' * 40)
            if r.status == nfs4.OK or len(r) == len(ops) + 1 or r[-1].op == OPS['getattr']:
                made.append(name)
            if r.status != nfs4.OK:
                eq(nfs4.STATUS[r.status], nfs4.STATUS[status], f'{n}: {r!r}')
            seen.add(r.status)
        eq(seen, {nfs4.OK, status}, f'with {limit} bytes')
    eq(sorted(os.listdir(w.export)), sorted(made))


@wire
def many_results(w):
    """Results that cross page boundaries are complete."""
    put(w.path('file'), b'x')
    for c in both(w):
        fh = c.fh('data', 'file')
        names = ['type', 'size', 'fsid', 'fileid', 'owner', 'owner_group', 'filehandle']
        one = c.compound(putfh(fh), getattr(*names), getfh()).ok().of('getattr').attrs
        count = 60 if not c.minor else 7
        r = c.compound(putfh(fh), *[getattr(*names), getfh()] * count).ok()
        for result in r:
            if result.op == OPS['getattr']:
                eq(result.attrs, one)
            if result.op == OPS['getfh']:
                eq(result.fh, fh)


# flavours

@wire
def wrong_flavour(w):
    """A flavour that the share does not take gets WRONGSEC (RFC 8881 section 2.6.3.1)."""
    os.makedirs(f'{w.base}/strong')
    put(f'{w.base}/strong/file')
    c = open_nfs(w)
    w.server.add('strong', f'{w.base}/strong')
    fh = c.fh('strong')
    w.server.set('strong', sec=['krb5', 'krb5p'])
    gss = [(*KRB5, service) for service in (3, 1)]
    for c in both(w):
        last(c.compound(putrootfh(), lookup('strong')), nfs4.WRONGSEC)
        last(c.compound(putrootfh(), lookup('strong'), getattr('type')), nfs4.WRONGSEC)
        eq(c.compound(putrootfh(), nfs4.secinfo('strong')).ok()[-1].flavors, gss)
        eq(c.compound(putrootfh(), nfs4.secinfo('data')).ok()[-1].flavors, [rpc.AUTH_SYS])
        # a handle of it: followed by nothing, by another handle, by the question
        last(c.compound(putfh(fh)), nfs4.OK)
        last(c.compound(putfh(fh), putrootfh(), getattr('type')), nfs4.OK)
        last(c.compound(putfh(fh), savefh(), putrootfh()), nfs4.OK)
        last(c.compound(putfh(fh), savefh(), putrootfh(), restorefh(), getfh()), nfs4.WRONGSEC)
        last(c.compound(putfh(fh), lookupp(), getfh()), nfs4.OK)
        eq(c.compound(putfh(fh), nfs4.secinfo('file')).ok()[-1].flavors, gss)
        # and by anything else
        r = last(c.compound(putfh(fh), getattr('type')), nfs4.WRONGSEC)
        eq(r[-1].op, OPS['putfh'])
        last(c.compound(putfh(fh), getfh()), nfs4.WRONGSEC)
        r = last(c.compound(putfh(fh), lookup('file')), nfs4.WRONGSEC)
        eq(r[-1].op, OPS['lookup'])
        data = c.fh('data')
        last(c.compound(putfh(fh), savefh(), putfh(data), nfs4.rename('file', 'x')),
             nfs4.WRONGSEC)
        if c.minor:
            eq(c.compound(putfh(fh), nfs4.secinfo_no_name()).ok()[-1].flavors, gss)


@wire
def flavours_of_the_root(w):
    """The root takes every flavour, but tells those of its shares: clients try them in turn."""
    s = nfs4.Session.make(nfs4.connect(w.client))

    def told():
        return s.compound(putrootfh(), nfs4.secinfo_no_name()).ok()[-1].flavors
    eq(told(), [rpc.AUTH_SYS])
    os.mkdir(f'{w.base}/strong')
    w.server.add('strong', f'{w.base}/strong')
    w.server.set('strong', sec=['krb5p', 'none'])
    krb5p = (*KRB5, 3)
    eq(told(), [krb5p, rpc.AUTH_SYS, rpc.AUTH_NONE])
    # what comes first for all of them
    for name in 'strong', 'data':
        w.server.set(name, sec=['sys', 'krb5p'], sec_first='sys')
    eq(told(), [rpc.AUTH_SYS, krb5p])
    w.server.set('data', sec_first='strongest')
    eq(told(), [krb5p, rpc.AUTH_SYS])
    # a share with one flavour has no order; one that is not listed counts
    w.server.set('data', sec=['sys'])
    w.server.set('strong', browse=False)
    eq(told(), [rpc.AUTH_SYS, krb5p])
    # of a share that the client may not use it is told nothing
    w.server.set('strong', allow=[f'{w.client.addr}=none'])
    eq(told(), [rpc.AUTH_SYS])


@wire
def questions_of_flavours(w):
    put(w.path('file'))
    s = nfs4.Session.make(nfs4.connect(w.client))
    fh = s.fh('data')
    last(s.compound(putfh(fh), nfs4.secinfo('file'), getfh()), nfs4.NOFILEHANDLE)
    last(s.compound(putfh(fh), nfs4.secinfo('absent')), nfs4.NOENT)
    last(s.compound(putfh(fh), lookup('file'), nfs4.secinfo('x')), nfs4.NOTDIR)
    last(s.compound(putrootfh(), nfs4.secinfo('absent')), nfs4.NOENT)
    r = s.compound(putfh(fh), nfs4.secinfo_no_name()).ok()
    eq(r[-1].flavors, [rpc.AUTH_SYS])
    last(s.compound(putfh(fh), nfs4.secinfo_no_name(), getfh()), nfs4.NOFILEHANDLE)
    # above the share's root is the root of all
    eq(s.compound(putfh(fh), nfs4.secinfo_no_name(True)).ok()[-1].flavors, [rpc.AUTH_SYS])
    last(s.compound(putrootfh(), nfs4.secinfo_no_name(True)), nfs4.NOENT)
    last(s.compound(putfh(fh), lookup('file'), nfs4.secinfo_no_name(True)), nfs4.NOTDIR)
    last(s.compound(putfh(fh), nfs4.Op('secinfo_no_name', Enc().u32(2))), nfs4.BADXDR)
    # in 4.0 the handle stays
    c = open_nfs(w)
    last(c.compound(putfh(fh), nfs4.secinfo('file'), getfh()), nfs4.OK)


# named attributes

@wire
def attribute_directories(w):
    put(w.path('file'), b'x')
    for c in both(w):
        fh = c.fh('data', 'file')
        wrong = nfs4.WRONG_TYPE if c.minor else nfs4.INVAL
        last(c.compound(putfh(fh), nfs4.openattr()), nfs4.NOENT)
        r = c.compound(putfh(fh), nfs4.openattr(True), getfh(), getattr('type'), lookupp(),
                       getfh()).ok()
        eq(r.of('getattr').attrs['type'], nfs4.ATTRDIR)
        eq(r[-1].fh, fh)
        attrs = [o for o in r if o.op == OPS['getfh']][0].fh
        eq(c.compound(putfh(attrs), getattr('type')).ok()[-1].attrs['type'], nfs4.ATTRDIR)
        last(c.compound(putfh(attrs), lookup('absent')), nfs4.NOENT)
        last(c.compound(putfh(attrs), nfs4.openattr(True)), wrong)
        last(c.compound(putfh(attrs), nfs4.create(nfs4.DIR, 'x')), wrong)
        last(c.compound(putfh(attrs), savefh(), putfh(c.fh('data')), nfs4.link('x')), wrong)
        last(c.compound(putfh(attrs), nfs4.remove('absent')), nfs4.NOENT)
        r = c.compound(putfh(attrs), nfs4.readdir(0, bytes(8), 'type')).ok()
        eq((r[-1].entries, r[-1].eof), ([], True))


@wire
def named_attributes(w):
    """Named attributes are made, listed, written, read, renamed and removed."""
    put(w.path('file'), b'data')
    for vers in ('4.0', '4.1'):
        if vers == '4.0':
            c = nfs4.Client40(nfs4.connect(w.client))
        else:
            c = nfs4.Session.make(nfs4.connect(w.client))
        fh = c.fh('data', 'file')
        attrs = c.compound(putfh(fh), nfs4.openattr(True), getfh()).ok()[-1].fh
        got, one = c.open(attrs, 'one', nfs4.BOTH, how=nfs4.UNCHECKED, attrs={})
        eq(got.status, nfs4.OK)
        now = c.compound(putfh(attrs), getattr('change')).ok()[-1].attrs['change']
        eq((got.change.atomic, got.change.after), (False, now))
        again, _ = c.open(attrs, 'one', nfs4.BOTH)
        eq((again.change.atomic, again.change.before, again.change.after), (True, now, now))
        got.stateid = again.stateid
        r = c.compound(putfh(one), nfs4.write(got.stateid, 0, b'of the file'),
                       nfs4.read(got.stateid, 3, 100), getattr('type', 'size')).ok()
        eq((r.of('read').data, r[-1].attrs), (b'the file', {'type': nfs4.NAMEDATTR, 'size': 11}))
        if vers == '4.0':
            c.compound(putfh(one), nfs4.close(got.stateid, c.seqid())).ok()
        else:
            c.compound(putfh(one), nfs4.close(got.stateid)).ok()
        r = c.compound(putfh(attrs), nfs4.readdir(0, bytes(8), 'type', 'size')).ok()
        eq([(e.name, e.attrs['type'], e.attrs['size']) for e in r[-1].entries],
           [(b'one', nfs4.NAMEDATTR, 11)])
        eq(c.compound(putfh(attrs), lookup('one'), getfh()).ok()[-1].fh, one)
        eq(c.compound(putfh(fh), getattr('named_attr', 'size')).ok()[-1].attrs,
           {'named_attr': True, 'size': 4})
        moved = c.compound(putfh(attrs), savefh(), nfs4.rename('one', 'two'),
                           getattr('change')).ok()
        eq((moved.of('rename').source.atomic, moved.of('rename').source.after),
           (False, moved[-1].attrs['change']))
        last(c.compound(putfh(attrs), lookup('one')), nfs4.NOENT)
        last(c.compound(putfh(attrs), savefh(), putfh(c.fh('data')), nfs4.rename('two', 'x')),
             nfs4.XDEV)
        c.compound(putfh(attrs), nfs4.remove('two')).ok()
        last(c.compound(putfh(attrs), lookup('two')), nfs4.NOENT)
    eq(get(w.path('file')), b'data')


@wire
def named_attribute_once(w):
    """A repeated exclusive create of a named attribute finds the one it made."""
    put(w.path('file'), b'data', 0o666)
    ways = [{'how': nfs4.EXCLUSIVE}]
    for c in (nfs4.Client40(nfs4.connect(w.client)), nfs4.Session.make(nfs4.connect(w.client))):
        fh = c.fh('data', 'file')
        attrs = c.compound(putfh(fh), nfs4.openattr(True), getfh()).ok()[-1].fh
        for how in ways:
            name = f'{len(ways)}.{how["how"]}'
            got, one = c.open(attrs, name, nfs4.BOTH, verf=b'onceonce', **how)
            eq(got.status, nfs4.OK)
            again, two = c.open(attrs, name, nfs4.BOTH, verf=b'onceonce', **how)
            eq((again.status, two), (nfs4.OK, one))
            eq(c.open(attrs, name, verf=b'another!', **how)[0].status, nfs4.EXIST)
            eq(c.open(attrs, name, how=nfs4.GUARDED, attrs={})[0].status, nfs4.EXIST)
            c.compound(putfh(one), nfs4.write(again.stateid, 0, b'used')).ok()
            eq(c.open(attrs, name, verf=b'onceonce', **how)[0].status, nfs4.EXIST)
            # an attribute created without a verifier has none
            c.open(attrs, 'u' + name, nfs4.BOTH, how=nfs4.UNCHECKED, attrs={})
            eq(c.open(attrs, 'u' + name, verf=bytes(8), **how)[0].status, nfs4.EXIST)
        ways.append({'how': nfs4.EXCLUSIVE4_1, 'attrs': {}})


@wire
def named_attributes_on_disk(w):
    """Names of named attributes are on the disk before the reply."""
    where = w.volume(f'{w.base}/plain', 'ext4', '40m', options=('-O', '^has_journal'))
    w.server.add('plain', where.where)
    put(f'{where.where}/file', b'data')
    c = nfs4.Session.make(nfs4.connect(w.client))
    fh = c.fh('plain', 'file')
    attrs = c.compound(putfh(fh), nfs4.openattr(True), getfh()).ok()[-1].fh
    eq(c.open(attrs, 'one', nfs4.BOTH, how=nfs4.UNCHECKED, attrs={})[0].status, nfs4.OK)
    key, = os.listdir(f'{where.where}/.ditto/streams')

    def on_disk():
        return names_on_disk(where.image, f'/.ditto/streams/{key}')

    # the directories above, too
    eq(on_disk(), ['one'])
    eq(c.open(attrs, 'two', nfs4.BOTH, how=nfs4.UNCHECKED, attrs={})[0].status, nfs4.OK)
    eq(on_disk(), ['one', 'two'])
    c.compound(putfh(attrs), savefh(), nfs4.rename('one', 'three')).ok()
    eq(on_disk(), ['three', 'two'])
    c.compound(putfh(attrs), nfs4.remove('two')).ok()
    eq(on_disk(), ['three'])


@wire
def squashed(w):
    """Squashing applies as in every version."""
    os.mkdir(w.path('private'), 0o700)
    w.server.set('data', squash='root-to-guest')
    c = open_nfs(w)
    last(c.compound(putrootfh(), lookup('data'), lookup('private'), lookup('x')), nfs4.ACCESS)
    eq(as_user(65534, lambda: os.access(w.path('private'), os.X_OK)), False)
    w.server.set('data', ro=True)
    last(c.compound(putrootfh(), lookup('data'), nfs4.create(nfs4.DIR, 'x')), nfs4.ROFS)
