# SPDX-License-Identifier: GPL-2.0-only
"""sec_label (RFC 7862 section 12.2.4): security labels of files, by hand.

UML has no security module with labels; then the attribute does not exist. Where a kernel has SELinux
and a policy (tests/e2e/selinux), DITTO_LABEL names a label that files may be given.
"""
import errno
import functools
import os

import nfs4
from checks import eq, expect_errno, wait_for
from files import put
from harness import test
from nfs4 import ANON, putfh
from nfs4_callers import Caller
from nfs4_opens import V41, last
from nfs4_status import ATTRNOTSUPP, BADLABEL, DELAY, OK, WRONG_LFS

wire = functools.partial(test, server='ditto', squash='root-to-admin', fs='ext4')
XATTR = 'security.selinux'


def supported(c, fh):
    return 'sec_label' in last(c.compound(putfh(fh), nfs4.getattr('supported_attrs')),
                               OK).attrs['supported_attrs']


def get(c, fh):
    return last(c.compound(putfh(fh), nfs4.getattr('sec_label', 'change')), OK).attrs


def put_label(c, fh, text, lfs=0):
    return c.compound(putfh(fh), nfs4.setattr(ANON, {'sec_label': (lfs, 0, text)})).status


def turned_off(w, c, fh):
    eq((supported(c, fh), 'sec_label' in get(c, fh)), (False, False))
    eq(put_label(c, fh, b'a:b:c'), ATTRNOTSUPP)


@wire
def option(w):
    """Without the option, and in 4.1, nobody sees a label."""
    put(w.path('f'), b'x', 0o666)
    c = V41.at(w, minor=2)
    turned_off(w, c, c.fh('data', 'f'))
    w.server.set('data', security_labels=True)
    old = V41.at(w, minor=1)
    turned_off(w, old, old.fh('data', 'f'))


@wire(clients=2)
def labels(w):
    """With the option, the label of the server's security module is read and set, if it has any."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'x', 0o666)
    w.server.set('data', security_labels=True)
    c = Caller(w, minor=2)
    fh = c.s.fh('data', 'f')
    eq(put_label(c, fh, b''), BADLABEL)
    eq(put_label(c, fh, b'a:b:c', lfs=1), WRONG_LFS)
    eq(supported(c, fh), 'DITTO_LABEL' in os.environ)
    if not supported(c, fh):
        eq('sec_label' in get(c, fh), False)
        eq(put_label(c, fh, b'a:b:c'), ATTRNOTSUPP)
        return
    first = get(c, fh)
    eq(first['sec_label'][2].rstrip(b'\0'), os.getxattr(w.path('f'), XATTR).rstrip(b'\0'))
    eq(put_label(c, fh, b'no such label'), BADLABEL)
    new = os.environ['DITTO_LABEL'].encode()
    eq(put_label(c, fh, new), OK)
    second = get(c, fh)
    eq((second['sec_label'][2].rstrip(b'\0'), second['change'] != first['change']), (new, True))
    eq(os.getxattr(w.path('f'), XATTR).rstrip(b'\0'), new)
    # a new file has the label that it was created with
    made = last(c.compound(putfh(c.root), nfs4.create(nfs4.DIR, 'd', {'sec_label': (0, 0, new)}),
                           nfs4.getattr('sec_label')), OK)
    eq(made.attrs['sec_label'][2].rstrip(b'\0'), new)
    # others have what a holder of a delegation caches
    d = Caller(w, w.clients[1], minor=2)
    sid, _ = d.delegated('f')
    eq(put_label(c, fh, first['sec_label'][2]), DELAY)
    eq(d.recall().stateid, sid)
    d.give_back(sid, fh)
    eq(put_label(c, fh, first['sec_label'][2]), OK)


def label_of(path):
    return os.getxattr(path, XATTR).rstrip(b'\0')


@wire(clients=2, squash='none')
def kernel_clients(w):
    """The label that one machine sets is what the other one and the server have."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'x', 0o666)
    w.server.set('data', security_labels=True)
    a, b = (c.mount(vers='4.2', opts='noac') for c in w.clients)
    if 'DITTO_LABEL' not in os.environ:
        with expect_errno(errno.EOPNOTSUPP, errno.ENODATA):
            label_of(f'{a}/f')
        return
    first, new = label_of(w.path('f')), os.environ['DITTO_LABEL'].encode()
    eq((label_of(f'{a}/f'), label_of(f'{b}/f'), first != new), (first, first, True))
    os.setxattr(f'{a}/f', XATTR, new)
    eq((label_of(w.path('f')), label_of(f'{a}/f')), (new, new))

    def seen_by(where):
        os.stat(f'{where}/f')
        return label_of(f'{where}/f') == new
    wait_for('the label at the other client', lambda: seen_by(b))
    # NFS4ERR_BADLABEL, which Linux has no errno for
    with expect_errno(errno.EIO):
        os.setxattr(f'{b}/f', XATTR, b'no such label')
    eq(label_of(w.path('f')), new)
