# SPDX-License-Identifier: GPL-2.0-only
"""SMB through the kernel's client and Samba's: all dialects and all kinds of protection."""
import errno
import os

import smb
import smb2
from checks import eq, expect_errno, one_of, wait_for
from files import get, pattern, put
from harness import test
from processes import parallel
from smb import SmbClient
from trees import digest, make_tree

# names in cifs.ko: no protection, signed, encrypted
PLAIN, SIGN, SEAL = '', 'sign', 'seal'


def copied(w, where):
    """A tree that is copied to the share and back is unchanged."""
    origin = f'{w.base}/origin'
    if not os.path.isdir(origin):
        os.mkdir(origin)
        make_tree(origin)
        for folder, dirs, files in os.walk(origin):
            for name in dirs + files:
                path = f'{folder}/{name}'
                if os.path.islink(path) or name == 'hard':
                    os.unlink(path)
    for name in sorted(os.listdir(origin)):
        w.client.run('cp', '-r', f'{origin}/{name}', where)
    sums = contents(origin)
    eq(sorted(contents(where).items() ^ sums.items()), [], 'differences through the mount')
    eq(sorted(contents(w.export).items() ^ sums.items()), [], 'differences on the server')
    for name in os.listdir(where):
        # the client may be about to close a file that it has removed: the name stays until then
        wait_for('rm', lambda name=name: w.client.run('rm', '-rf', f'{where}/{name}',
                                                      check=False).returncode == 0)
    wait_for('all goes', lambda: not os.listdir(w.export))


def contents(top):
    return {path: what[2] for path, what in digest(top).items() if what[0].startswith('0o10')}


def every_way(w, vers):
    os.chmod(w.export, 0o777)
    for way in (PLAIN, SIGN) + ((SEAL,) if vers.startswith('3') else ()):
        where = w.client.mount_smb(vers=vers, opts=way)
        copied(w, where)
        w.client.umount(where)


@test(smb=True, squash='none')
def copy_with_2_0(w):
    every_way(w, '2.0')


@test(smb=True, squash='none')
def copy_with_2_1(w):
    every_way(w, '2.1')


@test(smb=True, squash='none')
def copy_with_3_0(w):
    every_way(w, '3.0')


@test(smb=True, squash='none')
def copy_with_3_0_2(w):
    every_way(w, '3.0.2')


@test(smb=True, squash='none')
def copy_with_3_1_1(w):
    every_way(w, '3.1.1')


@test(smb=True, squash='none')
def smb1_is_refused(w):
    out = SmbClient(w.client, options=['client min protocol=NT1',
                                       'client max protocol=NT1']).do('ls', check=False)
    one_of(True, ['negotiation failed' in out.lower() or 'NT_STATUS' in out], out)


@test(smb=True, squash='none')
def every_cipher(w):
    """Each cipher works with Samba's client."""
    put(w.path('f'), pattern(1, 300000), 0o644)
    for cipher in ('AES-128-GCM', 'AES-128-CCM', 'AES-256-GCM', 'AES-256-CCM'):
        c = SmbClient(w.client, options=['client smb3 encryption algorithms=' + cipher,
                                         'client smb encrypt=required'])
        c.do(f'get f {w.base}/{cipher}')
        eq(get(f'{w.base}/{cipher}'), pattern(1, 300000), cipher)


@test(smb=True, squash='none')
def every_signature(w):
    put(w.path('f'), pattern(2, 300000), 0o644)
    for alg in ('AES-128-GMAC', 'AES-128-CMAC', 'HMAC-SHA256'):
        c = SmbClient(w.client, options=['client smb3 signing algorithms=' + alg,
                                         'client signing=required'])
        c.do(f'get f {w.base}/{alg}')
        eq(get(f'{w.base}/{alg}'), pattern(2, 300000), alg)


@test(smb=True, squash='none')
def big_reads_and_writes(w):
    """Requests of several credits, with 3.1.1 of 4 MiB each."""
    os.chmod(w.export, 0o777)
    data = pattern(3, 24 << 20)
    for way in (PLAIN, SIGN, SEAL):
        where = w.client.mount_smb(opts=','.join(filter(None, ['rsize=4194304,wsize=4194304',
                                                               way])))
        put(f'{where}/big', data)
        eq(get(w.path('big')) == data, True, 'written')
        w.client.umount(where)
        where = w.client.mount_smb(opts='rsize=4194304,wsize=4194304')
        eq(get(f'{where}/big') == data, True, 'read')
        os.unlink(f'{where}/big')
        w.client.umount(where)


@test(smb=True, squash='none')
def names(w):
    """Names with Unicode and reserved characters, whose case is kept and ignored."""
    os.chmod(w.export, 0o777)
    where = w.client.mount_smb()
    odd = ['Grüße', '日本語', 'emoji 🙂', 'a:b', 'what?', 'star*', '"quoted"', 'pipe|', 'dot.',
           'space ', 'x' * 255]
    for name in odd:
        put(f'{where}/{name}', name)
    eq(sorted(os.listdir(w.export)), sorted(odd))
    eq(sorted(os.listdir(where)), sorted(odd))
    for name in odd:
        eq(get(f'{where}/{name}').decode(), name)
    put(w.path('MixedCase.TXT'), b'mixed')
    eq(get(f'{where}/mixedcase.txt'), b'mixed')
    # the server's own processes do not wait until the client, which caches listings, is told
    wait_for('the new name is listed', lambda: 'MixedCase.TXT' in os.listdir(where))
    with expect_errno(errno.EEXIST):
        os.mkdir(f'{where}/MIXEDCASE.txt')
    SmbClient(w.client).do('rename grüße GRÜSSE2')
    eq(os.path.exists(w.path('GRÜSSE2')), True)


@test(smb=True, squash='none')
def attributes(w):
    os.chmod(w.export, 0o777)
    where = w.client.mount_smb()
    put(f'{where}/f', b'x' * 1000)
    os.utime(f'{where}/f', (10 ** 9, 11 * 10 ** 8))
    st = os.stat(w.path('f'))
    eq((st.st_atime, st.st_mtime, st.st_uid), (1e9, 1.1e9, smb.UIDS['alice']))
    os.truncate(f'{where}/f', 10)
    eq(os.stat(w.path('f')).st_size, 10)
    vfs = os.statvfs(where)
    real = os.statvfs(w.export)
    eq(vfs.f_blocks * vfs.f_bsize, real.f_blocks * real.f_frsize, 'size of the file system')
    eq(os.stat(f'{where}/f').st_ino, os.stat(w.path('f')).st_ino)
    c = SmbClient(w.client)
    c.do('setmode f +rhs')
    eq(smb.listing(c.do('ls'))['f'], ('AHSR', 10))
    c.refused('del f', 'NT_STATUS_CANNOT_DELETE')
    c.do('setmode f -rhs; del f')
    # the kernel's client closes a cached handle when its lease is broken
    wait_for('the file goes with its last handle', lambda: not os.listdir(w.export))


@test(smb=True, squash='none')
def streams_and_eas(w):
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'base', 0o666)
    put(f'{w.base}/in', pattern(4, 100000))
    c = SmbClient(w.client)
    c.do(f'put {w.base}/in f:Zone.Identifier; get f:zone.identifier {w.base}/out')
    eq(get(f'{w.base}/out'), pattern(4, 100000))
    s = smb2.Smb2(w.client)
    streams = s.query(s.create('f', access=smb2.GENERIC_READ), 22).decode('utf-16-le', 'replace')
    eq([x in streams for x in ('::$DATA', ':Zone.Identifier:$DATA')], [True, True])
    s.end()
    eq(get(w.path('f')), b'base')
    eq(sorted(os.listdir(w.client.mount())), ['f'], 'nothing else is seen over NFS')
    where = w.client.mount_smb()
    os.setxattr(f'{where}/f', 'user.Colour', b'green')
    eq(os.getxattr(w.path('f'), 'user.Colour'), b'green')
    os.setxattr(w.path('f'), 'user.taste', b'sour')
    eq(os.getxattr(f'{where}/f', 'user.taste'), b'sour')
    c.do('del f')
    eq([n for n in os.listdir(w.export) if n != '.ditto'], [])


@test(smb=True, squash='none')
def symlinks_and_special_files(w):
    os.chmod(w.export, 0o777)
    os.mkdir(w.path('d'))
    put(w.path('d/f'), b'behind')
    os.symlink('d', w.path('link'))
    where = w.client.mount_smb()
    eq(os.readlink(f'{where}/link'), 'd')
    eq(get(f'{where}/link/f'), b'behind')
    os.symlink('d/f', f'{where}/made')
    eq(os.readlink(w.path('made')), 'd/f')


@test(smb=True, squash='none')
def sparse_and_server_copy(w):
    os.chmod(w.export, 0o777)
    where = w.client.mount_smb()
    put(f'{where}/f', pattern(5, 3 << 20))
    w.client.run('xfs_io', '-c', 'fpunch 1m 1m', f'{where}/f')
    want = pattern(5, 3 << 20)
    want = want[:1 << 20] + bytes(1 << 20) + want[2 << 20:]
    eq(get(w.path('f')) == want, True, 'punched')
    eq(os.stat(w.path('f')).st_blocks * 512 < 3 << 20, True, 'blocks were given back')
    w.client.run('xfs_io', '-f', '-c', f'copy_range {where}/f', f'{where}/copy')
    eq(get(w.path('copy')) == want, True, 'copied')


@test(smb=True, squash='none')
def many_entries(w):
    os.chmod(w.export, 0o777)
    names = {f'file number {i:05}' for i in range(5000)}
    for name in names:
        put(w.path(name))
    where = w.client.mount_smb()
    eq(set(os.listdir(where)), names)
    eq(set(smb.listing(SmbClient(w.client).do('ls *77*'))), {n for n in names if '77' in n})


@test(smb=True, squash='none', clients=3, timeout=90)
def clients_at_once(w):
    os.chmod(w.export, 0o777)

    def work(client, i):
        def do():
            where = f'{client.mounts[0]}/{i}'
            os.mkdir(where)
            for k in range(60):
                put(f'{where}/{k}', pattern(i * 1000 + k, 5000 + k))
            for k in range(60):
                eq(get(f'{where}/{k}'), pattern(i * 1000 + k, 5000 + k))
                os.rename(f'{where}/{k}', f'{where}/r{k}')
            for k in range(60):
                os.unlink(f'{where}/r{k}')
            os.rmdir(where)
        return do

    for c, way in zip(w.clients, (PLAIN, SIGN, SEAL)):
        c.mount_smb(opts=way)
    parallel(*(work(c, i) for i, c in enumerate(w.clients)))
    wait_for('all goes', lambda: not os.listdir(w.export))


@test(smb=True, squash='none')
def share_goes_under_a_mount(w):
    """Removing a share closes its opens and releases the file system."""
    os.chmod(w.export, 0o777)
    where = w.client.mount_smb(opts='soft,retrans=1')
    f = open(f'{where}/f', 'wb', buffering=0)
    f.write(b'before')
    w.server.delete('data')
    w.volumes[0].umount()
    with expect_errno(errno.ENOENT, errno.EIO, errno.ENXIO, errno.ESTALE, errno.EBADF,
                      errno.EHOSTDOWN, errno.ENODEV, errno.EREMCHG, errno.ENETRESET):
        f.write(b'after')
        os.fsync(f.fileno())
    w.volumes.clear()
    try:
        f.close()
    except OSError:
        pass
