/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Audit lists: entries that say which accesses to a file are recorded, the SACL of MS-DTYP section
 * 2.4.6. They grant and deny nothing.
 *
 * An audit list is stored in an extended attribute of its own, so it stays whatever happens to
 * mode, access control list and POSIX ACLs. New files inherit its inheritable entries.
 */
#ifndef _DITTO_FS_OP_CHECK_AUDIT_LIST_H
#define _DITTO_FS_OP_CHECK_AUDIT_LIST_H

#include "../../acl/acl.h"
#include "../../node/node.h"

struct ditto_share;

#define DITTO_AUDIT_XATTR	"trusted.ditto.sacl"

/* Marks a file without an audit list; only its address is used. */
extern struct ditto_acl ditto_audit_none;

/* True if a file is known to have no audit list; costs one load. Any context. */
static inline bool ditto_has_no_audit_list(const struct ditto_node *node)
{
	return rcu_access_pointer(node->audit) == &ditto_audit_none;
}

struct ditto_acl *ditto_get_audit_list(struct ditto_share *share, struct ditto_node *node);
struct ditto_acl *ditto_audit_list_forget(struct ditto_node *node);
void ditto_audit_list_free(struct ditto_acl *list);

#endif
