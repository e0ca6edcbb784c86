/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations for the parts of stream.h: stream.c, stream_dir.c and stream_list.c. */
#ifndef _DITTO_FS_OPEN_STREAM_PRIVATE_H
#define _DITTO_FS_OPEN_STREAM_PRIVATE_H

#include <linux/types.h>

struct cred;
struct dentry;
struct ditto_name;
struct ditto_node;
struct ditto_share;

/* stream.c */
int ditto_streams_enter(struct ditto_share *share, bool write, const struct cred **old);
void ditto_streams_leave(struct ditto_share *share, bool write, const struct cred *old);
struct ditto_node *ditto_streams_node(struct ditto_share *share, struct ditto_node *base,
				      const struct cred *maker);
int ditto_stream_unlink(struct ditto_share *share, struct dentry *child, struct ditto_node *node);

/* stream_dir.c */
struct dentry *ditto_stream_dir(struct ditto_share *share, struct ditto_node *base,
				const struct cred *maker);
void ditto_stream_unmake_dir(struct ditto_share *share, struct dentry *dentry);
int ditto_stream_give(struct ditto_share *share, const struct ditto_node *base,
		      struct dentry *dentry);
struct dentry *ditto_stream_create(struct ditto_share *share, const struct ditto_node *base,
				   struct ditto_node *dir, const struct ditto_name *name,
				   const struct cred *maker, const u8 *verf);

/* stream_list.c */
void ditto_streams_reset(struct ditto_share *share);

#endif
