/* SPDX-License-Identifier: GPL-2.0-only */
/* File handles: opaque to clients, signed, stable across restarts. */
#ifndef _DITTO_FS_SHARE_HANDLE_H
#define _DITTO_FS_SHARE_HANDLE_H

#include <linux/compiler.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/types.h>

struct dentry;
struct ditto_fid;
struct ditto_node;
struct ditto_server;
struct ditto_share;

/* Every protocol carries at least 64 bytes (RFC 1813 section 2.3.3). */
#define DITTO_HANDLE_MAX	64
/* Bytes of a handle with a file id of three words, as tmpfs and xfs have. */
#define DITTO_HANDLE_USUAL	32
/* A handle of a named stream leads to its file, too. NFSv4 has room for it, NFSv3 has not. */
#define DITTO_STREAM_HANDLE_MAX	112

/**
 * struct ditto_handle - file handle as sent to clients
 * @data: version, type and length of the file id, share tag, file id, signature; a file system
 *	writes its part of it as words
 * @len: used bytes of @data, a multiple of four
 */
struct ditto_handle {
	u8 data[DITTO_HANDLE_MAX] __aligned(sizeof(u32));
	u8 len;
};

/**
 * struct ditto_stream_handle - handle of a named stream as sent to clients
 * @data: as in struct ditto_handle, with two file ids
 * @len: used bytes of @data, a multiple of four
 */
struct ditto_stream_handle {
	u8 data[DITTO_STREAM_HANDLE_MAX];
	u8 len;
};

/*
 * Copy the bytes of a handle. @to: filled with @len bytes. Listings copy many handles, so the usual
 * length goes without a call of memcpy(). Context: any.
 */
static inline void ditto_handle_copy(void *to, const u8 *data, u32 len)
{
	if (likely(len == DITTO_HANDLE_USUAL))
		memcpy(to, data, DITTO_HANDLE_USUAL);
	else
		memcpy(to, data, len);
}

/**
 * struct ditto_handle_memo - what handles of one listing have in common
 * @first: the first word that is signed; 0 if there was none yet
 * @state: what the signature has made of it
 */
struct ditto_handle_memo {
	u64 first;
	u64 state[4];
};

/**
 * struct ditto_handle_basis - what the handles of a share depend on, beside the files
 * @tag: tag of the share
 * @key: key of the signature
 * @has_parent: they have the directory, too
 */
struct ditto_handle_basis {
	u64 tag;
	siphash_key_t key;
	bool has_parent;
};

/**
 * struct ditto_dir_part_handle - handle that an earlier listing has made for an entry
 * @len: length of @data; before, DITTO_HANDLE_*. The rest is constant once it is set
 * @generation: generation of the inode
 * @ino: number of the inode
 * @data: handle of up to the usual length
 */
struct ditto_dir_part_handle {
	u32 len;
	u32 generation;
	u64 ino;
	u8 data[DITTO_HANDLE_USUAL];
};

enum {
	DITTO_HANDLE_EMPTY,
	DITTO_HANDLE_FILLING,
};

void ditto_handle_basis_get(const struct ditto_share *share, struct ditto_handle_basis *basis);
bool ditto_handle_basis_is(const struct ditto_share *share,
			   const struct ditto_handle_basis *basis);
int ditto_handle_encode(struct ditto_share *share, struct dentry *dentry,
			struct ditto_handle *handle);
int ditto_handle_of_node(struct ditto_share *share, struct ditto_node *node,
			 struct ditto_handle *handle);
int ditto_handle_of_stream(struct ditto_share *share, struct ditto_node *base,
			   struct dentry *stream, struct ditto_stream_handle *handle);
struct ditto_share *ditto_stream_handle_share(struct ditto_server *srv, const u8 *data,
					      size_t len, struct ditto_fid *base,
					      struct ditto_fid *stream);
int ditto_stream_handle_nodes(struct ditto_share *share, const struct ditto_fid *base_fid,
			      const struct ditto_fid *stream_fid, struct ditto_node **base,
			      struct ditto_node **stream);
int ditto_handle_encode_entry(struct ditto_share *share, const struct ditto_node *dir,
			      struct dentry *dentry, struct ditto_dir_part_handle *cached,
			      struct ditto_handle *handle, struct ditto_handle_memo *memo);
int ditto_handle_decode(struct ditto_server *srv, const u8 *data, size_t len,
			struct ditto_share **share, struct ditto_node **node);

/**
 * struct ditto_handle_seen - the last handle of a thread whose signature was right
 * @handle: the handle; @len is 0 if there is none
 * @key: key of the signature
 * @withdrawn: see ditto_share_get_again()
 * @share: share of the handle, without a reference; valid if @node is set
 * @node: its node, without a reference; NULL if it was not found yet
 * @number: see ditto_node_get_again()
 *
 * Requests that follow each other often have the same handle, whose signature need not be computed
 * again then, nor its file be looked up. It belongs to one thread and one server, and is filled
 * with zeros at first. It keeps nothing in memory.
 */
struct ditto_handle_seen {
	struct ditto_handle handle;
	siphash_key_t key;
	u64 withdrawn;
	struct ditto_share *share;
	struct ditto_node *node;
	unsigned long number;
};

bool ditto_handle_again(const struct ditto_server *srv, const u8 *data, size_t len,
			const struct ditto_handle_seen *seen, struct ditto_share **share,
			struct ditto_node **node);
void ditto_handle_remember(struct ditto_handle_seen *seen, struct ditto_node *node);
struct ditto_share *ditto_handle_share(struct ditto_server *srv, const u8 *data, size_t len,
				       struct ditto_fid *fid, struct ditto_handle_seen *seen);
struct ditto_node *ditto_handle_node(struct ditto_share *share, const struct ditto_fid *fid);
struct ditto_node *ditto_handle_node_anywhere(struct ditto_share *share,
					      const struct ditto_fid *fid);
void ditto_handle_sign(const struct ditto_server *srv, u64 tag,
		       const struct ditto_fid *fid, struct ditto_handle *handle);
int ditto_handle_verify(const struct ditto_server *srv, const u8 *data, size_t len,
			u64 *tag, struct ditto_fid *fid, struct ditto_handle_seen *seen);
void ditto_stream_handle_sign(const struct ditto_server *srv, u64 tag,
			      const struct ditto_fid *base, const struct ditto_fid *stream,
			      struct ditto_stream_handle *handle);
int ditto_stream_handle_verify(const struct ditto_server *srv, const u8 *data, size_t len,
			       u64 *tag, struct ditto_fid *base, struct ditto_fid *stream);

#endif
