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

int dsmb_attrs_get(struct ditto_op *op, const struct ditto_instance *inst,
		   struct ditto_node *node, struct dsmb_attrs *attrs);
int dsmb_attrs_asked(struct ditto_op *op, struct ditto_node *node, struct dsmb_attrs *attrs);
int dsmb_attrs_at_once(const struct ditto_op *op, const struct ditto_instance *inst,
		       struct ditto_node *node, struct dsmb_attrs *attrs);
int dsmb_open_attrs_at_once(const struct ditto_op *op, const struct dsmb_open *open,
			    struct ditto_node *node, struct dsmb_attrs *attrs);
int dsmb_open_attrs(struct ditto_op *op, const struct dsmb_open *open, struct ditto_node *node,
		    struct dsmb_attrs *attrs);
int dsmb_attrs_of_node(struct ditto_share *share, struct ditto_node *node,
		       struct dsmb_attrs *attrs);
int dsmb_attrs_of_entry(struct ditto_share *share, struct dentry *dentry,
			const struct ditto_name *name, struct ditto_attr *fs,
			struct dsmb_attrs *attrs);
void dsmb_attrs_add_posix(const struct ditto_share *share, const struct ditto_attr *fs,
			  struct dsmb_attrs *attrs);

#endif
