# SPDX-License-Identifier: GPL-2.0-only
"""bitmap4 and fattr4 by hand (RFC 8881 section 5, RFC 7862 section 12, RFC 8276, RFC 9754)."""
import struct

import rpc
from rpc import Dec, Enc

NAMES = (
    'supported_attrs type fh_expire_type change size link_support symlink_support named_attr fsid '
    'unique_handles lease_time rdattr_error acl aclsupport archive cansettime case_insensitive '
    'case_preserving chown_restricted filehandle fileid files_avail files_free files_total '
    'fs_locations hidden homogeneous maxfilesize maxlink maxname maxread maxwrite mimetype mode '
    'no_trunc numlinks owner owner_group quota_avail_hard quota_avail_soft quota_used rawdev '
    'space_avail space_free space_total space_used system time_access time_access_set time_backup '
    'time_create time_delta time_metadata time_modify time_modify_set mounted_on_fileid '
    'dir_notif_delay dirent_notif_delay dacl sacl change_policy fs_status fs_layout_types '
    'layout_hint layout_types layout_blksize layout_alignment fs_locations_info mdsthreshold '
    'retention_get retention_set retentevt_get retentevt_set retention_hold mode_set_masked '
    'suppattr_exclcreat fs_charset_cap clone_blksize space_freed change_attr_type sec_label '
    'mode_umask xattr_support offline time_deleg_access time_deleg_modify open_arguments').split()
NUMBERS = {name: i for i, name in enumerate(NAMES)}


def words(bits):
    """A bitmap4 of these bit numbers, as short as it can be."""
    bits = set(bits)
    count = max(bits, default=-1) // 32 + 1
    e = Enc().u32(count)
    for w in range(count):
        e.u32(sum(1 << b % 32 for b in bits if b // 32 == w))
    return e.bytes()


def bitmap(*names):
    return words(NUMBERS.get(n, n) for n in names)


def d_bits(d):
    """Bit numbers, in order."""
    got = [d.u32() for _ in range(d.u32())]
    return [w * 32 + b for w, word in enumerate(got) for b in range(32) if word >> b & 1]


def d_bitmap(d):
    """Names of attributes, or numbers of those without a name."""
    return [NAMES[b] if b < len(NAMES) else b for b in d_bits(d)]


def d_time(d):
    seconds, nanoseconds = struct.unpack('>qI', d.take(12))
    if nanoseconds >= 10 ** 9:
        raise rpc.Bad(f'a time of {nanoseconds} ns')
    return seconds, nanoseconds


def d_acl(d):
    return [(d.u32(), d.u32(), d.u32(), d.opaque().decode()) for _ in range(d.u32())]


def d_locations(d):
    def path():
        return [d.opaque() for _ in range(d.u32())]
    return path(), [([d.opaque() for _ in range(d.u32())], path()) for _ in range(d.u32())]


def d_text(d):
    return d.opaque().decode()


def d_pair(d):
    return d.u32(), d.u32()


def d_long_pair(d):
    return d.u64(), d.u64()


def d_label(d):
    return d.u32(), d.u32(), d.opaque(2048)


def d_layout_types(d):
    return [d.u32() for _ in range(d.u32())]


_FLAGS = ('link_support symlink_support named_attr unique_handles archive cansettime '
          'case_insensitive case_preserving chown_restricted hidden homogeneous no_trunc system '
          'xattr_support').split()
_U32 = ('type fh_expire_type lease_time rdattr_error aclsupport maxlink maxname mode numlinks '
        'layout_blksize layout_alignment fs_charset_cap clone_blksize change_attr_type').split()
_U64 = ('change size fileid files_avail files_free files_total maxfilesize maxread maxwrite '
        'quota_avail_hard quota_avail_soft quota_used space_avail space_free space_total '
        'space_used mounted_on_fileid space_freed').split()
_TIMES = ('time_access time_backup time_create time_delta time_metadata time_modify '
          'dir_notif_delay dirent_notif_delay').split()

READ = {
    **{n: Dec.flag for n in _FLAGS}, **{n: Dec.u32 for n in _U32}, **{n: Dec.u64 for n in _U64},
    **{n: d_time for n in _TIMES},
    'supported_attrs': d_bitmap, 'suppattr_exclcreat': d_bitmap, 'fsid': d_long_pair,
    'change_policy': d_long_pair, 'acl': d_acl, 'filehandle': lambda d: d.opaque(128),
    'owner': d_text, 'owner_group': d_text, 'mimetype': d_text, 'rawdev': d_pair,
    'mode_umask': d_pair, 'fs_locations': d_locations, 'fs_layout_types': d_layout_types,
    'layout_types': d_layout_types,
    'sec_label': d_label,
    'open_arguments': lambda d: [d_bits(d) for _ in range(5)],
    'dacl': lambda d: (d.u32(), d_acl(d)), 'sacl': lambda d: (d.u32(), d_acl(d)),
}


def d_fattr(d):
    """Attributes by name; checks the length of the list."""
    names = d_bitmap(d)
    values = Dec(d.opaque())
    out = {}
    for n in names:
        if n not in READ:
            raise rpc.Bad(f'attribute {n} was not to be sent')
        out[n] = READ[n](values)
    values.end()
    return out


def _set_time(value):
    """'server', or (seconds, nanoseconds)"""
    return struct.pack('>I', 0) if value == 'server' else struct.pack('>IqI', 1, *value)


def _acl(aces):
    e = Enc().u32(len(aces))
    for kind, flags, mask, who in aces:
        e.u32(kind, flags, mask).opaque(who)
    return e.bytes()


_WRITE = {
    **{n: lambda v: struct.pack('>I', v) for n in _FLAGS + _U32},
    **{n: lambda v: struct.pack('>Q', v) for n in _U64},
    **{n: lambda v: struct.pack('>qI', *v)
       for n in _TIMES + ['time_deleg_access', 'time_deleg_modify']},
    'supported_attrs': lambda v: bitmap(*v), 'suppattr_exclcreat': lambda v: bitmap(*v),
    'fsid': lambda v: struct.pack('>QQ', *v), 'change_policy': lambda v: struct.pack('>QQ', *v),
    'rawdev': lambda v: struct.pack('>II', *v), 'mode_umask': lambda v: struct.pack('>II', *v),
    'mode_set_masked': lambda v: struct.pack('>II', *v),
    'sec_label': lambda v: Enc().u32(v[0], v[1]).opaque(v[2]).bytes(),
    'open_arguments': lambda v: b''.join(words(m) for m in v),
    'acl': _acl, 'dacl': lambda v: struct.pack('>I', v[0]) + _acl(v[1]),
    'sacl': lambda v: struct.pack('>I', v[0]) + _acl(v[1]),
    'time_access_set': _set_time, 'time_modify_set': _set_time,
    **{n: lambda v: Enc().opaque(v).bytes()
       for n in ('owner', 'owner_group', 'filehandle', 'mimetype')},
}


def fattr(attrs):
    """An encoded fattr4, from a dictionary by name or from ready bytes."""
    if isinstance(attrs, bytes):
        return attrs
    values = b''.join(_WRITE[n](v) for n, v in sorted(attrs.items(), key=lambda i: NUMBERS[i[0]]))
    return bitmap(*attrs) + Enc().opaque(values).bytes()
