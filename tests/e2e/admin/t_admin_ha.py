# SPDX-License-Identifier: GPL-2.0-only
"""The resource agent ocf:ditto:server, with two network namespaces as the nodes of a cluster.

Each node has a server of its own. What moves is a disk, with state and files, and the cables of
the clients, which have the address.
"""
import contextlib
import fcntl
import os
import re
import shutil
import signal
import struct

import daemons
import netlink
import nlm
import servers
import smb
from checks import SLOW, eq, wait_for
from documents import blocks
from files import get, pattern, put
from harness import test
from lockers import WRITE, Locker, end
from machine import ENV
from namespaces import Ns
from nlm_lockers import connect
from processes import run
from smb_lasting import client as smb_client
from volumes import Volume, libc
from writers import progress, writer

PAGE = 'Documentation/administration.md'
AGENT = '/usr/lib/ocf/resource.d/ditto/server'
SUCCESS, GENERIC, UNIMPLEMENTED, INSTALLED, CONFIGURED, NOT_RUNNING, DEGRADED = 0, 1, 3, 5, 6, 7, 190
# The helper records each open and checks each login, and may be slow.
CONF = """[server]
upcall-ms = 30000
grace-s = 300
[listener nfs]
[listener nfs]
transport = udp
[listener smb]
[share data]
path = {}
squash = none
continuously-available = yes
allow = any
"""
# Of a file system: write nothing any more, not even the log.
SHUTDOWN, NO_LOG = 0x8004587d, 2
CRM_ATTRIBUTE = """#!/bin/sh
[ "$*" = '-t crm_config -n stonith-enabled -G -q -d true' ] && echo {}
"""


class Node:
    """A network namespace with rpcbind, in which the agent runs."""

    def __init__(self, cluster, ns):
        self.cluster, self.ns = cluster, ns
        self.base = f'{cluster.w.base}/{ns.hostname}'
        os.makedirs(f'{self.base}/bin')
        # As IPaddr2 does: who asks for the address while it moves gives up otherwise.
        with ns:
            put('/proc/sys/net/ipv4/conf/all/arp_notify', '1')
        self.daemons = daemons.Daemons(ns, f'{self.base}/nsm', statd=False)

    def agent(self, action, want=SUCCESS, program=(AGENT,), **parameters):
        """Run an action, whose exit status is known; returns what it says."""
        programs = [os.path.dirname(servers.tool(name)) for name in ('dittoctl', 'dittod')]
        env = {**ENV, 'PATH': ':'.join([f'{self.base}/bin', *programs, ENV['PATH']]),
               'OCF_ROOT': '/usr/lib/ocf', 'OCF_RESOURCE_INSTANCE': 'ditto', 'HA_RSCTMP': self.base}
        for name, value in {**self.cluster.parameters, **parameters}.items():
            env[f'OCF_RESKEY_{name}'] = value
        p = self.ns.run(*program, action, env=env, check=False, timeout=150 * SLOW)
        bury()
        eq(p.returncode, want, f'{self.ns.hostname}, {action}: {p.stdout}')
        return p.stdout

    def refuses(self, *words, action='start', want=GENERIC, **parameters):
        """An action fails, and says why."""
        said = self.agent(action, want, **parameters)
        for word in words:
            assert word in said, f'"{word}" is not said: {said}'

    def fences(self, value):
        """The cluster's setting; None: there is no cluster."""
        path = f'{self.base}/bin/crm_attribute'
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        if value:
            put(path, CRM_ATTRIBUTE.format(value), 0o755)

    def helper(self):
        """The process of dittod."""
        number = os.stat(self.ns.files['net']).st_ino
        return int(re.search(rb'^pid (\d+)', get(f'/run/ditto/helper-{number}'))[1])


def has_ended(session):
    """No process of it holds files: those that are there are zombies, without other threads."""
    for pid in run('pgrep', '-s', str(session), check=False).stdout.split():
        with contextlib.suppress(FileNotFoundError):
            if len(os.listdir(f'/proc/{pid}/task')) > 1 or b') Z' not in get(f'/proc/{pid}/stat'):
                return False
    return True


def bury():
    """Reap what agents have started, which are this process's children when these end."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


class Cluster:
    """The nodes "a" and "b", and the disk that "a" has."""

    def __init__(self, w, kind='ext4'):
        self.w = w
        libc.prctl(36, 1, 0, 0, 0)
        os.makedirs(os.path.dirname(AGENT), exist_ok=True)
        shutil.copy(f'{servers.TOP}/userspace/ocf/server', AGENT)
        w.server.unload()
        smb.make_users(w.server)
        self.a = Node(self, w.server_ns)
        self.b = Node(self, Ns('e2e-s2', 'server2'))
        for one in w.clients:
            one.daemons = daemons.Daemons(one, f'{w.base}/{one.hostname}')
        # The mount namespaces of the daemons would have it, too.
        self.disk = Volume(f'{w.base}/disk', kind)
        self.state, w.export = f'{self.disk.where}/state', f'{self.disk.where}/data'
        for path, mode in (self.state, 0o700), (w.export, 0o777):
            os.mkdir(path)
            os.chmod(path, mode)
        self.conf = put(f'{w.base}/ditto.conf', CONF.format(w.export), 0o644)
        self.parameters = {'config': self.conf, 'state': self.state}

    def unplug(self, old, new):
        """Take the address from a node. The other one has it when it is plugged."""
        for one in self.w.clients:
            run('ip', '-n', old.ns.name, 'link', 'set', f'veth{one.number}', 'netns', new.ns.name)

    def plug(self, node):
        for one in self.w.clients:
            netlink.bring_up(node.ns, f'veth{one.number}', [f'{one.server_addr}/24'])
        self.w.server.ns = node.ns

    def power_off(self, node):
        """End a node as if the power failed; it has no cables any more."""
        pid = node.helper()
        run('pkill', '-KILL', '-s', str(pid))
        wait_for('dittod is dead', lambda: has_ended(pid))
        bury()
        fd = os.open(self.disk.where, os.O_RDONLY)
        fcntl.ioctl(fd, SHUTDOWN, struct.pack('I', NO_LOG))
        os.close(fd)
        self.w.server.unload()

    def hand_over(self):
        """Unmount the disk, wait until its device is free, and mount it for the other node."""
        self.disk.umount()
        wait_for('the disk is free', lambda: not run('losetup', '-j', self.disk.image))
        self.disk.mount()

    def finish(self, node):
        """Take all down but what the world does."""
        for one in self.w.clients:
            for where in reversed(one.mounts[:]):
                one.umount(where)
        node.agent('stop')
        self.disk.umount()
        node.daemons.stop()
        other = self.a if node is self.b else self.b
        other.daemons.stop()


def record(cluster):
    return dict(line.split('=') for line in get(f'{cluster.state}/owner').decode().split())


@test(server='ditto', share=False, fs=None, clients=0, timeout=300)
def conforms(w):
    """The tester of resource-agents has nothing to complain about."""
    c = Cluster(w)
    words = [word for pair in c.parameters.items() for word in ('-o', '='.join(pair))]
    said = c.a.agent(AGENT, program=('ocf-tester', '-n', 'ditto', *words))
    assert 'passed all tests' in said, said
    c.a.agent('promote', UNIMPLEMENTED)
    c.finish(c.a)


@test(server='ditto', share=False, fs=None, clients=0, timeout=300)
def tells(w):
    """What monitor says of a server that runs, that does not, and that has problems."""
    c = Cluster(w)
    for node in c.a, c.b:
        node.agent('monitor', NOT_RUNNING)
    c.a.agent('start', hostname='files')
    c.a.agent('start', hostname='files')
    c.a.agent('monitor')
    eq(run('nsenter', '-t', str(c.a.helper()), '--uts', 'uname', '-n').strip(), 'files')
    eq(record(c)['node'], 'server')
    c.b.agent('monitor', NOT_RUNNING)
    c.b.agent('stop')
    c.a.agent('monitor')

    text = get(c.conf).decode()
    put(c.conf, f'{text}[share other]\npath = {w.base}/none\nallow = any\n')
    c.a.ns.run(servers.tool('dittoctl'), 'start', check=False)
    c.a.refuses('degraded', 'share other', action='monitor', want=DEGRADED)
    put(c.conf, text)
    c.a.ns.run(servers.tool('dittoctl'), 'start')
    c.a.agent('monitor')

    pid = c.a.helper()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    c.a.refuses('dittod has ended', action='monitor')
    c.a.agent('stop')
    c.a.agent('monitor', NOT_RUNNING)
    eq(os.path.exists(f'{c.state}/owner'), False, 'an owner')
    # A server with a past would let nobody reclaim.
    epoch = w.server.told('EPOCH')
    c.a.agent('start')
    eq(w.server.told('EPOCH'), epoch + 1)
    c.finish(c.a)


@test(server='ditto', share=False, fs=None, clients=0, timeout=300)
def refuses(w):
    """Nothing starts with a state that another node may have, or that is on no disk."""
    c = Cluster(w)
    c.b.refuses('absolute', action='validate-all', want=CONFIGURED, state='state')
    c.b.refuses('host name', action='validate-all', want=CONFIGURED, hostname='a b')
    os.mkdir('/var/ha-state')
    for where in '/var/ha-state', '/none':
        c.b.refuses('not on a disk', state=where)
    wrong = put(f'{w.base}/wrong.conf', '[share data]\n')
    c.b.refuses('share data', want=INSTALLED, config=wrong)

    c.a.agent('start')
    for value in None, 'false':
        c.b.fences(value)
        c.b.refuses('node server took', 'fencing', f'remove {c.state}/owner')
    eq(record(c)['node'], 'server')
    # The cluster is wrong here, as the node is not off: then dittod itself finds its state locked.
    c.b.fences('true')
    c.b.refuses('dittod ended')
    eq(record(c)['node'], 'server2')
    c.a.refuses('server2 has the state', action='monitor')
    c.a.agent('stop')
    eq(record(c)['node'], 'server2')
    c.b.agent('stop')
    eq(os.path.exists(f'{c.state}/owner'), False, 'an owner')

    # A file system that only one machine can mount tells as much as fencing.
    c.b.fences(None)
    put(f'{c.state}/owner', 'node=third\nboot=x\nsince=then\n')
    c.b.refuses('node third took')
    c.disk.umount()
    run('tune2fs', '-O', 'mmp', c.disk.image)
    c.disk.mount()
    c.b.agent('start')
    eq(record(c)['node'], 'server2')
    c.finish(c.b)


class Holders:
    """Clients that hold locks by all protocols, and write."""

    def __init__(self, c):
        self.c, self.w = c, c.w
        one = self.one = c.w.client
        self.where = {'v3': one.mount(vers='3'), 'v41': one.mount('/data', vers='4.1'),
                      'smb': one.mount_smb(opts='noperm,uid=0,hard')}
        self.lockers, self.handles, self.writers = {}, {}, {}
        for name, where in self.where.items():
            put(f'{where}/{name}', b'0123456789')
            os.chmod(c.w.path(name), 0o666)
            self.lockers[name] = Locker(f'{where}/{name}', one, os.O_RDWR)
            self.lockers[name].lock(WRITE, 0, 10)
            folder = f'{where}/by-{name}'
            os.mkdir(folder)
            self.writers[name] = writer(folder, self.done(name)), folder
        put(c.w.path('lasting'), b'0123456789', 0o666)
        os.chmod(c.w.path('lasting'), 0o666)
        self.raw = smb_client(c.w)
        self.lasting = self.raw.lasting('lasting', state=0)
        self.raw.lock(self.lasting.fid, 0, 4)
        n = c.w.clients[1].nfs()
        for name in self.where:
            self.handles[name] = n.lookup(n.root, name).fh
        n.rpc.close()
        # Those who have them in a delegation or a lease give them to the server now.
        self.intrude(nlm.DENIED)
        wait_for('all write', lambda: all(self.progress(name) >= 5 for name in self.where))

    def done(self, name):
        return f'{self.w.base}/done.{name}'

    def progress(self, name):
        return progress(self.done(name))

    def intrude(self, want):
        """Another machine wants the same ranges."""
        for name, fh in self.handles.items():
            n = connect(self.w.clients[1], fh)
            # What is asked first may not be recorded yet: that is waited for here.
            n.recorded, got = True, []
            wait_for(f'the range of {name} is {nlm.STATUS[want]}',
                     lambda n=n: got.append(n.lock((0, 10)).status) or got[-1] == want)
            eq(nlm.OK in got, False, f'{name} was locked')
            n.rpc.close()

    def reclaimed(self):
        return self.w.server.claims().get('ranges', 0) >= len(self.handles) + 1

    def go_on(self, before):
        """All is as it was, on another node."""
        self.intrude(nlm.GRACE)
        self.raw = smb_client(self.w)
        again = self.raw.back(self.lasting.fid, 'lasting', lease=0)
        for name, locker in self.lockers.items():
            eq(locker.write(b'abcdefghij'), 10, f'a write of {name}')
        wait_for('locks are reclaimed', self.reclaimed, 120)
        self.w.server.end_grace()
        self.intrude(nlm.DENIED)
        for name, (child, _) in self.writers.items():
            wait_for(f'the writer of {name} goes on', lambda name=name, child=child:
                     self.progress(name) > before[name] + 3 or child.has_ended(), 120)
        self.raw.unlock(again.fid, 0, 4)
        self.raw.close(again.fid)
        self.raw.end()
        for name in self.writers:
            put(f'{self.done(name)}.stop')
        for child, folder in self.writers.values():
            for i in range(child.join()):
                path = self.w.path(os.path.basename(folder), f'w{i}')
                eq(get(path) == pattern(i, 40000), True, path)
        end(*self.lockers.values())


@test(server='ditto', share=False, fs=None, clients=2, timeout=400)
def moves(w):
    """A move in good order takes no lock and no byte from the clients, and back again none."""
    c = Cluster(w)
    c.a.agent('start')
    for old, new in (c.a, c.b), (c.b, c.a):
        held = Holders(c)
        c.unplug(old, new)
        before = {name: held.progress(name) for name in held.where}
        old.agent('stop')
        old.agent('monitor', NOT_RUNNING)
        c.hand_over()
        new.agent('start')
        c.plug(new)
        held.go_on(before)
        for where in reversed(w.client.mounts[:]):
            w.client.umount(where)
        for name in held.where:
            shutil.rmtree(w.path(f'by-{name}'))
            os.unlink(w.path(name))
            for path in held.done(name), f'{held.done(name)}.stop':
                os.unlink(path)
    c.finish(c.a)


def fails_over(w, kind):
    c = Cluster(w, kind)
    c.a.agent('start')
    held = Holders(c)
    c.unplug(c.a, c.b)
    before = {name: held.progress(name) for name in held.where}
    c.power_off(c.a)
    c.hand_over()
    eq(record(c)['node'], 'server')
    c.b.refuses('node server took')
    c.b.fences('true')
    c.b.agent('start')
    c.plug(c.b)
    held.go_on(before)
    # The other one is back, and is kept out.
    c.a.refuses('node server2 took')
    w.server.ctl('start')
    c.b.agent('monitor')
    c.finish(c.b)


@test(server='ditto', share=False, fs=None, clients=2, timeout=400)
def fails_over_ext4(w):
    """A node dies: the other one has every lock and every byte that was acknowledged."""
    fails_over(w, 'ext4')


@test(server='ditto', share=False, fs=None, clients=2, timeout=400)
def fails_over_xfs(w):
    """The same with another file system."""
    fails_over(w, 'xfs')


@test(server='ditto', share=False, fs=None, clients=0)
def documented(w):
    """The manual's commands by pcs are for the same resources as those by crm."""
    del w
    pcs, crm = blocks(PAGE, 'Failover')
    words = [re.findall(r'(?:create|primitive) (\w+ ocf:\S+)(?: params)?((?: \w+=\S+)+)', text)
             for text in (pcs, crm)]
    eq(*words, 'resources')
    has = re.findall('<parameter name="([a-z]+)"',
                     run(f'{servers.TOP}/userspace/ocf/server', 'meta-data'))
    eq(sorted(has), ['config', 'hostname', 'state'])
