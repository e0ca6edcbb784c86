// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security descriptors: MS-DTYP section 2.4.6. The self-relative form is encoded and decoded here;
 * dacl.c has the DACL.
 */

#include <kunit/visibility.h>

#include "../../fs/acl/acl.h"
#include "../transport/builder.h"
#include "../transport/status.h"
#include "security.h"

#define DSMB_SD_REVISION		1
#define DSMB_SD_HEAD			20

/*
 * MS-DTYP section 2.4.5 has 2 and 4. Windows accepts all values between them, and Samba's tools
 * send 3.
 */
#define DSMB_ACL_REVISION_MIN		2
#define DSMB_ACL_REVISION_MAX		4

u32 dsmb_sd_size(const struct dsmb_secured *secured, u32 parts)
{
	struct dsmb_sid sid;
	u32 size = DSMB_SD_HEAD;

	if (parts & DSMB_SECURITY_OWNER) {
		sid = dsmb_sid_of_uid(secured->uid);
		size += dsmb_sid_size(&sid);
	}
	if (parts & DSMB_SECURITY_GROUP) {
		sid = dsmb_sid_of_gid(secured->gid);
		size += dsmb_sid_size(&sid);
	}
	if (parts & DSMB_SECURITY_DACL)
		size += dsmb_dacl_size(secured);
	return size;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sd_size);

void dsmb_encode_sd(struct dsmb_builder *b, const struct dsmb_secured *secured, u32 parts)
{
	u32 at = b->len;
	struct dsmb_sid sid;
	u16 control = DSMB_SD_SELF_RELATIVE;

	if (parts & DSMB_SECURITY_DACL)
		control |= dsmb_dacl_control(secured->acl);
	dsmb_encode_u8(b, DSMB_SD_REVISION);
	dsmb_encode_u8(b, 0);
	dsmb_encode_u16(b, control);
	dsmb_builder_reserve(b, DSMB_SD_HEAD - 4);
	if (parts & DSMB_SECURITY_OWNER) {
		sid = dsmb_sid_of_uid(secured->uid);
		dsmb_fill_u32(b, at + 4, b->len - at);
		dsmb_encode_sid(b, &sid);
	}
	if (parts & DSMB_SECURITY_GROUP) {
		sid = dsmb_sid_of_gid(secured->gid);
		dsmb_fill_u32(b, at + 8, b->len - at);
		dsmb_encode_sid(b, &sid);
	}
	/* A null DACL is present, but has no offset. */
	if (parts & DSMB_SECURITY_DACL && !(secured->acl->flags & DITTO_ACL_NULL)) {
		dsmb_fill_u32(b, at + 16, b->len - at);
		dsmb_encode_dacl(b, secured);
	}
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_encode_sd);

static bool dsmb_get_dacl(struct dsmb_cursor *c, u32 offset, struct dsmb_sd *sd)
{
	struct dsmb_cursor head = dsmb_window(c, offset, 8), aces;
	struct dsmb_sid sid;
	u8 revision;
	u16 size, i;

	revision = dsmb_get_u8(&head);
	dsmb_skip(&head, 1);
	size = dsmb_get_u16(&head);
	sd->naces = dsmb_get_u16(&head);
	if (head.bad || size < 8 || revision < DSMB_ACL_REVISION_MIN ||
	    revision > DSMB_ACL_REVISION_MAX)
		return false;
	sd->aces = dsmb_window(c, offset, size);
	if (sd->aces.bad)
		return false;
	dsmb_skip(&sd->aces, 8);
	aces = sd->aces;
	for (i = 0; i < sd->naces; i++)
		if (!dsmb_get_trustee(&aces, &sid))
			return false;
	return true;
}

static bool dsmb_get_owners(struct dsmb_cursor *c, u32 owner, u32 group, struct dsmb_sd *sd)
{
	if (owner) {
		dsmb_seek(c, owner);
		if (!dsmb_get_sid(c, &sd->owner))
			return false;
		sd->parts |= DSMB_SECURITY_OWNER;
	}
	if (group) {
		dsmb_seek(c, group);
		if (!dsmb_get_sid(c, &sd->group))
			return false;
		sd->parts |= DSMB_SECURITY_GROUP;
	}
	return true;
}

u32 dsmb_get_sd(struct dsmb_cursor c, struct dsmb_sd *sd)
{
	u32 owner, group, dacl;
	u8 revision;

	memset(sd, 0, sizeof(*sd));
	if (c.size > DSMB_SD_MAX)
		return STATUS_ALLOTTED_SPACE_EXCEEDED;
	revision = dsmb_get_u8(&c);
	dsmb_skip(&c, 1);
	sd->control = dsmb_get_u16(&c);
	owner = dsmb_get_u32(&c);
	group = dsmb_get_u32(&c);
	dsmb_skip(&c, 4);
	dacl = dsmb_get_u32(&c);
	if (c.bad || revision != DSMB_SD_REVISION || !(sd->control & DSMB_SD_SELF_RELATIVE) ||
	    !dsmb_get_owners(&c, owner, group, sd))
		return STATUS_INVALID_SECURITY_DESCR;
	if (sd->control & DSMB_SD_DACL_PRESENT) {
		sd->null_dacl = !dacl;
		if (dacl && !dsmb_get_dacl(&c, dacl, sd))
			return STATUS_INVALID_SECURITY_DESCR;
		sd->parts |= DSMB_SECURITY_DACL;
	}
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_get_sd);

bool dsmb_sd_unix_mode(const struct dsmb_sd *sd, umode_t *mode)
{
	struct dsmb_cursor aces = sd->aces;
	struct dsmb_sid sid;
	u16 i;

	for (i = 0; i < sd->naces && dsmb_get_trustee(&aces, &sid); i++)
		if (dsmb_sid_to_mode(&sid, mode))
			return true;
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sd_unix_mode);
