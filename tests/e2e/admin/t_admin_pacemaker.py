# SPDX-License-Identifier: GPL-2.0-only
"""Pacemaker moves the server between two machines, and has the one that is lost fenced.

The machines are behind a bridge of the client. Their common disks are loop devices.
"""
import contextlib
import os
import shutil

import netlink
import servers
from appliance import TRY_LOCKS
from checks import eq, wait_for
from documents import blocks
from files import get, pattern, put
from harness import test
from lockers import WRITE, Locker, end
from machine import machine
from namespaces import Ns, ip
from processes import run
from volumes import Volume
from writers import progress, writer

PAGE = 'Documentation/administration.md'
ADDRESSES = {'server': '192.168.1.11', 'server2': '192.168.1.12'}
CONF = """[server]
grace-s = 120
[listener nfs]
[share data]
path = /srv/data
mountpoint = yes
squash = none
allow = any
"""
COROSYNC = """totem {
	version: 2
	cluster_name: e2e
	transport: udpu
	token: 20000
	crypto_cipher: none
	crypto_hash: none
}
quorum {
	provider: corosync_votequorum
	two_node: 1
	wait_for_all: 0
}
nodelist {
""" + ''.join(f'node {{\nring0_addr: {address}\nname: {name}\nnodeid: {number}\n}}\n'
              for number, (name, address) in enumerate(ADDRESSES.items(), 1)) + '}\n'
# Where the machines ask the test to switch one of them off: it is in /dev, which all have.
FENCES = '/dev/e2e-fence'
METADATA = """<?xml version="1.0" ?>
<resource-agent name="fence_e2e" shortdesc="tests"><longdesc>tests</longdesc><parameters>
<parameter name="action" required="1"><content type="string" default="off"/></parameter>
<parameter name="port"><content type="string"/></parameter>
</parameters><actions><action name="on"/><action name="off"/><action name="reboot"/>
<action name="status"/><action name="monitor"/><action name="metadata"/></actions></resource-agent>
"""
FENCE = f"""#!/bin/bash
while read -r line; do
	case $line in
	action=*) action=${{line#*=}} ;;
	port=*) node=${{line#*=}} ;;
	esac
done
case $action in
metadata)
	cat <<-'XML'
{METADATA}XML
	;;
off | reboot)
	touch {FENCES}/$node
	until [ -e {FENCES}/$node.off ]; do sleep 0.2; done
	;;
esac
exit 0
"""


def connect(w, second):
    """Join the client and both machines by a bridge; no machine has the address yet."""
    netlink.cable(second, 'veth1', w.client, 'eth1')
    for ns in w.server_ns, second:
        ip(ns, 'addr flush dev veth1', f'addr add {ADDRESSES[ns.hostname]}/24 dev veth1',
           'link set veth1 up')
    ip(w.client, 'addr flush dev eth0', 'link add br0 type bridge', 'link set eth0 master br0',
       'link set eth1 master br0', 'link set eth1 up', 'link set br0 up',
       f'addr add {w.client.addr}/24 dev br0')


def disk(w, name, mode):
    """A device with a file system."""
    volume = Volume(f'{w.base}/{name}', 'ext4')
    os.chmod(volume.where, mode)
    volume.umount()
    return run('losetup', '-f', '--show', volume.image).strip()


class Nodes:
    """The machines, of which those that run are asked."""

    def __init__(self, w, stack):
        self.w = w
        second = Ns('e2e-s2', 'server2')
        connect(w, second)
        self.disks = {name: disk(w, name, mode) for name, mode in (('state', 0o700),
                                                                   ('data', 0o777))}
        os.makedirs(FENCES, exist_ok=True)
        self.machines = {ns.hostname: stack.enter_context(machine(w, f'm-{ns.hostname}', ns))
                         for ns in (w.server_ns, second)}
        for name, m in self.machines.items():
            self._start(name, m)
        wait_for('both are online', lambda: 'Online: [ server server2 ]' in self.says(), 240)

    def _start(self, name, m):
        put(m.path('/etc/hostname'), f'{name}\n')
        put(m.path('/etc/machine-id'), f'{name[-1].encode().hex() * 16}\n')
        os.makedirs(m.path('/srv/data'))
        put(m.path('/etc/corosync/corosync.conf'), COROSYNC)
        put(m.path('/usr/sbin/fence_e2e'), FENCE, 0o755)
        m.boot()
        m.run('make', '-s', '-o', 'all', '-C', f'{servers.TOP}/userspace', 'install')
        put(m.path('/etc/ditto/ditto.conf'), CONF)
        m.run('systemctl', 'start', 'corosync', 'pacemaker')

    def run(self, *args, **kw):
        """Run a program on a machine that runs."""
        return next(m for m in self.machines.values() if m.process.poll() is None).run(*args, **kw)

    def says(self):
        return self.run('crm_mon', '-1r', check=False).stdout

    def configure(self):
        """The commands of the manual, and the device that fences."""
        text = blocks(PAGE, 'Failover')[1].replace('192.0.2.1', self.w.client.server_addr)
        for name, device in self.disks.items():
            text = text.replace(f'/dev/disk/by-label/{name}', device)
        self.run('crm', 'configure', 'primitive', 'fence', 'stonith:fence_e2e', 'params',
                 'pcmk_host_list=server server2')
        said = self.run('bash', '-ec', text)
        eq('ERROR' in said, False, said)

    def settle(self, name=''):
        """Wait until a machine has the address, and the server; returns it."""
        def at():
            said = self.run('crm_resource', '--locate', '-r', 'address', check=False).stdout
            found = said.partition('running on: ')[2].split()
            return found and name in ('', found[0]) and found[0]
        found = wait_for(f'{name or "a machine"} has the address', at, 240)
        # It is being started while it is at a place already.
        self.run('crm_resource', '--wait', timeout=300)
        said = self.says()
        eq([line for line in said.splitlines()
            if 'returned' in line and 'OCF_DEGRADED' not in line], [], said)
        m = self.machines[found]
        self.w.server.ns = m.ns
        return m

    def power_off(self, m):
        """The power of a machine fails; it is fenced when the others ask for that."""
        name = m.ns.hostname
        m.kill()
        self.w.server.unload()
        wait_for(f'{name} is to be fenced', lambda: os.path.exists(f'{FENCES}/{name}'), 240)
        put(f'{FENCES}/{name}.off')

    def end(self):
        self.run('systemctl', 'stop', 'pacemaker', 'corosync')
        for device in self.disks.values():
            run('losetup', '-d', device)
        shutil.rmtree(FENCES)


@test(server='ditto', share=False, fs=None, timeout=600)
def fails_over(w):
    """A client's lock and bytes survive a move, and the death of the machine that serves."""
    w.server.unload()
    done = f'{w.base}/done'
    with contextlib.ExitStack() as stack:
        nodes = Nodes(w, stack)
        nodes.configure()
        first = nodes.settle()
        other, = [m for m in nodes.machines.values() if m is not first]
        where = w.client.mount('/data', vers='4.1')
        put(f'{where}/f', b'0123456789')
        holder = Locker(f'{where}/f', w.client, os.O_RDWR)
        holder.lock(WRITE, 0, 10)
        child = writer(where, done)

        def goes_on(m):
            before = progress(done)
            wait_for('it writes', lambda: progress(done) > before + 5, 120)
            eq(holder.write(b'abcdefghij'), 10)
            eq(m.run('python3', '-c', TRY_LOCKS, '/srv/data/f').split(), ['refused'])
            assert f'node={m.ns.hostname}\n' in m.run('cat', '/var/lib/ditto/owner')

        goes_on(first)
        nodes.run('crm', 'resource', 'move', 'files', other.ns.hostname)
        goes_on(nodes.settle(other.ns.hostname))
        nodes.run('crm', 'resource', 'clear', 'files')
        nodes.power_off(other)
        goes_on(nodes.settle(first.ns.hostname))
        owner = first.run('cat', '/var/lib/ditto/owner')
        put(f'{done}.stop')
        for i in range(child.join()):
            eq(get(f'{where}/w{i}') == pattern(i, 40000), True, f'file {i}')
        end(holder)
        w.client.umount(where)
        # Problems are in the log, and move nothing.
        first.run('dittoctl', 'server', 'set', 'grace-s', '16')
        wait_for('the problem is told', lambda: 'degraded: 1 share, 1 listener; setting grace-s is 16'
                 in first.run('cat', '/var/log/pacemaker/pacemaker.log'), 120)
        nodes.settle(first.ns.hostname)
        eq(first.run('cat', '/var/lib/ditto/owner'), owner)
        nodes.end()
