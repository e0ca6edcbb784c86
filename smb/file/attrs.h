/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the attributes of a file, in one pass, in the form of the wire (wire/attrs.h). */
#ifndef _DITTO_SMB_FILE_ATTRS_H
#define _DITTO_SMB_FILE_ATTRS_H

#include <linux/types.h>

#include "../../fs/op/attr.h"
#include "../wire/attrs.h"
#include "../wire/time.h"

struct dentry;
struct ditto_instance;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct ditto_name;
struct dsmb_open;

/**
 * dsmb_attrs_get - read the attributes of an open file, directory or stream
 * @op: begun
 * @inst: begun
 * @node: node that ditto_instance_begin() filled in
 * @attrs: filled on success
 *
 * A stream has the times, flags and identity of its file. A client that has cached writes is asked
 * for the size (ditto_getattr_asked()).
 *
 * Return: 0; -EJUKEBOX if the call may be parked; or an errno of the file system.
 */
int dsmb_attrs_get(struct ditto_op *op, const struct ditto_instance *inst,
		   struct ditto_node *node, struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_asked - read the attributes of a file by its node
 * @op: begun
 * @node: node of the file, not of a stream
 * @attrs: filled on success
 *
 * Like dsmb_attrs_get().
 *
 * Return: as dsmb_attrs_get().
 */
int dsmb_attrs_asked(struct ditto_op *op, struct ditto_node *node, struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_at_once - read the attributes of an open file without parking the call
 * @op: begun
 * @inst: begun
 * @node: node that ditto_instance_begin() filled in
 * @attrs: filled on success
 *
 * Like dsmb_attrs_get(), but if a client with cached writes does not answer in time, the
 * attributes are those that the server knows.
 *
 * Return: 0 or an errno of the file system, never -EJUKEBOX.
 */
int dsmb_attrs_at_once(const struct ditto_op *op, const struct ditto_instance *inst,
		       struct ditto_node *node, struct dsmb_attrs *attrs);

/* The same for an open, whose AFP_AfpInfo has a size of its own. */
int dsmb_open_attrs_at_once(const struct ditto_op *op, const struct dsmb_open *open,
			    struct ditto_node *node, struct dsmb_attrs *attrs);

/* As dsmb_attrs_get() for an open, whose AFP_AfpInfo has a size of its own. */
int dsmb_open_attrs(struct ditto_op *op, const struct dsmb_open *open, struct ditto_node *node,
		    struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_of_node - read the attributes that the server knows of a node
 * @share: the share
 * @node: node of a file, not of a stream
 * @attrs: filled on success
 *
 * Return: 0 or an errno of the file system.
 */
int dsmb_attrs_of_node(struct ditto_share *share, struct ditto_node *node,
		       struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_of_entry - read the attributes that the server knows of a directory entry
 * @share: the share
 * @dentry: the entry
 * @name: its name; NULL for the root of the share, which has none
 * @fs: filled with the attributes of the file system
 * @attrs: filled on success, but for the members of dsmb_attrs_add_posix()
 *
 * Return: 0 or an errno of the file system.
 */
int dsmb_attrs_of_entry(struct ditto_share *share, struct dentry *dentry,
			const struct ditto_name *name, struct ditto_attr *fs,
			struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_add_posix - fill in what dsmb_attrs_of_entry() leaves out
 * @share: the share
 * @fs: filled by it
 * @attrs: filled by it; gets @volume_id, @links, @mode, @uid, @gid and @rdev
 *
 * Context: any.
 */
void dsmb_attrs_add_posix(const struct ditto_share *share, const struct ditto_attr *fs,
			  struct dsmb_attrs *attrs);

#endif
