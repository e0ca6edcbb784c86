/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of shares: a small object, the head, names the tree, which is content like a file's.
 * Documentation/offload.md has the layout of both.
 *
 * What is read comes from the network: nothing in it is believed before it was checked. A path
 * that passed the check stays below the root of the share.
 */
#ifndef _DITTO_OFFLOAD_SNAPSHOT_H
#define _DITTO_OFFLOAD_SNAPSHOT_H

#include <stdio.h>

#include "store/msg.h"
#include "text.h"

/* Longest name of a snapshot, and of a share, in bytes. */
#define SNAPSHOT_NAME_MAX	128
#define SNAPSHOT_SHARE_MAX	255
/* Longest head in bytes. */
#define SNAPSHOT_HEAD_MAX	(56 + OFFLOAD_COOKIE_MAX + SNAPSHOT_SHARE_MAX + SNAPSHOT_NAME_MAX)
/* Longest tree, entry, path and target of a symbolic link in bytes. */
#define SNAPSHOT_TREE_MAX	(4ULL << 30)
#define SNAPSHOT_ENTRY_MAX	(16U << 20)
#define SNAPSHOT_PATH_MAX	4095

/**
 * struct snapshot_head - a snapshot
 * @time: when it was made, seconds since 1970
 * @tree_size: bytes of the tree
 * @entries: entries of the tree
 * @bytes: bytes of all files
 * @lost: files without their content, and what could not be read of files and directories
 * @cookie: names the tree
 * @cookie_len: bytes of @cookie
 * @share: name of the share
 * @name: name of the snapshot
 */
struct snapshot_head {
	u64 time;
	u64 tree_size;
	u64 entries;
	u64 bytes;
	u64 lost;
	u8 cookie[OFFLOAD_COOKIE_MAX];
	size_t cookie_len;
	char share[SNAPSHOT_SHARE_MAX + 1];
	char name[SNAPSHOT_NAME_MAX + 1];
};

/* Encode a head. Returns its length in bytes. */
size_t snapshot_head_encode(const struct snapshot_head *h, u8 out[SNAPSHOT_HEAD_MAX]);
/* Decode a head. Returns false and fills @why unless it is valid. */
bool snapshot_head_decode(struct snapshot_head *h, const u8 *in, size_t len, struct why *why);
/* Letters, digits and some signs, no path: good for names of files in Linux. */
bool snapshot_name_is_good(const char *name);

/* Seconds since 1970, and nanoseconds. */
struct snapshot_time {
	s64 sec;
	u32 nsec;
};

enum snapshot_time_kind {
	SNAPSHOT_ACCESSED,
	SNAPSHOT_MODIFIED,
	SNAPSHOT_CHANGED,
	SNAPSHOT_CREATED,
	SNAPSHOT_TIMES
};

/* The content of the file is not in the snapshot: it changed all the time, or was left out. */
#define SNAPSHOT_LOST		1U

/**
 * struct snapshot_entry - a file or directory
 * @path: relative to the root of the share, which has the path ""
 * @mode: type and permissions, as st_mode
 * @uid: owner
 * @gid: group
 * @size: bytes of the content
 * @inode: inode number, which another file may have had, see snapshot_links_find()
 * @generation: of the inode
 * @flags: SNAPSHOT_LOST
 * @major: of a device
 * @minor: of a device
 * @change: number that changes with the file
 * @time: by enum snapshot_time_kind
 * @target: of a symbolic link, otherwise ""
 * @cookie: names the content of a file; it may have more bytes than the file
 * @cookie_len: bytes of @cookie; 0 if the file is empty, or no file
 * @xattrs: extended attributes, see snapshot_xattr_next()
 * @xattrs_len: bytes of @xattrs
 * @n_xattrs: number of them
 * @partial: not in the tree, as the next: some attributes could not be read, and that was printed
 * @links: number of names
 */
struct snapshot_entry {
	const char *path;
	u32 mode;
	u32 uid;
	u32 gid;
	u64 size;
	u64 inode;
	u32 generation;
	u32 flags;
	u32 major;
	u32 minor;
	u64 change;
	struct snapshot_time time[SNAPSHOT_TIMES];
	const char *target;
	const u8 *cookie;
	u32 cookie_len;
	const u8 *xattrs;
	u32 xattrs_len;
	u32 n_xattrs;
	bool partial;
	u32 links;
};

/* Copy an entry with all that it points to. */
void snapshot_entry_copy(struct snapshot_entry *to, const struct snapshot_entry *from);
/* Free all that an entry points to, and zero it. */
void snapshot_entry_free(struct snapshot_entry *e);

/**
 * struct snapshot_xattr - an extended attribute
 * @name: its name
 * @value: its value
 * @len: bytes of @value
 */
struct snapshot_xattr {
	const char *name;
	const u8 *value;
	u32 len;
};

/* Add an attribute to a buffer that mem_grow() need not know. Returns false if it is too long. */
bool snapshot_xattr_add(struct snapshot_entry *e, u8 **buf, const char *name, const void *value,
			size_t len);
/* Go to the next attribute; *@at is 0 at first. Returns false after the last one. */
bool snapshot_xattr_next(const struct snapshot_entry *e, u32 *at, struct snapshot_xattr *x);

/*
 * Whether a snapshot has attributes of this name. The record of a stub is bound to its inode, and
 * would make the kernel believe that content is where the record says. So is the attribute of a
 * file that came back.
 */
bool snapshot_xattr_is_kept(const char *name);

/* Whether a time of two entries is the same. */
bool snapshot_time_is_same(const struct snapshot_entry *a, const struct snapshot_entry *b,
			   enum snapshot_time_kind kind);

/* Order of entries: a directory, then all below it, and names by their bytes. */
int snapshot_path_compare(const char *a, const char *b);

/* Write the beginning of a tree with @n entries, which follow in order. */
void snapshot_tree_begin(FILE *out, u64 n);
/* Write an entry. Returns its bytes, or 0 if it is too long. */
size_t snapshot_entry_write(FILE *out, const struct snapshot_entry *e);

/**
 * struct snapshot_scan - a tree that is decoded entry by entry
 * @count: number of entries that it has
 * @n: number of those that were decoded
 * @path: path of the last one
 * @folder: it is a directory
 */
struct snapshot_scan {
	u64 count;
	u64 n;
	char path[SNAPSHOT_PATH_MAX + 1];
	bool folder;
};

/*
 * Begin with the first bytes of a tree. Returns how many of them are no entry yet, or 0 if it is
 * not valid, with @why.
 */
size_t snapshot_scan_begin(struct snapshot_scan *c, const u8 *bytes, size_t len, struct why *why);
/* Decode one entry of at most @left bytes, into which it points. Returns its bytes, or 0. */
size_t snapshot_entry_decode(struct snapshot_entry *e, const u8 *in, u64 left);
/* Whether more bytes are needed for the next entry. */
bool snapshot_scan_waits(const u8 *bytes, size_t len);
/* Decode the next entry, which points into @bytes. Returns its bytes, or 0 if it is not valid. */
size_t snapshot_scan_next(struct snapshot_scan *c, struct snapshot_entry *e, const u8 *bytes,
			  size_t len, struct why *why);
/* @left bytes were not used. Returns false unless this is the end of the tree. */
bool snapshot_scan_end(const struct snapshot_scan *c, size_t left, struct why *why);

/* Whether an entry is that with the path or is below it. */
bool snapshot_path_is_below(const char *path, const char *folder);

#endif
