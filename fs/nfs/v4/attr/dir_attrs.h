/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes that holders of delegated directories are told.
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_DIR_ATTRS_H
#define _DITTO_FS_NFS_V4_ATTR_DIR_ATTRS_H

#include "attr_private.h"

struct ditto_cred;
struct dnfs4_delegation;
struct dnfs4_dir_ask;

/**
 * struct dnfs4_dir_attrs - a fattr4
 * @data: to be freed by kfree(); NULL if there is none
 * @len: of @data
 */
struct dnfs4_dir_attrs {
	u8 *data;
	u32 len;
};

/**
 * struct dnfs4_dir_reader - how to read them
 * @minor: of the client
 * @cred: as whom
 * @child: of entries
 * @dir: of the directory
 */
struct dnfs4_dir_reader {
	u32 minor;
	struct ditto_cred *cred;
	struct dnfs4_attr_plan child;
	struct dnfs4_attr_plan dir;
};

/**
 * dnfs4_dir_reader_init - see what can be told
 * @cmp: with the directory as current handle
 * @reader: filled; to be ended by dnfs4_dir_reader_free()
 * @ask: what of its attributes is not told is taken away
 */
void dnfs4_dir_reader_init(struct dnfs4_compound *cmp, struct dnfs4_dir_reader *reader,
			   struct dnfs4_dir_ask *ask);
void dnfs4_dir_reader_free(struct dnfs4_dir_reader *reader);

/**
 * dnfs4_dir_read - attributes as they are now
 * @reader: see there
 * @d: the delegation
 * @name: of the entry; NULL for the directory
 * @len: of @name
 * @attrs: filled, if there is something to be told. May sleep.
 */
void dnfs4_dir_read(const struct dnfs4_dir_reader *reader, const struct dnfs4_delegation *d,
		    const char *name, u32 len, struct dnfs4_dir_attrs *attrs);

#endif
