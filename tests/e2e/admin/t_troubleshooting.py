# SPDX-License-Identifier: GPL-2.0-only
"""Documentation/troubleshooting.md: clients get its messages, the server shows and mends why."""
import fcntl
import os
import shlex
import traceback

import gss
import kdc
import smb
import smb2
from checks import eq, wait_for
from daemons import Daemons
from documents import code, tables
from files import put
from harness import test
from processes import run
from quotas import USER, limit, limited
from tls_clients import Certificates
from volumes import umount

PAGE = 'Documentation/troubleshooting.md'
SMB = ('NT_STATUS_ACCESS_DENIED', 'mount error(13)')
# Rows that no guest can show, by their message and reason.
ELSEWHERE = {
    ('Key was rejected by service', 'Secure Boot'): 'a guest has no firmware',
    ('mount.nfs: access denied', 'The clocks differ'):
        'all machines of a guest have one clock; the log is tested by nfs_gss',
    ('Input/output error', 'offloaded file that no share serves'):
        'tested by offload_filesystems.unserved',
    ('Operation not permitted', 'ditto-guard refuses'): 'tested by offload_guard',
}


# Commands that lift a restriction, and those that replace all that an option had.
LOOSENING = [f'dittoctl share set data {words}' for words in (
    'secure-ports off', 'xprtsec none', 'sec krb5,sys', 'squash root-to-admin', 'protocols nfs,smb',
    'auth kerberos,ntlm', 'guest on', 'rw')] + [f'dittoctl server set {words}' for words in (
        'udp on', 'budget-opens', 'min-dialect')] + ['dittoctl lock release', 'chown alice']
REPLACING = ['dittoctl share set data allow', 'dittoctl share set data user']


class Row:
    """A row of the page."""

    def __init__(self, message, why, look, do):
        self.messages = code(message) or [message]
        self.why, self.advice, self.do = why, do, code(do)
        self.command, *self.shown = code(look) or ['']

    def is_meant(self, message, why):
        """Does a test mean this row by a part of its message and of its reason?"""
        return any(message in one for one in self.messages) and why in self.why


ROWS = [Row(*cells) for cells in tables(PAGE, ['Message', 'Why', 'Look', 'Do'])]
CASES = {}


def row(message, why):
    """The row that has these words."""
    found = [one for one in ROWS if one.is_meant(message, why)]
    eq(len(found), 1, f'rows of "{message}", "{why}"')
    return found[0]


def case(group, message, why):
    """Register how a row comes about: what is up to the first yield, which yields what clients say.

    Then the server is looked at, and the commands of the row are run. What follows finds that it
    helped.
    """
    def register(f):
        CASES[f] = (group, row(message, why))
        return f
    return register


@test(server='ditto', share=False, clients=0)
def rows(_w):
    """Each row is tested, here or elsewhere."""
    tested = [one for _, one in CASES.values()] + [row(*words) for words in ELSEWHERE]
    eq([one.messages for one in ROWS if one not in tested], [], 'rows without a test')
    eq(len(tested), len(ROWS), 'tests and rows')


def after(command):
    """What the rows that have a command say behind it."""
    found = [one.advice.split(f'`{command}')[1].split('`', 1)[1] for one in ROWS
             if any(command in words for words in one.do)]
    assert found, f'no row has {command}'
    return found


@test(server='ditto', share=False, clients=0)
def costs_of_advice(_w):
    """What gives clients more is advised for a case alone; what replaces a list says so."""
    for command in LOOSENING:
        for words in after(command):
            assert ', if ' in words, f'{command}: {words}'
    for command in REPLACING:
        for words in after(command):
            assert 'replaces' in words, f'{command}: {words}'


class Trouble:
    """A row, its client and its server."""

    # Of a group: the path of the share that it is about, its device, and a realm.
    where = device = realm = None

    def __init__(self, w, one):
        self.w, self.row, self.s = w, one, w.server
        self.lines, self.log = len(run('dmesg').splitlines()), 0
        if self.s.helper:
            self.log = len(self.s.helper_log())
        self.mounted, self.relisten, self.undo = [], False, lambda: None

    # the client
    def client(self, *args, uid=None, env=None):
        """What a program of the client says; it is ended if it hangs."""
        user = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups'] if uid else []
        p = self.w.client.run('timeout', '-s', 'KILL', '20', *user, *args, check=False, timeout=90,
                              env={**os.environ, 'LC_ALL': 'C', **(env or {})})
        return p.stdout

    def mount(self, options='vers=4.2', path='/data', host=None):
        """What mount.nfs says."""
        where = f'{self.w.base}/m{len(self.mounted)}'
        os.makedirs(where, exist_ok=True)
        said = self.client('mount', '-t', 'nfs', '-o', f'retry=0,{options}',
                           f'{host or self.w.client.server_addr}:{path}', where)
        if os.path.ismount(where):
            self.mounted.append(where)
        return said

    def mounts(self, *args, **kw):
        """A mount that works."""
        eq(self.mount(*args, **kw), '', 'mount.nfs')
        return self.mounted[-1]

    def smb(self, command='ls', user='alice', password=None, share='data', args=(), options=''):
        """What smbclient and mount.cifs say."""
        said = smb.SmbClient(self.w.client, user, password, share).do(command, *args, check=False)
        login = f'username={user},password={password or smb.USERS.get(user)}' if user else 'guest'
        where = f'{self.w.base}/m{len(self.mounted)}'
        os.makedirs(where, exist_ok=True)
        yield said
        yield self.client('mount', '-t', 'cifs', '-o', f'{login}{options}',
                          f'//{self.w.client.server_addr}/{share}', where)
        if os.path.ismount(where):
            umount(where)

    def smb_works(self, **kw):
        for said in self.smb(**kw):
            eq('NT_STATUS_' in said or 'mount error' in said, False, said)

    # the server
    def ctl(self, *args):
        return self.s.ctl(*args)

    def set(self, *words):
        self.s.ctl('share', 'set', 'data', *words)

    def said(self, command):
        """What a command of the page prints here."""
        words = shlex.split(command.replace('/srv/data', self.where or self.w.export))
        if words[0] == 'dittoctl':
            return self.s.ctl(*words[1:], check=False).stdout
        if words == ['journalctl', '-k']:
            return '\n'.join(run('dmesg').splitlines()[self.lines:])
        if words == ['journalctl', '-u', 'dittod']:
            return self.s.helper_log()[self.log:]
        return self.w.server_ns.run(*words)

    def look(self):
        """The command shows the words of the row."""
        if not self.row.command:
            return
        want = self.row.shown
        assert want, self.row.command

        def shows():
            text = ' '.join(self.said(self.row.command).split())
            return all(one in text for one in want)
        wait_for(f'{self.row.command} shows {want}: {self.said(self.row.command)}', shows)

    def repair(self):
        """Run what the row says, where it is for dittoctl and needs nobody to type."""
        here = f'192.168.{self.w.client.number}.0/24'
        for command in self.row.do:
            if command == 'dittoctl user add alice':
                smb.add_user(self.s, 'alice', smb.USERS['alice'])
            elif command.startswith('dittoctl ') and command != 'dittoctl lock release':
                command = command.replace('192.0.2.0/24', here).replace('/srv/new', self.new)
                command = command.replace('/srv/data', self.w.export)
                self.ctl(*shlex.split(command)[1:])
            elif command == 'systemctl start dittod':
                self.s.helper_start(self.s.conf)
                wait_for('the records are read', lambda: self.s.grace()['state'] != 'loading')
        self.release()

    @property
    def new(self):
        path = f'{self.w.base}/new'
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o777)
        return path

    def release(self):
        """Take away the claims that the row is about, by their numbers in the list."""
        while 'dittoctl lock release' in self.row.do and self.s.locks():
            self.ctl('lock', 'release', str(self.s.locks()[0]['id']))

    def without_listeners(self, protocol='', transport=''):
        for one in self.s.json('listener', 'list'):
            if protocol in one['protocol'] and transport in one['transport']:
                self.ctl('listener', 'del', str(one['id']))
        self.relisten = True

    def anew(self):
        """Let dittod add its listeners once more."""
        self.without_listeners()
        self.s.helper_stop()
        self.s.helper_start(self.s.conf)
        self.s.listen()

    def end(self):
        for where in reversed(self.mounted):
            umount(where)
        self.undo()
        if self.relisten:
            self.anew()
        for one in self.s.json('share', 'list'):
            if one['name'] in ('data', 'new'):
                self.ctl('share', 'del', one['name'])
        self.s.shares.pop('data', None)
        os.chmod(self.w.export, 0o777)
        self.s.add('data', self.w.export)


def provoke(t, f):
    """Provoke what a row is about, look at the server, and do what the row says."""
    steps = f(t)
    said = next(steps)
    said = [said] if isinstance(said, str) else list(said)
    for message in t.row.messages:
        assert any(message in text for text in said), f'{message} expected: {said}'
    t.look()
    t.repair()
    for _ in steps:
        pass


def shown(w, group):
    """All rows of a group come about; one that does not is no reason not to try the others."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'hello', 0o666)
    failed = []
    for f, (of, one) in CASES.items():
        if of != group:
            continue
        t = Trouble(w, one)
        try:
            provoke(t, f)
        except Exception:  # told below
            failed.append(f'{one.messages[0]}: {one.why}\n{traceback.format_exc()}')
        t.end()
    assert not failed, '\n'.join(failed)


# NFS: mounting


@case('mount', 'access denied', 'No rule of a share')
def no_rule(t):
    t.set('allow', '198.51.100.1', 'allow', '198.51.100.2')
    yield t.mount()
    t.mounts()
    share, = t.s.json('share', 'list')
    eq([one['spec'] for one in share['rules']], ['192.168.1.0/24'], 'the rules are replaced')


@case('mount', 'access denied', 'not for NFS')
def not_for_nfs(t):
    t.set('protocols', 'smb')
    yield t.mount()
    t.mounts()


@case('mount', 'access denied', 'above 1023')
def high_port(t):
    yield t.mount('vers=4.2,noresvport')
    t.mounts('vers=4.2,noresvport')


@case('mount', 'Operation not permitted', 'without TLS')
def no_tls(t):
    t.set('xprtsec', 'tls')
    old = t.mount('vers=3,nolock', t.w.export)
    assert 'access denied by server' in old, old
    t.look()
    t.lines = len(run('dmesg').splitlines())
    yield t.mount()
    t.mounts()


@case('mount', 'Operation not permitted', 'Kerberos only')
def no_kerberos(t):
    old = t.mounts('vers=3,nolock', t.w.export)
    t.set('sec', 'krb5')
    t.client('ls', old)
    wait_for('the log has it', lambda: 'it takes no AUTH_SYS (see sec)' in t.said('journalctl -k'))
    old = t.mount('vers=3,nolock,sec=sys', t.w.export)
    assert 'access denied by server' in old, old
    assert 'Operation not permitted' in t.mount('vers=4.2,sec=sys')
    yield t.mount()
    t.mounts()


@case('mount', 'an incorrect mount option', 'rpc-gssd')
def no_gssd(t):
    yield t.mount('vers=4.2,sec=krb5')


@case('mount', 'No such process', 'handshakes on the client')
def no_tlshd(t):
    # A server without an agent ends the connection, and the message depends on who is first.
    certs = Certificates(t.w)
    t.s.reload(t.s.conf + certs.section('server'))
    wait_for('the server has an agent', lambda: 'TLS handshakes are done' in t.s.helper_log())
    yield t.mount('vers=4.2,xprtsec=tls')
    t.s.reload(t.s.conf)


@case('mount', 'No such file', 'No share has this name or path')
def no_share(t):
    yield t.mount(path='/new')
    t.mounts(path='/new')


@case('mount', 'Connection refused', 'no listener for NFS')
def no_listener(t):
    t.without_listeners()
    yield t.mount()
    t.mounts()


@case('mount', 'Connection refused', 'rpcbind does not run')
def no_rpcbind(t):
    t.s.daemons.stop()
    t.anew()
    t.undo = lambda: setattr(t.s, 'daemons', Daemons(t.s.ns, f'{t.w.base}/server', statd=False))
    yield t.mount('vers=3,nolock', t.w.export)
    named = next(one for one in t.row.do if 'mountport' in one)
    t.mounts(f'vers=3,{named}', t.w.export)


@case('mount', 'Connection timed out', 'firewall')
def dropped(t):
    rule = ('INPUT', '-p', 'tcp', '--dport', '2049', '-j', 'DROP')
    run('iptables', '-I', *rule, ns=t.s.ns)
    yield t.mount('vers=4.2,timeo=10,retrans=1')
    run('iptables', '-D', *rule, ns=t.s.ns)
    t.mounts()


@case('mount', 'requested NFS version', 'over UDP')
def no_udp(t):
    t.without_listeners(transport='udp')
    yield t.mount('vers=3,proto=udp,nolock', t.w.export)
    t.mounts('vers=3,proto=udp,nolock', t.w.export)
    t.ctl('server', 'set', 'udp', 'off')


@case('mount', 'rpc.statd is not running', 'does not run on the client')
def no_statd(t):
    t.w.client.daemons.stop()
    t.undo = lambda: setattr(t.w.client, 'daemons', Daemons(t.w.client, f'{t.w.base}/client1'))
    yield t.mount('vers=3', t.w.export)
    t.mounts('vers=3,nolock', t.w.export)


@test(server='ditto', locks=True, timeout=420)
def nfs_mounts(w):
    """mount.nfs gets the messages of the page, and mounts after the commands of the page."""
    shown(w, 'mount')


# NFS: using


@case('use', 'Read-only file system', 'for reading only')
def read_only(t):
    t.set('ro')
    m = t.mounts()
    yield t.client('touch', f'{m}/new')
    wait_for('it can be written', lambda: t.client('touch', f'{m}/new') == '')


@case('use', 'Permission denied', 'Root of a client')
def root_squashed(t):
    t.set('squash', 'root-to-guest')
    os.chmod(t.w.export, 0o755)
    m = t.mounts()
    yield t.client('touch', f'{m}/other')
    wait_for('root may', lambda: t.client('touch', f'{m}/other') == '')


@case('use', 'nobody', "A file of a client's root")
def of_nobody(t):
    t.set('squash', 'root-to-guest')
    m = t.mounts()
    put(f'{m}/mine')
    yield t.client('ls', '-l', f'{m}/mine')
    put(f'{m}/roots')
    eq(os.stat(t.w.path('roots')).st_uid, 0)


@case('use', 'Permission denied', 'shares it with nobody')
def denied_by_smb(t):
    m = t.mounts()
    other = smb2.Smb2(t.w.client)
    other.create('f', share=0)
    yield t.client('cat', f'{m}/f')
    eq(t.client('cat', f'{m}/f'), 'hello')
    other.end()


@case('use', 'Stale file handle', 'The share was removed')
def share_removed(t):
    m = t.mounts()
    t.s.delete('data')
    yield t.client('ls', m)
    assert 'f' in t.client('ls', m).split()


@case('use', 'Stale file handle', 'a directory of the client')
def directory_removed(t):
    os.makedirs(t.w.path('d'), exist_ok=True)
    m = t.mounts('vers=4.2,actimeo=0')
    yield t.client('sh', '-c', f'cd {m}/d && rmdir {t.w.path("d")} && ls')


@case('use', 'Remote I/O error', 'too many files open')
def too_many_opens(t):
    for i in range(8):
        put(t.w.path(f'o{i}'), b'x')
    t.ctl('server', 'set', 'budget-opens', '4')
    m = t.mounts('vers=4.0')
    line = ' '.join(f'3<{m}/o{i}' if i == 3 else f'{i}<{m}/o{i}' for i in range(3, 8))
    yield t.client('sh', '-c', f'exec {line}; echo open')
    eq(t.client('sh', '-c', f'exec {line}; echo open'), 'open\n')
    t.ctl('server', 'set', 'budget-opens', '0')
    umount(t.mounted.pop())
    # A client of 4.0 cannot say that it is gone.
    t.s.release_clients()


@case('use', 'Invalid argument', 'not UTF-8')
def no_utf8(t):
    t.set('utf8-names', 'on')
    old, m = t.mounts('vers=3,nolock', t.w.export), t.mounts()
    said = t.client('touch', os.fsencode(old) + b'/\xff')
    assert 'Permission denied' in said, said
    yield t.client('touch', os.fsencode(m) + b'/\xff')
    eq(t.client('touch', os.fsencode(m) + b'/\xff'), '')


LOCK = ('import fcntl, sys\nf = open(sys.argv[1], "r+")\n'
        'fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\nprint("locked")')


@case('use', 'No locks available', 'dittod does not run')
def no_helper(t):
    m = t.mounts('vers=3', t.w.export)
    t.s.helper_stop()
    yield t.client('python3', '-c', LOCK, f'{m}/f')
    wait_for('the lock', lambda: t.client('python3', '-c', LOCK, f'{m}/f') == 'locked\n')


@case('grace', 'hangs in a lock', 'restarted')
def in_grace(t):
    put(t.w.path('g'), b'hello', 0o666)
    m = t.mounts('vers=3', t.w.export)
    with open(f'{m}/f', 'r+b') as f:
        fcntl.lockf(f, fcntl.LOCK_EX)
        t.s.lengthen_grace()
        # Without it the client does not hear of the restart.
        t.w.client.daemons.kill_statd()
        t.s.restart()
        eq(t.client('python3', '-c', LOCK, f'{m}/g'), '', 'a lock in the grace')
        yield '(it hangs in a lock)'
        t.w.client.daemons.statd()
        wait_for('the lock', lambda: t.client('python3', '-c', LOCK, f'{m}/g') == 'locked\n')
    t.s.release_clients()


@test(server='ditto', locks=True, timeout=240)
def nfs_after_a_restart(w):
    """A new lock waits for those from before the restart, or for the administrator."""
    shown(w, 'grace')


@case('quota', 'Disk quota exceeded', 'used up')
def over_quota(t):
    m = t.mounts(path='/limited')
    dd = ('dd', 'if=/dev/zero', f'of={m}/big', 'bs=64k', 'count=40', 'conv=fsync')
    yield t.client(*dd, uid=smb.UIDS['alice'])
    limit(t.device, USER, smb.UIDS['alice'], 0, 0)
    assert 'Disk quota' not in t.client(*dd, uid=smb.UIDS['alice'])
    os.unlink(f'{m}/big')


@case('quota', 'No space left', 'is full')
def full(t):
    m = t.mounts(path='/limited')
    run('dd', 'if=/dev/zero', f'of={t.w.base}/limited/rest', 'bs=4096', check=False)
    t.s.reload(t.s.conf)
    dd = ('dd', 'if=/dev/zero', f'of={m}/big', 'bs=64k', 'count=40', 'conv=fsync')
    yield t.client(*dd)
    os.unlink(f'{t.w.base}/limited/rest')
    assert 'No space' not in t.client(*dd)
    os.unlink(f'{m}/big')


@test(smb=True, locks=True, timeout=420)
def nfs_uses(w):
    """Programs on mounts of NFS get the messages of the page."""
    shown(w, 'use')


def without_share(w):
    """Take the share out of the configuration that dittod looks at."""
    w.server.reload(w.server.conf.split('[share limited]', maxsplit=1)[0])
    wait_for('the share is gone', lambda: len(w.server.json('share', 'list')) == 1)
    w.server.shares.pop('limited')


@test(smb=True, timeout=240)
def nfs_without_room(w):
    """Users without quota and file systems without room are told so."""
    Trouble.where, Trouble.device = limited(w, 'ext4')
    limit(Trouble.device, USER, smb.UIDS['alice'], 0, 1 << 20)
    w.server.conf += f'[share limited]\npath = {w.base}/limited\nallow = any\nsquash = none\n'
    shown(w, 'quota')
    without_share(w)


# SMB


@case('smb', 'NT_STATUS_LOGON_FAILURE', 'Wrong password')
def wrong_password(t):
    t.ctl('user', 'del', 'alice')
    smb.add_user(t.s, 'alice', 'another one')
    yield t.smb()
    t.smb_works()


@case('smb', 'NT_STATUS_LOGON_FAILURE', 'has no password here')
def no_user(t):
    t.ctl('user', 'del', 'alice')
    yield t.smb()
    t.smb_works()


@case('smb', 'NT_STATUS_ACCESS_DENIED', 'list of users')
def not_listed(t):
    t.set('user', 'bob=write', 'default-access', 'none')
    yield t.smb()
    t.smb_works()
    share, = t.s.json('share', 'list')
    eq([one['uid'] for one in share['users']], [smb.UIDS['alice']], 'the list is replaced')


@case('smb', 'NT_STATUS_ACCESS_DENIED', 'No rule of the share')
def no_rule_for_smb(t):
    t.set('allow', '198.51.100.1')
    yield t.smb()
    t.smb_works()


@case('smb', 'NT_STATUS_ACCESS_DENIED', 'not for SMB')
def not_for_smb(t):
    t.set('protocols', 'nfs')
    yield t.smb()
    t.smb_works()


@case('smb', 'NT_STATUS_ACCESS_DENIED', 'takes Kerberos only')
def no_ntlm(t):
    t.set('auth', 'kerberos')
    yield t.smb()
    t.smb_works()


@case('smb', 'NT_STATUS_ACCESS_DENIED', 'A guest')
def no_guests(t):
    yield t.smb(user=None)
    t.smb_works(user=None)


@case('smb', 'NT_STATUS_ACCESS_DENIED', 'belongs to another user')
def no_permission(t):
    os.chmod(t.w.export, 0o755)
    yield t.smb('mkdir d')
    os.chown(t.w.export, smb.UIDS['alice'], 0)
    t.smb_works(command='mkdir d')
    os.chown(t.w.export, 0, 0)


@case('smb', 'NT_STATUS_BAD_NETWORK_NAME', 'No share has this name')
def no_share_for_smb(t):
    yield t.smb(share='new')
    t.smb_works(share='new')


@case('smb', 'NT_STATUS_CONNECTION_REFUSED', 'no listener for SMB')
def no_smb_listener(t):
    t.without_listeners('smb')
    yield t.smb()
    t.smb_works()


@case('smb', 'NT_STATUS_NO_LOGON_SERVERS', 'dittod does not run')
def no_helper_for_smb(t):
    t.s.helper_stop()
    t.log = 0
    yield t.smb()
    t.smb_works()


@case('smb', 'NT_STATUS_NOT_SUPPORTED', 'too old')
def too_old(t):
    t.ctl('server', 'set', 'min-dialect', '3.1.1')
    yield t.smb(args=('-m', 'SMB3_02'), options=',vers=3.0.2')
    t.smb_works(args=('-m', 'SMB3_02'), options=',vers=3.0.2')


@case('smb', 'NT_STATUS_MEDIA_WRITE_PROTECTED', 'for reading only')
def read_only_for_smb(t):
    t.set('ro')
    yield t.smb('mkdir e')
    t.smb_works(command='mkdir e')


@case('smb', 'NT_STATUS_SHARING_VIOLATION', 'does not share it')
def not_shared(t):
    other = smb2.Smb2(t.w.client)
    other.create('f', share=0)
    where = t.w.client.mount_smb(opts='closetimeo=0')
    yield [*t.smb('get f /dev/null'), t.client('cat', f'{where}/f')]
    eq(t.client('cat', f'{where}/f'), 'hello')
    t.w.client.umount(where)
    other.end()


@case('smb', 'NT_STATUS_FILE_LOCK_CONFLICT', 'has locked the bytes')
def bytes_locked(t):
    other = smb2.Smb2(t.w.client)
    other.lock(other.create('f'), 0, 10)
    yield t.smb('get f /dev/null')
    t.smb_works(command='get f /dev/null')
    other.end()


@case('room', 'NT_STATUS_DISK_FULL', 'is full')
def full_for_smb(t):
    two = put(f'{t.w.base}/two', bytes(2 << 20))
    limit(t.device, USER, smb.UIDS['alice'], 0, 1 << 20)
    out = '\n'.join(t.smb(f'put {two} two', share='limited'))
    assert 'NT_STATUS_DISK_FULL' in out, out
    limit(t.device, USER, smb.UIDS['alice'], 0, 0)
    t.smb_works(command=f'put {two} two; rm two', share='limited')
    run('dd', 'if=/dev/zero', f'of={t.w.base}/limited/rest', 'bs=4096', check=False)
    t.s.reload(t.s.conf)
    yield t.smb(f'put {two} two', share='limited')
    os.unlink(f'{t.w.base}/limited/rest')


@test(smb=True, timeout=420)
def smb_clients(w):
    """smbclient and mount.cifs get the messages of the page, and work after its commands."""
    shown(w, 'smb')


@test(smb=True, timeout=240)
def smb_without_room(w):
    """Clients of SMB are told that there is no room, or no quota."""
    Trouble.where, Trouble.device = limited(w, 'ext4')
    w.server.conf += f'[share limited]\npath = {w.base}/limited\n'
    shown(w, 'room')
    without_share(w)


# Kerberos


@case('kerberos', 'access denied', 'newer key')
def old_key(t):
    t.set('sec', 'krb5,sys')
    t.realm.admin(f'cpw -randkey {gss.SERVICE}')
    yield t.mount('vers=4.2,sec=krb5', host=kdc.HOST)
    # The client has a ticket for the key that ktadd would replace.
    t.realm.admin(f'ktadd -k {t.realm.keytab} -norandkey {gss.SERVICE}')
    t.mounts('vers=4.2,sec=krb5', host=kdc.HOST)


@case('kerberos', 'nobody', 'no account on the server')
def no_account(t):
    t.set('sec', 'krb5,sys')
    t.realm.change([])
    t.realm.ticket(t.w.client, 'alice', smb.USERS['alice'], smb.UIDS['alice'])
    m = t.mounts('vers=4.2,sec=krb5', host=kdc.HOST)
    t.client('touch', f'{m}/of-alice', uid=smb.UIDS['alice'])
    yield t.client('ls', '-l', f'{m}/of-alice')
    rule = t.s.helper_log().split("add 'user-map = ")[1].split("'")[0]
    t.realm.change([rule])


@test(smb=True, timeout=240)
def kerberos(w):
    """What goes wrong with Kerberos is what the page says."""
    Trouble.realm = gss.Realm(w, smb.USERS)
    shown(w, 'kerberos')
    Trouble.realm.stop()


# The server


@test(server='ditto', share=False, clients=0)
def servers_state(w):
    """dittoctl status says what is not served, and what to do without modules."""
    s = w.server
    s.helper_start('[listener nfs]\n[share data]\npath = /nowhere\n')
    one = row('degraded', 'configuration is not served')
    text = wait_for('the problem', lambda: one.shown[0] in s.ctl('status', check=False).stdout and
                    s.ctl('status', check=False).stdout)
    assert one.messages[0] in text, text
    s.reload('[listener nfs]\n')
    wait_for('all is well', lambda: s.ctl('status', check=False).returncode == 0)
    s.helper_stop()
    for number in s.listeners():
        s.ctl('listener', 'del', str(number))
    s.unload()
    one = row('ditto.ko is not loaded', 'after a start')
    text = s.ctl('status', check=False).stdout
    assert one.messages[0] in text and one.shown[0] in text, text
    s.load()


CASES[servers_state] = ('state', row('degraded', 'configuration is not served'))
CASES['modules'] = ('state', row('ditto.ko is not loaded', 'after a start'))
