# SPDX-License-Identifier: GPL-2.0-only
"""Requests with each operation of NFSv4."""
import nfs4
import nfs4_copy
import nfs4_ops42
from nfs4 import getattr, putfh, putrootfh, savefh


def operations(fh, sid, own, clientid):
    """One or more of each operation that all versions have, valid where possible."""
    every = range(83)
    attrs = {'mode': 0o640, 'owner': b'1', 'owner_group': b'1', 'time_modify_set': 'server'}
    new = (1, 1, own)
    return [
        nfs4.access(), nfs4.close(sid, 1), nfs4.commit(), nfs4.create(nfs4.DIR, 'd', attrs),
        nfs4.create(nfs4.LNK, 'l', target=b'text'), nfs4.create(nfs4.CHR, 'c', dev=(1, 3)),
        nfs4.delegpurge(clientid), nfs4.delegreturn(sid), getattr(*every), nfs4.getfh(),
        nfs4.link('x'), nfs4.lock(nfs4.WRITE_LT, 0, 10, sid, new=new),
        nfs4.lock(nfs4.READ_LT, 5, 10, sid), nfs4.lockt(nfs4.WRITE_LT, 0, 10, own),
        nfs4.locku(nfs4.WRITE_LT, 0, 10, sid), nfs4.lookup('file'), nfs4.lookupp(),
        nfs4.verify({'type': 2, 'size': 0}), nfs4.nverify({'mode': 0}),
        nfs4.open(own, 'file', nfs4.BOTH, seqid=1),
        nfs4.open(own, 'new', nfs4.WRITE, seqid=1, how=nfs4.UNCHECKED, attrs=attrs),
        nfs4.open(own, 'excl', nfs4.WRITE, seqid=1, how=nfs4.EXCLUSIVE, verf=b'12345678'),
        nfs4.open(own, None, nfs4.READ, claim=nfs4.CLAIM_PREVIOUS, deleg=1),
        nfs4.open(own, 'file', nfs4.READ, claim=nfs4.CLAIM_DELEGATE_CUR, deleg=sid),
        nfs4.openattr(True), nfs4.open_downgrade(sid, nfs4.READ, 0, 1), putfh(fh), putrootfh(),
        nfs4.read(sid, 0, 5000), nfs4.readdir(0, bytes(8), *every), nfs4.readlink(),
        nfs4.remove('x'), nfs4.rename('new', 'x'), nfs4.restorefh(), savefh(),
        nfs4.secinfo('file'), nfs4.setattr(sid, attrs), nfs4.setattr(sid, {'size': 100}),
        nfs4.write(sid, 0, b'w' * 300),
    ]


def of_40(sid, own, clientid):
    return [nfs4.open_confirm(sid, 1), nfs4.renew(clientid), nfs4.release_lockowner(own),
            nfs4.setclientid(b'hostile'), nfs4.setclientid_confirm(clientid, bytes(8))]


def of_41(sid, clientid, session):
    return [nfs4.free_stateid(sid), nfs4.test_stateid(sid, nfs4.ANON), nfs4.secinfo_no_name(),
            nfs4.get_dir_delegation(0, 1, 2), nfs4.reclaim_complete(),
            nfs4.want_delegation(nfs4.WANT_ANY),
            nfs4.open(nfs4.owner(clientid, b'o'), 'e41', nfs4.WRITE, how=nfs4.EXCLUSIVE4_1,
                      verf=b'12345678', attrs={'mode': 0o600}),
            nfs4.backchannel_ctl(1), nfs4.create_session(clientid, 1),
            nfs4.destroy_clientid(clientid ^ 1), nfs4.destroy_session(bytes(16)),
            nfs4.bind_conn_to_session(session)]


def of_42(sid):
    return [nfs4_ops42.allocate(sid, 0, 10000), nfs4_ops42.deallocate(sid, 100, 1000),
            nfs4_ops42.seek(sid, 0, nfs4_ops42.HOLE), nfs4_ops42.io_advise(sid, 0, 100, 1, 3),
            nfs4_ops42.read_plus(sid, 0, 5000), nfs4_ops42.getxattr('a'),
            nfs4_ops42.setxattr('a', b'v' * 100), nfs4_ops42.listxattrs(0, 1000),
            nfs4_ops42.removexattr('a'), nfs4_copy.copy(sid, sid, 0, 500, 100),
            nfs4_copy.clone(sid, sid, 0, 4096, 4096), nfs4_copy.offload_status(sid),
            nfs4_copy.offload_cancel(sid)]
