/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes in notifications to holders of directory delegations.
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_DIR_ATTRS_H
#define _DITTO_FS_NFS_V4_ATTR_DIR_ATTRS_H

#include "attr_private.h"

struct ditto_cred;
struct dnfs4_delegation;
struct dnfs4_dir_ask;

/**
 * struct dnfs4_dir_attrs - an encoded fattr4
 * @data: to be freed with kfree(); NULL if there is none
 * @len: bytes of @data
 */
struct dnfs4_dir_attrs {
	u8 *data;
	u32 len;
};

/**
 * struct dnfs4_dir_reader - how to read the attributes of notifications
 * @minor: minor version of the client
 * @cred: credential of the caller that got the delegation; a reference
 * @child: plan for entries
 * @dir: plan for the directory
 */
struct dnfs4_dir_reader {
	u32 minor;
	struct ditto_cred *cred;
	struct dnfs4_attr_plan child;
	struct dnfs4_attr_plan dir;
};

void dnfs4_dir_reader_init(struct dnfs4_compound *cmp, struct dnfs4_dir_reader *reader,
			   struct dnfs4_dir_ask *ask);
void dnfs4_dir_reader_free(struct dnfs4_dir_reader *reader);
void dnfs4_dir_read(const struct dnfs4_dir_reader *reader, const struct dnfs4_delegation *d,
		    const char *name, u32 len, struct dnfs4_dir_attrs *attrs);

#endif
