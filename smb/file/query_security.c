// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUERY_INFO for a security descriptor: MS-SMB2 section 3.3.5.20.3. The SACL needs
 * ACCESS_SYSTEM_SECURITY, every other part READ_CONTROL. Files have no label, resource attributes
 * or central access policy, which is what a descriptor without a SACL says.
 */

#include <linux/err.h>

#include "../../fs/acl/acl.h"
#include "../../fs/op/check/audit_list.h"
#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../share_options.h"
#include "../wire/apple.h"
#include "info.h"
#include "principal.h"
#include "security.h"

/* The descriptor of a long list is longer than the default reply. */
static u32 dsmb_query_encode_sd(struct dsmb_query *q, const struct dsmb_secured *secured)
{
	u32 size = dsmb_sd_size(secured, q->additional);
	u32 status;

	if (size > q->max)
		return dsmb_query_too_small(q, size);
	if (size > q->out.size) {
		status = dsmb_query_room(q, size);
		if (status)
			return status;
	}
	dsmb_encode_sd(&q->out, secured, q->additional);
	return STATUS_SUCCESS;
}

/*
 * Look up the SIDs of a descriptor. Consumes @acl; @secured has lists to be dropped in any case.
 */
static u32 dsmb_query_principals(struct dsmb_query *q, const struct dsmb_attrs *attrs,
				 struct ditto_acl *acl, struct dsmb_secured *secured)
{
	u32 status;

	/* The list has entries of owner and group. */
	dsmb_principal_of_uid(q->call, attrs->uid, &secured->owner);
	dsmb_principal_of_gid(q->call, attrs->gid, &secured->group);
	if (acl)
		acl = dsmb_principals_shown(q->call, acl);
	if (secured->audit)
		secured->audit = dsmb_principals_shown(q->call, secured->audit);
	if (IS_ERR(acl) || IS_ERR(secured->audit)) {
		dsmb_call_drop_names(q->call);
		if (!IS_ERR(acl))
			ditto_acl_put(acl);
		if (IS_ERR(secured->audit))
			secured->audit = NULL;
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	status = dsmb_call_names_end(q->call);
	secured->acl = acl;
	return status;
}

static u32 dsmb_query_security(struct dsmb_query *q)
{
	struct ditto_node *base = ditto_instance_base(q->inst);
	struct ditto_op *op = &q->call->op;
	struct ditto_acl *acl = NULL, *audit;
	struct dsmb_secured secured = { };
	struct dsmb_attrs attrs;
	u32 status;
	int err;

	if (q->additional & DSMB_SECURITY_BACKUP)
		q->additional |= DSMB_SECURITY_ALL;
	if (q->additional & DSMB_SECURITY_SACL && !(q->open->rights & DITTO_RIGHT_SECURITY))
		return STATUS_ACCESS_DENIED;
	if (q->additional & ~DSMB_SECURITY_SACL && !(q->open->rights & DITTO_RIGHT_READ_ACL))
		return STATUS_ACCESS_DENIED;
	/* A stream has the descriptor of its file. */
	err = dsmb_attrs_of_node(op->share, base, &attrs);
	if (err)
		return dsmb_op_status(q->call, err);
	if (q->additional & DSMB_SECURITY_DACL) {
		acl = ditto_get_acl(op, base);
		if (IS_ERR(acl))
			return dsmb_op_status(q->call, PTR_ERR(acl));
	}
	if (q->additional & DSMB_SECURITY_SACL) {
		audit = ditto_get_audit_list(op->share, base);
		if (IS_ERR(audit)) {
			ditto_acl_put(acl);
			return dsmb_op_status(q->call, PTR_ERR(audit));
		}
		secured.audit = audit;
	}
	if (dsmb_share_apple_caps(op->share, q->call->session) & DSMB_APPLE_NFS_ACE)
		secured.unix_of = &attrs;
	status = dsmb_query_principals(q, &attrs, acl, &secured);
	if (!status)
		status = dsmb_query_encode_sd(q, &secured);
	ditto_acl_put(secured.acl);
	ditto_acl_put(secured.audit);
	return status;
}

const struct dsmb_query_class dsmb_query_security_class[] = {
	{ 0, 0, 0, 0, 0, dsmb_query_security },
};
