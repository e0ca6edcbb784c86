// SPDX-License-Identifier: GPL-2.0-only
/* QUERY_INFO for a security descriptor: MS-SMB2 section 3.3.5.20.3. */

#include "../fs/instance.h"
#include "info.h"
#include "open.h"
#include "security.h"

static u32 dsmb_query_security(struct dsmb_query *q)
{
	struct dsmb_attrs attrs;
	int err;

	/* Nobody has the right to see what is audited. */
	if (q->additional & DSMB_SECURITY_SACL)
		return DSMB_ACCESS_DENIED;
	if (q->additional && !(q->open->rights & DITTO_RIGHT_READ_ACL))
		return DSMB_ACCESS_DENIED;
	/* A stream has that of its file. */
	err = dsmb_attrs_of_node(q->call->op.share, ditto_instance_base(q->inst), &attrs);
	if (err)
		return dsmb_done(q->call, err);
	dsmb_put_sd(&q->out, &attrs, q->additional);
	if (q->out.len > q->max)
		return dsmb_query_too_small(q, q->out.len);
	return DSMB_SUCCESS;
}

const struct dsmb_query_class dsmb_query_security_class[] = {
	{ 0, 0, 0, 0, 0, dsmb_query_security },
};
