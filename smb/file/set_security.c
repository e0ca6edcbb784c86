// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security descriptors that are set by SET_INFO (MS-SMB2 section 3.3.5.21.3), and by CREATE for a
 * new file (section 3.3.5.9.2). Owner, group and list become attributes of the core.
 */

#include <linux/stat.h>

#include "../../fs/acl/acl.h"
#include "../../fs/op/check/audit_list.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/cred.h"
#include "../../net/helper/auth.h"
#include "../auth/session.h"
#include "../open/open.h"
#include "../share_options.h"
#include "../wire/apple.h"
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
	if (!dsmb_sid_is_administrators(sid)) {
		if (!dsmb_principal_to_uid(call, sid, uid))
			return false;
		/* Where all act as one user, what is the user's own is that one's. */
		if (call->op.cred->forced && uid_eq(*uid, call->session->user->uid))
			*uid = call->op.cred->uid;
		return true;
	}
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

	set->mode = (attrs->mode & S_IALLUGO & ~0777) |
		    ditto_acl_mode_instead(acl, uid, gid);
	set->valid |= DITTO_SET_MODE;
}

/*
 * Unix clients may send the mode itself, and mean nothing else. One of macOS sends it with each
 * list, and means both: the list is adapted to the mode, unless that is the present one.
 */
static u32 dsmb_set_list(struct dsmb_call *call, const struct ditto_sd *sd,
			 const struct dsmb_attrs *attrs, struct ditto_setattr *set,
			 struct ditto_acl **acl)
{
	bool both = dsmb_share_apple_caps(call->op.share, call->session) & DSMB_APPLE_NFS_ACE;
	bool only_unix = ditto_sd_has_only_unix(sd);
	umode_t mode;
	u32 status;

	if (ditto_sd_unix_mode(sd, &mode)) {
		if (!both || only_unix || mode != (attrs->mode & S_IALLUGO)) {
			set->mode = mode;
			set->valid |= DITTO_SET_MODE;
		}
		if (!both)
			return STATUS_SUCCESS;
	}
	/* An empty list would deny everything to everybody. */
	if (both && only_unix)
		return STATUS_SUCCESS;
	status = dsmb_sd_acl(sd, call->session->user, attrs->is_dir, acl);
	if (status)
		return status;
	dsmb_principals_taken(call, *acl);
	if (!ditto_acl_is_supported(&call->op) || S_ISLNK(attrs->mode)) {
		if (!(set->valid & DITTO_SET_MODE))
			dsmb_set_projection(*acl, attrs, set);
	} else {
		set->acl = *acl;
		set->valid |= DITTO_SET_ACL;
	}
	return STATUS_SUCCESS;
}

static u32 dsmb_take_audit(struct dsmb_call *call, const struct ditto_sd *sd, bool is_dir,
			   struct ditto_acl **audit)
{
	u32 status = dsmb_sd_audit(sd, call->session->user, is_dir, audit);

	if (status)
		return status;
	if (*audit)
		dsmb_principals_taken(call, *audit);
	return STATUS_SUCCESS;
}

/* What setting a part needs, and the type of its SACL entries, if these are not kept. */
static const struct {
	u32 part;
	u32 need;
	u8 type;
} dsmb_set_needs[] = {
	{ DSMB_SECURITY_OWNER, DITTO_RIGHT_WRITE_OWNER },
	{ DSMB_SECURITY_GROUP, DITTO_RIGHT_WRITE_OWNER },
	{ DSMB_SECURITY_DACL, DITTO_RIGHT_WRITE_ACL },
	{ DSMB_SECURITY_SACL, DITTO_RIGHT_SECURITY },
	{ DSMB_SECURITY_LABEL, DITTO_RIGHT_WRITE_OWNER, 0x11 },
	{ DSMB_SECURITY_ATTRIBUTE, DITTO_RIGHT_WRITE_ACL, 0x12 },
	{ DSMB_SECURITY_SCOPE, DITTO_RIGHT_SECURITY, 0x13 },
};

static bool dsmb_may_set_security(const struct dsmb_change *c)
{
	u32 needed = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(dsmb_set_needs); i++)
		if (c->additional & dsmb_set_needs[i].part)
			needed |= dsmb_set_needs[i].need;
	return !(needed & ~c->open->rights);
}

/* True if the client sets entries that would be lost, and says that it means these. */
static bool dsmb_sets_unknown(const struct dsmb_change *c, const struct ditto_sd *sd)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dsmb_set_needs); i++)
		if (c->additional & dsmb_set_needs[i].part && dsmb_set_needs[i].type &&
		    ditto_sd_has_audit_type(sd, dsmb_set_needs[i].type))
			return true;
	return false;
}

/* Set a security descriptor. MS-SMB2 section 3.3.5.21.3. Return: a status or DSMB_PARKED. */
u32 dsmb_set_security(struct dsmb_change *c)
{
	struct ditto_op op = c->call->op;
	struct ditto_setattr set = { };
	struct ditto_acl *acl = NULL, *audit = NULL;
	struct dsmb_attrs attrs;
	struct ditto_wcc wcc;
	struct ditto_sd sd;
	u32 status;
	int err;

	if (c->additional & DSMB_SECURITY_BACKUP)
		c->additional = DSMB_SECURITY_ALL;
	if (!dsmb_may_set_security(c))
		return STATUS_ACCESS_DENIED;
	status = dsmb_get_sd(c->in, &sd);
	if (status)
		return status;
	if (dsmb_sets_unknown(c, &sd))
		return STATUS_NOT_SUPPORTED;
	err = dsmb_attrs_of_node(c->call->op.share, ditto_instance_base(c->inst), &attrs);
	if (err)
		return dsmb_op_status(c->call, err);
	status = dsmb_set_owners(c, &sd, &attrs, &set);
	if (status)
		goto end;
	if (c->additional & DSMB_SECURITY_DACL) {
		status = dsmb_set_list(c->call, &sd, &attrs, &set, &acl);
		if (status)
			goto end;
	}
	if (c->additional & DSMB_SECURITY_SACL)
		status = dsmb_take_audit(c->call, &sd, attrs.is_dir, &audit);
end:
	/* An error may be due to an answer that is missing. */
	status = dsmb_call_names_end(c->call) ?: status;
	if (status)
		goto put;
	if (set.valid) {
		/* Access was checked at open: use the credential of the open. */
		op.cred = READ_ONCE(c->open->cred);
		err = ditto_setattr(&op, ditto_instance_base(c->inst), &set, &wcc);
		if (err == -EPERM && set.valid & (DITTO_SET_UID | DITTO_SET_GID))
			status = STATUS_INVALID_OWNER;
		else
			status = dsmb_op_status(c->call, err);
		if (status)
			goto put;
	}
	if (c->additional & DSMB_SECURITY_SACL)
		status = dsmb_op_status(c->call, ditto_set_audit_list(&c->call->op,
								      ditto_instance_base(c->inst),
								      audit));
put:
	ditto_acl_put(acl);
	ditto_acl_put(audit);
	return status;
}

/*
 * Convert the security descriptor of a CREATE. An owner that is unknown here is ignored; the
 * creator owns the file then. Implemented in set_security.c. MS-SMB2 section 3.3.5.9.2. Return: as
 * dsmb_sd_acl(), or DSMB_PARKED; @acl may be set in any case.
 */
u32 dsmb_sd_new(struct dsmb_call *call, const struct ditto_sd *sd, bool is_dir,
		struct ditto_setattr *set, struct ditto_acl **acl, struct ditto_acl **audit)
{
	const struct dsmb_attrs attrs = {
		.is_dir = is_dir,
		.uid = call->op.cred->uid,
		.gid = call->op.cred->gid,
	};
	u32 status = STATUS_SUCCESS;

	if (sd->parts & DSMB_SECURITY_OWNER && dsmb_take_owner(call, &sd->owner, &set->uid))
		set->valid |= DITTO_SET_UID;
	if (sd->parts & DSMB_SECURITY_GROUP && dsmb_principal_to_gid(call, &sd->group, &set->gid))
		set->valid |= DITTO_SET_GID;
	/* Without a DACL the file inherits its list (MS-DTYP section 2.5.3.4.2). */
	if (sd->parts & DSMB_SECURITY_DACL)
		status = dsmb_set_list(call, sd, &attrs, set, acl);
	/* Control bits of a SACL that is not there mean nothing, and need no privilege. */
	if (!status && sd->parts & DITTO_SD_SACL)
		status = dsmb_take_audit(call, sd, is_dir, audit);
	return dsmb_call_names_end(call) ?: status;
}

/*
 * Set the audit list of a new file. Implemented in set_security.c. Return: STATUS_SUCCESS or the
 * error.
 */
u32 dsmb_set_audit_new(struct dsmb_call *call, struct ditto_node *node,
		       const struct ditto_acl *audit)
{
	struct ditto_op op = call->op;

	/* The privilege was checked, and is enough for a new file (MS-DTYP section 2.5.3.4.1). */
	op.held |= DITTO_RIGHT_SECURITY;
	op.fresh = true;
	return dsmb_status(ditto_set_audit_list(&op, node, audit));
}
