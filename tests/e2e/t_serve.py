# SPDX-License-Identifier: GPL-2.0-only
"""Serving on a machine that others use too: what is started, stopped, kept and told."""
import itertools
import os
import socket

import nfs3
import rpc
from harness import eq, test, wait_for
from t_admin import rpcbind

PMAP, PMAP_SET, PMAP_UNSET = 100000, 1, 2
# who registers must have a privileged port
_ports = itertools.count(700)
TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP


def pmap(w, proc, prog, vers, proto, port):
    """One call to the server's rpcbind, as a server on that machine makes it."""
    c = rpc.Rpc(w.server_ns, '127.0.0.1', 111, src_port=next(_ports))
    r = c.call(PMAP, 2, proc, rpc.Enc().u32(prog, vers, proto, port).bytes())
    c.close(abort=True)
    eq((r.stat, rpc.Dec(r.body).u32()), (rpc.SUCCESS, 1), f'rpcbind, {prog} version {vers}')


def entries(w):
    """(program, version, transport): port"""
    out = w.server_ns.run('rpcinfo', '-p', '127.0.0.1')
    return {tuple(line.split()[:3]): line.split()[3] for line in out.splitlines()[1:]}


def del_listeners(w):
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))


@test(server='ditto', share=False, clients=1)
def rpcbind_of_others(w):
    """What another server registered is neither removed nor replaced, at start, stop or later."""
    daemon = rpcbind(w)
    s = w.server
    pmap(w, PMAP_SET, 100021, 4, TCP, 4567)
    pmap(w, PMAP_SET, 100024, 1, UDP, 4568)
    theirs = {('100021', '4', 'tcp'): '4567', ('100024', '1', 'udp'): '4568'}
    before = entries(w)
    said = s.ctl('listener', 'add', 'nfs')
    assert 'rpcbind keeps program' in said, said
    have = entries(w)
    eq({k: have.get(k) for k in theirs}, theirs, 'while it serves')
    eq(have.get(('100003', '3', 'tcp')), '2049')
    eq(have.get(('100005', '3', 'tcp')), '2049')
    # one that came later and took an entry over
    pmap(w, PMAP_UNSET, 100005, 3, 0, 0)
    pmap(w, PMAP_SET, 100005, 3, TCP, 4569)
    s.ctl('listener', 'add', 'nfs', 'udp')
    del_listeners(w)
    theirs['100005', '3', 'tcp'] = '4569'
    eq(entries(w), {**before, **theirs}, 'after it served')
    daemon.terminate()
    daemon.wait()


@test(server='ditto', share=False)
def port_of_another(w):
    """A port that is taken: the other server is named, and what it registered stays."""
    daemon = rpcbind(w)
    pmap(w, PMAP_SET, 100003, 3, TCP, 2049)
    pmap(w, PMAP_SET, 100003, 4, TCP, 2049)
    before = entries(w)
    with w.server_ns:
        other = socket.create_server(('', 2049))
    said = w.server.refused('listener', 'add', 'nfs')
    assert f'port 2049 is in use by run (process {os.getpid()})' in said, said
    w.server.helper_start('[listener nfs]\n')
    wait_for('the helper tells it', lambda: 'port 2049 is in use by another server'
             in w.server.helper_log())
    eq(entries(w), before, 'what rpcbind knows')
    w.server.helper_stop()
    other.close()
    w.server.ctl('listener', 'add', 'nfs')
    eq(w.client.connect().call(nfs3.NFS, 3, 0).stat, rpc.SUCCESS)
    del_listeners(w)
    daemon.terminate()
    daemon.wait()
