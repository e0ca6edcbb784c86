# SPDX-License-Identifier: GPL-2.0-only
"""What modes and access control lists let the clients of the model do, which all are one user.

He owns all files. What an open was granted stays granted, and later opens are judged by the list
or mode of then (Documentation/acl.md). Lists differ in the rights to data only.
"""
import acl_model
import smb
from acl_model import ALLOW, DENY, EVERYONE, OWNER, Ace, Object, Token, Who
from truth import A_READ, A_WRITE

ALICE = smb.UIDS['alice']
WHO = Token('alice', ALICE, frozenset({ALICE}))
READ, WRITE = acl_model.READ_DATA, acl_model.WRITE_DATA | acl_model.APPEND_DATA
REST = acl_model.ALL & ~(READ | WRITE | acl_model.EXECUTE | acl_model.DELETE_CHILD)
NAMED = Who('user', ALICE)
LISTS = {
    'all to alice': [Ace(ALLOW, NAMED, REST | READ | WRITE)],
    'all to the owner': [Ace(ALLOW, OWNER, REST | READ | WRITE)],
    'all to everyone': [Ace(ALLOW, EVERYONE, REST | READ | WRITE)],
    'reading to alice': [Ace(ALLOW, NAMED, REST | READ)],
    'writing to alice': [Ace(ALLOW, NAMED, REST | WRITE)],
    'all but writing by alice': [Ace(DENY, NAMED, WRITE),
                                 Ace(ALLOW, EVERYONE, REST | READ | WRITE)],
    'all but reading by alice': [Ace(DENY, NAMED, READ),
                                 Ace(ALLOW, EVERYONE, REST | READ | WRITE)],
    'no data': [Ace(ALLOW, EVERYONE, REST)],
}


def set_list(node, name):
    """A file has another list."""
    obj = Object(ALICE, ALICE, aces=LISTS[name])
    rights = acl_model.list_answer(obj, WHO).granted
    mode = acl_model.mode_of(obj)
    node.edits += (node.list, node.mode) != (name, mode)
    node.list, node.mode, node.readonly = name, mode, False
    node.denies = (0 if rights & READ else A_READ) | (0 if rights & WRITE == WRITE else A_WRITE)


def set_mode(node, mode):
    """The mode is set; a list is changed to fit, unless it does (RFC 8881 6.4.1.1)."""
    if node.list and mode == node.mode:
        return
    node.denies = (0 if mode & 0o400 else A_READ) | (0 if mode & 0o200 else A_WRITE)
    node.list, node.mode = node.list and f'what a mode left of {node.list}', mode
    node.readonly = not node.list and not mode & 0o222
