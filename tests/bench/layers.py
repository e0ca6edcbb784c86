# SPDX-License-Identifier: GPL-2.0-only
"""Whose work the instructions of an operation are, from samples with their stacks.

A sample belongs to the layer that was entered last: a function of a layer's table enters it, and so
does one of a module. What is in no table, such as allocations, locks and copies, belongs to its
caller.
"""

import re

CLIENT, SERVER, SUNRPC, FILES, NETWORK, THREADS, OTHER = LAYERS = (
    "client", "server", "sunrpc", "files", "network", "threads", "other")

# Functions of the kernel by which a layer is entered.
ENTRIES = (
    (NETWORK, r"sock_|sk_|kernel_(send|recv)msg|inet_|tcp_|__tcp_|ip_|__ip_|lock_sock|release_sock|"
              r"net_|__net|dev_|__dev_|napi_|loopback|skb_|__skb|kfree_skb|__do_softirq|"
              r"handle_softirqs|do_softirq"),
    (THREADS, r"schedule|__schedule|wake_up|__wake_up|try_to_wake_up|ttwu_|wait_woken|"
              r"finish_task_switch|default_wake_function|autoremove_wake"),
    (FILES, r"vfs_|shmem_|iterate_dir|notify_change|simple_|d_|__d_|dput|dget|iput|ilookup|inode_|"
            r"lookup_|exportfs_|file_|fput|__fput|____fput|delayed_fput|dentry_|do_dentry|"
            r"alloc_file|alloc_empty_file|locks_|posix_|generic_|filemap_|folio_|"
            r"iov_iter|fsnotify|mnt_|path|"
            r"lock_rename|unlock_rename|setattr_|touch_atime|splice_|do_splice|security_"),
    (OTHER, r"rcu_core|rcu_do_batch|asm_sysvec|worker_thread|run_ksoftirqd"),
)
ENTRIES = [(layer, re.compile(pattern)) for layer, pattern in ENTRIES]
# Modules of servers.
SERVERS = re.compile(r"ditto|nfsd|lockd|nfs_acl|grace|ksmbd|exportfs")


def entered(frame):
    """The layer that a frame enters, or None."""
    function, module = frame.rsplit(" ", 1)
    if module == "thread":
        return None
    if module != "kernel":
        return SUNRPC if module == "sunrpc" else SERVER if SERVERS.match(module) else None
    for layer, pattern in ENTRIES:
        if pattern.match(function):
            return layer
    return None


def layer_of(stack):
    """The layer of a sample. All that the client's thread does is the client's."""
    if any(frame.endswith(" ditto_load") for frame in stack):
        return CLIENT
    layer = OTHER
    for frame in stack:
        layer = entered(frame) or layer
    return layer


def split(stacks):
    """{layer: its part of all samples}."""
    total = sum(stacks.values())
    parts = dict.fromkeys(LAYERS, 0)
    for stack, count in stacks.items():
        parts[layer_of(stack)] += count
    return {layer: count / total for layer, count in parts.items()}


def table(rows):
    """Lines of Markdown; a row is (operation, outstanding, system, instructions, parts)."""
    yield "| operation | outstanding | system | all | " + " | ".join(LAYERS) + " |"
    yield "|---|--:|---" + "|--:" * (len(LAYERS) + 1) + "|"
    for operation, outstanding, system, cost, parts in rows:
        yield (f"| {operation} | {outstanding} | {system} | {cost:,.0f} | " +
               " | ".join(f"{parts[layer] * cost:,.0f}" for layer in LAYERS) + " |")
