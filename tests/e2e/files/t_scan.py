# SPDX-License-Identifier: GPL-2.0-only
"""Content that a program of the site looks at before clients read it."""
import contextlib
import errno
import hashlib
import mmap
import os
import struct
import threading

import netlink
import nfs3
import smb
import smb2
from checks import eq, expect_errno, wait_for
from files import MIB, get, pattern, put
from harness import Skip, test
from nfs3 import sattr
from server_events import kernel_log, listening
from smb2 import GENERIC_READ, GENERIC_WRITE, Smb2, refused
from smb_copy import COPYCHUNK, RESUME_KEY, offload_read
from store_files import content, offloaded
from stores import Store

EICAR = (b'X5O!P%@AP[4\\PZX54(P^)7CC)7}$' b'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*')
PROGRAM = """#!/bin/sh
# 0 is clean, 1 is refused, and all else says nothing.
first=$(head -c 100 | tr -d '\\0')
case $first in
X5O*EICAR*) echo 'Eicar-Test-Signature FOUND'; exit 1 ;;
hostile*) printf 'a\\033[31mb\\nsecond line\\n'; exit 1 ;;
hang*) sleep 1000 & sleep 1000 ;;
die*) kill -9 $$ ;;
fail*) echo 'no signatures' >&2; exit 2 ;;
many*) for i in $(seq 5000); do echo "Finding $i FOUND"; done; exit 1 ;;
slow*) sleep 3 ;;
esac
exit 0
"""
ON = {'smb': True, 'scan': 'required', 'fs': 'ext4'}


@contextlib.contextmanager
def scanned(w, program=PROGRAM, **options):
    """The helper asks the program; yields a function that counts scans by their result."""
    path = put(f'{w.base}/program', program, 0o755)
    os.chmod(w.base, 0o755)
    os.chmod(w.export, 0o777)
    reloaded(w, f'{w.server.conf}\n[server]\nscan-command = {path} word\n')
    if options:
        w.server.set('data', **options)

    def count():
        calls = w.server.calls('scan')
        return {k: v for k, v in calls.items() if v and k != 'repeated'}
    yield count


def session(w, **kw):
    return Smb2(w.client, **kw)


def resume_key(s, fid):
    return s.ioctl(fid, RESUME_KEY, b'')[:24]


def smb_read(s, name, size=1000):
    f = s.create(name, access=GENERIC_READ, how=smb2.OPEN)
    try:
        return s.read(f, size)
    finally:
        s.close(f)


def reloaded(w, conf):
    """Let dittod use another configuration, which is a moment after it has read it."""
    used = w.server.helper_log().count('shares configured')
    w.server.reload(conf)
    wait_for('it is used', lambda: w.server.helper_log().count('shares configured') > used)



@test(**ON)
def once_for_each_change(w):
    """One scan serves all protocols until the content changes, or the program knows more."""
    with scanned(w) as count:
        n, s, v4 = w.client.nfs(), session(w), w.client.mount(vers='4.2')
        v3, cifs = w.client.mount(vers='3'), w.client.mount_smb()
        put(w.path('f'), b'data', 0o666)
        fh = n.lookup(n.root, 'f').fh
        eq(n.read(fh, 0, 10).data, b'data')
        eq(count(), {'clean': 1})
        for where in (v3, v4, cifs):
            eq(get(f'{where}/f'), b'data', where)
        eq((smb_read(s, 'f'), n.read(fh, 0, 10).data), (b'data', b'data'))
        eq(count(), {'clean': 1}, 'known')

        # A client changes it, with the size and the time of before.
        times = os.stat(w.path('f')).st_mtime
        eq(n.write(fh, 0, b'DATA').status, nfs3.OK)
        n.setattr(fh, sattr(mtime=(int(times), 0)))
        eq(n.read(fh, 0, 10).data, b'DATA')
        eq(count(), {'clean': 2}, 'written')
        # A local process changes it, also through memory.
        put(w.path('f'), b'more')
        eq(smb_read(s, 'f'), b'more')
        eq(count(), {'clean': 3}, 'written locally')
        with open(w.path('f'), 'r+b') as f, mmap.mmap(f.fileno(), 4) as m:
            m[0:1] = b'b'
            eq(n.read(fh, 0, 10).data, b'bore')
            eq(count(), {'clean': 4}, 'mapped')
            m[0:1] = b'c'
            eq(n.read(fh, 0, 10).data, b'core')
            eq(count(), {'clean': 5}, 'mapped still')

        # An empty file has no content, and names are none.
        put(w.path('empty'))
        eq(n.read(n.lookup(n.root, 'empty').fh, 0, 10).data, b'')
        for step in range(3):
            eq(n.rename(n.root, 'f' if not step else f'f{step}', n.root,
                        f'f{step + 1}').status, nfs3.OK)
            eq(n.read(fh, 0, 10).data, b'core')
        eq(count(), {'clean': 5}, 'renamed')
        w.server.ctl('scan', 'forget')
        eq(n.read(fh, 0, 10).data, b'core')
        eq(count(), {'clean': 6}, 'forgotten')
        # Another program may say something else, and the same one does not.
        reloaded(w, f'{w.server.conf}\n[server]\nscan-command = {w.base}/program other\n')
        eq(n.read(fh, 0, 10).data, b'core')
        eq(count(), {'clean': 7}, 'another program')
        reloaded(w, f'{w.server.conf}\n[server]\nscan-command = {w.base}/program other\n')
        eq(n.read(fh, 0, 10).data, b'core')
        eq(count(), {'clean': 7}, 'the same program')


@test(**{**ON, 'fs': 'lower', 'squash': 'none'})
def overlay(w):
    """The state of a file of an overlay is that of the layer below that has its data."""
    with scanned(w) as count:
        n = w.client.nfs()
        fh = n.lookup(n.root, 'from-lower').fh
        eq(n.read(fh, 0, 10).data, b'lower\n')
        eq(n.read(fh, 0, 10).data, b'lower\n')
        eq(count(), {'clean': 1})
        with open(w.path('from-lower'), 'r+b') as f, mmap.mmap(f.fileno(), 6) as m:
            eq(n.read(fh, 0, 10).data, b'lower\n')
            was = count()['clean']
            m[0:1] = b'L'
            eq(n.read(fh, 0, 10).data, b'Lower\n')
            eq(count(), {'clean': was + 1}, 'mapped')
            m[1:2] = b'O'
            eq(n.read(fh, 0, 10).data, b'LOwer\n')
            eq(count(), {'clean': was + 2}, 'mapped still')


@test(**ON)
def opened_by_nobody_else(w):
    """Only the helper gets the file that it was asked about."""
    with scanned(w, scan_time=600):
        n = w.client.nfs()
        put(w.path('f'), b'hang', 0o666)
        fh = n.lookup(n.root, 'f').fh
        reader = threading.Thread(target=lambda: n.read(fh, 0, 9), daemon=True)
        reader.start()
        wait_for('the program runs', lambda: w.server_ns.run(
            'pgrep', '-f', 'program word', check=False).stdout != '')
        for number in range(1, 4):
            with expect_errno(errno.EPERM):
                netlink.call(w.server_ns, 'SCAN_OPEN', ('SCAN_NUMBER', struct.pack('=Q', number)))
        w.server.helper_stop()
        w.server.helper_start(w.server.conf)


@test(**{**ON, 'fs': 'btrfs'})
def renamed_on_btrfs(w):
    """Where a rename is a change of the file, it is none of its content."""
    with scanned(w) as count:
        n = w.client.nfs()
        put(w.path('f'), b'data', 0o666)
        fh = n.lookup(n.root, 'f').fh
        eq(n.read(fh, 0, 10).data, b'data')
        eq(n.rename(n.root, 'f', n.root, 'g').status, nfs3.OK)
        eq(n.read(fh, 0, 10).data, b'data')
        eq(count(), {'clean': 1}, 'renamed')
        eq(n.write(fh, 0, b'DATA').status, nfs3.OK)
        eq(n.rename(n.root, 'g', n.root, 'f').status, nfs3.OK)
        eq(n.read(fh, 0, 10).data, b'DATA')
        eq(count(), {'clean': 2}, 'written and renamed')


@test(**ON)
def refused_for_all(w):
    """No protocol reads or copies what the program refuses, and it is told who tried."""
    with scanned(w) as count, listening(w) as told, kernel_log() as lines:
        put(w.path('virus'), EICAR, 0o666)
        n, s = w.client.nfs(), session(w)
        fh = n.lookup(n.root, 'virus').fh
        eq(n.read(fh, 0, 100).status, nfs3.ACCES)
        eq(count(), {'refused': 1})
        wait_for('the event', lambda: told('scan-refused', 'data: virus: client'))
        assert told('scan-refused', f'client {w.client.addr}: Eicar-Test-Signature FOUND')
        assert any('Eicar-Test-Signature' in line for line in lines())
        refused('VIRUS_INFECTED', s.create, 'virus', access=GENERIC_READ, how=smb2.OPEN)
        f = s.create('virus', access=smb2.DELETE, how=smb2.OPEN)
        s.close(f)
        for vers in ('3', '4.0', '4.2'):
            where = w.client.mount(vers=vers)
            with expect_errno(errno.EACCES):
                get(f'{where}/virus')
        where = w.client.mount_smb()
        with expect_errno(errno.EACCES, errno.EIO):
            get(f'{where}/virus')
        smb.SmbClient(w.client).refused('get virus /dev/null', 'NT_STATUS_VIRUS_INFECTED')
        eq(count(), {'refused': 1})
        # Whoever has it open for reading since before.
        put(w.path('f'), b'data', 0o666)
        f = s.create('f', access=GENERIC_READ | GENERIC_WRITE, how=smb2.OPEN)
        eq(s.read(f, 10), b'data')
        s.write(f, EICAR)
        refused('VIRUS_INFECTED', s.read, f, 10)
        refused('VIRUS_INFECTED', offload_read, s, f, 0, 4096)
        chunks = resume_key(s, f) + struct.pack('<IIQQII', 1, 0, 0, 100, 4, 0)
        refused('VIRUS_INFECTED', s.ioctl, f, COPYCHUNK, chunks)
        s.write(f, b'data')
        eq(s.read(f, 4), b'data')
        s.close(f)


@test(**ON)
def hostile_reason(w):
    """What the program says is one clean line."""
    with scanned(w), listening(w) as told, kernel_log() as lines:
        put(w.path('f'), b'hostile', 0o666)
        put(w.path('name\n<0>x'), b'hostile', 0o666)
        n = w.client.nfs()
        for name in ('f', 'name\n<0>x'):
            eq(n.read(n.lookup(n.root, name).fh, 0, 9).status, nfs3.ACCES)
        wait_for('the event', lambda: told('scan-refused', 'data: f: client'))
        assert not told('scan-refused', 'second line')
        said = [line for line in lines() if 'content is refused' in line]
        eq((len(said), [x for x in said if '\033' in x or 'second' in x]), (2, []), said)


@test(**ON)
def copies(w):
    """Content is scanned before it is copied on the server."""
    with scanned(w) as count:
        where = w.client.mount(vers='4.2')
        put(w.path('virus'), EICAR, 0o666)
        put(w.path('good'), pattern(1, 100000), 0o666)
        for name, to in (('good', 'copy'), ('virus', 'bad')):
            put(w.path(to), b'', 0o666)
            # Open for reading only to copy from: the client reads nothing itself.
            try:
                a = os.open(f'{where}/{name}', os.O_RDONLY)
            except PermissionError:
                eq(name, 'virus')
                continue
            b = os.open(f'{where}/{to}', os.O_WRONLY)
            os.copy_file_range(a, b, 200000)
            os.fsync(b)
            os.close(a)
            os.close(b)
        eq(get(w.path('copy')), get(w.path('good')))
        eq(get(w.path('bad')), b'')
        eq(count(), {'clean': 1, 'refused': 1})
        # Content that has changed since the open.
        a = os.open(f'{where}/good', os.O_RDONLY)
        b = os.open(f'{where}/bad', os.O_WRONLY)
        put(w.path('good'), EICAR)
        with expect_errno(errno.EACCES):
            os.copy_file_range(a, b, len(EICAR))
        with expect_errno(errno.EACCES):
            os.lseek(a, 0, os.SEEK_HOLE)
        os.close(a)
        os.close(b)
        eq((get(w.path('bad')), count()), (b'', {'clean': 1, 'refused': 2}))


@test(**ON, timeout=240)
def without_an_answer(w):
    """A program that fails, hangs or dies lets nobody read; advised, all do."""
    texts = ('hang', 'die', 'fail')
    with scanned(w, scan_time=4) as count, listening(w) as told:
        n = w.client.nfs()
        for text in texts:
            put(w.path(text), text.encode(), 0o666)
            fh = n.lookup(n.root, text).fh
            wait_for(text, lambda: n.read(fh, 0, 9).status != nfs3.JUKEBOX, 60)
            eq(n.read(fh, 0, 9).status, nfs3.ACCES, text)
        eq(count(), {'unanswered': 3})
        for cause in ('hang: client', 'did not end within', 'ended by signal 9', 'no signatures'):
            wait_for(cause, lambda: told('scan-failed', cause))
        w.server.set('data', scan='advised')
        for text in texts:
            fh = n.lookup(n.root, text).fh
            wait_for(text, lambda: n.read(fh, 0, 9).status != nfs3.JUKEBOX, 60)
            eq(n.read(fh, 0, 9).data, text.encode())
        for name, text in (('virus', EICAR), ('many', b'many findings')):
            put(w.path(name), text, 0o666)
            eq(n.read(n.lookup(n.root, name).fh, 0, 9).status, nfs3.ACCES, 'refused all the same')
        wait_for('the reason', lambda: told('scan-refused', 'Finding 1 FOUND'))
        # Nothing of the program is left.
        wait_for('its processes end', lambda: w.server_ns.run(
            'pgrep', '-f', 'sleep 1000', check=False).stdout == '')


@test(**ON)
def without_helper(w):
    """Without dittod, or a program, nobody reads; then all is well at once."""
    with scanned(w, scan_time=20) as count:
        n = w.client.nfs()
        put(w.path('f'), b'data', 0o666)
        fh = n.lookup(n.root, 'f').fh
        conf = w.server.conf
        with open(f'{w.base}/ditto.conf', encoding='utf-8') as f:
            with_program = f.read()
        reloaded(w, conf)
        eq(n.read(fh, 0, 9).status, nfs3.ACCES, 'no program')
        reloaded(w, with_program)
        w.server.ctl('scan', 'forget')
        eq(n.read(fh, 0, 9).data, b'data')
        put(w.path('g'), b'data', 0o666)
        fh = n.lookup(n.root, 'g').fh
        w.server.helper_stop('KILL')
        # A helper that is started again in time is waited for.
        reader = threading.Thread(target=lambda: eq(n.read(fh, 0, 9).data, b'data'))
        reader.start()
        other = w.client.nfs()
        eq(other.read(other.lookup(other.root, 'f').fh, 0, 9).data, b'data', 'known')
        w.server.helper_start(with_program)
        reader.join()
        eq(count(), {'unanswered': 1, 'clean': 2})
        w.server.helper_stop('KILL')
        w.server.set('data', scan_time=2)
        put(w.path('h'), b'data', 0o666)
        eq(n.read(n.lookup(n.root, 'h').fh, 0, 9).status, nfs3.ACCES, 'no helper')
        w.server.helper_start(with_program)
        eq(count(), {'unanswered': 2, 'clean': 2})
        # Larger files need no answer.
        w.server.set('data', scan_size=1)
        w.server.helper_stop()
        put(w.path('big'), bytes(2 * MIB), 0o666)
        eq(n.read(n.lookup(n.root, 'big').fh, 0, 9).data, bytes(9))
        w.server.helper_start(conf)


@test(**ON)
def changed_while_scanned(w):
    """An answer about content that has changed meanwhile counts for nothing."""
    with scanned(w) as count:
        n = w.client.nfs()
        put(w.path('f'), b'slow', 0o666)
        fh = n.lookup(n.root, 'f').fh
        reader = threading.Thread(target=lambda: refused('VIRUS_INFECTED', smb_read, session(w),
                                                         'f'))
        reader.start()
        wait_for('the program runs', lambda: w.server_ns.run(
            'pgrep', '-f', 'program word', check=False).stdout != '')
        eq(n.write(fh, 0, EICAR).status, nfs3.OK)
        reader.join()
        eq(n.read(fh, 0, 9).status, nfs3.ACCES)
        eq(count(), {'refused': 1})


@test(**ON)
def stops_while_asked(w):
    """A share can be removed while reads wait for the program."""
    with scanned(w, scan_time=600):
        n = w.client.nfs()
        put(w.path('f'), b'hang', 0o666)
        fh = n.lookup(n.root, 'f').fh
        reader = threading.Thread(target=lambda: n.read(fh, 0, 9), daemon=True)
        reader.start()
        wait_for('the program runs', lambda: w.server_ns.run(
            'pgrep', '-f', 'program word', check=False).stdout != '')
        w.server.delete('data')
        w.server.add('data', w.export, scan='required')
        # What runs has the file open until it ends.
        w.server.helper_stop()
        wait_for('its processes end', lambda: w.server_ns.run(
            'pgrep', '-f', 'sleep 1000', check=False).stdout == '')
        w.server.helper_start(w.server.conf)


@test(smb=True, offload=True, scan='required', timeout=240)
def offloaded_file(w):
    """A file whose data is elsewhere is brought back as a whole before it is scanned."""
    s = Store(w)
    with scanned(w) as count:
        data = content('scan', 9 * MIB)
        path = offloaded(s, w.path('f'), data)
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        wait_for('it is read', lambda: n.read(fh, 100, 100).status != nfs3.JUKEBOX)
        eq(n.read(fh, 100, 100).data, data[100:200])
        eq((get(path) == data, count()), (True, {'clean': 1}))


# Debian's packages unpacked, where they are not installed.
CLAMAV = os.environ.get('DITTO_CLAMAV', '')
CLAMD_CONF = """LocalSocket {base}/clamd.ctl
LocalSocketMode 666
DatabaseDirectory {base}/signatures
Foreground yes
"""


@test(**ON, timeout=240)
def clamav(w):
    """ClamAV's daemon scans what clients read, and says what it has found."""
    clamd, clamdscan = f'{CLAMAV}/usr/sbin/clamd', f'{CLAMAV}/usr/bin/clamdscan'
    if not (os.access(clamd, os.X_OK) and os.access(clamdscan, os.X_OK)):
        raise Skip('needs clamav-daemon and clamdscan')
    os.mkdir(f'{w.base}/signatures')
    # The only signature: MD5 and size of the test file.
    put(f'{w.base}/signatures/site.hdb',
        f'{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Eicar-Test-Site\n')
    conf = put(f'{w.base}/clamd.conf', CLAMD_CONF.format(base=w.base))
    os.chmod(w.base, 0o755)
    os.chmod(w.export, 0o777)
    libraries = f'LD_LIBRARY_PATH={CLAMAV}/usr/lib/x86_64-linux-gnu'
    daemon = w.server_ns.spawn('env', libraries, clamd, '-c', conf)
    program = put(f'{w.base}/program', f"""#!/bin/sh
{libraries} exec {clamdscan} -c {conf} --fdpass --no-summary --stdout -
""", 0o755)
    wait_for('clamd', lambda: os.path.exists(f'{w.base}/clamd.ctl'))
    reloaded(w, f'{w.server.conf}\n[server]\nscan-command = {program}\n')
    with listening(w) as told:
        n, s = w.client.nfs(), session(w)
        put(w.path('virus'), EICAR, 0o666)
        put(w.path('good'), pattern(1, 3 * MIB), 0o666)
        eq(n.read(n.lookup(n.root, 'good').fh, 0, 100).data, pattern(1, 100))
        eq(len(smb_read(s, 'good', 65536)), 65536)
        eq(n.read(n.lookup(n.root, 'virus').fh, 0, 100).status, nfs3.ACCES)
        refused('VIRUS_INFECTED', smb_read, s, 'virus')
        wait_for('the event', lambda: told('scan-refused', 'Eicar-Test-Site'))
        eq({k: v for k, v in w.server.calls('scan').items() if v}, {'clean': 1, 'refused': 1})
        # It has lost its daemon.
        daemon.terminate()
        daemon.wait()
        put(w.path('other'), b'other', 0o666)
        eq(n.read(n.lookup(n.root, 'other').fh, 0, 100).status, nfs3.ACCES)
        wait_for('the event', lambda: told('scan-failed', 'other'))
