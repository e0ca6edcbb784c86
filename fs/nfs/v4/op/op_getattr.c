// SPDX-License-Identifier: GPL-2.0-only
/*
 * GETATTR (RFC 8881 section 18.7).
 *
 * The attributes are read into the operation's results, and encoded in one piece once their
 * length is known. See attr_private.h for the steps.
 */
#include "../../../share/link.h"
#include "../attr/attr_private.h"
#include "../engine/ops.h"

static_assert(sizeof(struct dnfs4_attr_src) <= DNFS4_RES_MAX);

struct getattr_args {
	struct dnfs4_bitmap ask;
};

static u32 getattr_decode(struct dnfs4_compound *cmp, void *args)
{
	struct getattr_args *a = args;
	bool more;

	/* Unknown attributes are not supported, and ignored. */
	return dnfs4_decode_bitmap(cmp->in, &a->ask, &more);
}

static u32 getattr_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	const struct getattr_args *a = args;
	struct dnfs4_attr_src *src = res;
	struct dnfs4_attr_plan plan;
	u32 status;
	int err;

	if (unlikely(cmp->current_fh.kind == DNFS4_FH_NODE &&
		     ditto_share_has_links(cmp->current_fh.target.op.share) &&
		     dnfs4_link_find(&cmp->current_fh, dnfs4_node(cmp)->inode, src))) {
		if (!dnfs4_bitmap_has(&a->ask, FATTR4_FS_LOCATIONS))
			return NFS4ERR_MOVED;
		err = dnfs4_absent_read(cmp, &cmp->current_fh, NULL, &a->ask, src) ?:
		      dnfs4_attr_build(src);
		return dnfs4_status(cmp, err);
	}

	status = dnfs4_attr_plan(cmp, &cmp->current_fh, &a->ask, &plan);
	if (status)
		return status;
	err = dnfs4_attr_read(cmp, &cmp->current_fh, NULL, &plan, src);
	if (!err && unlikely(plan.need & DNFS4_NEED_ACL))
		err = dnfs4_attr_build(src);
	return dnfs4_status(cmp, err);
}

static bool getattr_encode(struct dnfs4_compound *cmp, u32 status, const void *res)
{
	return dnfs4_attr_emit(cmp->out, res);
}

static void getattr_release(struct dnfs4_compound *cmp, void *args, void *res)
{
	dnfs4_attr_src_free(res);
}

const struct dnfs4_op dnfs4_op_getattr = {
	.name = "GETATTR",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_QUICK | DNFS4_OP_ABSENT,
	.minor_last = DNFS4_MINOR_MAX,
	.ressize = DNFS4_ATTR_SRC_CLEAR,
	.decode = getattr_decode,
	.exec = getattr_exec,
	.encode = getattr_encode,
	.release = getattr_release,
};
