# SPDX-License-Identifier: GPL-2.0-only
"""Makes a domain of Active Directory: Samba's domain controller, and a machine that joined it.

get-ad unpacks the packages beside the system and runs this in a guest; the result is kept as long
as this file stays the same. The programs see the unpacked packages through an overlay in mount
namespaces of their own, and each machine has its own state.
"""
import contextlib
import grp
import os
import re
import shutil
import signal
import socket
import subprocess

from checks import wait_for
from files import get, put
from harness import Skip
from namespaces import Ns, ip
from processes import run
from volumes import mount

DOMAIN, REALM, DNS = 'AD', 'AD.TEST', 'ad.test'
# The controller is one more client of the harness, the last that the addresses have room for.
NUMBER = 9
DC_ADDR, DC_HOST = f'192.168.{NUMBER}.2', f'dc1.{DNS}'
HOST = f'server1.{DNS}'
ADMIN = 'Admin-1and'

# Accounts. alice has the name of a local one; dora is disabled; backup and root have names of
# accounts of the system; erik is renamed by a test.
USERS = {'anna': 'Anna-pw-1', 'bert': 'Bert-pw-1', 'alice': 'Alice-pw-1', 'dora': 'Dora-pw-1',
         'erik': 'Erik-pw-1', 'backup': 'Backup-pw-1', 'root': 'Root-pw-1'}
# Groups by scope; each is a member of the one before: local contains universal contains global.
GROUPS = {'sales-files': 'local', 'all-sales': 'universal', 'sales': 'global'}
MEMBERS = ('anna', 'erik', 'dora')
MACHINE_PASSWORD = 'Machine-pw-1'
# Where winbind's numbers begin: a number is this and the relative identifier.
WINBIND_FIRST = 100000

KRB5_CONF = f"""[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
default_keytab_name = FILE:%(keytab)s
[realms]
{REALM} = {{
kdc = {DC_ADDR}
admin_server = {DC_ADDR}
}}
[domain_realm]
.{DNS} = {REALM}
{DNS} = {REALM}
"""

DIRECTORIES = """private dir = %(dir)s/private
state directory = %(dir)s/lib
lock directory = %(dir)s/lock
cache directory = %(dir)s/cache
pid directory = %(dir)s/run
ncalrpc dir = %(dir)s/run/ncalrpc
log level = 1
disable netbios = yes
load printers = no
disable spoolss = yes
"""

DC_CONF = f"""[global]
workgroup = {DOMAIN}
realm = {REALM}
netbios name = DC1
server role = active directory domain controller
server services = s3fs rpc ldap cldap kdc dns winbindd
interfaces = {DC_ADDR}
bind interfaces only = yes
allow dns updates = disabled
idmap_ldb:use rfc2307 = yes
{DIRECTORIES}
[sysvol]
path = %(dir)s/lib/sysvol
read only = no
[netlogon]
path = %(dir)s/lib/sysvol/{DNS}/scripts
read only = no
"""

MEMBER_CONF = f"""[global]
workgroup = {DOMAIN}
realm = {REALM}
netbios name = SERVER1
security = ads
interfaces = 192.168.1.1
kerberos method = secrets and keytab
winbind cache time = 2
winbind reconnect delay = 2
winbind request timeout = 10
idmap config * : backend = tdb
idmap config * : range = 20000-29999
idmap config {DOMAIN} : backend = rid
idmap config {DOMAIN} : range = {WINBIND_FIRST}-199999
{DIRECTORIES}
"""

# Where the machines have their state, in a guest; paths in it cannot change.
BASE = '/run/e2e-ad'

# Everything about accounts in one program, because each start of one takes seconds.
FILL = '''import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.dsdb import GTYPE_SECURITY_DOMAIN_LOCAL_GROUP as local
from samba.dsdb import GTYPE_SECURITY_UNIVERSAL_GROUP as universal
from samba.dsdb import GTYPE_SECURITY_GLOBAL_GROUP as globally
users, groups, members, machine, dns, password = %r
lp = LoadParm()
lp.load(sys.argv[1])
db = SamDB(session_info=system_session(), lp=lp)
db.set_maxPwdAge(0)
for name, password_of in users.items():
    db.newuser(name, password_of)
    db.setexpiry('(sAMAccountName=%%s)' %% name, 0, no_expiry_req=True)
db.disable_account('(sAMAccountName=dora)')
before = None
for name, scope in groups.items():
    db.newgroup(name, grouptype={'local': local, 'universal': universal, 'global': globally}[scope])
    if before:
        db.add_remove_group_members(before, [name])
    before = name
db.add_remove_group_members(before, members)
db.modify_ldif("""dn: CN=DC1,OU=Domain Controllers,%%s
changetype: modify
add: servicePrincipalName
servicePrincipalName: ldap/dc1.%%s
servicePrincipalName: cifs/dc1.%%s
""" %% (db.domain_dn(), dns, dns))
db.newcomputer(machine, service_principal_name_list=['host/%%s.%%s' %% (machine, dns)])
db.setpassword('(sAMAccountName=%%s$)' %% machine, password, False)
'''

# Replaces itself by a program that sees the unpacked packages, and a /run/samba of its own, where
# clients of winbindd look for it.
INSIDE = """mount -t overlay -o "lowerdir=$0/usr:/usr" ad /usr && mkdir -p /run/samba &&
mount --bind "$1" /run/samba || exit
shift
exec "$@"
"""


def tree():
    """Where get-ad unpacked the packages."""
    found = os.environ.get('DITTO_AD')
    if not found:
        raise Skip('there is no domain: DITTO_AD="$(tests/e2e/get-ad)" in the environment makes '
                   'one')
    return found


class Machine:
    """A machine of the domain: a namespace, and a directory with Samba's state."""

    def __init__(self, ns, folder, conf, sockets):
        self.ns, self.dir, self.sockets, self.daemon = ns, folder, sockets, None
        os.makedirs(sockets, exist_ok=True)
        for name in ('private', 'lib', 'lock', 'cache', 'run'):
            os.makedirs(f'{folder}/{name}', exist_ok=True)
        self.conf = put(f'{folder}/smb.conf', conf % {'dir': folder})
        self.log = f'{folder}/samba.log'

    def inside(self, *args):
        """A command line that runs a program of the unpacked packages."""
        return ('unshare', '-m', 'sh', '-c', INSIDE, tree(), self.sockets, *args)

    def run(self, *args, **kw):
        """Run a program of Samba's with this machine's state."""
        return self.ns.run(*self.inside(*args, '-s', self.conf), **kw)

    def spawn(self, *args):
        """Start a daemon, which gets a session of its own, because it has children."""
        with open(self.log, 'ab') as log:
            self.daemon = self.ns.spawn(*self.inside(*args), stdout=log,
                                        stderr=subprocess.STDOUT, start_new_session=True)

    def _processes(self):
        """The processes of the daemon's session: some make process groups of their own."""
        for pid in filter(str.isdigit, os.listdir('/proc')):
            with contextlib.suppress(OSError):
                state, *rest = get(f'/proc/{pid}/stat').rsplit(b')', 1)[1].split()
                if state != b'Z' and int(rest[2]) == self.daemon.pid:
                    yield int(pid)

    def _killed(self):
        found = list(self._processes())
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not found

    def stop(self):
        if self.daemon:
            wait_for('all processes of the machine are gone', self._killed)
            self.daemon.wait()
            self.daemon = None


class Controller(Machine):
    """The domain controller."""

    def __init__(self, ns, folder):
        super().__init__(ns, folder, DC_CONF, f'{folder}/run')

    def provision(self):
        """Make the domain and its accounts."""
        self.ns.run(*self.inside('samba-tool', 'domain', 'provision', '--use-rfc2307',
                            '--dns-backend=SAMBA_INTERNAL', f'--realm={REALM}',
                            f'--domain={DOMAIN}', '--server-role=dc', f'--adminpass={ADMIN}',
                            f'--host-ip={DC_ADDR}', '--host-name=dc1',
                            f'--configfile={self.conf}'), timeout=400)
        script = put(f'{self.dir}/fill.py', FILL % ((USERS, GROUPS, list(MEMBERS), 'CLIENT1', DNS,
                                                   MACHINE_PASSWORD),))
        self.ns.run(*self.inside('/usr/bin/python3', script, self.conf), timeout=400)

    def start(self):
        shutil.rmtree(f'{self.dir}/run', ignore_errors=True)
        os.makedirs(f'{self.dir}/run')
        self.spawn('samba', '-F', '--no-process-group', '--debug-stdout', '-M', 'single',
                   '-s', self.conf)
        wait_for('the domain controller', self.answers, 120)

    def answers(self):
        """True if its services listen; its winbindd, too, which logins to it need."""
        if not os.path.exists(f'{self.dir}/run/winbindd/pipe'):
            return False
        listening = self.ns.run('ss', '-ltn')
        return all(f'{DC_ADDR}:{port} ' in listening for port in (53, 88, 135, 389, 445))

    def accounts(self, script):
        """Change accounts: statements of Python with the database as db."""
        text = FILL.split('db.set_maxPwdAge')[0] % ((None,) * 6,)
        path = put(f'{self.dir}/change.py', text + script + '\n')
        self.ns.run(*self.inside('/usr/bin/python3', path, self.conf))


class Member(Machine):
    """The server as a member of the domain by winbind."""

    def __init__(self, ns, folder):
        super().__init__(ns, folder, MEMBER_CONF, '/run/samba')
        self.keytab = f'{folder}/keytab'

    def join(self):
        admin = ('-U', f'Administrator%{ADMIN}')
        wait_for('the domain lets the server join', lambda: not self.run(
            'net', 'ads', 'join', '--no-dns-updates', f'dnshostname={HOST}', *admin,
            check=False).returncode, 120)
        self.run('net', 'ads', 'setspn', 'add', f'nfs/{HOST}', *admin)
        self.run('net', 'ads', 'keytab', 'create', '-P')

    def start(self):
        folder = f'{self.dir}/lib/winbindd_privileged'
        os.makedirs(folder, exist_ok=True)
        os.chown(folder, 0, grp.getgrnam('winbindd_priv').gr_gid)
        os.chmod(folder, 0o750)
        self.spawn('winbindd', '-F', '--no-process-group', '--debug-stdout', '-s', self.conf)
        wait_for('winbindd has the domain', self.online, 120)

    def online(self):
        """True if winbind has a connection to a controller."""
        p = self.ns.run(*self.inside('wbinfo', '-P'), check=False)
        return not p.returncode


def addresses():
    """Names of the machines for all of them."""
    return (f'127.0.0.1 localhost\n{DC_ADDR} {DC_HOST} dc1\n192.168.1.1 {HOST} server1 server\n'
            f'192.168.1.2 client1.{DNS} client1\n')


class Files:
    """Files of the guest's /etc, until restored."""

    def __init__(self):
        self.old = {}

    def put(self, path, text):
        if path not in self.old:
            self.old[path] = get(path) if os.path.exists(path) else None
        put(path, text)

    def restore(self):
        for path, data in self.old.items():
            if data is None:
                os.unlink(path)
            else:
                put(path, data)


def etc(files, keytab, sources='files winbind'):
    """Let this guest's programs find the domain."""
    groups = get('/etc/group').decode()
    if 'winbindd_priv:' not in groups:
        files.put('/etc/group', f'{groups}winbindd_priv:x:999:\n')
    files.put('/etc/hosts', addresses())
    files.put('/etc/resolv.conf', f'nameserver {DC_ADDR}\noptions timeout:1 attempts:1\n')
    files.put('/etc/krb5.conf', KRB5_CONF % {'keytab': keytab})
    names = get('/etc/nsswitch.conf').decode()
    files.put('/etc/nsswitch.conf', re.sub(r'^(passwd|group):.*', rf'\1: {sources}', names,
                                           flags=re.M))


def make(result):
    """Make a domain with a member, and keep both in a tar file."""
    os.makedirs(BASE)
    mount('ad', BASE, 'tmpfs', 0, 'mode=755')
    files = Files()
    etc(files, f'{BASE}/server/keytab')
    ns = Ns('e2e-ad', 'dc1')
    ip(ns, 'link add d0 type dummy', f'addr add {DC_ADDR}/24 dev d0',
       'addr add 192.168.1.1/24 dev d0', 'link set d0 up')
    controller = Controller(ns, f'{BASE}/dc')
    controller.provision()
    controller.start()
    try:
        with ns:
            socket.sethostname('server1')
        member = Member(ns, f'{BASE}/server')
        member.join()
        controller.run('samba-tool', 'domain', 'exportkeytab', f'{BASE}/client1.keytab',
                       '--principal=CLIENT1$')
    except AssertionError:
        print(get(controller.log).decode())
        raise
    controller.stop()
    run('tar', '-C', BASE, '-cf', result, '--exclude=*.log', '--exclude=*.sock', '.')
