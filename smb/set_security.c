// SPDX-License-Identifier: GPL-2.0-only
/* SET_INFO of a security descriptor: MS-SMB2 section 3.3.5.21.3. */

#include "../fs/instance.h"
#include "../net/auth.h"
#include "info.h"
#include "open.h"
#include "security.h"
#include "session.h"

/* The SID is that which the session's user has from a domain. */
static bool dsmb_sid_is_user(const struct dsmb_session *session, const struct dsmb_sid *sid)
{
	const struct ditto_auth_user *user = session->user;
	struct dsmb_cursor c = dsmb_cursor(user->sid, user->sid_len);
	struct dsmb_sid own;

	return user->sid_len && dsmb_get_sid(&c, &own) && dsmb_sid_eq(&own, sid);
}

/* Owner and group that are asked for, and differ from those that are there. */
static u32 dsmb_set_owners(struct dsmb_change *c, const struct dsmb_sd *sd,
			   const struct dsmb_attrs *attrs, struct ditto_setattr *set)
{
	const struct dsmb_session *session = c->call->session;
	u32 parts = c->additional & sd->parts;

	set->uid = attrs->uid;
	set->gid = attrs->gid;
	if (parts & DSMB_SECURITY_OWNER) {
		if (dsmb_sid_is_user(session, &sd->owner))
			set->uid = session->user->uid;
		else if (!dsmb_sid_to_uid(&sd->owner, &set->uid))
			return DSMB_INVALID_OWNER;
		if (!uid_eq(set->uid, attrs->uid))
			set->valid |= DITTO_SET_UID;
	}
	if (parts & DSMB_SECURITY_GROUP) {
		/* A primary group of a domain is nothing here, and harms nothing. */
		if (!dsmb_sid_to_gid(&sd->group, &set->gid))
			set->gid = attrs->gid;
		if (!gid_eq(set->gid, attrs->gid))
			set->valid |= DITTO_SET_GID;
	}
	return DSMB_SUCCESS;
}

static bool dsmb_may_set_security(const struct dsmb_change *c)
{
	u32 needed = 0;

	if (c->additional & (DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP))
		needed |= DITTO_RIGHT_WRITE_OWNER;
	if (c->additional & DSMB_SECURITY_DACL)
		needed |= DITTO_RIGHT_WRITE_ACL;
	/* What is audited is not for clients. */
	return !(c->additional & DSMB_SECURITY_SACL) && !(needed & ~c->open->rights);
}

u32 dsmb_set_security(struct dsmb_change *c)
{
	struct ditto_node *base = ditto_instance_base(c->inst);
	struct ditto_op op = c->call->op;
	struct ditto_setattr set = { };
	struct dsmb_attrs attrs;
	struct ditto_wcc wcc;
	struct dsmb_sd sd;
	u32 status;
	int err;

	if (!dsmb_may_set_security(c))
		return DSMB_ACCESS_DENIED;
	if (dsmb_get_sd(c->in, &sd))
		return DSMB_INVALID_SECURITY_DESCR;
	err = dsmb_attrs_of_node(c->call->op.share, base, &attrs);
	if (err)
		return dsmb_done(c->call, err);
	status = dsmb_set_owners(c, &sd, &attrs, &set);
	if (status)
		return status;
	if (c->additional & sd.parts & DSMB_SECURITY_DACL) {
		if (!dsmb_sd_unix_mode(&sd, &set.mode))
			set.mode = (attrs.mode & S_IALLUGO & ~0777) |
				   dsmb_sd_mode(&sd, set.uid, set.gid);
		if (set.mode != (attrs.mode & S_IALLUGO))
			set.valid |= DITTO_SET_MODE;
	}
	if (!set.valid)
		return DSMB_SUCCESS;
	/* What was granted at the open is done, whoever the session acts as by now. */
	op.cred = READ_ONCE(c->open->cred);
	err = ditto_setattr(&op, base, &set, &wcc);
	if (err == -EPERM && set.valid & (DITTO_SET_UID | DITTO_SET_GID))
		return DSMB_INVALID_OWNER;
	return dsmb_done(c->call, err);
}
