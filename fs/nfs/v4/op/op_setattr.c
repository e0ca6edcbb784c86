// SPDX-License-Identifier: GPL-2.0-only
/*
 * SETATTR (RFC 8881 section 18.30, RFC 7530 section 16.32, RFC 9754 section 5).
 *
 * Attributes are set in steps, each of which succeeds or fails as a whole: the size, with the
 * times that a truncation sets; then owner, mode, list and times; then DOS attributes and birth
 * time; then the security label; then the times that the holder of a delegation kept. If a step
 * fails, attrsset has what the earlier ones set.
 */
#include "../../../node/node.h"
#include "../../../op/check/rights.h"
#include "../attr/attr_private.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../state/open.h"

#define DNFS4_STATES_ANY \
	(DNFS4_STATE_OPEN | DNFS4_STATE_LOCK | DNFS4_STATE_DELEGATIONS)

#define SET_WITH_SIZE	(DITTO_SET_SIZE | DITTO_SET_ATIME_NOW | DITTO_SET_MTIME_NOW)

struct setattr_args {
	struct dnfs4_stateid stateid;
	struct dnfs4_sattr sattr;
};

struct setattr_res {
	struct dnfs4_bitmap set;
};

static u32 setattr_decode(struct dnfs4_compound *cmp, void *args)
{
	struct setattr_args *a = args;

	return dnfs4_decode_stateid(cmp->in, &a->stateid) ?:
	       dnfs4_decode_sattr(cmp, &a->sattr);
}

/* Adds the attributes that the DITTO_SET_* and DITTO_DOSATTR_* bits stand for, if requested. */
static void mark_set(const struct dnfs4_sattr *sattr, u32 set, u32 dosattr,
		     struct dnfs4_bitmap *map)
{
	static const struct {
		u32 set;
		u32 dosattr;
		u8 attr;
	} attrs[] = {
		{ DITTO_SET_SIZE, 0, FATTR4_SIZE },
		{ DITTO_SET_MODE, 0, FATTR4_MODE },
		{ DITTO_SET_ACL, 0, FATTR4_ACL },
		{ DITTO_SET_ACL, 0, FATTR4_DACL },
		{ DITTO_SET_UID, 0, FATTR4_OWNER },
		{ DITTO_SET_GID, 0, FATTR4_OWNER_GROUP },
		{ DITTO_SET_ATIME | DITTO_SET_ATIME_NOW, 0, FATTR4_TIME_ACCESS_SET },
		{ DITTO_SET_MTIME | DITTO_SET_MTIME_NOW, 0, FATTR4_TIME_MODIFY_SET },
		{ 0, DITTO_DOSATTR_FLAGS, FATTR4_HIDDEN },
		{ 0, DITTO_DOSATTR_FLAGS, FATTR4_SYSTEM },
		{ 0, DITTO_DOSATTR_BTIME, FATTR4_TIME_CREATE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++)
		if (((attrs[i].set & set) || (attrs[i].dosattr & dosattr)) &&
		    dnfs4_bitmap_has(&sattr->map, attrs[i].attr))
			dnfs4_bitmap_set(map, attrs[i].attr);
}

static u32 set_size(struct dnfs4_compound *cmp, const struct setattr_args *a,
		    struct dnfs4_bitmap *map)
{
	struct ditto_setattr set = a->sattr.set;
	umode_t mode = dnfs4_node(cmp)->inode->i_mode;
	struct ditto_wcc wcc;
	struct dnfs4_io io;
	u32 status;

	if (!(set.valid & DITTO_SET_SIZE))
		return NFS4_OK;
	if (!S_ISREG(mode))
		return S_ISDIR(mode) ? NFS4ERR_ISDIR : NFS4ERR_INVAL;
	set.valid &= SET_WITH_SIZE;
	status = dnfs4_io_begin(cmp, &a->stateid, true, &io);
	if (status)
		return status;
	status = dnfs4_status(cmp, ditto_setattr(&io.op, dnfs4_node(cmp), &set, &wcc));
	dnfs4_io_end(&io);
	if (status)
		return status;
	mark_set(&a->sattr, set.valid, 0, map);
	return NFS4_OK;
}

static u32 set_others(struct dnfs4_compound *cmp, const struct dnfs4_sattr *sattr,
		      struct dnfs4_bitmap *map)
{
	struct ditto_setattr set = sattr->set;
	struct ditto_wcc wcc;
	u32 status;

	if (set.valid & DITTO_SET_SIZE)
		set.valid &= ~SET_WITH_SIZE;
	if (!set.valid)
		return NFS4_OK;
	status = dnfs4_status(cmp, ditto_setattr(dnfs4_fs_op(cmp), dnfs4_node(cmp), &set, &wcc));
	if (status)
		return status;
	mark_set(sattr, set.valid, 0, map);
	return NFS4_OK;
}

static u32 set_label(struct dnfs4_compound *cmp, const struct dnfs4_sattr *sattr,
		     struct dnfs4_bitmap *map)
{
	u32 status = dnfs4_sattr_label(cmp, dnfs4_node(cmp), sattr);

	if (status)
		return status;
	if (dnfs4_bitmap_has(&sattr->map, FATTR4_SEC_LABEL))
		dnfs4_bitmap_set(map, FATTR4_SEC_LABEL);
	return NFS4_OK;
}

static u32 set_dosattr(struct dnfs4_compound *cmp, const struct dnfs4_sattr *sattr,
		       struct dnfs4_bitmap *map)
{
	u32 rights, status;

	if (!sattr->dosattr.valid)
		return NFS4_OK;
	status = dnfs4_status(cmp, ditto_rights(dnfs4_fs_op(cmp), dnfs4_node(cmp), NULL, &rights));
	if (status)
		return status;
	if (!(rights & DITTO_RIGHT_WRITE_ATTRS))
		return dnfs4_status(cmp, ditto_rights_refusal(dnfs4_fs_op(cmp), dnfs4_node(cmp),
							      rights, DITTO_RIGHT_WRITE_ATTRS));
	status = dnfs4_status(cmp, dnfs4_sattr_dosattr(dnfs4_fs_op(cmp), dnfs4_node(cmp), sattr));
	if (status)
		return status;
	mark_set(sattr, 0, sattr->dosattr.valid, map);
	return NFS4_OK;
}

static u32 set_delegated(struct dnfs4_compound *cmp, const struct setattr_args *a,
			 struct dnfs4_bitmap *map)
{
	static const u8 attrs[] = { FATTR4_TIME_DELEG_ACCESS, FATTR4_TIME_DELEG_MODIFY };
	u32 status;

	if (!a->sattr.times.has_atime && !a->sattr.times.has_mtime)
		return NFS4_OK;
	status = dnfs4_delegation_set_times(cmp, &a->stateid, &a->sattr.times);
	if (status)
		return status;
	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++)
		if (dnfs4_bitmap_has(&a->sattr.map, attrs[i]))
			dnfs4_bitmap_set(map, attrs[i]);
	return NFS4_OK;
}

static u32 setattr_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	struct setattr_args *a = args;
	struct setattr_res *r = res;
	struct dnfs4_state *state;
	u32 status;

	/* RFC 8275 section 5: mode_umask is for new files only. */
	if (dnfs4_bitmap_has(&a->sattr.map, FATTR4_MODE_UMASK))
		return NFS4ERR_INVAL;
	status = dnfs4_sattr_fit(cmp, &a->sattr, dnfs4_node(cmp),
				 dnfs4_node(cmp)->inode->i_mode & S_IFMT);
	if (status)
		return status;
	/*
	 * In 4.0 only the stateid identifies the client. Without it the client's own delegation
	 * would conflict. The stateid's validity for the operation is not checked here.
	 */
	if (!cmp->client && dnfs4_stateid_special(&a->stateid) == DNFS4_SPECIAL_NONE &&
	    !dnfs4_state_find(cmp, &a->stateid, DNFS4_STATES_ANY, &state))
		dnfs4_state_put(state);
	status = set_size(cmp, a, &r->set);
	if (status)
		return status;
	status = set_others(cmp, &a->sattr, &r->set);
	if (status)
		return status;
	if (cmp->client && a->sattr.set.valid & (DITTO_SET_MTIME | DITTO_SET_MTIME_NOW))
		dnfs4_delegation_note_mtime(cmp->client, dnfs4_node(cmp), true);
	status = set_dosattr(cmp, &a->sattr, &r->set);
	if (status)
		return status;
	status = set_label(cmp, &a->sattr, &r->set);
	if (status)
		return status;
	return set_delegated(cmp, a, &r->set);
}

static bool setattr_encode(struct dnfs4_compound *cmp, u32 status, const void *res)
{
	const struct setattr_res *r = res;

	return dnfs4_encode_bitmap(cmp->out, &r->set);
}

static void setattr_release(struct dnfs4_compound *cmp, void *args, void *res)
{
	struct setattr_args *a = args;

	dnfs4_sattr_free(&a->sattr);
}

const struct dnfs4_op dnfs4_op_setattr = {
	.name = "SETATTR",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_CACHED | DNFS4_OP_ALWAYS |
		 DNFS4_OP_NO_ATTRDIR | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct setattr_args),
	.ressize = sizeof(struct setattr_res),
	.pseudo_status = NFS4ERR_ROFS,
	.decode = setattr_decode,
	.exec = setattr_exec,
	.encode = setattr_encode,
	.release = setattr_release,
};
