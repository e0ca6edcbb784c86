// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security descriptors: MS-DTYP section 2.4.6. The self-relative form is encoded here, its DACL
 * and SACL in dacl.c; the core decodes it.
 */

#include <linux/err.h>

#include "../../fs/acl/acl.h"
#include "../wire/builder.h"
#include "../wire/status.h"
#include "security.h"

/* Compute the size of an encoded security descriptor. Return: bytes of the self-relative form. */
u32 dsmb_sd_size(const struct dsmb_secured *secured, u32 parts)
{
	u32 size = DITTO_SD_HEAD;

	if (parts & DSMB_SECURITY_OWNER)
		size += ditto_sid_size(&secured->owner);
	if (parts & DSMB_SECURITY_GROUP)
		size += ditto_sid_size(&secured->group);
	if (parts & DSMB_SECURITY_DACL)
		size += dsmb_list_size(secured, secured->acl);
	if (parts & DSMB_SECURITY_SACL && secured->audit)
		size += dsmb_list_size(secured, secured->audit);
	return size;
}

/* Encode a self-relative security descriptor. */
void dsmb_encode_sd(struct dsmb_builder *b, const struct dsmb_secured *secured, u32 parts)
{
	u32 at = b->len;
	u16 control = DITTO_SD_SELF_RELATIVE;

	if (parts & DSMB_SECURITY_DACL)
		control |= ditto_sd_control(secured->acl);
	if (parts & DSMB_SECURITY_SACL && secured->audit)
		control |= ditto_sd_audit_control(secured->audit);
	dsmb_encode_u8(b, DITTO_SD_REVISION);
	dsmb_encode_u8(b, 0);
	dsmb_encode_u16(b, control);
	dsmb_builder_reserve(b, DITTO_SD_HEAD - 4);
	if (parts & DSMB_SECURITY_OWNER) {
		dsmb_fill_u32(b, at + 4, b->len - at);
		dsmb_encode_sid(b, &secured->owner);
	}
	if (parts & DSMB_SECURITY_GROUP) {
		dsmb_fill_u32(b, at + 8, b->len - at);
		dsmb_encode_sid(b, &secured->group);
	}
	if (parts & DSMB_SECURITY_SACL && secured->audit) {
		dsmb_fill_u32(b, at + 12, b->len - at);
		dsmb_encode_list(b, secured, secured->audit);
	}
	/* A null DACL is present, but has no offset. */
	if (parts & DSMB_SECURITY_DACL && !(secured->acl->flags & DITTO_ACL_NULL)) {
		dsmb_fill_u32(b, at + 16, b->len - at);
		dsmb_encode_list(b, secured, secured->acl);
	}
}

/* Convert an error of the core to a status. */
static u32 dsmb_sd_status(int err)
{
	if (err == -E2BIG)
		return STATUS_ALLOTTED_SPACE_EXCEEDED;
	if (err == -EOPNOTSUPP)
		return STATUS_NOT_SUPPORTED;
	if (err == -ENOMEM)
		return STATUS_INSUFFICIENT_RESOURCES;
	return err ? STATUS_INVALID_SECURITY_DESCR : STATUS_SUCCESS;
}

/*
 * Decode a self-relative security descriptor. Every entry of the DACL and of the SACL is checked.
 * Return: STATUS_SUCCESS, STATUS_INVALID_SECURITY_DESCR or STATUS_ALLOTTED_SPACE_EXCEEDED.
 */
u32 dsmb_get_sd(struct dsmb_cursor c, struct ditto_sd *sd)
{
	return dsmb_sd_status(ditto_sd_decode(c.data, c.size, 0, sd));
}

/*
 * Convert a DACL to an access control list. Return: STATUS_SUCCESS; STATUS_ALLOTTED_SPACE_EXCEEDED
 * (more than DITTO_ACES_MAX entries); STATUS_NOT_SUPPORTED (an entry denies access on a condition
 * that is not evaluated here); STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_sd_acl(const struct ditto_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		struct ditto_acl **out)
{
	struct ditto_acl *acl = ditto_sd_acl(sd, user, is_dir);

	if (IS_ERR(acl))
		return dsmb_sd_status(PTR_ERR(acl));
	*out = acl;
	return STATUS_SUCCESS;
}

/*
 * Convert a SACL to an audit list. @out: set to the list, to be dropped with ditto_acl_put(); NULL
 * if there is nothing to keep. Return: as dsmb_sd_acl().
 */
u32 dsmb_sd_audit(const struct ditto_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		  struct ditto_acl **out)
{
	struct ditto_acl *list = ditto_sd_audit_list(sd, user, is_dir);

	if (IS_ERR(list))
		return dsmb_sd_status(PTR_ERR(list));
	*out = list;
	return STATUS_SUCCESS;
}
