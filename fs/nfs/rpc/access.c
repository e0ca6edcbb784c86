// SPDX-License-Identifier: GPL-2.0-only
/*
 * Evaluation of the ACCESS bits: each bit stands for permissions that depend on the kind of
 * object. See access.h.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/nfs4.h>

#include "../../node/node.h"
#include "../v3/proto.h"
#include "access.h"

/*
 * Permissions of a bit for files, directories and named attribute directories. Bits that stand for
 * the same permissions are neighbours, see access_check_each().
 */
static const struct {
	u32 bit;
	u32 may[DNFS_ACCESSEDS];
} accesses[] = {
	{ ACCESS3_READ,	   { DITTO_MAY_READ, DITTO_MAY_READ, DITTO_MAY_READ_XATTRS } },
	{ ACCESS3_LOOKUP,  { 0, DITTO_MAY_EXEC, DITTO_MAY_READ_XATTRS } },
	{ ACCESS3_MODIFY,  { DITTO_MAY_WRITE, DITTO_MAY_WRITE | DITTO_MAY_EXEC,
			     DITTO_MAY_WRITE_XATTRS } },
	/* Whoever may write may write behind the end, as WRITE does not ask for more. */
	{ ACCESS3_EXTEND,  { DITTO_MAY_WRITE, DITTO_MAY_WRITE | DITTO_MAY_EXEC,
			     DITTO_MAY_WRITE_XATTRS } },
	{ ACCESS3_DELETE,  { 0, DITTO_MAY_DELETE | DITTO_MAY_EXEC, DITTO_MAY_WRITE_XATTRS } },
	{ ACCESS3_EXECUTE, { DITTO_MAY_EXEC, 0, 0 } },
	{ NFS4_ACCESS_XAREAD,  { DITTO_MAY_READ_XATTRS, DITTO_MAY_READ_XATTRS, 0 } },
	{ NFS4_ACCESS_XALIST,  { DITTO_MAY_READ_XATTRS, DITTO_MAY_READ_XATTRS, 0 } },
	{ NFS4_ACCESS_XAWRITE, { DITTO_MAY_WRITE_XATTRS, DITTO_MAY_WRITE_XATTRS, 0 } },
};

/* Get the ACCESS bits that have a meaning. Context: any. Return: ACCESS bits. */
u32 dnfs_access_known(enum dnfs_accessed what)
{
	unsigned int i;
	u32 known = 0;

	for (i = 0; i < ARRAY_SIZE(accesses); i++)
		if (accesses[i].may[what])
			known |= accesses[i].bit;
	return known;
}

/* Return: true for a refusal, which is no error of the call. -EPERM is for immutable files. */
static bool is_denied(int err)
{
	return err == -EACCES || err == -EROFS || err == -EPERM;
}

/*
 * Checks the permissions of each bit of @granted by themselves, and takes away what is denied.
 * Neighbours that stand for the same permissions are checked once.
 */
static int access_check_each(struct ditto_op *op, struct ditto_node *node, enum dnfs_accessed what,
			     u32 *granted)
{
	u32 last = 0;
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(accesses); i++) {
		u32 may = accesses[i].may[what];

		if (!(*granted & accesses[i].bit))
			continue;
		if (may != last)
			err = ditto_permission(op, node, may | DITTO_MAY_QUERY);
		last = may;
		if (is_denied(err))
			*granted &= ~accesses[i].bit;
		else if (err)
			return err;
	}
	return 0;
}

/*
 * Check which ACCESS bits a caller has. @node: the object, held; for DNFS_ACCESSED_ATTRS the file;
 * @granted: set to the bits of @wanted that the caller has. Bits without a meaning for @what are
 * not granted. Return: 0, also if nothing is granted; or an errno of ditto_permission() other than
 * a refusal.
 */
int dnfs_access(struct ditto_op *op, struct ditto_node *node, enum dnfs_accessed what, u32 wanted,
		u32 *granted)
{
	u32 all = 0;
	unsigned int i;
	int err;

	*granted = 0;
	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		u32 may = accesses[i].may[what];

		if (may && wanted & accesses[i].bit) {
			all |= may;
			*granted |= accesses[i].bit;
		}
	}
	/* Clients ask for all bits, and few files may be executed. */
	if (what == DNFS_ACCESSED_FILE && all & DITTO_MAY_EXEC)
		return access_check_each(op, node, what, granted);
	/* Other than that, most callers have all permissions they ask for: one check is enough. */
	err = all ? ditto_permission(op, node, all | DITTO_MAY_QUERY) : 0;
	return is_denied(err) ? access_check_each(op, node, what, granted) : err;
}
