// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security descriptors that are set by SET_INFO (MS-SMB2 section 3.3.5.21.3), and by CREATE for a
 * new file (section 3.3.5.9.2). Owner, group and list become attributes of the core.
 */

#include <linux/stat.h>

#include "../../fs/acl/acl.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/cred.h"
#include "../../net/helper/auth.h"
#include "../auth/session.h"
#include "../open/open.h"
#include "info.h"
#include "principal.h"
#include "security.h"

/*
 * Windows makes BUILTIN\Administrators the owner of what administrators create. No group can own a
 * file here, and root stands for it; only a caller who may restore can give a file to root.
 */
static bool dsmb_sid_is_administrators(const struct ditto_sid *sid)
{
	static const struct ditto_sid administrators = {
		.authority = 5, .nsubs = 2, .subs = { 32, 544 },
	};

	return ditto_sid_eq(sid, &administrators);
}

static bool dsmb_take_owner(struct dsmb_call *call, const struct ditto_sid *sid, kuid_t *uid)
{
	if (!dsmb_sid_is_administrators(sid))
		return dsmb_principal_to_uid(call, sid, uid);
	*uid = GLOBAL_ROOT_UID;
	return true;
}

/* Set the owner and group that are requested and differ from the current ones. */
static u32 dsmb_set_owners(struct dsmb_change *c, const struct ditto_sd *sd,
			   const struct dsmb_attrs *attrs, struct ditto_setattr *set)
{
	u32 parts = c->additional & sd->parts;

	set->uid = attrs->uid;
	set->gid = attrs->gid;
	if (parts & DSMB_SECURITY_OWNER) {
		if (!dsmb_take_owner(c->call, &sd->owner, &set->uid))
			return STATUS_INVALID_OWNER;
		if (!uid_eq(set->uid, attrs->uid))
			set->valid |= DITTO_SET_UID;
	}
	if (parts & DSMB_SECURITY_GROUP) {
		/* A primary group that has no account here is ignored. */
		if (!dsmb_principal_to_gid(c->call, &sd->group, &set->gid))
			set->gid = attrs->gid;
		if (!gid_eq(set->gid, attrs->gid))
			set->valid |= DITTO_SET_GID;
	}
	return STATUS_SUCCESS;
}

/* If the file cannot store a list, set the mode that comes closest to it. */
static void dsmb_set_projection(const struct ditto_acl *acl, const struct dsmb_attrs *attrs,
				struct ditto_setattr *set)
{
	kuid_t uid = set->valid & DITTO_SET_UID ? set->uid : attrs->uid;
	kgid_t gid = set->valid & DITTO_SET_GID ? set->gid : attrs->gid;

	set->mode = (attrs->mode & S_IALLUGO & ~0777) | ditto_acl_mode(acl, uid, gid);
	set->valid |= DITTO_SET_MODE;
}

/* Set the list; Unix clients may send the mode itself. */
static u32 dsmb_set_list(struct dsmb_call *call, const struct ditto_sd *sd,
			 const struct dsmb_attrs *attrs, struct ditto_setattr *set,
			 struct ditto_acl **acl)
{
	u32 status;

	if (ditto_sd_unix_mode(sd, &set->mode)) {
		set->valid |= DITTO_SET_MODE;
		return STATUS_SUCCESS;
	}
	status = dsmb_sd_acl(sd, call->session->user, attrs->is_dir, acl);
	if (status)
		return status;
	dsmb_principals_taken(call, *acl);
	if (!ditto_acl_is_supported(&call->op) || S_ISLNK(attrs->mode)) {
		dsmb_set_projection(*acl, attrs, set);
	} else {
		set->acl = *acl;
		set->valid |= DITTO_SET_ACL;
	}
	return STATUS_SUCCESS;
}

static bool dsmb_may_set_security(const struct dsmb_change *c)
{
	u32 needed = 0;

	if (c->additional & (DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP))
		needed |= DITTO_RIGHT_WRITE_OWNER;
	if (c->additional & DSMB_SECURITY_DACL)
		needed |= DITTO_RIGHT_WRITE_ACL;
	/* Clients must not access the SACL. */
	return !(c->additional & DSMB_SECURITY_SACL) && !(needed & ~c->open->rights);
}

u32 dsmb_set_security(struct dsmb_change *c)
{
	struct ditto_op op = c->call->op;
	struct ditto_setattr set = { };
	struct ditto_acl *acl = NULL;
	struct dsmb_attrs attrs;
	struct ditto_wcc wcc;
	struct ditto_sd sd;
	u32 status;
	int err;

	if (!dsmb_may_set_security(c))
		return STATUS_ACCESS_DENIED;
	status = dsmb_get_sd(c->in, &sd);
	if (status)
		return status;
	err = dsmb_attrs_of_node(c->call->op.share, ditto_instance_base(c->inst), &attrs);
	if (err)
		return dsmb_done(c->call, err);
	status = dsmb_principals_begin(c->call);
	if (status)
		return status;
	status = dsmb_set_owners(c, &sd, &attrs, &set);
	if (!status && c->additional & DSMB_SECURITY_DACL)
		status = dsmb_set_list(c->call, &sd, &attrs, &set, &acl);
	/* An error may be due to an answer that is missing. */
	status = dsmb_principals_end(c->call) ?: status;
	if (status || !set.valid)
		goto put;
	/* Access was checked at open: use the credential of the open, not that of the session. */
	op.cred = READ_ONCE(c->open->cred);
	err = ditto_setattr(&op, ditto_instance_base(c->inst), &set, &wcc);
	if (err == -EPERM && set.valid & (DITTO_SET_UID | DITTO_SET_GID))
		status = STATUS_INVALID_OWNER;
	else
		status = dsmb_done(c->call, err);
put:
	ditto_acl_put(acl);
	return status;
}

u32 dsmb_sd_new(struct dsmb_call *call, const struct ditto_sd *sd, bool is_dir,
		struct ditto_setattr *set, struct ditto_acl **acl)
{
	const struct dsmb_attrs attrs = {
		.is_dir = is_dir,
		.uid = call->op.cred->uid,
		.gid = call->op.cred->gid,
	};
	u32 status;

	status = dsmb_principals_begin(call);
	if (status)
		return status;
	if (sd->parts & DSMB_SECURITY_OWNER && dsmb_take_owner(call, &sd->owner, &set->uid))
		set->valid |= DITTO_SET_UID;
	if (sd->parts & DSMB_SECURITY_GROUP && dsmb_principal_to_gid(call, &sd->group, &set->gid))
		set->valid |= DITTO_SET_GID;
	/* Without a DACL the file inherits its list (MS-DTYP section 2.5.3.4.2). */
	if (sd->parts & DSMB_SECURITY_DACL)
		status = dsmb_set_list(call, sd, &attrs, set, acl);
	return dsmb_principals_end(call) ?: status;
}
