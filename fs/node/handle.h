/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File handles: opaque to clients, signed, stable across restarts.
 */
#ifndef _DITTO_FS_NODE_HANDLE_H
#define _DITTO_FS_NODE_HANDLE_H

#include <linux/types.h>

struct dentry;
struct ditto_node;
struct ditto_server;
struct ditto_share;

/* No protocol carries less than this (RFC 1813 section 2.3.3: 64 bytes). */
#define DITTO_HANDLE_MAX	64

/**
 * struct ditto_handle - the bytes a client keeps
 * @len: used bytes of @data, a multiple of four
 * @data: version, file id type and length, share tag, file id, signature
 */
struct ditto_handle {
	u8 len;
	u8 data[DITTO_HANDLE_MAX];
};

/**
 * ditto_handle_encode - the handle of a file
 * @share: the share it is reached through
 * @dentry: positive
 * @handle: filled
 *
 * Makes no node: listing a directory with handles costs no memory.
 *
 * Context: may sleep. Return: 0, or -EOPNOTSUPP if the file system gives no
 * usable id.
 */
int ditto_handle_encode(struct ditto_share *share, struct dentry *dentry,
			struct ditto_handle *handle);

/**
 * ditto_handle_decode - the file of a handle
 * @srv: the server
 * @data: the client's bytes
 * @len: how many
 * @share: filled with the share, to be put
 * @node: filled with the node, to be put
 *
 * Context: may sleep.
 * Return: 0; -EBADHANDLE if the bytes were never a handle of this server
 * (length, version, signature); -ESTALE if share or file is gone; -ENOMEM.
 */
int ditto_handle_decode(struct ditto_server *srv, const u8 *data, size_t len,
			struct ditto_share **share, struct ditto_node **node);

#endif
