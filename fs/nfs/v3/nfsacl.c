// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACL side protocol, version 3: POSIX access control lists in Solaris'
 * encoding.
 *
 * On the wire a list always has a mask; a list without named users and groups
 * has one that equals the entry of the owning group. Entries for the owner and
 * the owning group carry their ids. Entries may come in any order.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/posix_acl.h>
#include <linux/sort.h>
#include <linux/sunrpc/xdr.h>

#include "../../node/node.h"
#include "../../op/attr.h"
#include "../rpc/call.h"
#include "../rpc/status.h"
#include "nfsacl.h"
#include "xdr.h"

/* Number of entries of a list without named users and groups, without and with a mask. */
#define DNFS_ACL_SHORTEST	3
#define DNFS_ACL_WITH_MASK	4

struct dnfs_acl_entry {
	u32 tag;
	u32 id;
	u32 perm;
};

static int nfsacl_entry_of(const struct dnfs_acl_entry *wire, struct posix_acl_entry *entry)
{
	entry->e_tag = wire->tag & ~NFSACL3_TAG_DEFAULT;
	entry->e_perm = wire->perm;

	switch (entry->e_tag) {
	case ACL_USER:
		entry->e_uid = make_kuid(&init_user_ns, wire->id);
		if (!uid_valid(entry->e_uid))
			return -EINVAL;
		break;
	case ACL_GROUP:
		entry->e_gid = make_kgid(&init_user_ns, wire->id);
		if (!gid_valid(entry->e_gid))
			return -EINVAL;
		break;
	case ACL_USER_OBJ:
	case ACL_GROUP_OBJ:
	case ACL_OTHER:
		break;
	case ACL_MASK:
		/* Solaris sets bits here that have no meaning. */
		entry->e_perm &= NFSACL3_PERM_BITS;
		break;
	default:
		return -EINVAL;
	}
	return wire->perm & ~NFSACL3_PERM_BITS && entry->e_tag != ACL_MASK ? -EINVAL : 0;
}

static int nfsacl_compare(const void *a, const void *b)
{
	const struct posix_acl_entry *x = a, *y = b;

	if (x->e_tag != y->e_tag)
		return x->e_tag < y->e_tag ? -1 : 1;
	if (x->e_tag == ACL_USER && !uid_eq(x->e_uid, y->e_uid))
		return uid_lt(x->e_uid, y->e_uid) ? -1 : 1;
	if (x->e_tag == ACL_GROUP && !gid_eq(x->e_gid, y->e_gid))
		return gid_lt(x->e_gid, y->e_gid) ? -1 : 1;
	return 0;
}

/* Sorts as the VFS requires, and drops a mask that only repeats the owning group. */
static void nfsacl_normalize(struct posix_acl *acl)
{
	struct posix_acl_entry *e = acl->a_entries;

	sort(e, acl->a_count, sizeof(*e), nfsacl_compare, NULL);
	if (acl->a_count == DNFS_ACL_WITH_MASK &&
	    e[1].e_tag == ACL_GROUP_OBJ && e[2].e_tag == ACL_MASK &&
	    e[1].e_perm == e[2].e_perm) {
		e[2] = e[3];
		acl->a_count = DNFS_ACL_SHORTEST;
	}
}

static bool nfsacl_decode_entry(struct xdr_stream *xdr, struct dnfs_acl_entry *wire)
{
	__be32 *p = xdr_inline_decode(xdr, NFSACL3_ENTRY_SIZE);

	if (!p)
		return false;
	wire->tag = be32_to_cpup(p++);
	wire->id = be32_to_cpup(p++);
	wire->perm = be32_to_cpup(p);
	return true;
}

/*
 * Decodes a list: its number of entries, and then an array, which may be empty if
 * only the number was requested.
 */
static bool nfsacl_decode(struct xdr_stream *xdr, bool wanted, struct dnfs_acl_arg *arg)
{
	u32 count, entries, i;

	if (xdr_stream_decode_u32(xdr, &count) || xdr_stream_decode_u32(xdr, &entries))
		return false;
	if (count > NFSACL3_ENTRIES_MAX || entries > count || (wanted && entries < count) ||
	    entries * NFSACL3_ENTRY_SIZE > xdr_stream_remaining(xdr))
		return false;

	if (wanted && entries) {
		arg->acl = posix_acl_alloc(entries, GFP_KERNEL);
		if (!arg->acl)
			arg->err = -ENOMEM;
	}
	for (i = 0; i < entries; i++) {
		struct dnfs_acl_entry wire;

		if (!nfsacl_decode_entry(xdr, &wire))
			return false;
		if (arg->acl && !arg->err)
			arg->err = nfsacl_entry_of(&wire, &arg->acl->a_entries[i]);
	}
	if (arg->acl && !arg->err)
		nfsacl_normalize(arg->acl);
	return true;
}

static bool nfsacl_encode_entry(struct xdr_stream *xdr, u32 tag, u32 id, u32 perm)
{
	__be32 *p = xdr_reserve_space(xdr, NFSACL3_ENTRY_SIZE);

	if (!p)
		return false;
	*p++ = cpu_to_be32(tag);
	*p++ = cpu_to_be32(id);
	*p = cpu_to_be32(perm & NFSACL3_PERM_BITS);
	return true;
}

static u32 nfsacl_id_of(const struct posix_acl_entry *entry, const struct dnfs_post_attr *attr)
{
	switch (entry->e_tag) {
	case ACL_USER:
		return from_kuid_munged(&init_user_ns, entry->e_uid);
	case ACL_GROUP:
		return from_kgid_munged(&init_user_ns, entry->e_gid);
	case ACL_USER_OBJ:
		return attr->valid ? from_kuid_munged(&init_user_ns, attr->attr.st.uid) : 0;
	case ACL_GROUP_OBJ:
		return attr->valid ? from_kgid_munged(&init_user_ns, attr->attr.st.gid) : 0;
	}
	return 0;
}

static bool nfsacl_encode(struct xdr_stream *xdr, const struct posix_acl *acl, bool entries,
			  const struct dnfs_post_attr *attr, u32 flag)
{
	u32 count = acl ? max_t(u32, acl->a_count, DNFS_ACL_WITH_MASK) : 0;
	unsigned int i;

	if (xdr_stream_encode_u32(xdr, count) < 0 ||
	    xdr_stream_encode_u32(xdr, entries ? count : 0) < 0)
		return false;
	if (!acl || !entries)
		return true;

	for (i = 0; i < acl->a_count; i++) {
		const struct posix_acl_entry *entry = &acl->a_entries[i];

		if (!nfsacl_encode_entry(xdr, entry->e_tag | flag, nfsacl_id_of(entry, attr),
					 entry->e_perm))
			return false;
		if (acl->a_count == DNFS_ACL_SHORTEST && entry->e_tag == ACL_GROUP_OBJ &&
		    !nfsacl_encode_entry(xdr, ACL_MASK | flag, 0, entry->e_perm))
			return false;
	}
	return true;
}

/* GETACL */

static bool dnfs_getacl_decode(struct dnfs_call *call, void *args)
{
	struct dnfs_getacl_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) && !xdr_stream_decode_u32(call->in, &a->mask);
}

/* Reads a list, or NULL. Without an access list it is made from the mode. */
static struct posix_acl *nfsacl_read(struct dnfs_target *target, int type)
{
	struct posix_acl *acl = ditto_get_posix_acl(&target->op, target->node, type);

	if (!acl && type == ACL_TYPE_ACCESS)
		acl = posix_acl_from_mode(target->node->inode->i_mode, GFP_KERNEL);
	if (!IS_ERR_OR_NULL(acl) && acl->a_count > NFSACL3_ENTRIES_MAX) {
		posix_acl_release(acl);
		acl = ERR_PTR(-E2BIG);
	}
	return acl;
}

static int dnfs_getacl_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs_getacl_args *a = args;
	struct dnfs_getacl_res *res = result;
	struct dnfs_target target;
	struct posix_acl *acl;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	res->mask = a->mask;
	if (a->mask & ~NFSACL3_MASK) {
		err = -EINVAL;
		goto out;
	}
	if (a->mask & (NFSACL3_ACCESS | NFSACL3_ACCESS_COUNT)) {
		acl = nfsacl_read(&target, ACL_TYPE_ACCESS);
		if (IS_ERR(acl)) {
			err = PTR_ERR(acl);
			goto out;
		}
		res->access = acl;
	}
	if (a->mask & (NFSACL3_DEFAULT | NFSACL3_DEFAULT_COUNT)) {
		acl = nfsacl_read(&target, ACL_TYPE_DEFAULT);
		if (IS_ERR(acl)) {
			err = PTR_ERR(acl);
			goto out;
		}
		res->dflt = acl;
	}
out:
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs_getacl_encode(struct dnfs_call *call, const void *result)
{
	const struct dnfs_getacl_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, XDR_UNIT, &p))
		return false;
	if (!p)
		return true;
	dnfs3_encode_u32(p, res->mask);
	return nfsacl_encode(call->xdr, res->access, res->mask & NFSACL3_ACCESS, &res->attr, 0) &&
	       nfsacl_encode(call->xdr, res->dflt, res->mask & NFSACL3_DEFAULT, &res->attr,
			     NFSACL3_TAG_DEFAULT);
}

static void dnfs_getacl_release(struct dnfs_call *call, void *args, void *result)
{
	struct dnfs_getacl_res *res = result;

	posix_acl_release(res->access);
	posix_acl_release(res->dflt);
}

static const struct dnfs_proc dnfs_proc_getacl = {
	.name = "GETACL",
	.flags = DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs_getacl_args),
	.ressize = sizeof(struct dnfs_getacl_res),
	.decode = dnfs_getacl_decode,
	.exec = dnfs_getacl_exec,
	.encode = dnfs_getacl_encode,
	.release = dnfs_getacl_release,
};

/* SETACL */

static bool dnfs_setacl_decode(struct dnfs_call *call, void *args)
{
	struct dnfs_setacl_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) &&
	       !xdr_stream_decode_u32(call->in, &a->mask) &&
	       nfsacl_decode(call->in, a->mask & NFSACL3_ACCESS, &a->access) &&
	       nfsacl_decode(call->in, a->mask & NFSACL3_DEFAULT, &a->dflt);
}

static int dnfs_setacl_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs_setacl_args *a = args;
	struct dnfs3_attr_res *res = result;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	err = a->mask & ~NFSACL3_MASK ? -EINVAL : a->access.err ?: a->dflt.err;
	if (err)
		goto out;
	/* The access list last: it may remove the permission to set any. */
	if (a->mask & NFSACL3_DEFAULT)
		err = ditto_set_posix_acl(&target.op, target.node, ACL_TYPE_DEFAULT, a->dflt.acl);
	if (err)
		goto out;
	if (a->mask & NFSACL3_ACCESS)
		err = ditto_set_posix_acl(&target.op, target.node, ACL_TYPE_ACCESS,
					  a->access.acl);
out:
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs_setacl_encode(struct dnfs_call *call, const void *result)
{
	const struct dnfs3_attr_res *res = result;
	__be32 *p;

	return dnfs3_res_begin_attr(call, &res->attr, 0, &p);
}

static void dnfs_setacl_release(struct dnfs_call *call, void *args, void *result)
{
	struct dnfs_setacl_args *a = args;

	posix_acl_release(a->access.acl);
	posix_acl_release(a->dflt.acl);
}

static const struct dnfs_proc dnfs_proc_setacl = {
	.name = "SETACL",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs_setacl_args),
	.ressize = sizeof(struct dnfs3_attr_res),
	.max_reply = 4 + NFS3_POST_ATTR_SIZE,
	.decode = dnfs_setacl_decode,
	.exec = dnfs_setacl_exec,
	.encode = dnfs_setacl_encode,
	.release = dnfs_setacl_release,
};

const struct dnfs_proc *const dnfs_acl3_procs[NFSACLPROC3_COUNT] = {
	[NFSACLPROC3_NULL] = &dnfs_proc_null,
	[NFSACLPROC3_GETACL] = &dnfs_proc_getacl,
	[NFSACLPROC3_SETACL] = &dnfs_proc_setacl,
};

const struct dnfs_program dnfs_acl3_program = {
	.index = DNFS_PROGRAM_ACL,
	.prog = NFSACL3_PROGRAM,
	.vers = NFSACL3_VERSION,
	.name = "nfsacl",
	.group = "nfsacl3",
	.status = dnfs_nfsstat3,
	.procs = dnfs_acl3_procs,
	.nprocs = ARRAY_SIZE(dnfs_acl3_procs),
};
