# SPDX-License-Identifier: GPL-2.0-only
"""A model of access to files, to compare the server with.

It is written from MS-DTYP sections 2.5.3.2 (access check) and 2.5.3.4 (descriptors of new
objects), and from RFC 8881 chapter 6, not from the server's sources. Where these leave a choice
or differ, a name of Choices says what Documentation/acl.md promises.
"""
import dataclasses
from dataclasses import dataclass, field

# Rights have the same bits in NFSv4 (RFC 8881 section 6.2.1.3) and SMB (MS-SMB2 2.2.13.1).
RIGHTS = {
    'read-data': 0x1, 'write-data': 0x2, 'append-data': 0x4, 'read-xattrs': 0x8,
    'write-xattrs': 0x10, 'execute': 0x20, 'delete-child': 0x40, 'read-attrs': 0x80,
    'write-attrs': 0x100, 'delete': 0x10000, 'read-acl': 0x20000, 'write-acl': 0x40000,
    'write-owner': 0x80000, 'synchronize': 0x100000,
}
(READ_DATA, WRITE_DATA, APPEND_DATA, READ_XATTRS, WRITE_XATTRS, EXECUTE, DELETE_CHILD, READ_ATTRS,
 WRITE_ATTRS, DELETE, READ_ACL, WRITE_ACL, WRITE_OWNER, SYNCHRONIZE) = RIGHTS.values()
ALL = sum(RIGHTS.values())

ALLOW, DENY = 'allow', 'deny'
# Flags of entries, with the bits that both protocols have for the first four.
FILES, DIRS, NO_PROPAGATE, INHERIT_ONLY = 1, 2, 4, 8
INHERITED = 16
FLAGS = {FILES: 'file-inherit', DIRS: 'dir-inherit', NO_PROPAGATE: 'no-propagate',
         INHERIT_ONLY: 'inherit-only', INHERITED: 'inherited'}


@dataclass(frozen=True)
class Choices:
    """What the specifications leave open, as Documentation/acl.md decides it."""
    # MS-FSA 2.1.5.1.2.1 grants READ_ATTRIBUTES to whoever may list the directory. RFC 8881
    # 6.2.1.3.1 lets a server ignore the right; NFS never asks for it.
    lister_reads_attrs: bool = True
    # Neither protocol waits for a handle by SYNCHRONIZE.
    synchronize_is_public: bool = True
    # RFC 8881 6.2.1.3.1 (EXECUTE): a server SHOULD let READ through if only EXECUTE is allowed.
    nfs_reads_to_execute: bool = True
    # RFC 1813 4.4: without an open the owner reads and writes at any time, as he could change
    # the list to say so. NFSv4 with a special stateid has no open, either.
    owner_has_data_without_open: bool = True
    # RFC 8881 6.2.1.3.2: DELETE of the file, or DELETE_CHILD of its directory.
    delete_by_either: bool = True
    # RFC 8881 6.2.1.5: AUTHENTICATED@ is the opposite of ANONYMOUS@, which are users of
    # AUTH_SYS not unless they are squashed.
    auth_sys_is_authenticated: bool = True
    # OWNER@ goes on in directories as CREATOR OWNER does, in an entry of its own.
    splits_owner: bool = True
    # RFC 8881 6.3.2 counts OWNER@, GROUP@ and EVERYONE@ for the mode. A number that is the owner's
    # or the group's, and AUTHENTICATED@, which every local process is, are no less exact.
    mode_counts_numbers: bool = True
    # Linux lets nobody execute a file without any execute bit.
    admin_executes_by_bit: bool = True
    # MS-SMB2 has no mode: a client can execute what it can read.
    reader_of_mode_executes: bool = True
    # A file without any write bit shows as read-only (MS-FSA section 2.1.5.1.2).
    no_write_bit_is_read_only: bool = True
    # Clients of SMB write DOS attributes of files that they can write.
    writer_of_mode_writes_attrs: bool = True


CHOICES = Choices()


@dataclass(frozen=True)
class Who:
    """A principal of an entry. kind: owner, group, everyone, user, gid, sid, or well-known."""
    kind: str
    value: object = None

    def __str__(self):
        return self.kind if self.value is None else f'{self.kind} {self.value}'


OWNER, GROUP, EVERYONE = Who('owner'), Who('group'), Who('everyone')
AUTHENTICATED, ANONYMOUS, NETWORK = Who('authenticated'), Who('anonymous'), Who('network')
OWNER_RIGHTS, CREATOR_OWNER, CREATOR_GROUP = (Who('owner-rights'), Who('creator-owner'),
                                              Who('creator-group'))


@dataclass(frozen=True)
class Ace:
    kind: str
    who: Who
    mask: int
    flags: int = 0

    def __str__(self):
        flags = [name for bit, name in FLAGS.items() if self.flags & bit]
        return f'{self.kind} {self.who}: {rights_text(self.mask)}' + (
            f' ({", ".join(flags)})' if flags else '')


@dataclass(frozen=True)
class Token:
    """A caller. admin: an administrator of the share; proven: logged in by a password."""
    name: str
    uid: int
    gids: frozenset
    sids: frozenset = frozenset()
    admin: bool = False
    guest: bool = False
    proven: bool = False

    def __str__(self):
        more = [word for word in ('admin', 'guest', 'proven') if getattr(self, word)]
        return (f'{self.name}: uid {self.uid}, gids {sorted(self.gids)}, SIDs {sorted(self.sids)}'
                f' {" ".join(more)}')


@dataclass
class Object:
    """A file or directory. Without @aces its mode and its POSIX ACL (tag: bits) are in force."""
    uid: int
    gid: int
    directory: bool = False
    mode: int = 0
    aces: list = None
    posix: dict = None
    protected: bool = False
    auto: bool = False                   # the list was inherited automatically
    parent: 'Object' = None
    name: str = ''

    def words(self):
        kind = 'directory' if self.directory else 'file'
        head = f'{kind} {self.name!r} of {self.uid}:{self.gid}'
        if self.aces is not None:
            return '\n'.join([f'{head}, a list of {len(self.aces)}'] + [
                f'  {i + 1}. {ace}' for i, ace in enumerate(self.aces)])
        return f'{head}, mode {self.mode:04o}, POSIX ACL {self.posix}'


@dataclass
class Answer:
    """What is granted, and for each right what decided."""
    granted: int = 0
    why: dict = field(default_factory=dict)


def rights_text(mask):
    if mask & ALL == ALL:
        return 'full'
    return ','.join(name for name, bit in RIGHTS.items() if mask & bit) or 'none'


def owner_rights_count(obj):
    """True if an entry says what the owner may do with the list (MS-DTYP 2.5.3.2)."""
    return any(ace.who == OWNER_RIGHTS and not ace.flags & INHERIT_ONLY for ace in obj.aces)


def matches(who, obj, token, choices=CHOICES):
    """SidInToken of MS-DTYP 2.5.3.1.1, with the principals of RFC 8881 section 6.2.1.5."""
    if who in (OWNER, OWNER_RIGHTS):
        return token.uid == obj.uid
    if who == GROUP:
        return obj.gid in token.gids
    if who in (EVERYONE, NETWORK):
        return True
    if who == AUTHENTICATED:
        return not token.guest and (token.proven or choices.auth_sys_is_authenticated)
    if who == ANONYMOUS:
        return token.guest
    if who.kind == 'user':
        return token.uid == who.value
    if who.kind == 'gid':
        return who.value in token.gids
    if who.kind == 'sid':
        return who.value in token.sids
    return False                         # the creator's entries are for what inherits them


def list_answer(obj, token, choices=CHOICES):
    """The rights that a list grants: the first entry that names a right decides about it."""
    out = Answer()
    if token.uid == obj.uid and not owner_rights_count(obj):
        out.granted |= READ_ACL | WRITE_ACL
        out.why.update({right: 'the owner' for right in (READ_ACL, WRITE_ACL)})
    for i, ace in enumerate(obj.aces):
        if ace.flags & INHERIT_ONLY or not matches(ace.who, obj, token, choices):
            continue
        for right in RIGHTS.values():
            if ace.mask & right and right not in out.why:
                out.why[right] = f'entry {i + 1}: {ace}'
                if ace.kind == ALLOW:
                    out.granted |= right
    return out


def posix_bits(obj, token):
    """(bits, class) of a mode or POSIX ACL, as acl(5) has it."""
    acl = obj.posix or {}
    mask = acl.get('mask', 7)
    if not mask:                         # Linux passes over an ACL whose mask is empty
        acl = {'group': 0}
    if token.uid == obj.uid:
        return obj.mode >> 6 & 7, 'owner'
    if ('user', token.uid) in acl:
        return acl['user', token.uid] & mask, f'user {token.uid}'
    group_obj = acl.get('group', obj.mode >> 3 & 7)
    found = [group_obj & mask] if obj.gid in token.gids else []
    found += [bits & mask for key, bits in acl.items()
              if isinstance(key, tuple) and key[0] == 'gid' and key[1] in token.gids]
    if found:
        return found, 'group'
    return obj.mode & 7, 'other'


def shows_read_only(obj, choices=CHOICES):
    """True if SMB cannot open a file for writing, whoever asks."""
    if obj.directory or obj.aces is not None or not choices.no_write_bit_is_read_only:
        return False
    group = (obj.posix or {}).get('mask', obj.mode >> 3)
    return not (obj.mode & 0o202 or group & 2)


def mode_grants(obj, token, want):
    """True if the mode or POSIX ACL grants these bits together."""
    bits, _ = posix_bits(obj, token)
    if isinstance(bits, list):           # any one group entry must grant all of them
        return any(one & want == want for one in bits)
    return bits & want == want


def mode_answer(obj, token, choices=CHOICES):
    """The rights that a mode stands for (RFC 8881 section 6.3.1)."""
    out = Answer()
    _, who = posix_bits(obj, token)
    by_write = WRITE_XATTRS | (WRITE_ATTRS if choices.writer_of_mode_writes_attrs else 0)
    by_read = READ_DATA | READ_XATTRS
    if obj.directory:                    # entries are changed by who may search, too
        table = ((4, by_read), (2, by_write), (1, EXECUTE),
                 (3, WRITE_DATA | APPEND_DATA | DELETE_CHILD))
    else:
        table = ((4, by_read | (EXECUTE if choices.reader_of_mode_executes else 0)),
                 (2, by_write | WRITE_DATA | APPEND_DATA | DELETE_CHILD), (1, EXECUTE))
    for want, rights in table:
        if mode_grants(obj, token, want):
            out.granted |= rights
        out.why.update({r: f'the mode or POSIX ACL for the {who}' for r in RIGHTS.values()
                        if r & rights})
    out.granted |= READ_ACL | READ_ATTRS
    if token.uid == obj.uid:
        out.granted |= WRITE_ACL | WRITE_ATTRS | WRITE_OWNER
    return out


def own_answer(obj, token, choices=CHOICES):
    """The rights by the object alone, without its directory."""
    if token.admin:
        return Answer(ALL, {right: 'an administrator' for right in RIGHTS.values()})
    if obj.aces is None:
        out = mode_answer(obj, token, choices)
    else:
        out = list_answer(obj, token, choices)
    if choices.synchronize_is_public:
        out.granted |= SYNCHRONIZE
        out.why[SYNCHRONIZE] = 'everybody'
    return out


def sticky_stops(obj, token):
    """True if the sticky bit keeps the caller from removing it by rights to the directory."""
    parent = obj.parent
    return (parent.aces is None and parent.mode & 0o1000
            and token.uid not in (obj.uid, parent.uid) and not token.admin)


def answer(obj, token, choices=CHOICES):
    """All rights to an object, those by its directory included (MS-FSA section 2.1.5.1.2)."""
    out = own_answer(obj, token, choices)
    if not obj.parent:
        return out
    parent = own_answer(obj.parent, token, choices)
    for good, by, right in (
            (choices.delete_by_either and not sticky_stops(obj, token), DELETE_CHILD, DELETE),
            (choices.lister_reads_attrs, READ_DATA, READ_ATTRS)):
        if good and not out.granted & right and parent.granted & by:
            out.granted |= right
            out.why[right] = f'the directory by {parent.why.get(by)}'
    return out


def may_remove(obj, token, by_nfs):
    """True if a user may remove an object from its directory.

    RFC 8881 section 6.2.1.3.1 has REMOVE among the operations that EXECUTE of the directory is
    needed for; an SMB user passes directories.
    """
    search = not by_nfs or own_answer(obj.parent, token).granted & EXECUTE
    return bool(search and answer(obj, token).granted & DELETE)


def nfs_may_read(obj, token, opened=False, choices=CHOICES):
    granted = answer(obj, token, choices).granted
    want = READ_DATA | (EXECUTE if choices.nfs_reads_to_execute else 0)
    return bool(granted & want) or owner_without_open(obj, token, granted, opened, choices)


def nfs_may_write(obj, token, opened=False, choices=CHOICES):
    granted = answer(obj, token, choices).granted
    return (bool(granted & WRITE_DATA)
            or owner_without_open(obj, token, granted, opened, choices))


def owner_without_open(obj, token, granted, opened, choices):
    """True for the owner if he could change the list to say that he may."""
    return (choices.owner_has_data_without_open and not opened and token.uid == obj.uid
            and bool(granted & WRITE_ACL))


# inheritance

def inherited(parent, directory, uid, gid, choices=CHOICES):
    """The entries of a new object by those of its directory; [] if none are inheritable.

    MS-DTYP 2.5.3.4.3 and RFC 8881 section 6.4.3: an entry takes effect in an object of its
    kind, and goes on in directories unless NO_PROPAGATE is set. An entry of the creator takes
    effect as one of the new owner or group, and goes on as it was. Entries are marked as
    inherited where automatic inheritance is in use: DACL_AUTO_INHERIT of MS-DTYP 2.5.3.4.1,
    ACL4_AUTO_INHERIT of RFC 8881 section 6.4.3.2.
    """
    mark = INHERITED if parent.auto else 0
    creators = {CREATOR_OWNER: Who('user', uid), CREATOR_GROUP: Who('gid', gid)}
    if choices.splits_owner:
        creators.update({OWNER: OWNER, GROUP: GROUP})
    out = []
    for ace in parent.aces or ():
        effective = bool(ace.flags & (DIRS if directory else FILES))
        goes_on = directory and not ace.flags & NO_PROPAGATE and ace.flags & (FILES | DIRS)
        kept = ace.flags & (FILES | DIRS | NO_PROPAGATE) if goes_on else 0
        if not effective and not goes_on:
            continue
        creator = creators.get(ace.who)
        if creator is None:
            flags = kept | mark | (0 if effective else INHERIT_ONLY)
            out.append(dataclasses.replace(ace, flags=flags))
            continue
        if effective:
            out.append(Ace(ace.kind, creator, ace.mask, mark))
        if goes_on:
            out.append(dataclasses.replace(ace, flags=kept | mark | INHERIT_ONLY))
    return out


# modes

def any_execute_bit(obj):
    return bool((obj.mode if obj.aces is None else mode_of(obj)) & 0o111)


def admin_may_execute(obj, choices=CHOICES):
    return any_execute_bit(obj) or not choices.admin_executes_by_bit


def mode_of(obj, choices=CHOICES):
    """The permission bits of a list of a file (RFC 8881 section 6.3.2)."""
    out = 0
    everyone = (EVERYONE, AUTHENTICATED) if choices.mode_counts_numbers else (EVERYONE,)
    owner = (Who('user', obj.uid), OWNER_RIGHTS) if choices.mode_counts_numbers else ()
    group = (Who('gid', obj.gid),) if choices.mode_counts_numbers else ()
    for mine in ((OWNER, *owner, *everyone), (GROUP, *group, *everyone), everyone):
        given = seen = 0
        for ace in obj.aces:
            if ace.who in mine and not ace.flags & INHERIT_ONLY:
                given |= ace.mask & ~seen if ace.kind == ALLOW else 0
                seen |= ace.mask
        out = out << 3 | sum(bit for need, bit in ((READ_DATA, 4), (WRITE_DATA | APPEND_DATA, 2),
                                                   (EXECUTE, 1)) if given & need == need)
    return out


def after_chmod(obj, mode, token):
    """(must, may): rights for data that a caller must have, and may have, after a chmod.

    RFC 8881 section 6.4.1.1 leaves the entries open, but not what they mean: the owner, the
    group and all others have what the mode says, and nobody who is named has more than the
    group. A principal without a class, such as NETWORK@, is as one that is named.
    """
    bits = {4: READ_DATA, 2: WRITE_DATA | APPEND_DATA, 1: EXECUTE}
    named = any(ace.who not in (OWNER, GROUP, EVERYONE) and matches(ace.who, obj, token)
                for ace in obj.aces if not ace.flags & INHERIT_ONLY)
    if token.uid == obj.uid:
        shift = 6
    else:
        shift = 3 if named or obj.gid in token.gids else 0
    limit = sum(rights for bit, rights in bits.items() if mode >> shift & bit)
    return (0 if named else limit), limit
