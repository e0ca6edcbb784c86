/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open instances: a file opened by a client, with the rights granted at open, an OPEN claim in
 * the lock table, and the name it was opened by.
 *
 * Access is checked at open; a later chmod or chown does not revoke it. A name that is delete
 * pending is removed when the last instance that was opened by it is closed; until then it cannot
 * be opened again. Other hard links of the file are not concerned (hardlink.h).
 *
 * A file that loses its last name stays while an instance of it is open, and its handle keeps
 * working for all clients (RFC 8881 section 18.16.3, OPEN4_RESULT_PRESERVE_UNLINKED). It can be
 * opened again by node, but not for deletion.
 *
 * An instance pins neither mount nor share. When its share is removed, or an administrator takes
 * away its claims, it is revoked: it drops the file, and everything done through it fails with
 * -ESTALE. Its memory stays until it is closed.
 *
 * Locking: ditto_node.lock guards the number of instances of a node and its delete pending names.
 * Only the holder of an instance changes it.
 */
#ifndef _DITTO_FS_OPEN_INSTANCE_H
#define _DITTO_FS_OPEN_INSTANCE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "../op/check/rights.h"
#include "../op/dosattr.h"
#include "../op/op.h"
#include "../op/walk.h"

struct ditto_handle;
struct ditto_instance;
struct ditto_open;
struct ditto_watch;

/* Create and destroy the slab of instances, once for the module. */
int ditto_instance_slab_init(void);
void ditto_instance_slab_exit(void);

/* Treatment of an existing or missing file. */
enum ditto_disposition {
	DITTO_OPEN_SUPERSEDE,	/* replace data and attributes, or create */
	DITTO_OPEN_EXISTING,	/* -ENOENT if missing */
	DITTO_OPEN_CREATE,	/* -EEXIST if existing */
	DITTO_OPEN_OR_CREATE,
	DITTO_OPEN_OVERWRITE,	/* truncate; -ENOENT if missing */
	DITTO_OPEN_OVERWRITE_OR_CREATE,
};

/* The action of an open. */
enum ditto_open_action {
	DITTO_WAS_SUPERSEDED,
	DITTO_WAS_OPENED,
	DITTO_WAS_CREATED,
	DITTO_WAS_OVERWRITTEN,
};

#define DITTO_OPENF_DIRECTORY		BIT(0)	/* open or create a directory: -ENOTDIR */
#define DITTO_OPENF_FILE		BIT(1)	/* must not be a directory: -EISDIR */
#define DITTO_OPENF_MAXIMUM		BIT(2)	/* grant all rights of the caller besides @rights */
#define DITTO_OPENF_DELETE_ON_CLOSE	BIT(3)	/* needs DITTO_RIGHT_DELETE: -EACCES */
/* Open a symbolic link itself instead of -ELOOP; a device, FIFO or socket instead of -ENXIO. */
#define DITTO_OPENF_FOLLOW_NOT		BIT(4)
/*
 * Names are case-sensitive, including names set through the instance. A file deleted at the close
 * of the instance is removed then, even if others have it open.
 */
#define DITTO_OPENF_ONLY_EXACT		BIT(5)
/*
 * The file's owner may read and write regardless of the mode, because the owner just created the
 * file or had it open.
 */
#define DITTO_OPENF_OWNER		BIT(6)
/* Ignore the read-only DOS attribute, also when rights are changed later. */
#define DITTO_OPENF_MODE_ONLY		BIT(7)
/* The rights were granted before a restart; they are not checked again. */
#define DITTO_OPENF_GRANTED		BIT(8)
/*
 * The stream is an extended attribute of its file: finding, creating, reading and writing it needs
 * the rights to those. It is found or created before access to it is checked, as a file is.
 */
#define DITTO_OPENF_XATTRS		BIT(9)
/* Permission to execute the file includes permission to read it. */
#define DITTO_OPENF_EXECUTE_READS	BIT(10)
/* A new name is durable when the open returns. */
#define DITTO_OPENF_STABLE		BIT(11)
/*
 * To back up or restore: for a caller with the privilege to do so, neither list nor mode restricts
 * the open (MS-FSA section 2.1.5.1). For others this has no effect.
 */
#define DITTO_OPENF_BACKUP		BIT(12)
/* The file does not have the name by which it was opened, even if it has one name only. */
#define DITTO_OPENF_NAMELESS		BIT(13)

/**
 * struct ditto_open_request - parameters of an open
 * @node: the file to open, held; or NULL
 * @parent: with @node NULL: the directory of @name, held; or NULL
 * @name: name in @parent; its case matters
 * @path: with @node and @parent NULL: path relative to the root of the share, as for ditto_walk()
 * @path_len: length of @path
 * @stream: name of a stream of the file; NULL for the file itself
 * @stream_len: length of @stream
 * @stream_node: with @node: the stream itself instead of its name, held; or NULL
 * @stream_least: a stream of fewer bytes counts as missing: -ENOENT, or it is opened as a new one
 * @how: see enum ditto_disposition; with @node the file exists
 * @verf: with DITTO_OPEN_CREATE: 8 bytes that are stored in the times of a new file until these
 *	are set. A file that has them was created by an earlier transmission of this request, and
 *	is opened. Or NULL
 * @flags: DITTO_OPENF_*
 * @rights: required DITTO_RIGHT_* bits
 * @deny: DITTO_OPEN_* bits (matrix.h) that other opens must not have
 * @set: attributes of a new file, also an access control list. The umask does not apply. With
 *	DITTO_SET_MODE_IF_NO_ACL the mode is for a file that inherits no list. May be NULL if @how
 *	creates none
 * @size: bytes to preallocate in a new or truncated file; 0 for none
 * @dosattr: DOS attributes of a new or truncated file, as selected by @dosattr.valid
 * @reclaim: reclaims an open that was held before a restart
 * @found: called with @arg when the file to open is known, or the stream, which needs
 *	DITTO_OPENF_XATTRS; before access is checked. Returns 0 to go on; 1 if the caller has the
 *	file open already, so that no instance is made; or a negative errno. May be NULL
 * @opened: called with @arg as the last step, when the instance is complete. Returns 0, or a
 *	negative errno, which ends the open as if the file could not be claimed. May be NULL
 * @arg: passed to @found and @opened
 */
struct ditto_open_request {
	struct ditto_node *node;
	struct ditto_node *parent;
	const struct ditto_name *name;
	const char *path;
	u32 path_len;
	const char *stream;
	u32 stream_len;
	struct ditto_node *stream_node;
	u32 stream_least;
	enum ditto_disposition how;
	const u8 *verf;
	u32 flags;
	u32 rights;
	u8 deny;
	const struct ditto_setattr *set;
	u64 size;
	struct ditto_dosattr dosattr;
	bool reclaim;
	int (*found)(void *arg, struct ditto_node *node);
	int (*opened)(void *arg, struct ditto_instance *inst);
	void *arg;
};

/**
 * struct ditto_opened - results of an open
 * @inst: the instance, to be closed with ditto_instance_close(); NULL after a failure
 * @action: what was done, if it succeeded
 * @created: the file was created, by this open or by an earlier transmission of the request;
 *	also valid if @found of the request ended the open
 * @made: this open created the file, of which it may have opened a stream
 * @walk_passed: bytes of the path before the component that ended the walk; with -ENOTDIR it is
 *	the whole path if the file exists but is no directory, and less if a component in the
 *	middle is missing or no directory
 * @wcc: attributes of the directory around the creation, if @created; not of a stream's
 */
struct ditto_opened {
	struct ditto_instance *inst;
	enum ditto_open_action action;
	bool created;
	bool made;
	u32 walk_passed;
	struct ditto_wcc wcc;
};

int ditto_instance_open(struct ditto_op *op, const struct ditto_open_request *req,
			struct ditto_opened *res);

void ditto_instance_close(struct ditto_op *op, struct ditto_instance *inst);
int ditto_instance_begin(struct ditto_instance *inst, struct ditto_op *op,
			 struct ditto_node **node);
void ditto_instance_end(struct ditto_instance *inst, struct ditto_op *op);

int ditto_instance_change(struct ditto_op *op, struct ditto_instance *inst, u32 rights, u8 deny,
			  u32 flags);

u32 ditto_instance_rights(const struct ditto_instance *inst);
struct ditto_open *ditto_instance_claim(struct ditto_instance *inst);
bool ditto_instance_is_dir(const struct ditto_instance *inst);
bool ditto_instance_has_reserved(const struct ditto_instance *inst);
bool ditto_instance_is_stream(const struct ditto_instance *inst);
bool ditto_instance_has_name(const struct ditto_instance *inst);
struct ditto_node *ditto_instance_base(const struct ditto_instance *inst);
struct dentry *ditto_instance_dentry(const struct ditto_instance *inst);

/* The following are called between begin and end. */

char *ditto_instance_path(const struct ditto_instance *inst, char *buf, size_t size);
u32 ditto_instance_entry(const struct ditto_instance *inst, struct ditto_handle *dir, char *name);

char *ditto_fileid_path(const struct ditto_op *caller, u64 id, char *buf, size_t size);

bool ditto_instance_delete_pending(const struct ditto_instance *inst);
const void *ditto_instance_name(const struct ditto_instance *inst);
u32 ditto_instance_links(const struct ditto_instance *inst, u32 links);
bool ditto_instance_deletes_at_close(const struct ditto_instance *inst);

#define DITTO_DELETE_ON		BIT(0)	/* delete; otherwise cancel the deletion */
#define DITTO_DELETE_NOW	BIT(1)	/* remove the name now, even if open (POSIX) */
#define DITTO_DELETE_READONLY	BIT(2)	/* even if the file has the read-only DOS attribute */
#define DITTO_DELETE_AT_CLOSE	BIT(3)	/* change the delete-on-close flag of the open instead */

int ditto_instance_set_delete(struct ditto_op *op, struct ditto_instance *inst, u32 flags);
void ditto_instance_take_back(struct ditto_op *op, struct ditto_instance *inst, bool with_base);

int ditto_instance_rename(struct ditto_op *op, struct ditto_instance *inst,
			  const char *path, u32 len, bool replace, bool posix);
int ditto_instance_set_shortname(struct ditto_op *op, struct ditto_instance *inst,
				 const struct ditto_name *as);
int ditto_instance_link(struct ditto_op *op, struct ditto_instance *inst,
			const char *path, u32 len, bool replace);

int ditto_instance_watch(struct ditto_instance *inst, struct ditto_watch *watch);
void ditto_instances_revoke(struct ditto_share *share);

#endif
