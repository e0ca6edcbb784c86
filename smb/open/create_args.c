// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fixed part of a CREATE request: parsing, and the checks that do not depend on a file. MS-SMB2
 * sections 2.2.13 and 3.3.5.9.
 */
#include <linux/kernel.h>

#include "../../fs/op/dosattr.h"
#include "../../fs/open/instance.h"
#include "../file/attrs.h"
#include "../file/security.h"
#include "../transport/call.h"
#include "create_wire.h"

u32 dsmb_create_parse(struct dsmb_call *call, struct dsmb_create_args *args)
{
	struct dsmb_cursor *in = &call->in;
	u16 name_offset, name_len;
	u32 offset, len;

	/* SecurityFlags */
	dsmb_skip(in, 1);
	args->oplock = dsmb_get_u8(in);
	args->impersonation = dsmb_get_u32(in);
	dsmb_skip(in, 8 + 8);
	args->access = dsmb_get_u32(in);
	args->attributes = dsmb_get_u32(in);
	args->share = dsmb_get_u32(in);
	args->how = dsmb_get_u32(in);
	args->options = dsmb_get_u32(in);
	name_offset = dsmb_get_u16(in);
	name_len = dsmb_get_u16(in);
	offset = dsmb_get_u32(in);
	len = dsmb_get_u32(in);
	if (in->bad || (name_len && name_offset < in->pos) || (len && offset < in->pos))
		return STATUS_INVALID_PARAMETER;
	args->name = dsmb_window(in, name_len ? name_offset : 0, name_len);
	args->contexts = dsmb_window(in, len ? offset : 0, len);
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/*
 * MS-FSA section 2.1.5.1 also refuses FILE_NO_INTERMEDIATE_BUFFERING with FILE_APPEND_DATA. Servers
 * of Windows do not, and GENERIC_WRITE contains FILE_APPEND_DATA.
 */
static u32 dsmb_create_check_options(const struct dsmb_create_args *args)
{
	u32 options = args->options;

	if (options & ~DSMB_OPTIONS_KNOWN)
		return STATUS_INVALID_PARAMETER;
	if (options & DSMB_OPTIONS_REFUSED)
		return STATUS_NOT_SUPPORTED;
	if (options & DSMB_OPTION_DIRECTORY &&
	    (options & DSMB_OPTION_NON_DIRECTORY ||
	     (args->how != DITTO_OPEN_EXISTING && args->how != DITTO_OPEN_CREATE &&
	      args->how != DITTO_OPEN_OR_CREATE)))
		return STATUS_INVALID_PARAMETER;
	if (options & DSMB_OPTION_DELETE_ON_CLOSE &&
	    !(args->access & (DITTO_RIGHT_DELETE | DSMB_ACCESS_MAXIMUM |
			      DSMB_ACCESS_GENERIC_ALL)))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

static u32 dsmb_create_check_attributes(const struct dsmb_create_args *args)
{
	if (args->attributes & ~DSMB_ATTRS_KNOWN)
		return STATUS_INVALID_PARAMETER;
	if (args->options & DSMB_OPTION_DIRECTORY && args->attributes & DITTO_FLAG_TEMPORARY)
		return STATUS_INVALID_PARAMETER;
	/*
	 * There is no encryption on disk, and the client must not be led to believe that there is.
	 */
	if (args->attributes & DSMB_ATTR_ENCRYPTED && args->how != DITTO_OPEN_EXISTING)
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

u32 dsmb_create_check(struct dsmb_create_args *args)
{
	u32 status;

	if (args->impersonation > DSMB_IMPERSONATION_MAX)
		return STATUS_BAD_IMPERSONATION_LEVEL;
	if (!args->access || args->access & ~DSMB_ACCESS_KNOWN)
		return STATUS_ACCESS_DENIED;
	if (args->share & ~DSMB_SHARE_ALL || args->how > DSMB_DISPOSITION_MAX)
		return STATUS_INVALID_PARAMETER;
	status = dsmb_create_check_options(args) ?: dsmb_create_check_attributes(args);
	if (!status)
		args->access = ditto_specific_rights(args->access);
	return status;
}
